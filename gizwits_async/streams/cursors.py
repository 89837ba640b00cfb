"""What the cursors of a log store have shown so far, and what follows for the end of a window. Pure.

A search engine's scroll returns a cursor with every page and empty pages for ever, so that a cursor
does not tell whether there are more records. A page with fewer records than its limit does, but only
where the server's own limit is known, and where no short or empty page stands in the middle. Both are
learned: the end of a window is confirmed by a query in the opposite order, whose first record must be
the last one that was received.
"""

from collections.abc import Sequence
from itertools import takewhile
from math import floor
from typing import Any

from gizwits_async.models.page import PageReply
from gizwits_async.streams.chain import Chain
from gizwits_async.wire.traits import CursorTraits

__all__ = ["can_probe", "ends_here", "goes_on", "is_last", "note_page", "probe_limit"]

_PROOF = 2
"""Confirmed ends after which a short page and an empty one are believed without a query."""
_MAX_LIMIT = 100
"""The largest `limit` that the API document allows for a log."""
_MAX_FAILED_PROBES = 3
"""Queries that confirmed nothing after which no more are made: the server may ignore `sort`."""


def note_page(cursor: CursorTraits, chain: Chain[Any], rows: int) -> None:
    """Remember the next page of a chain, before it is added to it.

    Args:
        cursor: What is known of the store; changed.
        chain: The chain.
        rows: Records of the page.
    """
    if rows and chain.pages and (chain.empty_pages or _is_short(cursor, chain)):
        cursor.uneven = True
    cursor.largest_page = max(cursor.largest_page, rows)


def ends_here(cursor: CursorTraits, chain: Chain[Any]) -> bool:
    """Return whether a chain has ended, by what is known of the store: its last page is empty."""
    if cursor.uneven or cursor.confirmed < _PROOF:
        return False
    if not chain.received:
        return chain.empty_pages > 1
    return chain.empty_pages > 0 and _is_short(cursor, chain)


def can_probe(cursor: CursorTraits, chain: Chain[Any]) -> bool:
    """Return whether a query in the opposite order may show that a chain has ended."""
    seconds = chain.seconds
    usable = 0 < len(seconds.pending) < _MAX_LIMIT and not seconds.on_hold and not chain.probed
    return usable and cursor.failed_probes < _MAX_FAILED_PROBES


def probe_limit(chain: Chain[Any]) -> int:
    """Return how many records that query asks for: those of the last second, and one before it."""
    return len(chain.seconds.pending) + 1


def is_last(
    cursor: CursorTraits, chain: Chain[Any], reply: PageReply[Any], times: Sequence[float]
) -> bool:
    """Return whether the reply to that query shows that the chain has all records of its query.

    Args:
        cursor: What is known of the store.
        chain: The chain.
        reply: The first page in the opposite order.
        times: The times of its records, in epoch seconds.
    """
    pending, second = len(chain.seconds.pending), chain.seconds.last_second
    same = len([*takewhile(lambda time: floor(time) == second, times)])
    # Where all of the page is of one second, it may have been cut off.
    whole = reply.rows > pending or reply.rows == chain.received < cursor.largest_page
    # A server that ignores `sort` begins at the beginning again: what follows is no earlier second.
    second = second or 0
    earlier = all((floor(time) > second) == chain.seconds.desc for time in times[same : same + 1])
    return same == pending and whole and earlier and not reply.set_aside


def goes_on(chain: Chain[Any], times: Sequence[float]) -> bool:
    """Return whether the reply to that query begins with a second that the chain has not reached."""
    second = chain.seconds.last_second
    if second is None or not times or floor(times[0]) == second:
        return False
    return (floor(times[0]) < second) == chain.seconds.desc


def _is_short(cursor: CursorTraits, chain: Chain[Any]) -> bool:
    return chain.tail_page < min(chain.limit, cursor.largest_page)
