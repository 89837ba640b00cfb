"""A time range, cut into log queries so that each whole second has exactly one owner. Pure.

It is unknown whether the service includes the bounds of a query, and whether it compares fractions of
a second. A query with whole bounds [S, E] is certain to return only the records of the seconds S+1 to
E-1. So a window owns seconds, its query is wider by one second, and records of seconds that another
window owns are dropped.
"""

from math import ceil, floor

from attrs import frozen

from gizwits_async.errors import ArgumentError, LogRangeError
from gizwits_async.models.times import LOG_LIFE, utc_text
from gizwits_async.streams.base import Sort

__all__ = [
    "Bounds",
    "Range",
    "Window",
    "bounds_of",
    "owned_seconds",
    "resolve",
    "seconds_within",
    "window_at",
]

_MAX_SECONDS = 86_400.0
_JUST_NOW = 1.0
"""Seconds that a start may lie beyond the edge: "now minus 30 days" was computed a moment ago."""


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
        """Return whether a record at this time can be meant, however the server compares."""
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
    """Return the range that a walk reads, resolved when it begins.

    Args:
        start: As given; None is one full window before the end.
        end: As given; None is now.
        now: The best estimate of the time at the server, in epoch seconds.
        earliest: The earliest time that it can be at the server.
        latest: The latest time that it can be at the server.
        owned: Seconds that one full window owns.

    Raises:
        ArgumentError: The range is reversed or begins in the future.
        LogRangeError: It begins more than 30 days ago.
    """
    until = now if end is None else end
    since = ceil(until) - owned if start is None else start
    if end is None and until < since <= latest:
        until = since  # The start lies within the uncertainty of the clock.
    if since > latest:
        raise ArgumentError(f"the range begins in the future: {since} is after {latest:.0f}, now")
    if since > until:
        raise ArgumentError(f"the range is reversed: start {since} is after end {until}")
    if since < earliest - LOG_LIFE - _JUST_NOW:
        oldest = ceil(earliest - LOG_LIFE)
        raise LogRangeError(
            f"logs are kept for 30 days: start {utc_text(since)} is too old, the oldest allowed is"
            f" {utc_text(oldest)}",
            oldest=oldest,
        )
    return Range(since, until)


def owned_seconds(span: int, *, inclusive: bool) -> int:
    """Return how many seconds a query of `span` seconds owns: one less, unless its start is trusted."""
    return span if inclusive else span - 1


def window_at(position: int, first: int, last: int, *, sort: Sort, owned: int) -> Window:
    """Return the widest window from `position` on in walking direction, within [first, last]."""
    if sort == "desc":
        return Window(max(first, position - owned + 1), position)
    return Window(position, min(last, position + owned - 1))


def bounds_of(window: Window, *, oldest: int, until: int, inclusive: bool) -> Bounds:
    """Return the bounds to send: not beyond the edge of the log, nor far into the future.

    Args:
        window: The seconds to ask for.
        oldest: The oldest `start_ts` that the server takes.
        until: The latest `end_ts` to send.
        inclusive: Whether the server is trusted to include `start_ts`.
    """
    start = max(window.first if inclusive else window.first - 1, oldest)
    return Bounds(start, max(min(window.last + 1, until), start))


def seconds_within(name: str, value: float, *, least: float) -> float:
    """Return an argument in seconds: a number from `least` to one day.

    Raises:
        ArgumentError: It is something else.
    """
    if type(value) not in {int, float} or not least <= value <= _MAX_SECONDS:
        raise ArgumentError(
            f"{name} must be {least:g} to {_MAX_SECONDS:.0f} seconds, not {value!r}"
        )
    return value
