"""The interface between a scan and its store, and the values that cross it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from attrs import field, frozen

from gizwits_async.models.devices import Device
from gizwits_async.models.product import ProductDataPoints
from gizwits_async.scan.presence import Seen
from gizwits_async.scan.report import Failure, Gap
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.task import LogName, Record, Span, Task

__all__ = ["Change", "Remaining", "ScanStore"]


@frozen(kw_only=True)
class Change:
    """The effects of one page, written as one transaction."""

    after: Task
    """The task as it is after the page."""
    rows: tuple[Record, ...] = ()
    """Records of the page."""
    replaced: Span | None = None
    """Seconds whose rows, from an earlier run, are deleted first."""
    gaps: tuple[Span, ...] = ()
    """Seconds that fell off the edge of the log."""
    skipped: Task | None = None
    """Seconds that were passed over, as a task: kept, but not due unless the rule is refuted."""
    rule: str = ""
    """The rule by which they were passed over."""


@frozen(kw_only=True)
class Remaining:
    """The work that is left, counted."""

    devices: int = 0
    """Devices known."""
    windows: Mapping[LogName, int] = field(factory=dict)
    """Windows left to read in each log, failed ones included."""
    oldest: int | None = None
    """The earliest second that is left to read; None if nothing is left."""
    done: Mapping[LogName, tuple[int, int]] = field(factory=dict)
    """Finished windows of each log, and the pages that they took."""


class ScanStore(Protocol):
    """Keeps the records and the progress of a scan; one scan at a time writes to it.

    Each method is one transaction, and may raise `ScanStoreError`.
    """

    def choose_product(self, product_key: str) -> None:
        """Name the product whose scan is meant, before `open` or `peek`.

        A store that keeps one product may leave it at that: a scan of another is refused.
        """
        ...

    async def open(self) -> ScanState | None:
        """Acquire the store, create it if it does not exist, and return the state of its scan."""
        ...

    async def peek(self) -> ScanState | None:
        """Return the state of its scan without acquiring or creating anything."""
        ...

    async def aclose(self) -> None:
        """Release the store; safe to repeat."""
        ...

    async def begin(self, state: ScanState, *, again: bool) -> None:
        """Store the range and the progress of the listing.

        Args:
            state: The scan as it is now.
            again: Whether all tasks go back to the seconds in which late records may have appeared.

        A state that is `over` ends a run: what it passed over is forgotten.
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
        """Return whether the store keeps the product's data points, and has none from this run."""
        ...

    async def keep_datapoints(self, points: ProductDataPoints | None) -> None:
        """Store the product's data points; None if the service refuses them."""
        ...

    async def by_mac(self, macs: Collection[str]) -> list[str]:
        """Return the dids of the devices with these MAC addresses."""
        ...

    async def without_mac(self) -> list[str]:
        """Return the dids of the devices without a MAC address, or with an empty one."""
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
        """Write the rows of a page together with the progress of its task."""
        ...

    async def unskip(self, rule: str) -> int:
        """Make due what was passed over by a rule; return how many tasks that are."""
        ...

    async def presence(self) -> dict[str, Seen]:
        """Return the devices as listings showed them last, by did, in a dict for the caller to use up."""
        ...

    async def keep_presence(self, seen: Mapping[str, Seen]) -> None:
        """Keep devices as a listing showed them."""
        ...

    async def trust(self) -> str | None:
        """Return the text that `keep_trust` was given last; None if there is none."""
        ...

    async def keep_trust(self, text: str) -> None:
        """Keep what is known of the rules by which windows are passed over."""
        ...

    async def fail(self, task: Task, error: str, text: str) -> None:
        """Set a failed task aside, with the class and the message of its error."""
        ...

    async def split(self, window: Task, rest: Task) -> None:
        """Store one window as a task of its own, and the task of its log without it."""
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
