"""ScanPages: a scan that runs in a task of its own, as an async iterator over its pages."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from gizwits_async.scan.report import ScanPage
from gizwits_async.streams import Walk

__all__ = ["ScanPages"]


class ScanPages(Walk[ScanPage]):
    """The pages of a scan, each one after it was committed.

    The scan starts with the first page and is cancelled when the iterator is closed or dropped.
    """

    def __init__(
        self,
        scan: Callable[[Callable[[ScanPage], Awaitable[None]]], Awaitable[object]],
        *,
        ahead: int,
    ) -> None:
        """Describe the iteration.

        Args:
            scan: Runs the scan, and awaits its argument with each page.
            ahead: Pages that the scan may be ahead of the reader.
        """
        super().__init__()
        self._scan = scan
        self._queue: asyncio.Queue[ScanPage] = asyncio.Queue(ahead)
        self._running: asyncio.Future[Any] | None = None
        self._getting: asyncio.Future[ScanPage] | None = None

    async def _step(self) -> ScanPage:
        if self._running is None:
            self._running = asyncio.ensure_future(self._scan(self._queue.put))
        # Kept when this step is cancelled: the page that it receives meanwhile is for the next one.
        getting = self._getting = self._getting or asyncio.ensure_future(self._queue.get())
        started: set[asyncio.Future[Any]] = {getting, self._running}
        await asyncio.wait(started, return_when=asyncio.FIRST_COMPLETED)
        if self._closed:
            raise StopAsyncIteration
        if not getting.done() and self._queue.empty():
            getting.cancel()
            self._getting = None
            self._running.result()
            raise StopAsyncIteration
        await asyncio.wait({getting})
        self._getting = None
        return getting.result()

    async def aclose(self) -> None:
        """Stop the scan, wait until its store is closed, and end the iteration."""
        self._closed = True
        self._cancel()
        await super().aclose()

    async def _release(self) -> None:
        tasks = self._cancel()
        if tasks:
            await asyncio.wait(tasks)

    def __del__(self) -> None:
        """Stop the scan after a `break`, which closes nothing."""
        if self._running is not None and not self._running.get_loop().is_closed():
            self._cancel()

    def _cancel(self) -> set[asyncio.Future[Any]]:
        tasks: set[asyncio.Future[Any]] = {
            task for task in (self._running, self._getting) if task is not None
        }
        for task in tasks:
            task.cancel()
        return tasks
