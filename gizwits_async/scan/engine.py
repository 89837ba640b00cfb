"""The work of one run: lists the devices, walks what is due with a few workers, tries again, tells."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import TypeAlias, TypeVar

from attrs import evolve

from gizwits_async.errors import (
    CLIENT_WIDE_ERRORS,
    ForbiddenError,
    GizwitsError,
    InvalidResponseError,
    LogRangeError,
    ResumeMismatchError,
    ServerError,
)
from gizwits_async.scan.activity import Activity
from gizwits_async.scan.backoff import TRANSIENT, Backoff
from gizwits_async.scan.bulk_client import BulkClient
from gizwits_async.scan.counters import SHOWN, RunCounters
from gizwits_async.scan.definition import DESCRIBED, learn_definition
from gizwits_async.scan.errors import ScanStoreError
from gizwits_async.scan.report import ScanPage, ScanProgress, ScanReport
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.protocol import Change, ScanStore
from gizwits_async.scan.task import LogName, Record, Span, Task, time_of
from gizwits_async.scan.task_queue import TaskQueue
from gizwits_async.streams import Page

__all__ = ["Engine", "Progress"]

T = TypeVar("T")
Progress: TypeAlias = ScanProgress
_CLOSED_CODES = {5018, 5024}
"""What a log answers that is closed for published products."""
_CLOSED_AFTER = 3
"""Devices that must have been refused before a log is given up for the product."""
_STOPS = (*CLIENT_WIDE_ERRORS, ScanStoreError)
"""Errors that every other device would meet too."""

_OF_ONE_WINDOW = (InvalidResponseError, ServerError)
"""What one window can fail with while others of the same log would not."""


class Engine:
    """One run of a scan."""

    def __init__(
        self,
        client: BulkClient,
        store: ScanStore,
        state: ScanState,
        *,
        logs: Sequence[LogName],
        concurrency: int,
        settle: int,
        active_only: bool,
        sleep: Callable[[float], Awaitable[None]],
        on_progress: Callable[[ScanProgress], None] | None,
        on_page: Callable[[ScanPage], Awaitable[None]] | None,
    ) -> None:
        self._client = client
        self._store = store
        self._state = state
        self._logs = logs
        self._concurrency = concurrency
        self._settle = settle
        self._active_only = active_only
        self._activity: Activity | None = None
        self._on_progress = on_progress
        self._on_page = on_page
        self._queue = TaskQueue(store, state.end)
        self._refused: dict[LogName, set[str]] = {log: set() for log in logs}
        self._answered: set[LogName] = set()
        self._given_up: dict[LogName, str] = {}
        self._counters = RunCounters(client)
        self._backoff = Backoff(sleep, callers=concurrency, waits_for_quota=client.waits_for_quota)
        self._listing_backoff = Backoff(sleep, callers=1, waits_for_quota=client.waits_for_quota)
        self._last_try = False
        self._oldest = state.start

    async def run(self) -> ScanReport:
        """Do all that is left, and tell."""
        await self._store.requeue_failed(self._logs)
        await self._recount()
        if self._state.listing != "done":
            await self._list(self._state.listing)
        if DESCRIBED & set(self._logs) and await self._store.wants_datapoints(self._state.run):
            await self._beside(partial(learn_definition, self._client, self._store))
        if self._active_only and self._counters.left and DESCRIBED & set(self._logs):
            self._activity = await self._beside(self._activity_known)
        await self._drain()
        self._activity = None  # It says nothing of devices that came meanwhile.
        if await self._list(None):
            await self._drain()
        self._counters.failed = 0
        self._last_try = True
        if await self._store.requeue_failed(self._open_logs):
            await self._drain()
        self._state = evolve(self._state, over=True)
        await self._store.begin(self._state, again=False)
        return await self._report()

    @property
    def _open_logs(self) -> tuple[LogName, ...]:
        return tuple(log for log in self._logs if log not in self._given_up)

    # --- devices

    async def _list(self, resume: str | None) -> int:
        """Walk the listing, and return how many devices were new."""
        new, before = 0, self._client.calls
        # Disabled devices too: their logs are still there.
        stream = self._client.devices.search(show_disabled=True)
        first = self._state.listing != "done"
        while True:
            try:
                async with aclosing(stream.pages(resume)) as pages:
                    async for page in pages:
                        self._listing_backoff.succeeded()
                        resume = page.resume
                        if first or resume is None:
                            self._state = evolve(self._state, listing=resume or "done")
                        new += await self._store.add(page.items, self._logs, self._state)
                        await self._recount()
                        self._tell()
                break
            except ResumeMismatchError:
                resume = None
            except TRANSIENT as error:
                await self._listing_backoff.pause(error)
        self._counters.beside += self._client.calls - before
        return new

    async def _recount(self) -> None:
        left = await self._store.remaining(self._open_logs, self._state.end, self._client.owned)
        self._counters.devices, self._counters.left = left.devices, sum(left.windows.values())
        self._oldest = self._state.start if left.oldest is None else left.oldest

    async def _beside(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Make calls that are none to a log, from the beginning after what had to be waited out."""
        before = self._client.calls
        while True:
            try:
                answer = await ask()
            except TRANSIENT as error:
                await self._listing_backoff.pause(error)
            else:
                self._listing_backoff.succeeded()
                self._counters.beside += self._client.calls - before
                return answer

    async def _activity_known(self) -> Activity:
        # Of a range that was extended only what is left is of interest, not a month of reports.
        start = max(self._oldest, self._client.oldest())
        activity = Activity(min(start, self._state.end), self._state.end, self._client.now())
        await activity.load(self._client, self._store)
        return activity

    # --- tasks

    async def _drain(self) -> None:
        """Work until nothing is due."""
        workers = {asyncio.ensure_future(self._work()) for _ in range(self._concurrency)}
        try:
            done, _ = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        for worker in done:
            worker.result()

    async def _work(self) -> None:
        while (task := await self._queue.take(self._open_logs)) is not None:
            try:
                await self._attend(task)
            finally:
                self._queue.done(task)

    async def _attend(self, task: Task) -> None:
        """Walk one window to its end, whatever has to be waited out, or set it aside."""
        if await self._skip(task):
            return
        task = task.opened(self._state.end, self._client.owned, self._client.now())
        asked = records = 0
        while task.end is not None:
            try:
                stream = self._client.log(task.log, task.did, task.next_second, task.end)
                async with aclosing(stream.pages(task.resume)) as pages:
                    async for page in pages:
                        asked, records = 1, records + len(page.items)
                        task = await self._keep(task, page)
            except LogRangeError as error:
                task = await self._clamp(task, error.oldest)
            except ResumeMismatchError:
                task = task.reopened()
            except TRANSIENT as error:
                await self._backoff.pause(error)
            except _STOPS:
                raise
            except (GizwitsError, ValueError) as error:  # ValueError: a did that no path can hold
                await self._set_aside(task, error)
                return
        self._answered.add(task.log)
        self._counters.windows += 1
        self._counters.left -= 1
        # A window that fell off the edge as a whole was not asked for.
        self._counters.least += max(asked, -(-records // self._client.page_size))

    async def _skip(self, task: Task) -> bool:
        """Pass over days without data, and return whether there were any."""
        # A device can come and go without reporting anything: the online log is always asked.
        if self._activity is None or task.log == "online" or task.end is not None:
            return False
        stop, owned = task.stop(self._state.end), self._client.owned
        start = self._activity.next(task.did, task.next_second, stop)
        if start <= task.next_second:
            return False
        await self._store.commit(Change(after=task.skipped(start)))
        self._counters.left += -(-(stop - start) // owned) + (task.next_second - stop) // owned
        return True

    async def _keep(self, task: Task, page: Page[Record]) -> Task:
        self._backoff.succeeded()
        before, gaps = task, []
        for first, last in page.gaps:
            task, gap = task.lost(first, last)
            gaps += [gap] if gap else []
        moved = task.took(time_of(page.items[-1]) if page.items else None, page.resume)
        after = moved if page.resume is not None else task.closed(self._settle)
        replaced = task.replaced(after)
        await self._store.commit(
            Change(after=after, rows=page.items, replaced=replaced, gaps=tuple(gaps))
        )
        self._counters.records[task.log] += len(page.items)
        await self._pass_on(before, page.items, tuple(gaps), last=page.resume is None)
        return after

    async def _clamp(self, task: Task, oldest: int) -> Task:
        """Move the window up to the edge of the log; what is before it is lost."""
        before = task
        task, gap = task.clamped(oldest)
        if task.next_second >= task.open_end:
            task = task.closed(self._settle, pages=0)
        gaps = (gap,) if gap else ()
        await self._store.commit(Change(after=task, gaps=gaps))
        await self._pass_on(before, (), gaps, last=task.end is None)
        return task

    async def _pass_on(
        self, task: Task, items: tuple[Record, ...], gaps: tuple[Span, ...], *, last: bool
    ) -> None:
        self._tell(task)
        if self._on_page is not None:
            await self._on_page(
                ScanPage(
                    did=task.did,
                    log=task.log,
                    items=items,
                    start=task.next_second,
                    end=task.open_end,
                    last=last,
                    gaps=gaps,
                )
            )

    # --- what goes wrong

    async def _set_aside(self, task: Task, error: Exception) -> None:
        self._counters.failed += 1
        if self._last_try and isinstance(error, _OF_ONE_WINDOW) and task.part_end is None:
            # The windows behind it are not to fall off the edge of the log for its sake.
            task, rest = task.split()
            await self._store.split(task, rest)
        await self._store.fail(task, type(error).__name__, str(error))
        if isinstance(error, ForbiddenError) and error.code in _CLOSED_CODES:
            refused = self._refused[task.log]
            refused.add(task.did)
            if len(refused) >= _CLOSED_AFTER and task.log not in self._answered:
                self._given_up[task.log] = str(error)

    # --- what is told

    def _tell(self, task: Task | None = None) -> None:
        if self._on_progress is not None:
            self._on_progress(self._counters.progress(task))

    async def _report(self) -> ScanReport:
        await self._recount()
        return self._counters.report(
            self._state,
            self._logs,
            failures=await self._store.failures(self._open_logs, SHOWN),
            gaps=await self._store.gaps(SHOWN),
            given_up=self._given_up,
        )
