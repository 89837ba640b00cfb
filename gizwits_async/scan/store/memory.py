"""A store in memory: for tests, for counting, and for scans whose pages are kept elsewhere."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from heapq import heappop, heappush
from typing import TypeAlias, TypeVar

from gizwits_async.models.devices import Device
from gizwits_async.models.product import ProductDataPoints
from gizwits_async.scan.presence import Seen
from gizwits_async.scan.report import Failure, Gap
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.protocol import Change, Remaining
from gizwits_async.scan.task import LOGS, LogName, Record, Task, time_of

__all__ = ["MemoryStore"]

T = TypeVar("T")

_Key: TypeAlias = tuple[str, LogName, int]
_SLICE = 1000
"""Items that are worked through before other tasks of the event loop may run: about a millisecond."""


class MemoryStore:
    """Keeps a scan for the life of the process."""

    def __init__(self, *, keep: bool = True) -> None:
        """Make a store.

        Args:
            keep: Whether to keep records and devices; if not, they are counted and dropped.
        """
        self._keep = keep
        self.state: ScanState | None = None
        """The range and the progress of the listing."""
        self.devices: dict[str, Device] = {}
        """Devices by did; none without `keep`."""
        self.records: dict[tuple[str, LogName], list[Record]] = {}
        """Records by did and log, oldest first."""
        self.counts: Counter[LogName] = Counter()
        """Records written to each log."""
        self.lost: list[Gap] = []
        """Seconds that fell off the edge of the log."""
        self._macs: dict[str, str | None] = {}
        self._by_mac: dict[str | None, list[str]] = {}
        """MAC address -> dids; empty if it must be made anew."""
        self._tasks: dict[LogName, dict[_Key, Task]] = {log: {} for log in LOGS}
        self._failed: dict[_Key, Failure] = {}
        self._skipped: dict[_Key, tuple[Task, str]] = {}
        self._presence: dict[str, Seen] = {}
        self._trust: str | None = None
        self._queues: dict[LogName, list[tuple[int, _Key]]] = {log: [] for log in LOGS}
        """For each log a heap of next seconds. A task that moved on leaves an outdated entry."""

    def choose_product(self, product_key: str) -> None:
        """Do nothing: it keeps one product."""

    async def open(self) -> ScanState | None:
        """Return the state of the scan; None before it was begun."""
        return self.state

    async def peek(self) -> ScanState | None:
        """Return the state of the scan; None before it was begun."""
        return self.state

    async def aclose(self) -> None:
        """Do nothing: no resource is held."""

    async def begin(self, state: ScanState, *, again: bool) -> None:
        """See `ScanStore.begin`."""
        self.state = state
        if state.over:
            self._skipped.clear()
        if again:
            for log in LOGS:
                async for task in _sliced(self._tasks[log].values()):
                    self._put(task.rewound())

    async def add(
        self,
        devices: Sequence[Device],
        logs: Collection[LogName],
        state: ScanState,
        *,
        start: int | None = None,
        replace: bool = True,
    ) -> int:
        """See `ScanStore.add`."""
        # A large dict that grows takes milliseconds: each gets a callback of its own. If this is
        # cancelled meanwhile, the devices are added by the next call.
        for log in logs:
            await asyncio.sleep(0)
            for device in devices:
                task = Task.new(device.did, log, state.start if start is None else start)
                if task.key not in self._tasks[log]:
                    self._put(task)
        await asyncio.sleep(0)
        before, self.state = len(self._macs), state
        kept = [device for device in devices if replace or device.did not in self._macs]
        self._macs.update((device.did, device.mac) for device in kept)
        self._by_mac.clear()
        if self._keep:
            self.devices.update((device.did, device) for device in kept)
        return len(self._macs) - before

    async def wants_datapoints(self, run: int) -> bool:
        """Return False: only an export would need them."""
        del run
        return False

    async def keep_datapoints(self, points: ProductDataPoints | None) -> None:
        """Keep nothing; see `wants_datapoints`."""

    async def by_mac(self, macs: Collection[str]) -> list[str]:
        """See `ScanStore.by_mac`."""
        await self._index()
        return [did for mac in set(macs) for did in self._by_mac.get(mac, ())]

    async def without_mac(self) -> list[str]:
        """See `ScanStore.without_mac`."""
        await self._index()
        return list(self._by_mac.get(None, ()))

    async def due(
        self,
        logs: Collection[LogName],
        end: int,
        limit: int,
        *,
        dids: Collection[str] | None = None,
    ) -> list[Task]:
        """See `ScanStore.due`."""
        found: dict[_Key, Task] = {}
        passed: list[Task] = []
        heaps = [self._queues[log] for log in logs]
        while len(found) < limit:
            heap = min((heap for heap in heaps if heap), default=None)
            if heap is None or heap[0][0] >= end:
                break
            second, key = heappop(heap)
            task = self._tasks[key[1]].get(key)
            if task is None or task.next_second != second or key in self._failed:
                continue
            if dids is not None and task.did not in dids:
                passed.append(task)
            elif second < task.stop(end):
                found[key] = task
        for task in (*found.values(), *passed):
            self._queue(task)
        return list(found.values())

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
        if change.skipped is not None:
            self._skipped[change.skipped.key] = change.skipped, change.rule
        if task.over:
            del self._tasks[task.log][task.key]
        else:
            self._put(task)

    async def unskip(self, rule: str) -> int:
        """See `ScanStore.unskip`."""
        found = [task for task, by in self._skipped.values() if by == rule]
        async for task in _sliced(found):
            del self._skipped[task.key]
            self._put(task)
        return len(found)

    async def presence(self) -> dict[str, Seen]:
        """See `ScanStore.presence`."""
        return dict(self._presence)

    async def keep_presence(self, seen: Mapping[str, Seen]) -> None:
        """See `ScanStore.keep_presence`."""
        self._presence.update(seen)

    async def trust(self) -> str | None:
        """See `ScanStore.trust`."""
        return self._trust

    async def keep_trust(self, text: str) -> None:
        """See `ScanStore.keep_trust`."""
        self._trust = text

    async def fail(self, task: Task, error: str, text: str) -> None:
        """See `ScanStore.fail`."""
        self._failed[task.key] = Failure(
            did=task.did, log=task.log, error=error, text=text, since=task.next_second
        )

    async def split(self, window: Task, rest: Task) -> None:
        """See `ScanStore.split`."""
        self._put(window)
        self._put(rest)

    async def requeue_failed(
        self, logs: Collection[LogName], *, dids: Collection[str] | None = None
    ) -> int:
        """See `ScanStore.requeue_failed`."""
        found = [key for key, failure in self._failed.items() if _wanted(failure, logs, dids)]
        async for key in _sliced(found):
            del self._failed[key]
            self._queue(self._tasks[key[1]][key])
        return len(found)

    async def remaining(
        self,
        logs: Collection[LogName],
        end: int,
        owned: int,
        *,
        dids: Collection[str] | None = None,
    ) -> Remaining:
        """See `ScanStore.remaining`."""
        windows: Counter[LogName] = Counter()
        done: dict[LogName, tuple[int, int]] = {}
        oldest: int | None = None
        for log in logs:
            finished = pages = 0
            async for task in _sliced(self._tasks[log].values()):
                if dids is not None and task.did not in dids:
                    continue
                finished, pages = finished + task.windows, pages + task.pages
                span = task.stop(end) - task.next_second
                if span > 0:
                    windows[log] += -(-span // owned)
                    oldest = task.next_second if oldest is None else min(oldest, task.next_second)
            if self._tasks[log]:
                done[log] = finished, pages
        devices = len(self._macs if dids is None else self._macs.keys() & dids)
        return Remaining(devices=devices, windows=windows, oldest=oldest, done=done)

    async def failures(
        self, logs: Collection[LogName], limit: int, *, dids: Collection[str] | None = None
    ) -> tuple[int, list[Failure]]:
        """See `ScanStore.failures`."""
        found = [failure for failure in self._failed.values() if _wanted(failure, logs, dids)]
        return len(found), found[:limit]

    async def gaps(
        self, limit: int, *, dids: Collection[str] | None = None
    ) -> tuple[int, list[Gap]]:
        """See `ScanStore.gaps`."""
        found = [gap for gap in self.lost if dids is None or gap.did in dids]
        return len(found), found[:limit]

    async def _index(self) -> None:
        if not self._by_mac:
            async for did, mac in _sliced(self._macs.items()):
                self._by_mac.setdefault(mac or None, []).append(did)

    def _put(self, task: Task) -> None:
        tasks, key = self._tasks[task.log], task.key
        before, tasks[key] = tasks.get(key), task
        if before is None or before.next_second != task.next_second:
            self._queue(task)

    def _queue(self, task: Task) -> None:
        heappush(self._queues[task.log], (task.next_second, task.key))


def _wanted(failure: Failure, logs: Collection[LogName], dids: Collection[str] | None) -> bool:
    return failure.log in logs and (dids is None or failure.did in dids)


async def _sliced(items: Iterable[T]) -> AsyncGenerator[T, None]:
    """Iterate over a copy of many items without holding the event loop for long."""
    for number, item in enumerate(list(items)):
        if number % _SLICE == _SLICE - 1:
            await asyncio.sleep(0)
        yield item
