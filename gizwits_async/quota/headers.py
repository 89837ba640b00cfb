"""The quota headers of one reply as numbers; impossible values are dropped. Pure."""

from collections.abc import Mapping
from functools import lru_cache

from attrs import frozen

from gizwits_async.models.times import epoch_of

__all__ = ["Reading", "read"]

_MILLI = 1000.0
_ROUNDING = 1.0
"""Seconds: Date and Reset are truncated to whole ones."""
_DIGITS = 18


@frozen(kw_only=True)
class Reading:
    """The plausible numbers of one reply that the next replies of the same second repeat."""

    limit: int | None = None
    """Calls in a period."""
    reset_in: float | None = None
    """Seconds from this reply to the reset, rounded up."""
    resets_at: float | None = None
    """The reset in epoch seconds of the server's clock."""


def _whole(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None


def read(headers: Mapping[str, str], *, calls: int, longest: float) -> tuple[Reading, int | None]:
    """Return the numbers in the headers (lower-case names): of the period, and the calls left in it.

    Numbers that cannot be true are None.

    Durations are `Reset - Date` of the same reply: the local clock may differ from the server's.

    Args:
        headers: Headers of a reply.
        calls: Limit to assume where the reply names none.
        longest: Most seconds until a reset, `period + pad`; a later Reset is ignored.
    """
    reading = _reading(
        headers.get("x-ratelimit-limit"),
        headers.get("x-ratelimit-reset"),
        headers.get("date", ""),
        longest,
    )
    remaining = _whole(headers.get("x-ratelimit-remaining"))
    if remaining is not None and remaining > (reading.limit or calls):
        remaining = None
    return reading, remaining


@lru_cache(maxsize=4)  # all replies of one second have the same three texts
def _reading(
    limit_text: str | None, reset_text: str | None, date_text: str, longest: float
) -> Reading:
    limit = _whole(limit_text) or None
    stamp, date = _whole(reset_text), epoch_of(date_text)
    reset_in = resets_at = None
    if stamp is not None and date is not None:
        for epoch in (float(stamp), stamp / _MILLI):
            if 0 <= epoch - date <= longest:
                reset_in, resets_at = epoch - date, epoch
    if reset_in is None and stamp is not None and stamp <= longest:  # some servers send a delta
        reset_in, resets_at = float(stamp), None if date is None else date + stamp
    if reset_in is not None:
        reset_in = min(reset_in + _ROUNDING, longest)
    return Reading(limit=limit, reset_in=reset_in, resets_at=resets_at)
