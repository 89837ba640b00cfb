"""What is left to ask of one log of one device, and how each page moves it on. Pure."""

from math import floor
from typing import Literal, TypeAlias

from attrs import evolve, frozen

from gizwits_async.models.devices import CommandRecord, DataRecord, OnlineEvent

__all__ = ["LOGS", "LogName", "Record", "Span", "Task"]

LogName: TypeAlias = Literal["online", "cmd", "data"]
"""A log of a device."""
LOGS: tuple[LogName, ...] = ("online", "cmd", "data")
"""All logs, in the order of the API document."""
Record: TypeAlias = OnlineEvent | CommandRecord | DataRecord
"""What the logs hold."""
Span: TypeAlias = tuple[int, int]
"""Seconds `first <= t < end`, in epoch seconds UTC."""


def time_of(record: Record) -> float:
    """Return when a record happened, in epoch seconds UTC."""
    return record.ts if isinstance(record, DataRecord) else record.timestamp


@frozen(kw_only=True)
class Task:
    """What is left to ask: the seconds from `next_second` on, one window after the other.

    There is one for each log of each device, however many windows it has; a window that failed for
    good is split off as a task of its own, bounded by `part_end`. No second is two tasks' to ask.
    """

    did: str
    log: LogName
    part: int = 0
    """0 for the log itself, else the first second of the window that was split off."""
    next_second: int
    """The first second that was not asked in this run: where the open, or the next window begins."""
    rescan_from: int
    """Where the next run begins: before `next_second`, if late records may still come up behind it."""
    replace_before: int
    """Before it, rows may stand in the store already, from an earlier run: they are replaced."""
    part_end: int | None = None
    """Where a split-off window ends; None: with the range of the scan."""
    end: int | None = None
    """Where the window ends that is open; None: none is."""
    resume: str | None = None
    """Where its walk goes on."""
    covered: int = 0
    """The first second of it that is not in the store yet."""
    opened_at: int = 0
    """When it was opened."""
    windows: int = 0
    """Windows finished so far."""
    pages: int = 0
    """Pages that they took."""

    @classmethod
    def new(cls, did: str, log: LogName, start: int) -> "Task":
        """Return the task of a log of which nothing was asked yet."""
        return cls(did=did, log=log, next_second=start, rescan_from=start, replace_before=start)

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells this task from all others."""
        return self.did, self.log, self.part

    @property
    def open_end(self) -> int:
        """Where the open window ends."""
        if self.end is None:
            raise AssertionError("unreachable")
        return self.end

    @property
    def over(self) -> bool:
        """Whether it is a split-off window that was read at last: nothing is left to remember."""
        return self.part_end is not None and self.rescan_from >= self.next_second >= self.part_end

    def stop(self, end: int) -> int:
        """Return where it ends in a range that ends at `end`."""
        return end if self.part_end is None else self.part_end

    def rewound(self) -> "Task":
        """Return the task as the next run begins it: back to where late records may have come."""
        # The window that a log has open is closed first; one that was split off may never be.
        if self.rescan_from >= self.next_second or (self.end is not None and self.part_end is None):
            return self
        replace_before = max(self.replace_before, self.next_second, self.covered)
        return evolve(
            self, next_second=self.rescan_from, replace_before=replace_before, end=None, resume=None
        )

    def opened(self, end: int, owned: int, now: float) -> "Task":
        """Return the task with a window to walk: the open one, or the next, as wide as can be.

        Args:
            end: Where the range of the scan ends.
            owned: Seconds that one query owns.
            now: The earliest that it can be at the server, in epoch seconds.
        """
        if self.end is not None:
            return self
        return evolve(
            self,
            end=min(self.next_second + owned, self.stop(end)),
            resume=None,
            covered=self.next_second,
            opened_at=floor(now),
        )

    def took(self, last: float | None, resume: str | None) -> "Task":
        """Return the task after a page of its open window that was not the last one.

        Args:
            last: Time of the page's last record; None if it had none.
            resume: Where to go on.
        """
        # The pages of a walk hold whole seconds, oldest first.
        covered = self.covered if last is None else max(self.covered, floor(last) + 1)
        return evolve(self, resume=resume, covered=covered, pages=self.pages + 1)

    def closed(self, settle: int, *, pages: int = 1) -> "Task":
        """Return the task after its open window.

        Args:
            settle: Seconds for which records may come up late.
            pages: 1 for the page that ended it, 0 if none was asked.
        """
        end = self.open_end
        rescan_from = self.rescan_from
        if rescan_from >= self.next_second:  # Else a window before it must be asked again anyway.
            rescan_from = max(rescan_from, min(end, self.opened_at - settle))
        return evolve(
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
        """Return the task with its open window to be walked from its beginning."""
        return evolve(
            self,
            resume=None,
            replace_before=max(self.replace_before, self.covered),
            covered=self.next_second,
        )

    def skipped(self, start: int) -> "Task":
        """Return the task with its next window to begin at `start`: before it there is nothing."""
        return evolve(
            self,
            next_second=start,
            rescan_from=start if self.rescan_from >= self.next_second else self.rescan_from,
        )

    def split(self) -> "tuple[Task, Task]":
        """Return the open window as a task of its own, and the log without it.

        Seconds before it that must be asked again go with it: the log would ask for its own too.
        """
        end = self.open_end
        return evolve(self, part=self.next_second, part_end=end), evolve(
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
            first: The first second that fell off.
            last: The last one.
        """
        # What an earlier run brought of them is in the store, and stays there.
        gap = max(first, self.replace_before), last + 1
        after = evolve(self, covered=max(self.covered, last + 1))
        return after, gap if gap[0] < gap[1] else None

    def replaced(self, after: "Task") -> Span | None:
        """Return the seconds whose old rows give way to what brought the task to `after`."""
        span = self.covered, min(after.covered, self.replace_before)
        return span if span[0] < span[1] else None

    def clamped(self, oldest: int) -> "tuple[Task, Span | None]":
        """Return the task with its open window moved up to the edge of the log, and the gap.

        Args:
            oldest: The oldest second that may be asked.
        """
        start = min(oldest, self.open_end)
        after, gap = self.lost(self.next_second, start - 1)
        return evolve(
            after, next_second=start, rescan_from=max(self.rescan_from, start), resume=None
        ), gap
