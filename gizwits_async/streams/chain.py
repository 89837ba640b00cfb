"""One chain of pages of a log: an opening call and the context calls after it. Pure, no I/O.

A second is given only when it is complete: the next one was seen, or the chain ended.
"""

from collections.abc import Sequence
from math import floor
from typing import Generic, TypeVar

from attrs import define, field

from gizwits_async.errors import InvalidResponseError
from gizwits_async.models.page import PageReply
from gizwits_async.streams.windows import Bounds, Range, Window

__all__ = ["Chain"]

T = TypeVar("T")

_PAGES_A_SECOND = 1000
"""Pages that one second may have: a device cannot send that much, a broken server can."""


@define(kw_only=True)
class Chain(Generic[T]):
    """What is known of a chain so far."""

    where: str
    """The call, for messages."""
    span: Range
    """What was asked for in all."""
    desc: bool
    """Whether it goes from newest to oldest."""
    window: Window
    position: int
    """The walk's position when it was opened."""
    doubt: "Chain[T] | None"
    """The chain before, if this one was opened only because that ended strangely."""
    bounds: Bounds
    alike: int | None
    """A second of which a page came twice so often, each time it was opened, that it is believed."""
    spare: tuple[int | None, list[T]]
    """A second as the chain before told it, which may be the fuller telling."""
    ahead: bool = False
    """Whether it asked for a second that may not be over at the server."""
    leave_at: float = 0.0
    context: str | None = None
    total: int | None = None
    received: int = 0
    strays: int = 0
    """Records that belong to no part of what was asked."""
    empty_pages: int = 0
    """How many came in a row, up to now."""
    at: int | None = None
    """The second of the last record; not complete yet."""
    held: list[T] = field(factory=list)
    """Its records so far; if `frozen`, those of later seconds too."""
    pages_at: int = 0
    """Pages that brought nothing but this second."""
    frozen: bool = False
    """Whether a page came twice: all is held back until the end shows that it was no circle."""
    doubled: int | None = None
    """The second of which the last page came twice, under a new context, and was not believed."""
    opening: Sequence[object] = ()
    """The first page that had records: they, or their times if that is enough to know it again."""
    previous: Sequence[object] = ()
    """The same of the page before."""

    @property
    def query(self) -> dict[str, str | None]:
        """What its next call asks for, besides what all of its log ask."""
        bounds = self.bounds
        return {"start_ts": str(bounds.start), "end_ts": str(bounds.end), "context": self.context}

    @property
    def reached(self) -> int | None:
        """The first second not given yet; None if no record told one.

        Beyond the window's own seconds it stands just outside of it.
        """
        if self.at is None or self.frozen:
            return None
        first, last = self.window.first, self.window.last
        if self.desc:
            return min(max(self.at, first - 1), last)
        return max(min(self.at, last + 1), first)

    def repeats(self, reply: PageReply[T], times: Sequence[float]) -> bool:
        """Return whether the server went back instead of on: the same page, or the first again.

        Args:
            reply: The page.
            times: Those of its records.
        """
        if self.context is None or not times:
            return False
        page, self.doubled = reply.objects, None
        # A total no larger than the first page counts that page, not the query.
        trusted = self.total is not None and self.total > len(self.opening)
        fits = self.total is not None and self.received + len(times) <= self.total
        again = self.previous in (page, times)
        same = reply.context == self.context and again
        if not same and self.opening not in (page, times):
            return self.frozen and not fits
        one_second = all(floor(time) == self.at for time in times)
        equal = again and all(record == page[0] for record in page)
        if one_second and equal and not trusted and reply.context != self.context:
            # Under a new context these are equal events, or a search that was begun anew. Nothing
            # in the page tells, but events come twice each time that the second is opened.
            self.doubled = None if self.at == self.alike else self.at
            return self.doubled is not None
        # Equal events can fill two pages of one second. If a total allows for that, it is believed,
        # but nothing more is given before the end of the chain has shown the total to be right.
        self.frozen = True
        return not (trusted and fits and one_second)

    def take(self, reply: PageReply[T], times: Sequence[float]) -> list[T]:
        """Return what becomes complete by a page, and hold back the second that is not.

        Args:
            reply: The page.
            times: Those of its records.

        Raises:
            InvalidResponseError: Its records contradict the query or the pages before.
        """
        records = reply.objects
        cut = self._plain_up_to(times)
        if cut is None:
            given = self._one_by_one(records, times)
        else:
            given = self._by_ends(records, floor(times[-1]), cut)
        if self.pages_at > _PAGES_A_SECOND:
            raise InvalidResponseError(
                f"{self.where}: more than {_PAGES_A_SECOND} pages of second {self.at}"
            )
        self.total = reply.total if self.context is None else self.total
        self.received += len(records)
        self.empty_pages = 0 if records else self.empty_pages + 1
        # Of several seconds, in order, the times are enough: a log does not go through them twice.
        # Without the records, the next page is made in the memory of this one.
        self.previous = times if cut else records
        self.opening = self.opening or self.previous
        self.context = reply.context
        return given

    def confirms(self, before: "Chain[T]") -> bool:
        """Return whether a chain that ended strangely told the same: then it was no accident."""
        if before.position == self.position:
            return before.received == self.received
        # Of a narrower query a total that stays the same does not count the query.
        return before.total == self.total

    def rest(self) -> list[T]:
        """Return what was held back, now that the chain is at its end."""
        # A chain that told nothing at all takes back nothing of what the one before told.
        return self.spare[1] if self.at is None else self._complete(self.at, self.held)

    def _plain_up_to(self, times: Sequence[float]) -> int | None:
        """Return where the last second of a plain page begins; None if the page is not plain.

        Nearly all are: the seconds in order, and each of them asked for and owned. What can be said
        of such a page by its two ends needs no look at each record.
        """
        if not times or self.frozen or self.spare[0] is not None:
            return None
        if times != sorted(times, reverse=self.desc):
            return None
        low, high = (times[-1], times[0]) if self.desc else (times[0], times[-1])
        bounds, span, window = self.bounds, self.span, self.window
        if low < max(bounds.start, span.start, window.first):
            return None
        if high >= min(bounds.end + 1, span.end, window.last + 1):
            return None
        if self.at is not None and self._is_back(floor(times[0]), self.at):
            return None
        second, cut = floor(times[-1]), len(times)
        while cut and floor(times[cut - 1]) == second:
            cut -= 1
        return cut

    def _by_ends(self, records: Sequence[T], second: int, cut: int) -> list[T]:
        """Return what becomes complete by a plain page whose last `second` begins at `cut`."""
        held = [*self.held, *records]
        complete = 0 if second == self.at else len(self.held) + cut
        self.pages_at = self.pages_at + 1 if second == self.at else 0
        self.at, self.held = second, held[complete:]
        return held[:complete]

    def _one_by_one(self, records: Sequence[T], times: Sequence[float]) -> list[T]:
        """Return what becomes complete, and hold back the rest, by a look at each record."""
        given: list[T] = []
        at, held, pages_at, strays = self.at, list(self.held), self.pages_at + 1, 0
        for record, time in zip(records, times, strict=True):
            if not self.bounds.hold(time):
                strays += 1
                continue
            second = floor(time)
            if second != at:
                if at is not None and self._is_back(second, at):
                    raise InvalidResponseError(
                        f"{self.where}: seconds run backwards, {second} after {at} in a log sorted"
                        f" {'desc' if self.desc else 'asc'}"
                    )
                if not self.frozen:
                    given += self._complete(at, held)
                    held = []
                at, pages_at = second, 0
            owned = self.window.first <= second <= self.window.last
            if owned and self.span.start <= time < self.span.end:
                held.append(record)
        if strays and strays == len(records):
            raise InvalidResponseError(
                f"{self.where}: no record of the page lies between {self.bounds.start} and"
                f" {self.bounds.end}; the first is at {times[0]}"
            )
        self.strays += strays
        self.at, self.held, self.pages_at = at, held, pages_at
        return given

    def _is_back(self, second: int, at: int) -> bool:
        return second > at if self.desc else second < at

    def _complete(self, second: int | None, held: list[T]) -> list[T]:
        """Return the records of a finished second; the fuller telling of it, if there were two."""
        spare_second, spare = self.spare
        return spare if spare_second == second and len(spare) > len(held) else held
