"""What a run of a scan counts, and what it tells of that. No I/O."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

from gizwits_async.scan.bulk_client import BulkClient
from gizwits_async.scan.report import Failure, Gap, ScanProgress, ScanReport
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.task import LogName, Task

__all__ = ["SHOWN", "RunCounters"]

SHOWN = 1000
"""Failures and gaps that a report names one by one."""


class RunCounters:
    """The counts of one run, from now on."""

    def __init__(self, client: BulkClient) -> None:
        self._client = client
        self._began = asyncio.get_running_loop().time()
        self.devices = 0
        """Devices known."""
        self.left = 0
        """Windows left."""
        self.windows = 0
        """Windows finished."""
        self.failed = 0
        """Logs set aside."""
        self.least = 0
        """The least log calls that could have brought the same."""
        self.beside = 0
        """Calls that asked no log."""
        self.records: Counter[LogName] = Counter()
        """Records of each log."""

    def progress(self, task: Task | None) -> ScanProgress:
        """Return where the scan stands.

        Args:
            task: What the latest page was of; None while devices are listed.
        """
        return ScanProgress(
            devices=self.devices,
            windows=self.windows,
            windows_left=self.left,
            records=dict(self.records),
            calls=self._client.calls,
            failed=self.failed,
            seconds=self._seconds,
            did=None if task is None else task.did,
            log=None if task is None else task.log,
        )

    def report(
        self,
        state: ScanState,
        logs: Sequence[LogName],
        *,
        failures: tuple[int, Sequence[Failure]],
        gaps: tuple[int, Sequence[Gap]],
        given_up: Mapping[LogName, str],
    ) -> ScanReport:
        """Return what the run came to.

        Args:
            state: The range.
            logs: Which logs were asked for.
            failures: How many logs failed, and the first of them.
            gaps: How many gaps there are, and the first of them.
            given_up: Logs that are closed, and what the service said.
        """
        return ScanReport(
            product_key=state.product_key,
            start=state.start,
            end=state.end,
            devices=self.devices,
            windows=self.windows,
            windows_left=self.left,
            records={log: self.records[log] for log in logs},
            calls=self._client.calls,
            log_calls=self._client.calls - self.beside,
            calls_least=self.least,
            seconds=self._seconds,
            failed=failures[0],
            failures=tuple(failures[1]),
            gap_count=gaps[0],
            gaps=tuple(gaps[1]),
            given_up=given_up,
        )

    @property
    def _seconds(self) -> float:
        return asyncio.get_running_loop().time() - self._began
