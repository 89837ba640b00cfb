"""A store in memory: for tests in virtual time, for scans whose pages go elsewhere, for counting."""

import heapq
from collections import Counter
from collections.abc import Collection, Sequence

from gizwits_async.models.devices import Device
from gizwits_async.models.product import ProductDataPoints
from gizwits_async.scan.report import Failure, Gap
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.protocol import Change, Remaining
from gizwits_async.scan.task import LogName, Record, Task, time_of

__all__ = ["MemoryStore"]


class MemoryStore:
    """Keeps a scan as long as the process lives."""

    def __init__(self, *, keep: bool = True) -> None:
        """Make a store.

        Args:
            keep: Whether to keep records and devices; if not, they are counted and dropped.
        """
        self._keep = keep
        self.state: ScanState | None = None
        """The range, and how far the listing came."""
        self.devices: dict[str, Device] = {}
        """Devices by did; none without `keep`."""
        self.records: dict[tuple[str, LogName], list[Record]] = {}
        """Records by did and log, oldest first."""
        self.counts: Counter[LogName] = Counter()
        """How many records were written to each log."""
        self.lost: list[Gap] = []
        """What fell off the edge of the log, in the present range."""
        self._macs: dict[str, str | None] = {}
        self._tasks: dict[tuple[str, str, int], Task] = {}
        self._failed: dict[tuple[str, str, int], Failure] = {}

    async def open(self) -> ScanState | None:
        """Return what is known of the scan."""
        return self.state

    async def peek(self) -> ScanState | None:
        """Return what is known of the scan."""
        return self.state

    async def aclose(self) -> None:
        """Do nothing: there is nothing to let go of."""

    async def begin(self, state: ScanState, *, again: bool) -> None:
        """See `ScanStore.begin`."""
        self.state = state
        if again:
            self.lost.clear()
            for key, task in self._tasks.items():
                self._tasks[key] = task.rewound()

    async def add(
        self, devices: Sequence[Device], logs: Collection[LogName], state: ScanState
    ) -> int:
        """See `ScanStore.add`."""
        self.state = state
        before = len(self._macs)
        for device in devices:
            self._macs[device.did] = device.mac
            if self._keep:
                self.devices[device.did] = device
            for log in logs:
                task = Task.new(device.did, log, state.start)
                self._tasks.setdefault(task.key, task)
        return len(self._macs) - before

    async def wants_datapoints(self, run: int) -> bool:
        """Return no: only an export would need them."""
        del run
        return False

    async def keep_datapoints(self, points: ProductDataPoints | None) -> None:
        """Keep nothing; see `wants_datapoints`."""

    async def by_mac(self, macs: Collection[str]) -> list[str]:
        """See `ScanStore.by_mac`."""
        wanted = set(macs)
        return [did for did, mac in self._macs.items() if mac in wanted]

    async def without_mac(self) -> list[str]:
        """See `ScanStore.without_mac`."""
        return [did for did, mac in self._macs.items() if not mac]

    async def due(self, logs: Collection[LogName], end: int, limit: int) -> list[Task]:
        """See `ScanStore.due`."""
        due = (
            task
            for key, task in self._tasks.items()
            if key not in self._failed and task.log in logs and task.next_second < task.stop(end)
        )
        return heapq.nsmallest(limit, due, key=lambda task: (task.next_second, *task.key))

    async def commit(self, change: Change) -> None:
        """See `ScanStore.commit`."""
        task = change.after
        self.counts[task.log] += len(change.rows)
        if self._keep:
            rows = self.records.setdefault((task.did, task.log), [])
            if change.replaced is not None:
                start, end = change.replaced
                rows[:] = [row for row in rows if not start <= time_of(row) < end]
            rows += change.rows
        self.lost += (Gap(did=task.did, log=task.log, start=a, end=b) for a, b in change.gaps)
        if task.over:
            del self._tasks[task.key]
        else:
            self._tasks[task.key] = task

    async def fail(self, task: Task, error: str, text: str) -> None:
        """See `ScanStore.fail`."""
        self._failed[task.key] = Failure(
            did=task.did, log=task.log, error=error, text=text, since=task.next_second
        )

    async def split(self, window: Task, rest: Task) -> None:
        """See `ScanStore.split`."""
        self._tasks |= {window.key: window, rest.key: rest}

    async def requeue_failed(self, logs: Collection[LogName]) -> int:
        """See `ScanStore.requeue_failed`."""
        found = [key for key, failure in self._failed.items() if failure.log in logs]
        for key in found:
            del self._failed[key]
        return len(found)

    async def remaining(self, logs: Collection[LogName], end: int, owned: int) -> Remaining:
        """See `ScanStore.remaining`."""
        windows: Counter[LogName] = Counter()
        done: dict[LogName, tuple[int, int]] = {}
        oldest: int | None = None
        for task in self._tasks.values():
            if task.log not in logs:
                continue
            finished, pages = done.get(task.log, (0, 0))
            done[task.log] = finished + task.windows, pages + task.pages
            span = task.stop(end) - task.next_second
            if span > 0:
                windows[task.log] += -(-span // owned)
                oldest = task.next_second if oldest is None else min(oldest, task.next_second)
        return Remaining(devices=len(self._macs), windows=windows, oldest=oldest, done=done)

    async def failures(self, logs: Collection[LogName], limit: int) -> tuple[int, list[Failure]]:
        """See `ScanStore.failures`."""
        found = [failure for failure in self._failed.values() if failure.log in logs]
        return len(found), found[:limit]

    async def gaps(self, limit: int) -> tuple[int, list[Gap]]:
        """See `ScanStore.gaps`."""
        return len(self.lost), self.lost[:limit]
