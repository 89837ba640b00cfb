"""A store in memory: for tests, for counting, and for scans whose pages are kept elsewhere."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from heapq import heappop, heappush

from msgspec import Struct

from gizwits_async.models.devices import Device
from gizwits_async.models.product import ProductDataPoints
from gizwits_async.scan.presence import Seen
from gizwits_async.scan.report import Failure, Gap
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.sharded import SLICE, Sharded, free, sliced
from gizwits_async.scan.store.memory_devices import MemoryDevices
from gizwits_async.scan.store.protocol import Change, Remaining
from gizwits_async.scan.task import LOGS, LogName, Record, Task, time_of

__all__ = ["MemoryStore"]


class _Entry(Struct, frozen=True, order=True, gc=False):
    """An entry of the queue of a log; a struct for the reason of `Task`."""

    second: int
    key: str


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
        self._devices = MemoryDevices(keep=keep)
        self.records: dict[tuple[str, LogName], list[Record]] = {}
        """Records by did and log, oldest first; only of logs that hold any."""
        self.counts: Counter[LogName] = Counter()
        """Records written to each log."""
        self.lost: list[Gap] = []
        """Seconds that fell off the edge of the log."""
        self._tasks: dict[LogName, Sharded[Task]] = {log: Sharded() for log in LOGS}
        self._failed: dict[str, tuple[Task, Failure]] = {}
        self._skipped = defaultdict[str, Sharded[Task]](Sharded)
        """By the rule that passed over them."""
        self._presence = Sharded[Seen]()
        self._trust: str | None = None
        self._queues: dict[LogName, list[_Entry]] = {log: [] for log in LOGS}
        """For each log a heap of next seconds. A task that moved on leaves an outdated entry."""

    def __del__(self) -> None:
        for queue in self._queues.values():
            free(queue, SLICE)

    @property
    def devices(self) -> Mapping[str, Device]:
        """Devices by did, in no particular order; none without `keep`."""
        return self._devices

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
                async for _, task in self._tasks[log].walk():
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
        await asyncio.sleep(0)  # A page takes a millisecond.
        for device in devices:
            for log in logs:
                task = Task.new(device.did, log, state.start if start is None else start)
                if _key(task) not in self._tasks[log]:
                    self._put(task)
        self.state = state
        return self._devices.add(devices, replace=replace)

    async def wants_datapoints(self, run: int) -> bool:
        """Return False: only an export would need them."""
        del run
        return False

    async def keep_datapoints(self, points: ProductDataPoints | None) -> None:
        """Keep nothing; see `wants_datapoints`."""

    async def by_mac(self, macs: Collection[str]) -> list[str]:
        """See `ScanStore.by_mac`."""
        return self._devices.by_mac(macs)

    async def without_mac(self) -> list[str]:
        """See `ScanStore.without_mac`."""
        return await self._devices.without_mac()

    async def due(
        self,
        logs: Collection[LogName],
        end: int,
        limit: int,
        *,
        dids: Collection[str] | None = None,
    ) -> list[Task]:
        """See `ScanStore.due`."""
        found: dict[str, Task] = {}
        passed: list[Task] = []
        while len(found) < limit:
            log = min((log for log in logs if self._queues[log]), key=self._first, default=None)
            if log is None or self._first(log).second >= end:
                break
            entry = heappop(self._queues[log])
            second, key = entry.second, entry.key
            task = self._tasks[log].get(key)
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
            rows = self.records.get((task.did, task.log), [])
            if change.replaced is not None:
                start, end = change.replaced
                rows[:] = [row for row in rows if not start <= time_of(row) < end]
            rows += change.rows
            if rows:
                self.records[task.did, task.log] = rows
            else:
                self.records.pop((task.did, task.log), None)
        self.lost += (Gap(did=task.did, log=task.log, start=a, end=b) for a, b in change.gaps)
        if change.skipped is not None:
            self._skipped[change.rule][_key(change.skipped)] = change.skipped
        if task.over:
            del self._tasks[task.log][_key(task)]
        else:
            self._put(task)

    async def unskip(self, rule: str) -> int:
        """See `ScanStore.unskip`."""
        skipped, number = self._skipped[rule], 0
        async for key, task in skipped.walk():
            skipped.pop(key, None)
            self._put(task)
            number += 1
        return number

    async def presence(self) -> dict[str, Seen]:
        """See `ScanStore.presence`."""
        return {did: seen async for did, seen in self._presence.walk()}

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
        failure = Failure(
            did=task.did, log=task.log, error=error, text=text, since=task.next_second
        )
        self._failed[_key(task)] = task, failure

    async def split(self, window: Task, rest: Task) -> None:
        """See `ScanStore.split`."""
        self._put(window)
        self._put(rest)

    async def requeue_failed(
        self, logs: Collection[LogName], *, dids: Collection[str] | None = None
    ) -> int:
        """See `ScanStore.requeue_failed`."""
        found = [key for key, (_, failure) in self._failed.items() if _wanted(failure, logs, dids)]
        async for key in sliced(found):
            task, _ = self._failed.pop(key)
            self._queue(self._tasks[task.log][key])
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
            async for _, task in self._tasks[log].walk():
                if dids is not None and task.did not in dids:
                    continue
                finished, pages = finished + task.windows, pages + task.pages
                span = task.stop(end) - task.next_second
                if span > 0:
                    windows[log] += -(-span // owned)
                    oldest = task.next_second if oldest is None else min(oldest, task.next_second)
            if self._tasks[log]:
                done[log] = finished, pages
        devices = self._devices.count if dids is None else self._devices.known(dids)
        return Remaining(devices=devices, windows=windows, oldest=oldest, done=done)

    async def failures(
        self, logs: Collection[LogName], limit: int, *, dids: Collection[str] | None = None
    ) -> tuple[int, list[Failure]]:
        """See `ScanStore.failures`."""
        found = [failure for _, failure in self._failed.values() if _wanted(failure, logs, dids)]
        return len(found), found[:limit]

    async def gaps(
        self, limit: int, *, dids: Collection[str] | None = None
    ) -> tuple[int, list[Gap]]:
        """See `ScanStore.gaps`."""
        found = [gap for gap in self.lost if dids is None or gap.did in dids]
        return len(found), found[:limit]

    def _put(self, task: Task) -> None:
        tasks, key = self._tasks[task.log], _key(task)
        before, tasks[key] = tasks.get(key), task
        if before is None or before.next_second != task.next_second:
            self._queue(task)

    def _first(self, log: LogName) -> _Entry:
        return self._queues[log][0]

    def _queue(self, task: Task) -> None:
        heappush(self._queues[task.log], _Entry(task.next_second, _key(task)))


def _key(task: Task) -> str:
    """Return what identifies a task: a text, since a dict of these is not garbage-collected."""
    return f"{task.did} {task.log} {task.part}"


def _wanted(failure: Failure, logs: Collection[LogName], dids: Collection[str] | None) -> bool:
    return failure.log in logs and (dids is None or failure.did in dids)
