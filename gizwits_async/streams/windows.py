"""A time range, cut into log queries so that each whole second has exactly one owner. Pure.

Nobody knows whether the service counts the bounds of a query in, or whether it compares fractions
of a second. A query with whole bounds [S, E] gives *for certain* only what happened in the seconds
S+1 ... E-1. So a window owns seconds, its query is wider by one, and what it brings of others'
seconds is dropped.
"""

from math import ceil, floor
from typing import Literal, TypeAlias

from attrs import frozen

from gizwits_async.errors import LogRangeError
from gizwits_async.models.times import LOG_LIFE, edge

__all__ = [
    "Bounds",
    "Range",
    "Sort",
    "Window",
    "bounds_of",
    "owned_seconds",
    "resolve",
    "window_at",
]

Sort: TypeAlias = Literal["asc", "desc"]
"""Oldest first or newest first."""

_JUST_NOW = 1.0
"""Seconds by which a start may miss the edge: "now minus 30 days" was computed a moment ago."""


@frozen
class Range:
    """The half-open range `start <= t < end` that was asked for, in epoch seconds."""

    start: float
    end: float

    @property
    def first(self) -> int:
        """The first whole second that reaches into the range."""
        return floor(self.start)

    @property
    def last(self) -> int:
        """The last whole second that reaches into the range."""
        return ceil(self.end) - 1


@frozen
class Window:
    """The whole seconds `first` to `last`, both included, that one query owns."""

    first: int
    last: int


@frozen
class Bounds:
    """`start_ts` and `end_ts` of a query as they are sent."""

    start: int
    end: int

    def hold(self, time: float) -> bool:
        """Return whether any kind of server could mean this record to be inside."""
        return self.start <= time < self.end + 1


def resolve(
    start: float | None,
    end: float | None,
    *,
    now: float,
    earliest: float,
    latest: float,
    owned: int,
) -> Range:
    """Return the range that is meant when a walk begins.

    Args:
        start: As given; None is one full window before the end.
        end: As given; None is now.
        now: What time it is at the server, as well as that can be told.
        earliest: The earliest that it can be at the server.
        latest: The latest that it can be at the server.
        owned: How many seconds one full window owns.

    Raises:
        ValueError: The range is reversed or begins in the future.
        LogRangeError: It begins more than 30 days ago.
    """
    until = now if end is None else end
    since = ceil(until) - owned if start is None else start
    if end is None and until < since <= latest:
        until = since  # It began within what is not known of the time.
    if since > latest:
        raise ValueError(f"the range begins in the future: {since} is after {latest:.0f}, now")
    if since > until:
        raise ValueError(f"the range is reversed: start {since} is after end {until}")
    if since < earliest - LOG_LIFE - _JUST_NOW:
        oldest = edge(latest)
        raise LogRangeError(
            f"logs are kept for 30 days: start {since} is too old, the oldest allowed is {oldest}",
            oldest=oldest,
        )
    return Range(since, until)


def owned_seconds(span: int, *, inclusive: bool) -> int:
    """Return how many seconds a query of `span` owns: one less, unless its start is trusted."""
    return span if inclusive else span - 1


def window_at(position: int, first: int, last: int, *, sort: Sort, owned: int) -> Window:
    """Return the widest window from `position` on, in walking direction, within [first, last]."""
    if sort == "desc":
        return Window(max(first, position - owned + 1), position)
    return Window(position, min(last, position + owned - 1))


def bounds_of(window: Window, *, oldest: int, until: int, inclusive: bool) -> Bounds:
    """Return the bounds to send: not beyond the edge of the log, nor far into the future.

    Args:
        window: The seconds to ask for.
        oldest: The oldest `start_ts` that the server takes.
        until: The latest `end_ts` that it should be sent.
        inclusive: Whether the server is trusted to include `start_ts`.
    """
    start = max(window.first if inclusive else window.first - 1, oldest)
    return Bounds(start, max(min(window.last + 1, until), start))
