"""How a row of each log fills the columns of its export. Pure."""

import json
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from attrs import frozen

from gizwits_async.models.devices import CommandRecord
from gizwits_async.models.product import ProductDataPoints
from gizwits_async.payload import DataPointCodec, PayloadError
from gizwits_async.scan.export.columns import (
    REST,
    Column,
    Kind,
    MisfitError,
    inferred,
    joined,
    kind_of,
    promised,
)
from gizwits_async.scan.task import LogName

__all__ = ["Layout", "layout_of", "points_of", "widen"]

_log = logging.getLogger("gizwits_async.scan")

Row = Mapping[str, Any]
_TYPE, _PAYLOAD, _PROBLEM, _REST = (
    Column(name=name, kind="text") for name in ("type", "payload", "problem", REST)
)


class Points:
    """The columns of the data points of a log."""

    def __init__(self, columns: Mapping[str, Column], *, rest: bool, nested: bool) -> None:
        """Take the columns.

        Args:
            columns: Data point -> its column.
            rest: Whether what fits no column goes into the column `_rest`.
            nested: Whether the values in `_rest` are an object, else its JSON text.
        """
        self._columns, self._rest, self._nested = columns, rest, nested
        self.columns = (*columns.values(), *((_REST,) if rest else ()))
        """All columns."""
        self.misfits = 0
        """Values that went into `_rest` so far."""

    def cells(self, attrs: Mapping[str, Any]) -> dict[str, Any]:
        """Return column -> value for the data points of a record.

        Raises:
            MisfitError: A value fits no column, and there is no `_rest`.
        """
        cells: dict[str, Any] = {}
        rest: dict[str, Any] = {}
        for point, value in attrs.items():
            column = self._columns.get(point)
            try:
                if column is None:
                    raise MisfitError("there is no such column")
                cell = column.fitted(value)
                # JSON has a type a value, and escapes for what UTF-8 cannot encode.
                as_is = self._nested and (column.mixed or isinstance(cell, str))
                cells[column.name] = value if as_is else cell
            except MisfitError as error:
                if not self._rest:
                    raise MisfitError(f"data point {point}: {error}") from None
                rest[point] = value
        if rest:
            cells[REST] = rest if self._nested else json.dumps(rest)
            self.misfits += len(rest)
        return cells


@frozen
class Layout:
    """The columns of a log besides `did` and `timestamp`, and how a row fills them."""

    columns: tuple[Column, ...]
    """The columns, in order."""
    cells: Callable[[Row], dict[str, Any]]
    """Return column -> value for a row of the store; columns without a value may be missing."""
    points: Points | None = None
    """The data points among them."""


def points_of(row: Row) -> Mapping[str, Any]:
    """Return the data points of a row of the data log; a value that is no object is one of them."""
    attrs = row["attrs"]
    return attrs if isinstance(attrs, Mapping) else {} if attrs is None else {"attrs": attrs}


def widen(kinds: dict[str, Kind], row: Row) -> None:
    """Widen the kinds of data points so that they hold the values of a row of the data log."""
    for point, value in points_of(row).items():
        kinds[point] = joined(kinds.get(point, "null"), kind_of(value))


def layout_of(
    log: LogName,
    definition: ProductDataPoints | None,
    kinds: Mapping[str, Kind],
    *,
    nested: bool,
) -> Layout:
    """Return the layout of a log.

    Args:
        log: Which log.
        definition: The product's data points; None if they are not known.
        kinds: Data point -> the kind of all its values in the data log, for want of a definition.
        nested: Whether a cell may be an object, as in JSON Lines.
    """
    if log == "data":
        columns = inferred(kinds) if definition is None else promised(definition)
        points = Points(columns, rest=definition is not None, nested=nested)
        return Layout(points.columns, lambda row: points.cells(points_of(row)), points)
    codec = None if log == "online" or definition is None else _codec_of(definition)
    if codec is None or definition is None:
        return Layout((_TYPE, _PAYLOAD), _as_stored)
    points = Points(promised(definition), rest=True, nested=nested)
    return Layout(
        (_TYPE, _PAYLOAD, _PROBLEM, *points.columns), partial(_decoded, codec, points), points
    )


def _codec_of(points: ProductDataPoints) -> DataPointCodec | None:
    try:
        return DataPointCodec(points)
    except ValueError as error:
        _log.warning("payloads are exported as they are, not decoded: %s", error)
        return None


def _as_stored(row: Row) -> dict[str, Any]:
    payload = row["payload"]
    text = payload if payload is None or isinstance(payload, str) else json.dumps(payload)
    return {"type": _TYPE.fitted(row["type"]), "payload": _PAYLOAD.fitted(text)}


def _decoded(codec: DataPointCodec, points: Points, row: Row) -> dict[str, Any]:
    record = CommandRecord(
        timestamp=row["timestamp"], type=row["type"] or "", payload=row["payload"]
    )
    cells, problem = _as_stored(row), record.frame.problem
    if problem is None:
        try:
            return {**cells, "problem": None, **points.cells(codec.decode(record).attrs)}
        except PayloadError as error:
            problem = str(error)
    return {**cells, "problem": problem}
