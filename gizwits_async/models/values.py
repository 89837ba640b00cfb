"""Small things that several models share."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

from msgspec import Meta

__all__ = ["JsonObject", "Number", "utc"]

JsonObject: TypeAlias = Mapping[str, Any]
"""A JSON object kept as it came: what a device's data points are called is its product's business."""

_LARGEST = sys.float_info.max
Number: TypeAlias = int | Annotated[float, Meta(ge=-_LARGEST, le=_LARGEST)]
"""A number as it came: a whole one stays an int, which is exact at any size. Never NaN or infinite."""


def utc(seconds: float) -> datetime:
    """Return an aware UTC datetime for epoch seconds.

    Raises:
        ValueError: They lie before the year 1 or after 9999: milliseconds, perhaps.
    """
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{seconds!r:.30} is no time in epoch seconds") from None
