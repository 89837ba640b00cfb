"""Decides whether the end of a chain is the end of its window, or has to be looked at again. Pure.

A chain may end early: a dead context may answer with an innocent empty page, a busy server with no
records at all, and empty pages may stand in the middle of a window.
"""

from enum import Enum, auto
from typing import Any

from attrs import define

from gizwits_async.models.page import PageReply
from gizwits_async.streams.chain import Chain
from gizwits_async.streams.cursors import can_probe, ends_here
from gizwits_async.wire.traits import CursorTraits

__all__ = ["End", "EndCheck", "Verdict", "end_of", "is_miscount"]

_PAUSES = (0.0, 2.0, 8.0)
"""Seconds before each further look at a window whose total was not reached."""
_EMPTY_PAUSE = 2.0
"""Seconds before the one further look at a window that ended by empty pages."""
_MAX_EMPTY_PAGES = 3
"""Empty pages in a row that are followed at the first look: a search engine's scroll never ends."""
_MAX_EMPTY_PAGES_AGAIN = 8
"""The same at a further look."""
_MAX_EMPTY_PAGES_SHORT = 12
"""The same at the first further look, where the total says that there are more records."""
_TOLERANCE = 3
"""Factor by which the records that seem to be missing may exceed the drift of the total seen so far."""


class End(Enum):
    """How a chain stands after a page."""

    NONE = auto()
    """It goes on."""
    COMPLETE = auto()
    """It ended, and nothing speaks against it."""
    SHORT = auto()
    """It ended before the server's own total was reached."""
    EMPTY = auto()
    """It ended by an empty page, and no total says whether there are more records."""
    LIKELY = auto()
    """It seems to have ended, and a query in the opposite order can show whether it has."""


class Verdict(Enum):
    """What to do after an early end."""

    LOOK_AGAIN = auto()
    """Open the rest of the window once more, after a pause."""
    ACCEPT = auto()
    """It is the end."""
    ASK_TOTAL = auto()
    """Find out whether the server's totals can be believed."""
    MISCOUNTED = auto()
    """The total cannot be believed: it differs from look to look, about as much as records miss."""
    GIVE_UP = auto()
    """Each look returned other records."""


def end_of(
    chain: Chain[Any],
    *,
    exact: bool,
    inexact: bool,
    max_empty: int,
    cursor: CursorTraits,
) -> End:
    """Return how a chain stands after its last page.

    Args:
        chain: The chain.
        exact: Whether the totals of the route are known to count the records of a query.
        inexact: Whether they are known not to.
        max_empty: The empty pages in a row that are followed.
        cursor: What is known of the cursors of the store.
    """
    # A total no larger than the first page may count that page.
    counted = exact or chain.pages == 1 or (chain.total or 0) > chain.first_page
    total = None if inexact or not counted else chain.total
    short = total is not None and chain.received < total
    # Not more than it counts: then it stops counting somewhere, as search engines do at 10,000.
    all_received = exact and total == chain.received
    if chain.context is None and (
        short or all_received or not chain.empty_pages or chain.pages == 1
    ):
        return End.SHORT if short else End.COMPLETE
    # Some servers return a context with every page, the last one and empty ones included; and an
    # empty page without one may come from a dead context.
    if not short and not chain.seconds.on_hold:
        # Behind a page as large as any, a total that was reached may have stopped counting as well.
        full = chain.pages > 1 and chain.last_page >= min(chain.limit, cursor.largest_page)
        partial = chain.last_page < chain.limit
        # Where other pages go on behind a short one, it shows nothing either.
        last = chain.empty_pages or (partial and not full and not cursor.uneven)
        if (all_received and last) or ends_here(cursor, chain):
            return End.COMPLETE
        reached = total == chain.received > 1 and partial and not (exact and last)
        if (reached or chain.empty_pages) and chain.context and can_probe(cursor, chain):
            return End.LIKELY
    if chain.context is None or chain.empty_pages > max_empty:
        return End.SHORT if short else End.EMPTY
    return End.NONE


def is_miscount(chain: Chain[Any], reply: PageReply[Any]) -> bool:
    """Return whether the totals are wrong, so that no record of a chain is missing.

    Args:
        chain: The chain that did not reach its total.
        reply: The reply to a query of one second of its window, whose records fit on one page.
    """
    total = reply.total or 0
    # A server that returns nothing at all and counts more than a page is in trouble.
    trouble = not chain.received and not reply.rows and total >= chain.limit
    return not trouble and _missing(chain) <= total - reply.rows


def _missing(chain: Chain[Any]) -> int:
    return (chain.total or 0) - chain.received


@define
class EndCheck:
    """The looks at the rest of one window since the walk last made progress."""

    _looks: int = 0
    """Further attempts after the first one."""
    _end: End = End.NONE
    """How the last attempt ended."""
    _attempt: tuple[int, int, int | None] | None = None
    """Position, records and total of the last attempt."""
    _last: int = 0
    """The last second, in walking direction, of its window."""
    exact: bool = False
    """Whether the first attempt returned as many records as its total, over several pages."""
    _varies: bool = False
    """Whether equal queries returned different numbers of records."""
    _drift: int = 0
    """By how much the totals of equal queries with equal numbers of records differ."""

    @property
    def began(self) -> bool:
        """Whether an attempt ended early since the walk last made progress."""
        return self._attempt is not None

    @property
    def pause(self) -> float:
        """Seconds to wait before the next look."""
        if self._attempt is None or self._looks >= len(_PAUSES):
            return 0.0
        return _EMPTY_PAUSE if self._end is End.EMPTY else _PAUSES[self._looks]

    @property
    def max_empty(self) -> int:
        """Empty pages in a row that are followed."""
        if self._attempt is None:
            return _MAX_EMPTY_PAGES
        once_more = self._end is End.SHORT and self._looks == 0
        return _MAX_EMPTY_PAGES_SHORT if once_more else _MAX_EMPTY_PAGES_AGAIN

    def judge(self, chain: Chain[Any], end: End) -> Verdict:
        """Return what to do after an early end.

        Args:
            chain: The chain that ended.
            end: How it ended, `SHORT` or `EMPTY`.
        """
        before, self._attempt = self._attempt, (chain.position, chain.received, chain.total)
        self._end = end
        window, last = chain.seconds.window, self._last
        self._last = window.first if chain.seconds.desc else window.last
        if before is not None and (self._last < last if chain.seconds.desc else self._last > last):
            return Verdict.LOOK_AGAIN  # Its window goes further than that of the first attempt.
        if before is None:
            self.exact = chain.total == chain.received > chain.first_page
            return Verdict.LOOK_AGAIN
        self._looks += 1
        if before[0] == chain.position:
            self._varies |= before[1] != chain.received
            self._drift = max(self._drift, abs((before[2] or 0) - (chain.total or 0)))
        if end is End.EMPTY and not self._varies:
            return Verdict.ACCEPT
        if self._looks < len(_PAUSES):
            return Verdict.LOOK_AGAIN
        if self._varies:
            return Verdict.GIVE_UP
        return (
            Verdict.MISCOUNTED if _missing(chain) <= _TOLERANCE * self._drift else Verdict.ASK_TOTAL
        )
