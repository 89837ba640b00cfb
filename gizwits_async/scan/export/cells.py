"""The columns of each table of an export, and how rows of a store fill them. Pure."""

import json
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from attrs import fields, frozen

from gizwits_async.models import values
from gizwits_async.models.devices import CommandRecord, Device
from gizwits_async.models.product import ProductDataPoints
from gizwits_async.payload import DataPointCodec, PayloadError
from gizwits_async.scan.export.columns import Column, Kind, inferred, joined, kind_of, promised
from gizwits_async.scan.export.points import Points, attrs_of
from gizwits_async.scan.store.snapshot import LogRows
from gizwits_async.scan.task import LogName

__all__ = ["DEVICE_COLUMNS", "GAP_COLUMNS", "Cells", "Layout", "layout_of", "widen"]

_log = logging.getLogger("gizwits_async.scan")
Cells = Sequence[Sequence[Any]]
"""Values of some rows, column by column."""
_KEYS = (
    Column(name="product_key", kind="text"),
    Column(name="did", kind="text"),
    Column(name="timestamp", kind="time"),
)
_TYPE, _PAYLOAD, _PROBLEM = (
    Column(name=name, kind="text") for name in ("type", "payload", "problem")
)
_KINDS: Mapping[object, Kind] = {bool | None: "bool", values.Number | None: "float"}
DEVICE_COLUMNS = (
    Column(name="product_key", kind="text"),
    *(Column(name=item.name, kind=_KINDS.get(item.type, "text")) for item in fields(Device)),
)
"""The table of devices: what the service lists."""
GAP_COLUMNS = (
    Column(name="product_key", kind="text"),
    Column(name="did", kind="text"),
    Column(name="log", kind="text"),
    Column(name="start", kind="time"),
    Column(name="end", kind="time"),
    Column(name="reason", kind="text"),
    Column(name="error", kind="text"),
    Column(name="message", kind="text"),
)
"""The table of what is missing: `end` is the first instant that is not; `reason` is `expired` for
what fell off the edge of the log before it was read, `failed` with its error, or `unread`."""


class _Fill(Protocol):
    def __call__(self, rows: LogRows, /) -> Cells: ...


@frozen
class Layout:
    """The columns of a log, and how its rows fill them."""

    columns: tuple[Column, ...]
    """The columns, in order."""
    fill: _Fill
    """Return the values of the columns after `timestamp`."""
    points: Points | None = None
    """The data points among the columns."""

    def cells(self, rows: LogRows) -> Cells:
        """Return the values of all columns.

        Raises:
            MisfitError: A value fits no column, and there is no `_rest`.
            ValueError: A body is not JSON.
        """
        return [rows.products, rows.dids, rows.times, *self.fill(rows)]

    @property
    def misfits(self) -> int:
        """Values that went into `_rest` so far."""
        return 0 if self.points is None else self.points.misfits


def widen(kinds: dict[str, Kind], rows: LogRows) -> None:
    """Widen the kinds of data points so that they hold the values of rows of the data log.

    Raises:
        ValueError: A body is not JSON.
    """
    for names, body in zip(rows.names, rows.bodies, strict=True):
        for point, value in attrs_of(names, body).items():
            kinds[point] = joined(kinds.get(point, "null"), kind_of(value))


def layout_of(
    log: LogName,
    definition: ProductDataPoints | None,
    kinds: Mapping[str, Kind],
    *,
    nested: bool = False,
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
        fill = partial(_reported, points)
        return Layout((*_KEYS, *points.columns), fill, points)
    if log == "online":
        return Layout((*_KEYS, _TYPE, _PAYLOAD), _events)
    codec = None if definition is None else _codec_of(definition)
    if codec is None or definition is None:
        return Layout((*_KEYS, _TYPE, _PAYLOAD), lambda rows: [rows.types, rows.bodies])
    points = Points(promised(definition), nested=nested)
    columns_ = (*_KEYS, _TYPE, _PAYLOAD, _PROBLEM, *points.columns)
    return Layout(columns_, partial(_decoded, codec, points), points)


def _codec_of(points: ProductDataPoints) -> DataPointCodec | None:
    try:
        return DataPointCodec(points)
    except ValueError as error:
        _log.warning("payloads are exported as they are, not decoded: %s", error)
        return None


def _reported(points: Points, rows: LogRows) -> Cells:
    return points.read(rows.names, rows.bodies)


def _events(rows: LogRows) -> Cells:
    return [rows.types, list(map(_payload_text, rows.names, rows.bodies))]


def _payload_text(names: str, body: str | None) -> str | None:
    """Return the payload of an event: itself if it is a text, else its JSON."""
    if body is None:
        return None
    value = json.loads(body)
    if names:
        value = dict(zip(json.loads(names), value, strict=True))
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _decoded(codec: DataPointCodec, points: Points, rows: LogRows) -> Cells:
    problems: list[str | None] = []
    found: list[Mapping[str, Any]] = []
    for time, kind, payload in zip(rows.times, rows.types, rows.bodies, strict=True):
        record = CommandRecord(timestamp=time, type=kind or "", payload=payload)
        attrs: Mapping[str, Any] = {}
        problem = record.frame.problem
        if problem is None:
            try:
                attrs = codec.decode(record).attrs
            except PayloadError as error:
                problem = str(error)
        problems.append(problem)
        found.append(attrs)
    return [rows.types, rows.bodies, problems, *points.fit(found)]
