"""What one run of a scan counts, and the progress and the report made of it. No I/O."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from gizwits_async.scan.bulk_client import BulkClient
from gizwits_async.scan.report import Failure, Gap, ScanProgress, ScanReport
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.skipper import Skipper
from gizwits_async.scan.task import LogName, Record, Task, time_of

__all__ = ["LISTED", "RunCounters"]

LISTED = 1000
"""Failures and gaps that a report lists; beyond that it only counts them."""


class RunCounters:
    """The counts of one run; its clock starts when it is made."""

    def __init__(
        self, client: BulkClient, on_progress: Callable[[ScanProgress], None] | None
    ) -> None:
        """Start at zero.

        Args:
            client: Makes the calls of the run.
            on_progress: Called by `notify`.
        """
        self._client, self._on_progress = client, on_progress
        self._began = asyncio.get_running_loop().time()
        self.devices = 0
        """Devices known."""
        self.windows_left = 0
        """Windows left to read."""
        self.windows = 0
        """Windows read to their end."""
        self.windows_empty = 0
        """Those of them that held no record."""
        self.failed = 0
        """Logs set aside."""
        self.calls_least = 0
        """The least log calls that could have brought the same records, in full pages."""
        self.other_calls = 0
        """Calls that asked no log."""
        self.set_aside = 0
        """Rows of logs and listings that could not be read at all."""
        self.pages_of: Counter[LogName] = Counter()
        """Pages that held a record, by log."""
        self.windows_of: Counter[LogName] = Counter()
        """Windows read to their end, by log."""
        self.records: Counter[LogName] = Counter()
        """Records of each log."""
        self.read_again: Counter[LogName] = Counter()
        """Those of them in seconds that were read before."""

    def add(self, task: Task, records: Sequence[Record]) -> None:
        """Count the records of a page of a task, which are in the order of time."""
        self.records[task.log] += len(records)
        if records and time_of(records[0]) < task.replace_before:
            again = sum(time_of(record) < task.replace_before for record in records)
            self.read_again[task.log] += again

    @contextmanager
    def outside_logs(self) -> Iterator[None]:
        """Count the calls made inside the `with` block as calls that asked no log."""
        before = self._client.calls
        try:
            yield
        finally:
            self.other_calls += self._client.calls - before

    def notify(self, task: Task | None = None) -> None:
        """Tell the caller of the scan how far it is.

        Args:
            task: The task of the latest page; None while devices are listed.
        """
        if self._on_progress is None:
            return
        progress = ScanProgress(
            devices=self.devices,
            windows=self.windows,
            windows_left=self.windows_left,
            records=dict(self.records),
            calls=self._client.calls,
            failed=self.failed,
            seconds=self._seconds,
            did=None if task is None else task.did,
            log=None if task is None else task.log,
        )
        self._on_progress(progress)

    def report(
        self,
        state: ScanState,
        logs: Sequence[LogName],
        *,
        failures: tuple[int, Sequence[Failure]],
        gaps: tuple[int, Sequence[Gap]],
        given_up: Mapping[LogName, str],
        listing: str | None,
        notes: Sequence[str],
        skipper: Skipper,
        stopped: bool,
    ) -> ScanReport:
        """Return the report of the run.

        Args:
            state: The range.
            logs: Logs that were asked for.
            failures: How many logs failed, and the first of them.
            gaps: How many gaps there are, and the first of them.
            given_up: Closed logs, with the text of the refusal.
            listing: Why devices may be missing.
            notes: Trouble beside the logs.
            skipper: What was passed over.
            stopped: Whether the run was asked to stop.
        """
        return ScanReport(
            product_key=state.product_key,
            start=state.start,
            end=state.end,
            devices=self.devices,
            windows=self.windows,
            windows_left=self.windows_left,
            records={log: self.records[log] for log in logs},
            read_again={log: self.read_again[log] for log in logs},
            calls=self._client.calls,
            log_calls=self._client.calls - self.other_calls,
            calls_least=self.calls_least,
            seconds=self._seconds,
            failed=failures[0],
            failures=tuple(failures[1]),
            gap_count=gaps[0],
            gaps=tuple(gaps[1]),
            given_up=given_up,
            set_aside=self.set_aside,
            listing=listing,
            notes=tuple(notes),
            stopped=stopped,
            windows_empty=self.windows_empty,
            pages_with_records=self.pages_of.total(),
            skipped=skipper.skipped,
            sampled=skipper.sampled,
            refuted=skipper.trust.refutations,
            rules=skipper.trust.rules if skipper.enabled else {},
        )

    @property
    def _seconds(self) -> float:
        return asyncio.get_running_loop().time() - self._began
