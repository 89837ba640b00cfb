"""Reads the JSON of data points into columns, and sets aside what fits none. Pure."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta

from gizwits_async.scan.export.columns import EXACT, REST, Column, MisfitError

__all__ = ["Points", "attrs_of"]

_BOOL = {False: False, True: True, None: None, UNSET: UNSET}
"""0 and 1 are the same keys: firmware writes booleans as numbers, too."""
_NOTHING = Annotated[int, Meta(ge=1, le=0)]
"""A type without values: sends each row with a point that has no column the long way."""
_USABLE = re.compile(r'[^"\\\x00-\x1f\ud800-\udfff]*')
"""Names that msgspec finds in JSON; rows with others go the long way, too."""
_TYPES: Mapping[str, Any] = {
    "null": None,
    "bool": bool | Annotated[int, Meta(ge=0, le=1)] | None,
    # A larger integer may have been rounded to the double that arrives here.
    "float": Annotated[float, Meta(gt=-EXACT, lt=EXACT)] | None,
    "text": str | None,
}


class Points:
    """The columns of the data points of a log.

    Rows are decoded by classes that are generated from the columns, so that msgspec checks each
    value. The few rows that it refuses are fitted value by value.
    """

    def __init__(
        self, columns: Mapping[str, Column], *, rest: bool = True, nested: bool = False
    ) -> None:
        """Take the columns.

        Args:
            columns: Data point -> its column.
            rest: Whether what fits no column goes into the column `_rest`.
            nested: Whether cells keep their JSON types, as in JSON Lines, where points that a row
                lacks differ from null. Else mixed columns and `_rest` hold JSON texts.
        """
        self._columns, self._rest, self._nested = columns, rest, nested
        self._absent = UNSET if nested else None
        self._prefix = "p" * (max(map(len, columns), default=0) + 1)  # No point has so long a name.
        self._fields = {point: f"{self._prefix}{number}" for number, point in enumerate(columns)}
        self._row = msgspec.defstruct("Row", self._described(columns), gc=False)
        self._decoders: dict[str, Callable[[Any], Any]] = {}
        rest_column = (Column(name=REST, kind="text"),) if rest else ()
        self.columns = (*columns.values(), *rest_column)
        """All columns."""
        self.misfits = 0
        """Values that went into `_rest` so far."""

    def read(self, names: Sequence[str], bodies: Sequence[str | None]) -> list[Sequence[Any]]:
        """Return the columns of rows.

        Args:
            names: JSON array of the names of the values in a body that is an array; else empty.
            bodies: JSON of the values.

        Raises:
            MisfitError: A value fits no column, and there is no `_rest`.
            ValueError: A body is not JSON.
        """
        rows: list[Any] = []
        rest: dict[int, dict[str, Any]] = {}
        decoders = self._decoders
        for name, body in zip(names, bodies, strict=True):
            try:
                rows.append((decoders.get(name) or self._decoder(name))(body))
            except (msgspec.MsgspecError, TypeError, UnicodeError, RecursionError):
                rows.append(self._fitted(attrs_of(name, body), rest, len(rows)))
        return self._as_columns(rows, rest)

    def fit(self, attrs: Sequence[Mapping[str, Any]]) -> list[Sequence[Any]]:
        """Return the columns of rows whose data points are decoded already."""
        rest: dict[int, dict[str, Any]] = {}
        rows = [self._fitted(one, rest, number) for number, one in enumerate(attrs)]
        return self._as_columns(rows, rest)

    def _decoder(self, names: str) -> Callable[[Any], Any]:
        if names:
            order = json.loads(names)
            others = [point for point in self._columns if point not in set(order)]
            described = self._described([*order, *others])
        else:
            described = self._described(self._columns)
        row = msgspec.defstruct(
            "Row", described, gc=False, forbid_unknown_fields=True, array_like=bool(names)
        )
        return self._decoders.setdefault(names, msgspec.json.Decoder(row).decode)

    def _described(self, points: Sequence[str] | Mapping[str, Column]) -> list[Any]:
        described = []
        for number, point in enumerate(points):
            column = self._columns.get(point)
            usable = _USABLE.fullmatch(point) is not None
            field = self._fields.get(point, f"{self._prefix}_{number}")
            kind = _NOTHING if column is None or not usable else _type_of(column)
            name = point if usable else field
            described.append((field, kind, msgspec.field(default=self._absent, name=name)))
        return described

    def _fitted(
        self, attrs: Mapping[str, Any], rest: dict[int, dict[str, Any]], number: int
    ) -> Any:
        cells: dict[str, Any] = {}
        for point, value in attrs.items():
            column = self._columns.get(point)
            try:
                if column is None:
                    raise MisfitError("there is no such column")
                cell = column.fitted(value)
                # JSON has a type a value, and escapes for what UTF-8 cannot encode.
                as_is = self._nested and (column.mixed or isinstance(cell, str))
                cells[self._fields[point]] = value if as_is else cell
            except MisfitError as error:
                if not self._rest:
                    raise MisfitError(f"data point {point}: {error}") from None
                rest.setdefault(number, {})[point] = value
        return self._row(**cells)

    def _as_columns(
        self, rows: Sequence[Any], rest: Mapping[int, dict[str, Any]]
    ) -> list[Sequence[Any]]:
        found: list[Sequence[Any]] = []
        for point, column in self._columns.items():
            cells = list(map(attrgetter(self._fields[point]), rows))
            if column.kind == "bool":
                cells = [_BOOL[cell] for cell in cells]
            elif column.mixed and column.kind == "text" and not self._nested:
                cells = [
                    cell if cell is None or isinstance(cell, str) else json.dumps(cell)
                    for cell in cells
                ]
            found.append(cells)
        if self._rest:
            left: list[Any] = [self._absent] * len(rows)
            for number, values in rest.items():
                left[number] = values if self._nested else json.dumps(values)
                self.misfits += len(values)
            found.append(left)
        return found


def attrs_of(names: str, body: str | None) -> Mapping[str, Any]:
    """Return the data points of a row; a body that is no object is the point `attrs`.

    Raises:
        ValueError: The body is not JSON.
    """
    value: Any = None if body is None else json.loads(body)
    if names:
        return dict(zip(json.loads(names), value, strict=True))
    return value if isinstance(value, dict) else {} if value is None else {"attrs": value}


def _type_of(column: Column) -> Any:
    if column.mixed and column.kind == "text":
        return Any
    if column.kind in {"int", "long"}:
        end = 1 << column.bits - 1
        return Annotated[int, Meta(ge=-end, le=end - 1)] | None
    return _TYPES[column.kind]
