"""What a scan asks of its store, and the values that travel between them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from attrs import field, frozen

from gizwits_async.models.devices import Device
from gizwits_async.models.product import ProductDataPoints
from gizwits_async.scan.report import Failure, Gap
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.task import LogName, Record, Span, Task

__all__ = ["Change", "Remaining", "ScanStore"]


@frozen(kw_only=True)
class Change:
    """What one page brought: all of it is written, or nothing."""

    after: Task
    """The task as it stands afterwards."""
    rows: tuple[Record, ...] = ()
    replaced: Span | None = None
    """Seconds whose rows of an earlier run are deleted first."""
    gaps: tuple[Span, ...] = ()
    """Seconds that fell off the edge of the log."""


@frozen(kw_only=True)
class Remaining:
    """What is left to ask, counted."""

    devices: int = 0
    """Devices known."""
    windows: Mapping[LogName, int] = field(factory=dict)
    """Windows left of each log, failed ones included."""
    oldest: int | None = None
    """The first second that is left to ask."""
    done: Mapping[LogName, tuple[int, int]] = field(factory=dict)
    """Windows that were finished of each log, and the pages that they took."""


class ScanStore(Protocol):
    """Where a scan keeps what it found and how far it came. One scan at a time writes to it.

    Each method is one transaction. All raise `ScanStoreError`.
    """

    async def open(self) -> ScanState | None:
        """Take hold of the store, create it if need be, and return what it knows of its scan."""
        ...

    async def peek(self) -> ScanState | None:
        """Return what the store knows, to look only; nothing is created, no lock is taken."""
        ...

    async def aclose(self) -> None:
        """Let go of the store; safe to repeat."""
        ...

    async def begin(self, state: ScanState, *, again: bool) -> None:
        """Write down the range.

        Args:
            state: The scan as it is now.
            again: Whether all tasks go back to where late records may have come up.
        """
        ...

    async def add(
        self,
        devices: Sequence[Device],
        logs: Collection[LogName],
        state: ScanState,
        *,
        start: int | None = None,
        replace: bool = True,
    ) -> int:
        """Keep devices, with a task for each of these logs if there is none.

        Args:
            devices: The devices.
            logs: Logs to make tasks for.
            state: The scan as it is now.
            start: First second of a new task, in epoch seconds UTC; None: that of the range.
            replace: Whether what is known of a device is replaced.

        Returns:
            How many of the devices are new.
        """
        ...

    async def wants_datapoints(self, run: int) -> bool:
        """Return whether it keeps the product's data points, and was not given them in this run."""
        ...

    async def keep_datapoints(self, points: ProductDataPoints | None) -> None:
        """Keep the product's data points; None if the service does not tell them."""
        ...

    async def by_mac(self, macs: Collection[str]) -> list[str]:
        """Return the dids of the devices with these MAC addresses."""
        ...

    async def without_mac(self) -> list[str]:
        """Return the dids of the devices of which no MAC address is known: none, or an empty one."""
        ...

    async def due(
        self,
        logs: Collection[LogName],
        end: int,
        limit: int,
        *,
        dids: Collection[str] | None = None,
    ) -> list[Task]:
        """Return tasks with something left before `end` that have not failed, oldest first.

        Args:
            logs: Of these logs.
            end: Where the range of the scan ends, in epoch seconds UTC.
            limit: At most so many.
            dids: Of these devices; None for all.
        """
        ...

    async def commit(self, change: Change) -> None:
        """Write the rows of a page together with how far its task has come."""
        ...

    async def fail(self, task: Task, error: str, text: str) -> None:
        """Set a task aside that failed: the error's class and what it said."""
        ...

    async def split(self, window: Task, rest: Task) -> None:
        """Keep one window as a task of its own, and its log without it."""
        ...

    async def requeue_failed(
        self, logs: Collection[LogName], *, dids: Collection[str] | None = None
    ) -> int:
        """Make failed tasks due again; return how many."""
        ...

    async def remaining(
        self,
        logs: Collection[LogName],
        end: int,
        owned: int,
        *,
        dids: Collection[str] | None = None,
    ) -> Remaining:
        """Count what is left before `end`, in windows of `owned` seconds."""
        ...

    async def failures(
        self, logs: Collection[LogName], limit: int, *, dids: Collection[str] | None = None
    ) -> tuple[int, list[Failure]]:
        """Return how many tasks have failed, and the first of them."""
        ...

    async def gaps(
        self, limit: int, *, dids: Collection[str] | None = None
    ) -> tuple[int, list[Gap]]:
        """Return how many gaps there are, and the first of them."""
        ...
