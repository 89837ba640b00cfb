"""The calls that a scan makes: on the bulk lane of a client, and counted."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import cast

from gizwits_async import Quota
from gizwits_async.client import GizwitsClient
from gizwits_async.models.device_reports import LocationReport, ReportedDevice
from gizwits_async.models.product import ProductDataPoints
from gizwits_async.options import Lane, QuotaSnapshot
from gizwits_async.payload import DataPointCodec, codec_of
from gizwits_async.scan.stopping import Stopped, Stopping
from gizwits_async.scan.task import LogName, Record
from gizwits_async.sections.devices import Devices
from gizwits_async.streams import LogStream, PageStream

__all__ = ["BulkClient"]


class _CountingQuota:
    """A quota that counts the permits acquired through it, and grants none once the scan stops."""

    def __init__(self, quota: Quota, stopping: Stopping) -> None:
        self._quota, self._stopping = quota, stopping
        self.acquired = 0

    async def acquire(self, lane: Lane = Lane.BULK, max_wait: float | None = None) -> None:
        await self._stopping.before(self._quota.acquire(lane, max_wait))
        self.acquired += 1

    def observe(self, headers: Mapping[str, str] | None, *, refused: bool = False) -> None:
        self._quota.observe(headers, refused=refused)

    def snapshot(self) -> QuotaSnapshot:
        return self._quota.snapshot()

    def retry_after(self) -> float | None:
        return self._quota.retry_after()

    async def aclose(self) -> None:
        """Do nothing: the quota belongs to the client that the scan was given."""


class BulkClient:
    """A client as a scan uses it."""

    def __init__(self, client: GizwitsClient, stopping: Stopping | None = None) -> None:
        """Count the calls of a client.

        Args:
            client: Makes the calls.
            stopping: Whether the scan was asked to stop; then a call raises `Stopped`.
        """
        self.stopping = stopping or Stopping()
        """Whether the scan was asked to stop."""
        self._quota = _CountingQuota(client.quota, self.stopping)
        self._client = client.with_options(lane=Lane.BULK).with_quota(self._quota)
        self.product_key = client.product_key
        options = self._client.options
        self.page_size = options.page_size
        self.waits_for_quota = options.max_quota_wait is None
        """Whether a scan may wait for quota: with `max_quota_wait`, its caller asked for an error."""
        known = client.quota.snapshot()
        self.calls_per_second = known.limit / known.period

    @property
    def devices(self) -> Devices:
        """The device section of the client."""
        return self._client.devices

    @property
    def owned(self) -> int:
        """Seconds that one log query owns, by what is known of the service so far."""
        return self._client.log_window()

    @property
    def calls(self) -> int:
        """Calls made through this instance."""
        return self._quota.acquired

    def seconds_for(self, calls: int) -> float:
        """Estimate how many seconds so many calls take, by what is known of the quota now."""
        return self._client.quota.snapshot().seconds_for(calls, self.now())

    def calls_to_list(self, rows: int) -> int:
        """Return how many calls a listing of so many rows takes.

        Behind several pages, a full one is not taken for the last: another call shows the end. The
        rule is that of `streams/pages.py`.
        """
        return 1 if rows <= self.page_size else rows // self.page_size + 1

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

    async def locations(self) -> LocationReport:
        """Return how many devices are where."""
        return await self._client.device_reports.locations()

    async def datapoints(self) -> ProductDataPoints:
        """Return the definition of the product's data points."""
        return await self._client.product.datapoints()

    async def count_devices(self) -> int:
        """Return the number of devices; lists them where the service gives no count."""
        listing = self.devices.search(show_disabled=True)
        total = await listing.total()
        return len(await listing.collect()) if total is None else total

    async def codec(self) -> DataPointCodec:
        """Return the codec of the product's data points."""
        return codec_of(await self._client.product.datapoints())

    async def learn_time(self) -> None:
        """Fetch a token if the server's time is still unknown: its reply carries a `Date`.

        The login may wait for quota; a scan that is to stop goes without the time.
        """
        with suppress(Stopped):
            await self.stopping.before(self._client.learn_time())

    def now(self) -> float:
        """Return the earliest that it can be at the server, in epoch seconds UTC."""
        return self._client.server_time()

    def oldest(self) -> int:
        """Return the oldest second that a log can be asked for, in epoch seconds UTC."""
        return self._client.oldest_log()
