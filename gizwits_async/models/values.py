"""Small things that several models share."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

__all__ = ["JsonObject", "Number", "utc"]

JsonObject: TypeAlias = Mapping[str, Any]
"""A JSON object kept as it came: what a device's data points are called is its product's business."""

Number: TypeAlias = int | float
"""A number as it came: a whole one stays an int, which is exact at any size."""


def utc(seconds: float) -> datetime:
    """Return an aware UTC datetime for epoch seconds.

    Raises:
        ValueError: They lie before the year 1 or after 9999: milliseconds, perhaps.
    """
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{seconds!r:.30} is no time in epoch seconds") from None
