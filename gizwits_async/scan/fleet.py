"""FleetScan: the logs of all devices of a product, into a store, and further whenever it is run again."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from os import PathLike
from typing import Any

from gizwits_async.client import GizwitsClient
from gizwits_async.models.times import Moment
from gizwits_async.options import Secret
from gizwits_async.scan.activity import expected
from gizwits_async.scan.bulk_client import BulkClient
from gizwits_async.scan.definition import DESCRIBED
from gizwits_async.scan.engine import Engine, Progress
from gizwits_async.scan.estimate import forecast
from gizwits_async.scan.report import ScanPage, ScanPlan, ScanReport
from gizwits_async.scan.scan_range import RequestedRange, ScanState, Since, resolve_range
from gizwits_async.scan.store.memory import MemoryStore
from gizwits_async.scan.store.protocol import Remaining, ScanStore
from gizwits_async.scan.task import LOGS, LogName

__all__ = ["FleetScan"]


class FleetScan:
    """A scan of the logs of every device of the client's product.

    ```python
    scan = FleetScan(client, "fleet.db", start=Since(4 * 86_400))
    report = await scan.run()
    ```

    Whatever ends it, running it again with the same arguments goes on where the last page was
    committed. Oldest seconds go first over the whole fleet, since they are the first to fall off
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
        concurrency: int = 8,
        settle: int = 900,
        active_only: bool = False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Describe a scan; nothing is opened or sent.

        Args:
            client: Its calls go in the bulk lane.
            store: A `ScanStore`, or the path or SQLAlchemy URL of one (a SQLite file by default);
                None keeps nothing but where the scan stands, for `async for page in scan`.
            start: First moment of the range, rounded down to a whole second; or `Since(...)`.
            end: Where the range ends, rounded up; None is now.
            logs: Which logs.
            concurrency: Windows that are open at a time.
            settle: Seconds for which records may reach a log late. What was younger when it was
                asked is asked again by the next run.
            active_only: Whether to ask the service first which devices reported data when, and to
                pass over cmd and data log of the others; where its report of active devices is
                closed, which devices were active since the start.
            sleep: Waits out a refused quota.

        Raises:
            ValueError: The arguments do not fit together.
            ImportError: The store needs a package that is not installed.
        """
        if isinstance(store, str):
            store = Secret(store)  # A URL may hold a password, and tracebacks show locals.
        if concurrency < 1:
            raise ValueError(f"concurrency must be positive, not {concurrency}")
        if settle < 0:
            raise ValueError(f"settle must not be negative, not {settle}")
        unknown = [log for log in logs if log not in LOGS]
        if unknown or not logs:
            raise ValueError(f"logs must be some of {', '.join(LOGS)}, not {list(logs)}")
        self._client = client
        self._store = _store_of(store)
        self._requested = RequestedRange.of(start, end)
        self._logs = tuple(log for log in LOGS if log in logs)
        self._concurrency = concurrency
        self._settle = settle
        self._active_only = active_only
        self._sleep = sleep

    async def run(self, on_progress: Callable[[Progress], None] | None = None) -> ScanReport:
        """Scan until nothing is left, and tell what came of it.

        Args:
            on_progress: Called after each committed page.

        Raises:
            ScanStoreError: The store cannot be used, or belongs to something else.
            AuthenticationError: The credentials are not accepted.
            QuotaWaitError: The client was told not to wait for its quota.
            ValueError: The range begins in the future, or goes on from a scan that never was.
            CancelledError: What was committed stays; the store is closed.
        """
        return await self._run(on_progress, None)

    def __aiter__(self) -> AsyncIterator[ScanPage]:
        """Scan page by page; with a store, each page is committed before it is given.

        Raises:
            GizwitsError: As `run`. A device that fails is tried once more at the end and then left
                out: `run` is for those who need to know.
        """
        return self._pages()

    async def plan(self) -> ScanPlan:
        """Return what is left to do, at the cost of at most one listing; writes nothing.

        With `active_only` it also costs a call a day of the range: how many devices reported data.
        Who reported on several days is counted on each, so that a scan takes rather less.

        Raises:
            ScanStoreError: The store cannot be read, or belongs to something else.
            ValueError: As `run`.
        """
        try:
            return await self._plan(BulkClient(self._client))
        finally:
            await self._store.aclose()

    async def _plan(self, bulk: BulkClient) -> ScanPlan:
        held = await self._store.peek()
        await bulk.learn_time()
        left = Remaining()
        if held is not None:
            left = await self._store.remaining(self._logs, held.end, bulk.owned)
        state = self._resolve(held, bulk, left)
        if held is not None:
            left = await self._store.remaining(self._logs, state.end, bulk.owned)
        count = left.devices
        if held is None or held.listing != "done":
            total = await bulk.devices.search(show_disabled=True).total()
            if total is None:
                total = len(await bulk.devices.search(show_disabled=True).collect())
            count = max(count, total)
        fresh = count > left.devices
        described = DESCRIBED & set(self._logs)
        active = None
        if self._active_only and described and (fresh or left.oldest is not None):
            start = state.start
            if left.oldest is not None and not fresh:
                start = max(start, left.oldest - self._settle)  # A new run goes back that far.
            start = min(max(start, bulk.oldest()), state.end)
            active = await expected(bulk, start, state.end, count)
        return forecast(
            state,
            left,
            count,
            logs=self._logs,
            client=bulk,
            resumes=held is not None,
            definition=bool(described) and await self._store.wants_datapoints(state.run),
            active=active,
        )

    def _resolve(self, held: ScanState | None, bulk: BulkClient, left: Remaining) -> ScanState:
        finished = held is not None and held.listing == "done" and not sum(left.windows.values())
        return resolve_range(
            self._requested,
            held,
            product_key=bulk.product_key,
            now=bulk.now(),
            oldest=bulk.oldest(),
            finished=finished,
        )

    async def _run(
        self,
        on_progress: Callable[[Progress], None] | None,
        on_page: Callable[[ScanPage], Awaitable[None]] | None,
    ) -> ScanReport:
        bulk, store = BulkClient(self._client), self._store
        try:
            held = await store.open()
            await bulk.learn_time()
            left = Remaining()
            if held is not None:
                left = await store.remaining(self._logs, held.end, bulk.owned)
            state = self._resolve(held, bulk, left)
            if state != held:
                await store.begin(state, again=held is not None)
            engine = Engine(
                bulk,
                store,
                state,
                logs=self._logs,
                concurrency=self._concurrency,
                settle=self._settle,
                active_only=self._active_only,
                sleep=self._sleep,
                on_progress=on_progress,
                on_page=on_page,
            )
            return await engine.run()
        finally:
            await store.aclose()

    async def _pages(self) -> AsyncGenerator[ScanPage, None]:
        # A queue of pages, not of records; no task group, for it must not stand around a yield.
        queue: asyncio.Queue[ScanPage] = asyncio.Queue(self._concurrency)
        running = asyncio.ensure_future(self._run(None, queue.put))
        try:
            while True:
                getting = asyncio.ensure_future(queue.get())
                try:
                    await asyncio.wait({getting, running}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    if not getting.done():
                        getting.cancel()
                if getting.cancelled() or not getting.done():
                    break
                yield getting.result()
            while not queue.empty():
                yield queue.get_nowait()
            await running
        finally:
            running.cancel()
            await asyncio.wait({running})


def _store_of(store: ScanStore | str | PathLike[str] | None) -> ScanStore:
    if store is None:
        return MemoryStore(keep=False)
    if isinstance(store, str | PathLike):
        from gizwits_async.scan import SqlStore  # noqa: PLC0415 - comes with an extra

        made: Any = SqlStore(store)
        return made  # type: ignore[no-any-return]
    return store
