"""Small things that several models share."""

import sys
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from msgspec import Meta

__all__ = ["JsonObject", "Number"]

JsonObject: TypeAlias = Mapping[str, Any]
"""A JSON object kept as it came: what a device's data points are called is its product's business."""

_LARGEST = sys.float_info.max
Number: TypeAlias = int | Annotated[float, Meta(ge=-_LARGEST, le=_LARGEST)]
"""A number as it came: a whole one stays an int, which is exact at any size. Never NaN or infinite."""
