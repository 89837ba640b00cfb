"""Releases the records of one chain a whole second at a time. Pure.

A second is released once a record of a later second was seen, or its chain has ended: so a walk that
breaks off anywhere goes on at a whole second.
"""

from collections.abc import Sequence
from math import floor
from typing import Generic, TypeVar

from attrs import define, field, frozen

from gizwits_async.errors import InvalidResponseError
from gizwits_async.streams.windows import Bounds, Range, Window

__all__ = ["PartialSecond", "SecondBuffer"]

T = TypeVar("T")

_MAX_PAGES_OF_SECOND = 1000
"""Pages that one second may fill: more than a device can send, so a server that goes on is broken."""


@frozen
class PartialSecond(Generic[T]):
    """The records of the second in which a chain ended early; perhaps not all of them."""

    second: int | None = None
    records: Sequence[T] = ()


@define(kw_only=True)
class SecondBuffer(Generic[T]):
    """The records of a chain that cannot be released yet."""

    where: str
    """Verb and path, for messages."""
    desc: bool
    """Whether the log is read from newest to oldest."""
    span: Range
    """The range that the walk was asked for."""
    window: Window
    """The seconds that the chain owns."""
    bounds: Bounds
    """The bounds that its query was sent with."""
    fallback: PartialSecond[T]
    """The last second of the previous attempt: used if this chain returns fewer records of it."""
    last_second: int | None = None
    """The second of the last record."""
    pending: list[T] = field(factory=list)
    """Its records so far; while `on_hold`, those of earlier seconds too."""
    on_hold: bool = False
    """Whether nothing is released before the end of the chain, because a page came twice."""
    strays: int = 0
    """Records outside the bounds of the query."""
    pages_of_second: int = 0
    """Pages that held nothing but records of `last_second`."""
    _earliest: float = field(init=False)
    """The earliest time on a regular page."""
    _until: float = field(init=False)
    """The time before which all of a regular page lies."""

    @_earliest.default
    def _find_earliest(self) -> float:
        return max(self.bounds.start, self.span.start, self.window.first)

    @_until.default
    def _find_until(self) -> float:
        return min(self.bounds.end + 1, self.span.end, self.window.last + 1)

    @property
    def reached(self) -> int | None:
        """The first second not released, or just outside the window if that is done; None if unknown."""
        if self.last_second is None or self.on_hold:
            return None
        first, last = self.window.first, self.window.last
        if self.desc:
            return min(max(self.last_second, first - 1), last)
        return max(min(self.last_second, last + 1), first)

    def add(self, records: Sequence[T], times: Sequence[float]) -> Sequence[T]:
        """Add a page and return the records that it completes.

        Args:
            records: The page.
            times: The times of its records, in epoch seconds.

        Raises:
            InvalidResponseError: Its records contradict the query or the pages before.
        """
        released: Sequence[T] | None = self.add_regular(records, times)
        if released is None:
            released = self._add_each(records, times)
        if self.pages_of_second > _MAX_PAGES_OF_SECOND:
            raise InvalidResponseError(
                f"{self.where}: more than {_MAX_PAGES_OF_SECOND} pages of second {self.last_second}"
            )
        return released

    def add_regular(self, records: Sequence[T], times: Sequence[float]) -> tuple[T, ...] | None:
        """Add a regular page as `add` does; return None for any other page, which is not added.

        A page is regular if its seconds are in order and all of them are asked for and owned. Nearly
        all are, and then two comparisons at its ends replace a look at each record.
        """
        if not times or self.on_hold or self.fallback.second is not None:
            return None
        if times != sorted(times, reverse=self.desc):
            return None
        low, high = (times[-1], times[0]) if self.desc else (times[0], times[-1])
        if low < self._earliest or high >= self._until:
            return None
        second, last = floor(times[-1]), self.last_second
        if last is not None and self._is_back(floor(times[0]), last):
            return None
        if second == last:
            self.pending += records
            self.pages_of_second += 1
            return ()
        cut = len(times) - 1
        while cut and floor(times[cut - 1]) == second:
            cut -= 1
        released = (*self.pending, *records[:cut])
        self.last_second, self.pending, self.pages_of_second = second, [*records[cut:]], 0
        return released

    def rest(self) -> Sequence[T]:
        """Return what is pending at the end of the chain."""
        own = self._complete(self.last_second, self.pending)
        return [*own, *self._passed_over(self.last_second, None)]

    def _add_each(self, records: Sequence[T], times: Sequence[float]) -> list[T]:
        """Add a page record by record."""
        released: list[T] = []
        last_second, pending = self.last_second, list(self.pending)
        pages, strays = self.pages_of_second + 1, 0
        for record, time in zip(records, times, strict=True):
            if not self.bounds.hold(time):
                strays += 1
                continue
            second = floor(time)
            if second != last_second:
                if last_second is not None and self._is_back(second, last_second):
                    raise InvalidResponseError(
                        f"{self.where}: seconds run backwards, {second} after {last_second} in a"
                        f" log sorted {'desc' if self.desc else 'asc'}"
                    )
                if not self.on_hold:
                    released += self._complete(last_second, pending)
                    released += self._passed_over(last_second, second)
                    pending = []
                last_second, pages = second, 0
            owned = self.window.first <= second <= self.window.last
            if owned and self.span.start <= time < self.span.end:
                pending.append(record)
        if strays and strays == len(records):
            raise InvalidResponseError(
                f"{self.where}: no record of the page lies between {self.bounds.start} and"
                f" {self.bounds.end}; the first is at {times[0]}"
            )
        self.strays += strays
        self.last_second, self.pending, self.pages_of_second = last_second, pending, pages
        return released

    def _is_back(self, second: int, before: int) -> bool:
        return second > before if self.desc else second < before

    def _passed_over(self, before: int | None, second: int | None) -> Sequence[T]:
        """Return the records of the previous attempt if this one has none of their second.

        An attempt that returned no records of a second does not invalidate those of the previous one.

        Args:
            before: The second that was finished last; None if there is none.
            second: The second that follows it; None at the end of the chain.
        """
        kept = self.fallback.second
        if kept is None or (before is not None and not self._is_back(before, kept)):
            return ()
        if second is not None and not self._is_back(kept, second):
            return ()
        return self.fallback.records

    def _complete(self, second: int | None, records: list[T]) -> Sequence[T]:
        """Return the records of a finished second, from whichever attempt returned more of them."""
        fallback = self.fallback
        if fallback.second == second and len(fallback.records) > len(records):
            return fallback.records
        return records
