"""Hands the tasks of a store to the workers of a scan: oldest first, each to one worker at a time."""

import asyncio
from collections.abc import Collection

from gizwits_async.scan.store.protocol import ScanStore
from gizwits_async.scan.task import LogName, Task

__all__ = ["TaskQueue"]

_BATCH = 256
"""Tasks that are read from the store at a time."""


class TaskQueue:
    """The unfinished tasks of a store, of which one batch is in memory, until none is left."""

    def __init__(self, store: ScanStore, end: int, *, dids: Collection[str] | None = None) -> None:
        """Start with an empty batch.

        Args:
            store: Holds the tasks.
            end: Where the range of the scan ends, in epoch seconds UTC.
            dids: Devices to take tasks of; None for all.
        """
        self._store, self._end, self._dids = store, end, dids
        self._in_progress: set[tuple[str, str, int]] = set()
        self._batch: list[Task] = []
        self._asked = False
        """Whether the store gave all that was due, and no task was released since: it would give it again."""
        self._lock = asyncio.Lock()
        self._released = asyncio.Event()

    async def take(self, logs: Collection[LogName]) -> Task | None:
        """Return the oldest task that no worker holds; None when all work is done.

        Args:
            logs: Logs to take tasks of.
        """
        while True:
            async with self._lock:
                while self._batch:
                    task = self._batch.pop()
                    if task.log in logs:
                        self._in_progress.add(task.key)
                        return task
                if not self._asked:
                    self._asked = True
                    # Copied before reading: a task that is released meanwhile would be read as it
                    # was when its worker took it, and be done twice.
                    held = set(self._in_progress)
                    limit = _BATCH + len(held)
                    due = await self._store.due(logs, self._end, limit, dids=self._dids)
                    if len(due) == limit:
                        # More are due, maybe of other logs than are open by now.
                        self._asked = False
                    self._batch = [task for task in reversed(due) if task.key not in held]
                    continue
                if not self._in_progress:
                    self._released.set()
                    return None
                self._released.clear()
            # A released task may have another window to read.
            await self._released.wait()

    async def finished(self, did: str, log: LogName) -> None:
        """Wait until no worker reads this log of a device."""
        while (did, log, 0) in self._in_progress:
            self._released.clear()
            await self._released.wait()

    def done(self, task: Task) -> None:
        """Release a task."""
        self._in_progress.discard(task.key)
        self._asked = False
        self._released.set()
