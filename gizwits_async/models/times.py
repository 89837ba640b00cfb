"""The `Date` header of a reply as a number. Pure."""

from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache

__all__ = ["epoch_of"]


# All replies of one second say the same, and reading it costs more than the rest of the header.
@lru_cache(maxsize=16)
def epoch_of(date: str) -> float | None:
    """Return the epoch seconds that an HTTP date stands for; None if it is none."""
    try:
        stamp = parsedate_to_datetime(date)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # HTTP dates are UTC; one that does not say so would be read by the zone of this machine.
    return (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()
