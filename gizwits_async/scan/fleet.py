"""FleetScan, the public face of a scan: describes it, runs it, plans it, or streams its pages."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from functools import partial
from os import PathLike
from typing import Any

from gizwits_async.client import GizwitsClient
from gizwits_async.errors import ArgumentError
from gizwits_async.models.product import ProductDataPoints
from gizwits_async.models.times import Moment
from gizwits_async.options import Secret
from gizwits_async.scan.bulk_client import BulkClient
from gizwits_async.scan.engine import Engine
from gizwits_async.scan.pages import ScanPages
from gizwits_async.scan.planner import Planner
from gizwits_async.scan.report import ScanPage, ScanPlan, ScanProgress, ScanReport
from gizwits_async.scan.scan_range import RequestedRange, Since
from gizwits_async.scan.settings import Derive, ScanSettings, Skip
from gizwits_async.scan.stopping import Stopping
from gizwits_async.scan.store.memory import MemoryStore
from gizwits_async.scan.store.protocol import ScanStore
from gizwits_async.scan.task import LOGS, LogName

__all__ = ["FleetScan"]


class FleetScan:
    """A scan of the logs of every device of the client's product.

    ```python
    scan = FleetScan(client, "fleet.db", start=Since(4 * 86_400))
    report = await scan.run()
    ```

    However a run ends, running the scan again with the same arguments continues after the last
    stored page. Oldest windows of the whole fleet come first, since they are the first to fall off
    the service's 30-day edge.
    """

    def __init__(
        self,
        client: GizwitsClient,
        store: ScanStore | str | PathLike[str] | None = None,
        *,
        start: Moment | Since,
        end: Moment | None = None,
        logs: Sequence[LogName] = LOGS,
        devices: Iterable[str] | None = None,
        concurrency: int = 8,
        settle: int = 900,
        skip: Skip = "proven",
        derive: Derive | None = None,
        active_only: bool = False,
        keep_trying: float = 0.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Describe a scan; nothing is opened or sent.

        Args:
            client: Makes the calls, on its bulk lane.
            store: A `ScanStore`, or the path or SQLAlchemy URL of one (a SQLite file by default);
                None keeps only the progress of the scan, for `async for page in scan`.
            start: First moment of the range, rounded down to a whole second; or `Since(...)`.
            end: Where the range ends, rounded up; None is now.
            logs: Logs to read.
            devices: Dids of the devices to scan, at most 10,000; nothing is listed then. None
                scans all devices that the service lists.
            concurrency: Windows that are open at a time.
            settle: Seconds that a record may take to appear in a log. Seconds younger than that
                when they were read are read again by the next run.
            skip: `proven` passes over windows that hold nothing by what the listing and the online
                log tell, once a hundred such windows were read and empty; one in fifty is still
                read, and a single record in one of them ends that for good in this store. `never`
                reads every window.
            derive: `data` makes the records of the data log out of the reports in the cmd log, which
                saves a third of the calls: once a hundred windows were read from both and were the
                same. It is tested and refuted as the rules of `skip`.
            active_only: Whether to ask first on which days each device reported data, and to leave
                out the other days of the cmd and data logs. Where that report is closed, all
                devices are asked about all days.
            keep_trying: Seconds that an outage may last in which no call reaches the service: the
                scan waits, and then ends with the error. With 0 a log that cannot be read is set
                aside at once, tried once more at the end, and reported as failed.
            sleep: Waits out a used-up quota or an outage.

        Raises:
            ArgumentError: The arguments do not fit together.
            ImportError: The store needs a package that is not installed.
        """
        if isinstance(store, str):
            store = Secret(store)  # A URL may hold a password, and tracebacks show locals.
        self._client = client
        self._settings = ScanSettings(
            requested=RequestedRange.of(start, end),
            logs=logs if derive is None else (*logs, derive),
            devices=devices,
            concurrency=concurrency,
            settle=settle,
            skip=skip,
            derive=derive,
            active_only=active_only,
            keep_trying=keep_trying,
            sleep=sleep,
        )
        self._store = _store_of(store)

    async def run(
        self,
        on_progress: Callable[[ScanProgress], None] | None = None,
        *,
        stop: asyncio.Event | None = None,
        seconds: float | None = None,
    ) -> ScanReport:
        """Scan until nothing is left to read, and return the report.

        A run that is to stop makes no further call: what was asked is answered and stored, so that
        the next run goes on behind it. The report of such a run has `stopped` and `windows_left`.

        Args:
            on_progress: Called after each stored page.
            stop: Ends the run early, once it is set.
            seconds: Ends the run early, after so many seconds.

        Raises:
            ArgumentError: `seconds` is not positive.
            ScanStoreError: The store cannot be used, or belongs to another product or range.
            QuotaStoreError: The server of a shared quota refuses us.
            AuthenticationError: The credentials are not accepted.
            QuotaWaitError: The quota is used up, and `max_quota_wait` forbids to wait for it.
            ValueError: The range begins in the future, or `Since()` found no earlier scan.
            CancelledError: The stored pages stay; the store is closed.
        """
        return await self._run(on_progress, None, Stopping(stop, seconds))

    def __aiter__(self) -> ScanPages:
        """Scan page by page; each page is stored before it is delivered.

        A device that fails is tried once more at the end and then left out without an error:
        `run` reports it.

        Raises:
            GizwitsError: As `run`.
        """
        return ScanPages(partial(self._run, None), ahead=self._settings.concurrency)

    async def to_arrow_batches(
        self, *, datapoints: ProductDataPoints | None = None
    ) -> AsyncGenerator[Any, None]:
        """Scan one log, and give `pyarrow.RecordBatch`es with the columns of an export.

        ```python
        scan = FleetScan(client, logs=["data"], start=Since(86_400))
        batches = [batch async for batch in scan.to_arrow_batches()]
        frame = pyarrow.Table.from_batches(batches).to_pandas()   # or polars.from_arrow(...)
        ```

        Args:
            datapoints: The product's definition; None asks the service for it, but for online logs.

        Raises:
            ArgumentError: The scan is not of one log.
            ImportError: A package is not installed (extras `scan` and `parquet`).
            GizwitsError: As `run`.
        """
        from gizwits_async.scan.export.streamed import batches  # noqa: PLC0415 - its own extra

        if len(self._settings.logs) != 1:
            raise ArgumentError("batches have the columns of one log: give logs with one name")
        [log] = self._settings.logs
        bulk = BulkClient(self._client)
        if datapoints is None and log != "online":
            datapoints = await bulk.datapoints()
        async with aclosing(aiter(self)) as pages:
            async for batch in batches(pages, log, bulk.product_key, datapoints):
                yield batch

    async def plan(self) -> ScanPlan:
        """Return what a run would take; costs at most one listing, and writes nothing.

        With `active_only` it also costs one call for each day of the range, to count the devices
        that reported data. A device that reported on several days of a window is counted on each
        of them, so that the plan is rather too high.

        Raises:
            ScanStoreError: The store cannot be read, or belongs to another product or range.
            ValueError: As `run`.
        """
        try:
            await self._client.check_shared()
            return await Planner(BulkClient(self._client), self._store, self._settings).plan()
        finally:
            await self._store.aclose()

    async def _run(
        self,
        on_progress: Callable[[ScanProgress], None] | None,
        on_page: Callable[[ScanPage], Awaitable[None]] | None,
        stopping: Stopping | None = None,
    ) -> ScanReport:
        bulk, store = BulkClient(self._client, stopping), self._store
        try:
            await self._client.check_shared()
            store.choose_product(bulk.product_key)
            held = await store.open()
            async with bulk.stopping:
                state, _ = await Planner(bulk, store, self._settings).resolve(held)
                if state != held and not bulk.stopping.is_set:
                    await store.begin(state, again=held is not None)
                engine = Engine(
                    bulk, store, state, self._settings, on_progress=on_progress, on_page=on_page
                )
                return await engine.run()
        finally:
            await store.aclose()


def _store_of(store: ScanStore | str | PathLike[str] | None) -> ScanStore:
    if store is None:
        return MemoryStore(keep=False)
    if isinstance(store, str | PathLike):
        from gizwits_async.scan import SqlStore  # noqa: PLC0415 - comes with an extra

        return SqlStore(store)
    return store
