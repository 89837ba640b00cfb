"""Points in time as arguments, as epoch seconds and as HTTP dates, and how long logs are kept. Pure."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from math import ceil
from typing import TypeAlias

from gizwits_async.errors import ArgumentError

__all__ = ["LOG_LIFE", "LOG_SPAN", "Moment", "as_epoch", "edge", "epoch_of", "utc", "utc_text"]

Moment: TypeAlias = datetime | int | float
"""A point in time: an aware datetime, or epoch seconds UTC."""

LOG_LIFE = 30 * 86_400
"""Seconds for which the service keeps logs (api document, sections "online", "cmd", "data")."""
LOG_SPAN = 2 * 86_400
"""Seconds that one log query may span: its end may lie two days after its start."""

_MAX_EPOCH = 10.0**15
"""Epoch seconds beyond this are refused: no datetime reaches that far, and larger integers may not
fit a float."""


def as_epoch(name: str, moment: object) -> float | None:
    """Return a moment as epoch seconds; None stays None.

    Args:
        name: The argument's name, for the error message.
        moment: An aware datetime, epoch seconds, or None.

    Raises:
        ArgumentError: A naive datetime, or neither a datetime nor a usable number.
    """
    if moment is None:
        return None
    if isinstance(moment, datetime):
        if moment.utcoffset() is None:
            raise ArgumentError(
                f"{name} is a naive datetime, which names no moment without a time zone: use"
                " datetime(..., tzinfo=UTC) or epoch seconds"
            )
        return moment.timestamp()
    if (
        isinstance(moment, bool)
        or not isinstance(moment, int | float)
        or not abs(moment) < _MAX_EPOCH
    ):
        raise ArgumentError(
            f"{name} must be an aware datetime or epoch seconds, not {moment!r:.40}"
        )
    return moment


def utc(seconds: float) -> datetime:
    """Return an aware UTC datetime for epoch seconds.

    Raises:
        ValueError: The result lies outside the years 1 to 9999, as milliseconds would.
    """
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{seconds!r:.30} is not a time in epoch seconds") from None


def utc_text(seconds: float) -> str:
    """Return epoch seconds as `2026-11-28T08:00:00Z`; as a number if no date reaches that far."""
    try:
        return f"{utc(seconds):%Y-%m-%dT%H:%M:%SZ}"
    except ValueError:
        return str(seconds)


def edge(latest: float) -> int:
    """Return the oldest `start_ts` that the service accepts for certain.

    Args:
        latest: The latest time it can be at the server, in epoch seconds.
    """
    return ceil(latest - LOG_LIFE)


# Replies of the same second carry equal dates, and parsing costs more than all other headers.
@lru_cache(maxsize=16)
def epoch_of(date: str) -> float | None:
    """Return an HTTP date (the `Date` header) as epoch seconds; None if it is not a date."""
    try:
        stamp = parsedate_to_datetime(date)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # HTTP dates are UTC. Python would read one without a zone in the zone of this machine.
    return (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()
