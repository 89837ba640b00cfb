"""The columns of an export: their names and types, and which values fit them. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Literal, TypeAlias

from attrs import field, frozen

from gizwits_async.models.product import DataPoint, ProductDataPoints

__all__ = [
    "EXACT",
    "REST",
    "Column",
    "Kind",
    "MisfitError",
    "encodable",
    "inferred",
    "instant",
    "joined",
    "kind_of",
    "promised",
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
Cell: TypeAlias = bool | int | float | str | None
_WIDER: Mapping[Kind, frozenset[Kind]] = {
    "null": frozenset({"null", "bool", "int", "long", "float", "text"}),
    "bool": frozenset({"bool", "int", "long", "float", "text"}),
    "int": frozenset({"int", "long", "float", "text"}),
    "long": frozenset({"long", "text"}),
    "float": frozenset({"float", "text"}),
    "text": frozenset({"text"}),
}
"""Kinds that hold every value of a kind."""
EXACT = 2**53
"""The largest integer up to which a double holds all of them."""
REST = "_rest"
"""The column for what fits no other: a JSON object."""
_RESERVED = frozenset(
    {
        "product_key",
        "did",
        "timestamp",
        "type",
        "payload",
        "problem",
        "log",
        "date",
        "product",
        REST,
    }
)
"""Columns of the export itself, and those that readers derive from the names of the folders."""


class MisfitError(ValueError):
    """A value does not fit its column; it would be narrowed."""


@frozen(kw_only=True)
class Column:
    """A column of an export."""

    name: str
    """Its name, unique among the columns of the log without regard to case."""
    kind: Kind | Literal["time"]
    """What it holds; a time is epoch seconds UTC, written with microseconds."""
    bits: int = 64
    """Width of its integers: 8, 16, 32 or 64."""
    mixed: bool = False
    """Whether a text column holds values that are no text, too, as JSON."""
    info: Mapping[str, str] = field(factory=dict)
    """What the product's definition says of the data point."""

    def fitted(self, value: Any) -> Cell:
        """Return a value as the column holds it.

        Raises:
            MisfitError: It would be narrowed or rounded.
        """
        if value is None:
            return None
        number = isinstance(value, int) or (isinstance(value, float) and isfinite(value))
        match self.kind:
            case "bool" if number and value in {0, 1}:  # Firmware writes booleans as numbers, too.
                return bool(value)
            case "int" | "long" if number and value == (whole := int(value)):
                if -(1 << self.bits - 1) <= whole < 1 << self.bits - 1:
                    return whole
            case "float" if number and (isinstance(value, float) or abs(value) <= EXACT):
                return float(value)
            case "text" if isinstance(value, str):
                # A lone surrogate has no UTF-8 encoding.
                return encodable(value)
            case "text" if self.mixed:
                return json.dumps(value)
        raise MisfitError(f"a column of kind {self.kind} cannot hold {value!r:.80}")


def encodable(text: str) -> str:
    """Return a text that has a UTF-8 encoding: lone surrogates are written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def instant(second: float | None) -> str | None:
    """Return a time in epoch seconds UTC as ISO 8601 with microseconds; None stays None."""
    if second is None:
        return None
    return datetime.fromtimestamp(second, UTC).isoformat(timespec="microseconds")


def kind_of(value: object) -> Kind:
    """Return the narrowest kind that holds a value of a record."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int():
            if abs(value) <= EXACT:
                return "int"
            return "long" if -(1 << 63) <= value < 1 << 63 else "text"
        case float() if isfinite(value):
            return "float"
        case _:
            return "text"


def joined(one: Kind, other: Kind) -> Kind:
    """Return the narrowest kind that holds the values of both."""
    return max(_WIDER[one] & _WIDER[other], key=lambda kind: len(_WIDER[kind]))


def inferred(kinds: Mapping[str, Kind]) -> dict[str, Column]:
    """Return data point -> column, without a definition.

    Args:
        kinds: Data point -> the kind of all its values.
    """
    names = _named(sorted(kinds))
    return {
        point: Column(name=name, kind=kinds[point], mixed=True, info={"name": point})
        for point, name in names.items()
    }


def promised(points: ProductDataPoints) -> dict[str, Column]:
    """Return data point -> column, as a product's definition promises them."""
    known = {point.name: point for point in points.datapoints}
    return {name: _column(known[name], column) for name, column in _named(known).items()}


def _named(points: Iterable[str]) -> dict[str, str]:
    """Return data point -> column name: its own, unless another column has that name already.

    Readers such as DuckDB and Spark do not regard the case of names.
    """
    used, names = set(_RESERVED), {}
    for point in points:
        tries = (point, f"attrs.{point}", *(f"attrs.{point}_{n}" for n in range(2, 1000)))
        names[point] = next(name for name in tries if name.lower() not in used)
        used.add(names[point].lower())
    return names


def _column(point: DataPoint, name: str) -> Column:
    info = {"name": point.name, "data_type": point.data_type}
    info |= {"display_name": point.display_name} if point.display_name else {}
    info |= {"enum": json.dumps(point.enum, ensure_ascii=False)} if point.enum else {}
    if point.data_type == "bool":
        return Column(name=name, kind="bool", info=info)
    if not point.data_type.startswith("uint"):
        return Column(name=name, kind="text", info=info)
    spec = point.uint_spec
    ends: Sequence[float] = (0, (1 << int(point.data_type[4:] or 32)) - 1)
    whole = True
    if spec is not None:
        ends = sorted(end * spec.ratio + spec.addition for end in (spec.min, spec.max))
        whole = float(spec.ratio).is_integer() and float(spec.addition).is_integer()
    info |= {"min": f"{ends[0]:g}", "max": f"{ends[1]:g}"}
    if not whole:
        return Column(name=name, kind="float", info=info)
    bits = (8, 16, 32, 64)
    fits = (n for n in bits if -(1 << n - 1) <= ends[0] and ends[1] < 1 << n - 1)
    return Column(name=name, kind="long", bits=next(fits, 64), info=info)
