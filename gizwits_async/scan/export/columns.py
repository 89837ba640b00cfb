"""The type of each exported column: what the definition promises, widened by what records hold. Pure."""

import json
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any, Literal, TypeAlias

from gizwits_async.models.product import DataPoint, ProductDataPoints

__all__ = [
    "Kind",
    "MisfitError",
    "column_of",
    "fitted",
    "joined",
    "kind_of",
    "promised_kinds",
    "widened",
]

Kind: TypeAlias = Literal["null", "bool", "int", "long", "float", "text"]
"""Column types, ordered by what they can hold:

```
null < bool < int < long  < text
              int < float < text
```

`int` are the integers that a double holds exactly, `long` those of 64 bits. A `long` and a `float`
therefore meet in `text` only: a double would round the one, an integer would truncate the other.
"""
_WIDER: Mapping[Kind, frozenset[Kind]] = {
    "null": frozenset({"null", "bool", "int", "long", "float", "text"}),
    "bool": frozenset({"bool", "int", "long", "float", "text"}),
    "int": frozenset({"int", "long", "float", "text"}),
    "long": frozenset({"long", "text"}),
    "float": frozenset({"float", "text"}),
    "text": frozenset({"text"}),
}
"""Kinds that hold every value of a kind."""
_EXACT = 2**53
"""The largest integer up to which a double holds all of them."""
_LONG = 2**63
_RESERVED = frozenset({"did", "timestamp", "type", "payload", "problem", "log", "date"})
"""Columns of the export itself, and those that readers derive from the names of the folders."""


class MisfitError(ValueError):
    """A value, or a row, does not fit the columns of its file; it would be narrowed or dropped."""


def column_of(point: str) -> str:
    """Return the name of a data point's column: its own, unless the export has one of that name."""
    return f"attrs.{point}" if point in _RESERVED else point


def kind_of(value: object) -> Kind:
    """Return the narrowest kind that holds a value of a record."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int():
            return "int" if abs(value) <= _EXACT else "long" if -_LONG <= value < _LONG else "text"
        case float() if isfinite(value):
            return "float"
        case _:
            return "text"


def joined(one: Kind, other: Kind) -> Kind:
    """Return the narrowest kind that holds the values of both."""
    return max(_WIDER[one] & _WIDER[other], key=lambda kind: len(_WIDER[kind]))


def widened(kinds: dict[str, Kind], cells: Iterable[tuple[str, object]]) -> None:
    """Widen the columns so that they hold these cells, and add the columns that are missing."""
    for name, value in cells:
        kinds[name] = joined(kinds.get(name, "null"), kind_of(value))


def promised_kinds(points: ProductDataPoints | None) -> dict[str, Kind]:
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
    """Return a value as its column holds it.

    Raises:
        MisfitError: The column is too narrow for it.
    """
    if value is None:
        return None
    if (
        kind == "bool" and isinstance(value, int) and value in {0, 1}
    ):  # Firmware writes booleans as numbers, too.
        return bool(value)
    if kind not in _WIDER[kind_of(value)]:
        raise MisfitError(f"a column of kind {kind} cannot hold {value!r:.80}")
    match kind:
        case "int" | "long":
            return int(value)
        case "float":
            return float(value)
        case _:
            text = value if isinstance(value, str) else json.dumps(value)
            # A lone surrogate has no UTF-8 encoding.
            return text.encode("utf-8", "backslashreplace").decode()
