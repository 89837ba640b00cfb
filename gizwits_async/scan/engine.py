"""One run of a scan: lists the devices, reads their logs with a few workers, retries, reports."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import TypeVar

from attrs import evolve

from gizwits_async.errors import (
    ClientClosedError,
    GizwitsError,
    InvalidResponseError,
    ServerError,
)
from gizwits_async.scan.activity import Activity
from gizwits_async.scan.backoff import TRANSIENT, Backoff
from gizwits_async.scan.bulk_client import BulkClient
from gizwits_async.scan.closed_logs import ClosedLogs
from gizwits_async.scan.counters import LISTED, RunCounters
from gizwits_async.scan.definition import DESCRIBED, learn_definition
from gizwits_async.scan.errors import ScanStoreError
from gizwits_async.scan.listing import DeviceListing
from gizwits_async.scan.log_reader import LogReader
from gizwits_async.scan.report import ScanPage, ScanProgress, ScanReport
from gizwits_async.scan.rules import PROOF
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.settings import ScanSettings
from gizwits_async.scan.skipper import Skipper
from gizwits_async.scan.stopping import Stopped
from gizwits_async.scan.store.protocol import ScanStore
from gizwits_async.scan.task import LogName, Task
from gizwits_async.scan.task_queue import TaskQueue

__all__ = ["Engine"]

_log = logging.getLogger("gizwits_async.scan")
T = TypeVar("T")

_OF_ONE_WINDOW = (InvalidResponseError, ServerError)
"""Errors that one window of a log can cause while its other windows can be read."""


class Engine:
    """One run of a scan."""

    def __init__(
        self,
        client: BulkClient,
        store: ScanStore,
        state: ScanState,
        settings: ScanSettings,
        *,
        on_progress: Callable[[ScanProgress], None] | None,
        on_page: Callable[[ScanPage], Awaitable[None]] | None,
    ) -> None:
        """Prepare; nothing is sent.

        Args:
            client: Makes the calls.
            store: Holds the tasks; open.
            state: The range, as the store holds it.
            settings: What the scan was asked to do.
            on_progress: Called after each stored page.
            on_page: Called with each stored page of a log.
        """
        self._client, self._store, self._state = client, store, state
        self._settings, self._logs = settings, settings.logs
        self._on_page = on_page
        self._counters = counters = RunCounters(client, on_progress)
        self._closed = ClosedLogs(settings.logs)
        self._backoff = Backoff(client, settings, callers=1)
        shared = client, store, state, settings
        self._skipper = Skipper(*shared)
        self._listing = DeviceListing(
            *shared, backoff=self._backoff, counters=counters, skipper=self._skipper
        )
        self._reader = LogReader(*shared, counters=counters, publish=self._publish)
        self._notes: list[str] = []
        if note := settings.requested.note_on_start(
            state, now=client.now(), oldest=client.oldest()
        ):
            _log.warning("%s", note)
            self._notes.append(note)
        self._last_try = False

    async def run(self) -> ScanReport:
        """Read all that is left, or until the run is to stop, and return the report."""
        try:
            await self._scan()
        except Stopped:
            if self._counters.windows or self._skipper.skipped:
                await self._skipper.finish(self._counters.windows_of, self._counters.pages_of)
            return await self._report(stopped=True)
        await self._skipper.finish(self._counters.windows_of, self._counters.pages_of)
        await self._store.begin(evolve(self._listing.state, over=True), again=False)
        return await self._report()

    async def _scan(self) -> None:
        if self._client.stopping.is_set:
            raise Stopped
        await self._store.requeue_failed(self._logs, dids=self._settings.devices)
        await self._skipper.load()
        oldest = await self._recount()
        if self._settings.devices is not None or self._listing.state.listing != "done":
            await self._list()
            oldest = await self._recount()
        if DESCRIBED & set(self._logs):
            if await self._store.wants_datapoints(self._state.run):
                await self._outside_logs(partial(learn_definition, self._client, self._store))
            if self._settings.active_only and self._counters.windows_left:
                load = partial(self._load_activity, oldest)
                self._skipper.activity = await self._outside_logs(load)
        if self._settings.derive is not None:
            self._skipper.derive_with(await self._outside_logs(self._client.codec))
        if self._has_time_for_online_log(oldest):
            await self._drain(["online"])
        await self._drain()
        self._skipper.activity = None  # Devices that appeared meanwhile are not in it.
        if self._settings.devices is None:
            await self._list()
            await self._drain()
        self._counters.failed = 0
        self._last_try = True
        if await self._store.requeue_failed(self._closed.open, dids=self._settings.devices):
            await self._drain()

    # --- calls that ask no log

    async def _list(self) -> None:
        with self._counters.outside_logs():
            if self._settings.devices is None:
                await self._listing.walk()
            else:
                await self._listing.add(self._settings.devices)

    async def _outside_logs(self, ask: Callable[[], Awaitable[T]]) -> T | None:
        """Make calls that ask no log, from the beginning again after each pause.

        Returns:
            Their result; None if they failed, which keeps no log from being read.
        """
        with self._counters.outside_logs():
            while True:
                try:
                    answer = await ask()
                except TRANSIENT as error:
                    await self._backoff.pause(error)
                except (ClientClosedError, ScanStoreError):
                    raise
                except GizwitsError as error:
                    if await self._backoff.outlast(error):
                        continue
                    _log.warning("%s", error)
                    self._notes.append(str(error))
                    return None
                else:
                    self._backoff.succeeded()
                    return answer

    async def _load_activity(self, oldest: int) -> Activity:
        start = min(max(oldest, self._client.oldest()), self._state.end)
        activity = Activity(start, self._state.end, self._client.now())
        await activity.load(self._client, self._store)
        return activity

    # --- tasks

    def _has_time_for_online_log(self, oldest: int) -> bool:
        """Return whether the online logs can be read first, which tell where the others are empty.

        Not where the oldest windows of the other logs would fall off the edge meanwhile.
        """
        if not self._skipper.enabled or "online" not in self._logs:
            return False
        if self._counters.windows_left < PROOF:  # Too few to prove a rule, or to save much.
            return False
        calls = self._counters.windows_left / len(self._logs)
        return calls / self._client.calls_per_second < oldest - self._client.oldest()

    async def _drain(self, logs: Collection[LogName] | None = None) -> None:
        """Work until no task of these logs is due; None stands for all logs that are open."""
        queue = TaskQueue(self._store, self._state.end, dids=self._settings.devices)
        workers = {
            asyncio.ensure_future(self._work(queue, logs))
            for _ in range(self._settings.concurrency)
        }
        try:
            done, _ = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        for worker in done:
            worker.result()
        if self._client.stopping.is_set:
            raise Stopped

    async def _work(self, queue: TaskQueue, logs: Collection[LogName] | None) -> None:
        while (task := await queue.take(self._due_logs(logs))) is not None:
            try:
                if task.log == "data" and self._settings.derive is not None:
                    await queue.finished(task.did, "cmd")
                if not await self._skip(task):
                    await self._read(task)
            except Stopped:
                return  # Not the other workers: their calls are under way.
            finally:
                queue.done(task)

    def _due_logs(self, logs: Collection[LogName] | None) -> Collection[LogName]:
        return [log for log in self._closed.open if logs is None or log in logs]

    async def _skip(self, task: Task) -> bool:
        """Move a task past seconds without records, and return whether there were any."""
        skipped = await self._skipper.skip(task)
        if skipped is None:
            return False
        self._counters.windows_left -= skipped.windows
        if skipped.page is not None:
            self._counters.add(task, skipped.page.items)
            await self._publish(task, skipped.page)
        return True

    async def _read(self, task: Task) -> None:
        task, error = await self._reader.read(task)
        if error is None:
            self._closed.answered(task.log)
            return
        self._counters.failed += 1
        self._closed.failed(task, error)
        if self._last_try and isinstance(error, _OF_ONE_WINDOW) and task.part_end is None:
            # The later windows of the log are read without this one: they might fall off the
            # edge of the log before it can be read.
            task, rest = task.split()
            await self._store.split(task, rest)
        await self._store.fail(task, type(error).__name__, str(error))

    # --- progress and report

    async def _recount(self) -> int:
        """Count devices and windows in the store, and return the first second left to read."""
        left = await self._store.remaining(
            self._closed.open, self._state.end, self._client.owned, dids=self._settings.devices
        )
        self._counters.devices = left.devices
        self._counters.windows_left = sum(left.windows.values())
        return self._state.start if left.oldest is None else left.oldest

    async def _publish(self, task: Task, page: ScanPage) -> None:
        if await self._skipper.read(page, task):
            await self._recount()
        self._counters.notify(task)
        if self._on_page is not None:
            await self._on_page(page)

    async def _report(self, *, stopped: bool = False) -> ScanReport:
        await self._recount()
        dids = self._settings.devices
        return self._counters.report(
            self._state,
            self._logs,
            failures=await self._store.failures(self._closed.open, LISTED, dids=dids),
            gaps=await self._store.gaps(LISTED, dids=dids),
            given_up=self._closed.reasons,
            listing=self._listing.problem,
            notes=(*self._listing.notes, *self._notes),
            skipper=self._skipper,
            stopped=stopped,
        )
