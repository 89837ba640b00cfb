"""Times as they are typed: `4d`, ISO 8601 with an offset, or epoch seconds. Pure."""

import re
from datetime import datetime

__all__ = ["moment", "span"]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_WINDOW = 172_800


def span(text: str) -> int:
    """Return the seconds of `90s`, `30m`, `12h`, `4d` or `1w`.

    A second is left off for each two days: a log query owns one second less than it spans, so that
    `4d` fits into two of them instead of three.

    Raises:
        ValueError: It is none of these.
    """
    found = re.fullmatch(r"([1-9]\d{0,8})([smhdw])", text.strip())
    if found is None:
        raise ValueError(f"not a time span: {text!r}; write 90s, 30m, 12h, 4d or 1w")
    seconds = int(found[1]) * _UNITS[found[2]]
    return seconds - seconds // _WINDOW


def moment(text: str) -> float | datetime:
    """Return a point in time: epoch seconds, or a datetime with its offset.

    Raises:
        ValueError: Neither, or without an offset.
    """
    if re.fullmatch(r"\d{1,12}(\.\d{1,6})?", text):
        return float(text)
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"not a time: {text!r}; write 2026-11-22T08:00:00+08:00 or epoch seconds"
        ) from None
    if read.utcoffset() is None:
        raise ValueError(f"{text!r} has no offset from UTC: add Z, or +08:00 and the like")
    return read
