"""Type aliases that several models share."""

import sys
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from msgspec import Meta

__all__ = ["Identity", "JsonObject", "Number"]

Identity: TypeAlias = Annotated[str, Meta(min_length=1)]
"""A text by which a row is known, such as a device id; never empty."""

JsonObject: TypeAlias = Mapping[str, Any]
"""A JSON object kept as received; its keys depend on the product."""

_LARGEST = sys.float_info.max
Number: TypeAlias = int | Annotated[float, Meta(ge=-_LARGEST, le=_LARGEST)]
"""A number as received: an integer stays an int, exact at any size. Never NaN or infinite."""
