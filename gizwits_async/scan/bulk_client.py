"""The client as a scan sees it: in the bulk lane, with its calls counted, and with its clock."""

from collections.abc import Mapping
from datetime import date
from typing import cast

from gizwits_async.client import GizwitsClient
from gizwits_async.models.device_reports import ReportedDevice
from gizwits_async.models.product import ProductDataPoints
from gizwits_async.options import Lane, QuotaSnapshot
from gizwits_async.scan.task import LogName, Record
from gizwits_async.sections.devices import Devices
from gizwits_async.streams import LogStream, PageStream
from gizwits_async.streams.windows import owned_seconds
from gizwits_async.wire.protocols import Quota

__all__ = ["BulkClient"]


class _Counted:
    """A quota that counts the places taken through it."""

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self.taken = 0

    async def acquire(self, lane: Lane = Lane.BULK, max_wait: float | None = None) -> None:
        await self._quota.acquire(lane, max_wait)
        self.taken += 1

    def observe(self, headers: Mapping[str, str] | None, *, refused: bool = False) -> None:
        self._quota.observe(headers, refused=refused)

    def snapshot(self) -> QuotaSnapshot:
        return self._quota.snapshot()

    def retry_after(self) -> float | None:
        return self._quota.retry_after()

    async def aclose(self) -> None:
        """Leave the quota to its owner."""


class BulkClient:
    """A client's calls for a scan."""

    def __init__(self, client: GizwitsClient) -> None:
        self._quota = _Counted(client.quota)
        self._client = client.with_options(lane=Lane.BULK).with_quota(self._quota)
        self.product_key = client.product_key
        options = self._client.options
        self.owned = owned_seconds(options.max_log_span, inclusive=options.start_inclusive)
        """Seconds that one log query owns."""
        self.page_size = options.page_size
        self.told_not_to_wait = options.max_quota_wait is not None
        known = client.quota.snapshot()
        self.calls_per_second = known.limit / known.period

    @property
    def devices(self) -> Devices:
        """The devices of the product."""
        return self._client.devices

    @property
    def calls(self) -> int:
        """Calls made through this view."""
        return self._quota.taken

    def log(self, log: LogName, did: str, start: int, end: int) -> LogStream[Record]:
        """Return a log of a device from `start` to before `end`, oldest record first."""
        devices = self._client.devices
        stream: object
        match log:
            case "online":
                stream = devices.online_log(did, start=start, end=end, sort="asc")
            case "cmd":
                stream = devices.cmd_log(did, start=start, end=end, sort="asc")
            case "data":
                stream = devices.data_log(did, start=start, end=end, sort="asc")
        return cast("LogStream[Record]", stream)

    def active_devices(self, day: date) -> PageStream[ReportedDevice]:
        """Return the devices that reported data on a day."""
        return self._client.device_reports.active_devices(start=day, end=day)

    async def datapoints(self) -> ProductDataPoints:
        """Return the definition of the product's data points."""
        return await self._client.product.datapoints()

    async def learn_time(self) -> None:
        """Make sure that the server's time is known; the token that this fetches is needed anyway."""
        await self._client.learn_time()

    def now(self) -> float:
        """Return the earliest that it can be at the server, in epoch seconds UTC."""
        return self._client.server_time()

    def oldest(self) -> int:
        """Return the oldest second that a log can be asked for, in epoch seconds UTC."""
        return self._client.oldest_log()
