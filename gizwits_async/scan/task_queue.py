"""What the workers of a scan take next: the oldest task of the store that nobody is at."""

import asyncio
from collections.abc import Collection

from gizwits_async.scan.store.protocol import ScanStore
from gizwits_async.scan.task import LogName, Task

__all__ = ["TaskQueue"]

_BATCH = 256
"""Tasks that are fetched from the store at a time."""


class TaskQueue:
    """Hands out each task to one worker at a time, oldest first, a batch in memory."""

    def __init__(self, store: ScanStore, end: int) -> None:
        self._store, self._end = store, end
        self._busy: set[tuple[str, str, int]] = set()
        self._ready: list[Task] = []
        self._turn = asyncio.Lock()
        self._freed = asyncio.Event()

    async def take(self, logs: Collection[LogName]) -> Task | None:
        """Return the oldest task that nobody works on; None when all work is done.

        Args:
            logs: Of these logs only.
        """
        while True:
            async with self._turn:
                while self._ready:
                    task = self._ready.pop()
                    if task.log in logs:
                        self._busy.add(task.key)
                        return task
                self._freed.clear()
                # Whoever is at work now may finish while the store is read, which then tells
                # where they began.
                busy = set(self._busy)
                due = await self._store.due(logs, self._end, _BATCH + len(busy))
                self._ready = [task for task in reversed(due) if task.key not in busy]
                if self._ready:
                    continue
                if not self._busy:
                    self._freed.set()
                    return None
            # What the others are at may leave something to do: another window of the same log.
            await self._freed.wait()

    def done(self, task: Task) -> None:
        """Note that a worker is through with a task."""
        self._busy.discard(task.key)
        self._freed.set()
