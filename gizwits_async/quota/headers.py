"""The quota headers of one reply as numbers; impossible values are dropped. Pure."""

from collections.abc import Mapping

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

    texts: tuple[str | None, ...] = ()
    """Limit, Reset and Date, from which the numbers were read."""
    limit: int | None = None
    """Calls in a period."""
    reset_in: float | None = None
    """Seconds from this reply to the reset, rounded up."""
    resets_at: float | None = None
    """The reset in epoch seconds of the server's clock."""


_UNKNOWN = Reading()


def _whole(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None


def read(
    headers: Mapping[str, str], last: Reading = _UNKNOWN, *, calls: int, longest: float
) -> tuple[Reading, int | None]:
    """Return the numbers in the headers (lower-case names): of the period, and the calls left in it.

    Numbers that cannot be true are None.

    Durations are `Reset - Date` of the same reply: the local clock may differ from the server's.

    Args:
        headers: Headers of a reply.
        last: The reading to return again where its texts are repeated.
        calls: Limit to assume where the reply names none.
        longest: Most seconds until a reset, `period + pad`; a later Reset is ignored.
    """
    get = headers.get
    texts = get("x-ratelimit-limit"), get("x-ratelimit-reset"), get("date")
    reading = last if texts == last.texts else _reading(texts, longest)
    remaining = _whole(get("x-ratelimit-remaining"))
    if remaining is not None and remaining > (reading.limit or calls):
        remaining = None
    return reading, remaining


def _reading(texts: tuple[str | None, str | None, str | None], longest: float) -> Reading:
    limit_text, reset_text, date_text = texts
    limit, stamp = _whole(limit_text) or None, _whole(reset_text)
    if stamp is None:
        return Reading(texts=texts, limit=limit)
    date = epoch_of(date_text or "")
    reset_in = resets_at = None
    if date is not None:
        for epoch in (float(stamp), stamp / _MILLI):
            if 0 <= epoch - date <= longest:
                reset_in, resets_at = epoch - date, epoch
    if reset_in is None and stamp <= longest:  # some servers send a delta
        reset_in, resets_at = float(stamp), None if date is None else date + stamp
    if reset_in is not None:
        reset_in = min(reset_in + _ROUNDING, longest)
    return Reading(texts=texts, limit=limit, reset_in=reset_in, resets_at=resets_at)
