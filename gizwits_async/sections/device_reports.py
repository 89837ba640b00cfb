"""Chapter "device reports": devices by location, new, active and faulty ones.

Reports that a batch job of the service makes may not be there yet: `NotFoundError` with code 5014.
"""

from collections.abc import Callable, Mapping, MutableMapping
from types import MappingProxyType
from typing import TypeVar

from gizwits_async.error_codes import API_ERRORS
from gizwits_async.errors import InvalidResponseError, NotFoundError
from gizwits_async.models.device_reports import (
    DeviceSummary,
    FaultReport,
    LivenessHistory,
    LocationReport,
    RealtimeReport,
    ReportedDevice,
)
from gizwits_async.sections.base import Section
from gizwits_async.sections.periods import Cycle, Day, days, merged, parts
from gizwits_async.streams import PageStream
from gizwits_async.wire.request import QueryValue, get

__all__ = ["PATHS", "DeviceReports"]

T = TypeVar("T")

PATHS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # The table and the link of the document differ; one edition corrected it by hand.
        "summary": ("devices/summary", "summary"),
        # Printed with a doubled segment, unlike its neighbours and its own operation id.
        "realtime": ("devices/report/rt", "devices/report/devices/report/rt"),
        # Printed with the path of the alert devices, a report of another shape.
        "alert_events": ("alert/report/events", "fault/alert/events", "alert/report/devices"),
    }
)
"""Report -> candidate paths below the product, the likeliest first."""


class DeviceReports(Section):
    """Statistics of the product's devices; `paths` holds the paths that the document leaves open."""

    @property
    def paths(self) -> MutableMapping[str, str]:
        """Report -> its path below the product, of `summary`, `realtime` and `alert_events`.

        Empty at first; the candidate that answered is kept for the life of the client and all its
        views. Set one (`client.device_reports.paths["summary"] = "summary"`) and only that is tried;
        delete it and the search begins anew.
        """
        return self._gateway.traits.report_paths

    async def locations(
        self,
        *,
        gid: str | None = None,
        is_online: bool | None = None,
        is_faulty: bool | None = None,
        is_alert: bool | None = None,
    ) -> LocationReport:
        """Return how many devices are in which place.

        Args:
            gid: Only devices of this group.
            is_online: Only devices that are connected, or only those that are not.
            is_faulty: Only devices with a pending fault, or only those without.
            is_alert: Only devices with a pending alert, or only those without.

        Raises:
            NotFoundError: There is no such group (5206).

        GET /v1/products/{product_key}/devices/locations (api document: "device locations")
        """
        asked = {"is_online": is_online, "is_faulty": is_faulty, "is_alert": is_alert}
        return await self._get("devices/locations", LocationReport, gid=gid, **asked)

    async def summary(self) -> DeviceSummary:
        """Return how many devices are online, active and new. Mainland only.

        Raises:
            NotFoundError: The report has not been made yet (5014).

        GET /v1/products/{product_key}/devices/summary (api document: "device overview")
        """
        return await self._find("summary", DeviceSummary)

    def activated_devices(
        self,
        *,
        start: Day | None = None,
        end: Day | None = None,
        country: str | None = None,
        region: str | None = None,
        city: str | None = None,
    ) -> PageStream[ReportedDevice]:
        """Return the devices that were activated, day by day. Mainland only.

        Args:
            start: First day, as a date or as text (`2016-08-01`); None: as the service likes.
            end: Last day, included; None: as the service likes.
            country: Only devices in this country.
            region: Only devices in this province.
            city: Only devices in this city.

        Raises:
            ArgumentError: A range in reverse; a datetime, or anything else that is no date.
            NotFoundError: When the walk begins: the report has not been made yet (5014).

        GET /v1/products/{product_key}/incr_devices (api document: "activated devices")
        """
        return self._devices("incr_devices", days(start, end), country, region, city)

    def active_devices(
        self,
        *,
        start: Day | None = None,
        end: Day | None = None,
        country: str | None = None,
        region: str | None = None,
        city: str | None = None,
    ) -> PageStream[ReportedDevice]:
        """Return the devices that reported data; arguments and errors as `activated_devices`.

        GET /v1/products/{product_key}/active_devices (api document: "active devices")
        """
        return self._devices("active_devices", days(start, end), country, region, city)

    def _devices(
        self,
        report: str,
        span: tuple[str | None, str | None],
        country: str | None,
        region: str | None,
        city: str | None,
    ) -> PageStream[ReportedDevice]:
        # Without a key: a device has one row a day, and a row may lack both MAC and serial number.
        path, (start, end) = self._at(report), span
        return self._listed(
            path, ReportedDevice, start=start, end=end, country=country, region=region, city=city
        )

    async def liveness_history(
        self, cycle: Cycle, start: Day, end: Day, *, gid: str | None = None
    ) -> LivenessHistory:
        """Return how many devices were active in each day, week or month. Mainland only.

        A range longer than 30 days, 53 weeks or 12 months takes several calls.

        Args:
            cycle: `date`, `week` or `month`; weeks are taken to be those of ISO 8601, from Monday
                on, for the document shows only `2016-51`.
            start: A day in the first day, week or month, or as the reports write it: `2016-08-01`,
                `2016-51`, `2016-12`.
            end: The same of the last one, which is included.
            gid: Only devices of this group.

        Raises:
            ArgumentError: An unknown cycle, a range in reverse, a datetime or no date at all.
            NotFoundError: No such group (5206), or the report has not been made yet (5014).

        GET /v1/products/{product_key}/devices/report/liveness/history (api document: "liveness
        history")
        """
        ask = get(self._at("devices/report/liveness/history"), LivenessHistory, gid=gid)
        return merged([await self._send(part) for part in parts(ask, cycle, start, end)])

    async def realtime(self, gid: str | None = None) -> RealtimeReport:
        """Return how many devices are activated, at fault and on alert now.

        Args:
            gid: Only devices of this group.

        Raises:
            NotFoundError: There is no such group (5206).

        GET /v1/products/{product_key}/devices/report/rt (api document: "real-time statistics")
        """
        return await self._find("realtime", RealtimeReport, gid=gid)

    async def fault_devices(self, gid: str | None = None) -> FaultReport:
        """Return how many devices had faults, and where. Mainland only.

        Args:
            gid: Only devices of this group.

        Raises:
            NotFoundError: No such group (5206), or the report has not been made yet (5014).

        GET /v1/products/{product_key}/fault/report/devices (api document: "fault devices")
        """
        return await self._get("fault/report/devices", FaultReport, gid=gid)

    async def alert_devices(self, gid: str | None = None) -> FaultReport:
        """Return how many devices had alerts, and where; as `fault_devices`.

        GET /v1/products/{product_key}/alert/report/devices (api document: "alert devices")
        """
        return await self._get("alert/report/devices", FaultReport, gid=gid)

    async def fault_events(self, gid: str | None = None) -> FaultReport:
        """Return how many faults there were, with `detail` by data point; as `fault_devices`.

        GET /v1/products/{product_key}/fault/report/events (api document: "fault events")
        """
        return await self._get("fault/report/events", FaultReport, gid=gid)

    async def alert_events(self, gid: str | None = None) -> FaultReport:
        """Return how many alerts there were, with `detail` by data point; as `fault_devices`.

        The document prints the path of `alert_devices`. That is tried last, and an answer without
        `detail` is the other report: an `InvalidResponseError`.

        GET /v1/products/{product_key}/alert/report/events (api document: "alert events")
        """
        return await self._find("alert_events", FaultReport, accept=_of_events, gid=gid)

    async def _find(
        self,
        report: str,
        returns: type[T],
        *,
        accept: Callable[[str, T], bool] = lambda _path, _answer: True,
        **query: QueryValue,
    ) -> T:
        """Return the answer of the first path that exists; a 404 with a documented code comes from one."""
        known = self.paths.get(report)
        missing: NotFoundError | None = None
        for path in PATHS[report] if known is None else (known,):
            request = get(f"/v1/products/{self._product_key}/{path}", returns, **query)
            try:
                answer = await self._send(request)
            except NotFoundError as error:
                if error.code in API_ERRORS:
                    raise  # The endpoint exists; the group or report it looked up does not.
                missing = missing or error
                continue
            if not accept(path, answer):
                problem = "the answer is that of another report @ $"
                raise InvalidResponseError(f"{request.where}: {problem}", problems=(problem,))
            self.paths[report] = path
            return answer
        if missing is None:
            raise AssertionError("unreachable")
        raise missing


def _of_events(path: str, report: FaultReport) -> bool:
    return path != PATHS["alert_events"][-1] or report.detail is not None
