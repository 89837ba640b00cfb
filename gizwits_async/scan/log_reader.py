"""Reads one window of one log into the store, page by page, each with the progress it stands for."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing

from gizwits_async.errors import GizwitsError, LogRangeError, ResumeMismatchError
from gizwits_async.scan.backoff import TRANSIENT, Backoff
from gizwits_async.scan.bulk_client import BulkClient
from gizwits_async.scan.counters import RunCounters
from gizwits_async.scan.errors import SCAN_WIDE_ERRORS
from gizwits_async.scan.report import ScanPage
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.settings import ScanSettings
from gizwits_async.scan.store.protocol import Change, ScanStore
from gizwits_async.scan.task import Record, Span, Task, time_of
from gizwits_async.streams import Page

__all__ = ["LogReader"]


class LogReader:
    """Reads windows for all workers of a scan."""

    def __init__(
        self,
        client: BulkClient,
        store: ScanStore,
        state: ScanState,
        settings: ScanSettings,
        *,
        counters: RunCounters,
        publish: Callable[[Task, ScanPage], Awaitable[None]],
    ) -> None:
        """Prepare; nothing is sent.

        Args:
            client: Makes the calls.
            store: Keeps the records and the tasks.
            state: The range of the scan.
            settings: What the scan was asked to do.
            counters: Counts records, windows and calls.
            publish: Called with each page once it is stored.
        """
        self._client, self._store = client, store
        self._end, self._settle = state.end, settings.settle
        self._counters, self._publish = counters, publish
        self._backoff = Backoff(client, settings, callers=settings.concurrency)

    async def read(self, task: Task) -> tuple[Task, Exception | None]:
        """Read the open window of a task, or its next one, waiting for quota where needed.

        Returns:
            The task as it is now, and the error that kept the window from being read; None if
            the window is closed.

        Raises:
            GizwitsError: Every other device would meet the same error.
        """
        task = task.opened(self._end, self._client.owned, self._client.now())
        records = 0
        while task.end is not None:
            try:
                stream = self._client.log(task.log, task.did, task.next_second, task.end)
                async with aclosing(stream.pages(task.resume)) as pages:
                    async for page in pages:
                        records += len(page.items)
                        task = await self._keep(task, page)
            except LogRangeError as error:
                task = await self._clamp(task, error.oldest)
            except ResumeMismatchError:
                task = task.reopened()
            except TRANSIENT as error:
                await self._backoff.pause(error)
            except SCAN_WIDE_ERRORS:
                raise
            except (GizwitsError, ValueError) as error:  # ValueError: a did that no path can hold
                if not await self._backoff.outlast(error):
                    return task, error
        self._counters.windows += 1
        self._counters.windows_of[task.log] += 1
        self._counters.windows_left -= 1
        self._counters.windows_empty += not records
        self._counters.calls_least += -(-records // self._client.page_size)
        return task, None

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
        self._counters.add(before, page.items)
        self._counters.pages_of[task.log] += bool(page.items)
        self._counters.set_aside += page.set_aside
        await self._pass_on(
            before, page.items, tuple(gaps), last=page.resume is None, set_aside=page.set_aside
        )
        return after

    async def _clamp(self, task: Task, oldest: int) -> Task:
        """Move the window up to the edge of the log; the seconds before it become a gap."""
        before = task
        task, gap = task.clamped(oldest)
        if task.next_second >= task.open_end:
            task = task.closed(self._settle, pages=0)
        gaps = (gap,) if gap else ()
        await self._store.commit(Change(after=task, gaps=gaps))
        await self._pass_on(before, (), gaps, last=task.end is None)
        return task

    async def _pass_on(
        self,
        task: Task,
        items: tuple[Record, ...],
        gaps: tuple[Span, ...],
        *,
        last: bool,
        set_aside: int = 0,
    ) -> None:
        page = ScanPage(
            did=task.did,
            log=task.log,
            items=items,
            start=task.next_second,
            end=task.open_end,
            last=last,
            gaps=gaps,
            set_aside=set_aside,
        )
        await self._publish(task, page)
