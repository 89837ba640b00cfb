"""Detects a server that goes in a circle: the same page again, within one chain or in each new one. Pure.

A page may repeat for three reasons: a server that goes in a circle, a dead context that silently
starts the query over, and equal events that fill more than one page of the same second. The last is
real data, and the page itself does not distinguish it from the second.
"""

from collections.abc import Sequence
from enum import Enum, auto
from math import floor
from typing import Generic, TypeVar

from gizwits_async.models.page import PageReply
from gizwits_async.streams.chain import Chain

__all__ = ["Repeat", "RepeatDetector", "identity_of"]

T = TypeVar("T")

_MIN_OPENINGS = 3
"""Openings in a row in which a page must have come twice before it is accepted as equal events."""
_MAX_REPEATS = 4
"""Repeated pages of one second that are followed, however many the total has room for: five pages of
equal events are more than a device sends in a second."""


class Repeat(Enum):
    """What a page is, compared with those before."""

    NONE = auto()
    """It goes on, as far as can be seen."""
    COUNTED = auto()
    """It repeats, and the total has room for it: accepted if the end of the chain confirms the total."""
    UNDECIDED = auto()
    """It repeats under a new context: equal events, if it does so each time the window is opened."""
    CIRCLE = auto()
    """It repeats, and cannot be new records."""


def identity_of(
    page: Sequence[object], times: Sequence[float], *, regular: bool
) -> Sequence[object]:
    """Return what identifies a page: its records, or their times if it spans several seconds.

    A log does not go through the same seconds twice. Keeping no records lets the next page be built in
    the memory of this one.

    Args:
        page: Its records.
        times: Their times, in epoch seconds.
        regular: Whether they lie within the bounds of the query.
    """
    several = regular and bool(times) and floor(times[0]) != floor(times[-1])
    return times if several else page


class RepeatDetector(Generic[T]):
    """Compares the pages of a walk, chain after chain."""

    def __init__(self) -> None:
        self._first_page: Sequence[object] = ()
        self._last_page: Sequence[object] = ()
        self._repeated_second: int | None = None
        self._openings = 0
        self._counted = 0
        """Repeated pages of the last second that were accepted in this chain."""
        self._counted_second: int | None = None

    def start_chain(self) -> None:
        """Forget the pages of the chain before."""
        self._first_page = self._last_page = ()
        self._counted_second = None

    def judge(self, chain: Chain[T], reply: PageReply[T], times: Sequence[float]) -> Repeat:
        """Return what the next page of a chain is.

        Args:
            chain: The chain, before the page was added to it.
            reply: The page.
            times: The times of its records, in epoch seconds.
        """
        if chain.context is None or not times:
            return Repeat.NONE
        page = reply.objects
        # A total no larger than the first page counts that page, not the query.
        trusted = chain.total is not None and chain.total > len(self._first_page)
        fits = chain.total is not None and chain.received + len(times) <= chain.total
        again = self._last_page in (page, times)
        same_context = reply.context == chain.context
        if not (same_context and again) and self._first_page not in (page, times):
            return Repeat.CIRCLE if chain.seconds.on_hold and not fits else Repeat.NONE
        second = chain.seconds.last_second
        one_second = all(floor(time) == second for time in times)
        equal = again and all(record == page[0] for record in page)
        if one_second and equal and not trusted and not same_context:
            return self._repeated(second)
        if not (trusted and fits and one_second):
            return Repeat.CIRCLE
        self._counted = self._counted + 1 if second == self._counted_second else 1
        self._counted_second = second
        return Repeat.COUNTED if self._counted <= _MAX_REPEATS else Repeat.CIRCLE

    def remember(self, page: Sequence[object]) -> None:
        """Keep what identifies a page that was accepted; see `identity_of`."""
        self._last_page = page
        self._first_page = self._first_page or page

    def _repeated(self, second: int | None) -> Repeat:
        if second == self._repeated_second and self._openings >= _MIN_OPENINGS:
            return Repeat.NONE
        self._openings = self._openings + 1 if second == self._repeated_second else 1
        self._repeated_second = second
        return Repeat.UNDECIDED
