"""Which type a column of exported data points has. Pure."""

import json
from math import isfinite
from typing import Any, Literal, TypeAlias

from gizwits_async.models.product import DataPoint, ProductDataPoints

__all__ = ["Kind", "column_of", "fitted", "kind_of", "merged", "wanted_kinds"]

Kind: TypeAlias = Literal["bool", "int", "float", "text"]
"""The types that all formats have."""
_LARGEST = 2**63
_OURS = frozenset({"did", "timestamp", "type", "payload", "problem", "log", "date"})
"""Columns of our own, and those that readers make of the folders' names."""


def column_of(point: str) -> str:
    """Return the name of a data point's column: its own, unless we have one of that name."""
    return f"attrs.{point}" if point in _OURS else point


def kind_of(value: object) -> Kind | None:
    """Return what a value of a record is; None for null, which fits everything."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if -_LARGEST <= value < _LARGEST else "text"
    return "float" if isinstance(value, float) and isfinite(value) else "text"


def merged(known: Kind | None, found: Kind | None) -> Kind:
    """Return the type that holds both without loss; text holds everything, as JSON."""
    if known is None or found is None or known == found:
        return known or found or "text"
    pair = {known, found}
    if pair == {"int", "float"}:
        return "float"
    # Booleans come as 0 and 1.
    return "int" if pair == {"bool", "int"} else "text"


def wanted_kinds(points: ProductDataPoints | None) -> dict[str, Kind]:
    """Return the columns that a product's definition promises."""
    if points is None:
        return {}
    return {column_of(point.name): _promised(point) for point in points.datapoints}


def _promised(point: DataPoint) -> Kind:
    if point.data_type == "bool":
        return "bool"
    if point.data_type.startswith("uint"):
        spec = point.uint_spec
        whole = spec is None or (
            float(spec.ratio).is_integer() and float(spec.addition).is_integer()
        )
        return "int" if whole else "float"
    return "text"


def fitted(value: Any, kind: Kind) -> bool | int | float | str | None:
    """Return a value as its column takes it."""
    if value is None:
        return None
    match kind:
        case "bool":
            return bool(value)
        case "int":
            return int(value)
        case "float":
            return float(value)
        case "text":
            text = value if isinstance(value, str) else json.dumps(value)
            # Half a surrogate pair has no UTF-8.
            return text.encode("utf-8", "backslashreplace").decode()
