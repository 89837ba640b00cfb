"""The progress of one log of one device, and how each page advances it. Pure."""

from math import ceil, floor
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from gizwits_async.models.devices import CommandRecord, DataRecord, OnlineEvent
from gizwits_async.models.times import LOG_SPAN

__all__ = ["LOGS", "WINDOW", "LogName", "Record", "Span", "Task", "time_of"]

LogName: TypeAlias = Literal["online", "cmd", "data"]
"""A log of a device."""
LOGS: tuple[LogName, ...] = ("online", "cmd", "data")
"""All logs, in the order of the API document."""
Record: TypeAlias = OnlineEvent | CommandRecord | DataRecord
"""A record of a log."""
Span: TypeAlias = tuple[int, int]
"""Seconds `first <= t < end`, in epoch seconds UTC."""
WINDOW = LOG_SPAN - 1
"""Seconds of a log that one query brings for certain: the service may leave out its first second."""


def time_of(record: Record) -> float:
    """Return when a record happened, in epoch seconds UTC."""
    return record.ts if isinstance(record, DataRecord) else record.timestamp


class Task(Struct, frozen=True, kw_only=True, gc=False):
    """The part of a log that is left to read: the seconds from `next_second` on, window by window.

    Each log of each device has one task, however many windows are left. A window that keeps failing
    is split off as a task of its own that ends at `part_end`. No second belongs to two tasks.

    A struct without garbage collection, since a scan in memory holds a task for each log of the
    fleet: a collection that walked 300,000 of them stopped the event loop for 100 ms.
    """

    did: str
    log: LogName
    part: int = 0
    """0 for the log itself, else the first second of a window that was split off."""
    next_second: int
    """First second that this run has not read: the beginning of the open, or of the next window."""
    rescan_from: int
    """Where the next run begins: before `next_second` if late records may still appear before it."""
    replace_before: int
    """Rows before this second may exist from an earlier run, and are replaced."""
    part_end: int | None = None
    """End of a window that was split off; None for a log, which ends with the range of the scan."""
    end: int | None = None
    """End of the open window; None if no window is open."""
    resume: str | None = None
    """Resume token of the open window's walk; None at its beginning."""
    covered: int = 0
    """First second of the open window that is not in the store yet."""
    opened_at: int = 0
    """When the open window was opened, in epoch seconds UTC."""
    windows: int = 0
    """Windows read to their end so far."""
    pages: int = 0
    """Pages read so far."""

    @classmethod
    def new(cls, did: str, log: LogName, start: int) -> "Task":
        """Return the task of a log of which nothing was read yet."""
        return cls(did=did, log=log, next_second=start, rescan_from=start, replace_before=start)

    @property
    def key(self) -> tuple[str, LogName, int]:
        """Identifies the task."""
        return self.did, self.log, self.part

    @property
    def open_end(self) -> int:
        """End of the open window, which must exist."""
        if self.end is None:
            raise AssertionError("unreachable")
        return self.end

    @property
    def over(self) -> bool:
        """Whether it is a split-off window that was read to its end, so that it can be deleted."""
        return self.part_end is not None and self.rescan_from >= self.next_second >= self.part_end

    def stop(self, end: int) -> int:
        """Return the end of the task in a range that ends at `end`."""
        return end if self.part_end is None else self.part_end

    def windows_before(self, start: int, end: int, owned: int) -> int:
        """Return how many windows fewer are left to read if the next one begins at `start`.

        Args:
            start: A second of the task.
            end: End of the scan's range.
            owned: Seconds that one log query owns.
        """
        stop = self.stop(end)
        return ceil((stop - self.next_second) / owned) - ceil((stop - start) / owned)

    def rewound(self) -> "Task":
        """Return the task as the next run begins it: from the first second that may have late records."""
        # An open window of a log is finished first; a split-off one may fail for ever.
        if self.rescan_from >= self.next_second or (self.end is not None and self.part_end is None):
            return self
        replace_before = max(self.replace_before, self.next_second, self.covered)
        return replace(
            self, next_second=self.rescan_from, replace_before=replace_before, end=None, resume=None
        )

    def opened(self, end: int, owned: int, now: float) -> "Task":
        """Return the task with an open window: the one it has, or the next, as wide as a query allows.

        Args:
            end: End of the scan's range.
            owned: Seconds that one log query owns.
            now: The earliest that it can be at the server, in epoch seconds.
        """
        if self.end is not None:
            return self
        return replace(
            self,
            end=min(self.next_second + owned, self.stop(end)),
            resume=None,
            covered=self.next_second,
            opened_at=floor(now),
        )

    def took(self, last: float | None, resume: str | None) -> "Task":
        """Return the task after a page of its open window, which was not the last one.

        Args:
            last: Time of the page's last record; None for an empty page.
            resume: Resume token of the page.
        """
        # A page holds whole seconds, oldest first.
        covered = self.covered if last is None else max(self.covered, floor(last) + 1)
        return replace(self, resume=resume, covered=covered, pages=self.pages + 1)

    def closed(self, settle: int, *, pages: int = 1) -> "Task":
        """Return the task after the end of its open window.

        Args:
            settle: Seconds that a record may take to appear in the log.
            pages: 1 for the page that ended it, 0 if no page was asked for.
        """
        end = self.open_end
        rescan_from = self.rescan_from
        if rescan_from >= self.next_second:  # Else an earlier window must be read again anyway.
            rescan_from = max(rescan_from, min(end, self.opened_at - settle))
        return replace(
            self,
            next_second=end,
            rescan_from=rescan_from,
            end=None,
            resume=None,
            covered=end,
            windows=self.windows + 1,
            pages=self.pages + pages,
        )

    def reopened(self) -> "Task":
        """Return the task with its open window at its beginning, as after a lost resume token."""
        return replace(
            self,
            resume=None,
            replace_before=max(self.replace_before, self.covered),
            covered=self.next_second,
        )

    def skipped(self, start: int, *, settled: int | None = None) -> "Task":
        """Return the task with its next window at `start`, since the seconds before it hold nothing.

        Args:
            start: Where the next window begins.
            settled: The next run looks again from this second on; None: from `start`.
        """
        rescan_from = self.rescan_from
        if rescan_from >= self.next_second:  # Else an earlier window must be read again anyway.
            rescan_from = max(rescan_from, start if settled is None else min(start, settled))
        return replace(self, next_second=start, rescan_from=rescan_from)

    def cut(self, start: int) -> "Task":
        """Return the seconds before `start` as a task of their own."""
        first = self.next_second
        return Task(
            did=self.did,
            log=self.log,
            part=first,
            next_second=first,
            rescan_from=first,
            replace_before=min(max(self.replace_before, first), start),
            part_end=start,
        )

    def split(self) -> "tuple[Task, Task]":
        """Return the open window as a task of its own, and the log without it.

        Seconds before the window that must be read again move to the new task: if the log kept
        them, it would read the window again with them.
        """
        end = self.open_end
        return replace(self, part=self.next_second, part_end=end), replace(
            self,
            next_second=end,
            rescan_from=end,
            end=None,
            resume=None,
            covered=end,
        )

    def lost(self, first: int, last: int) -> "tuple[Task, Span | None]":
        """Return the task after seconds of its window fell off the edge of the log, and the gap.

        Args:
            first: First second that fell off.
            last: Last second that fell off.
        """
        # Records that an earlier run read of these seconds stay in the store.
        gap = max(first, self.replace_before), last + 1
        after = replace(self, covered=max(self.covered, last + 1))
        return after, gap if gap[0] < gap[1] else None

    def replaced(self, after: "Task") -> Span | None:
        """Return the seconds whose rows of an earlier run are replaced by the page that led to `after`."""
        span = self.covered, min(after.covered, self.replace_before)
        return span if span[0] < span[1] else None

    def clamped(self, oldest: int) -> "tuple[Task, Span | None]":
        """Return the task with its open window moved up to the edge of the log, and the gap.

        Args:
            oldest: The oldest second that can be asked for.
        """
        start = min(oldest, self.open_end)
        after, gap = self.lost(self.next_second, start - 1)
        return replace(
            after, next_second=start, rescan_from=max(self.rescan_from, start), resume=None
        ), gap
