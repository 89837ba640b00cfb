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
from gizwits_async.scan.export.columns import Kind, column_of, promised_kinds
from gizwits_async.scan.task import LogName

__all__ = ["Layout", "layout_of"]

_log = logging.getLogger("gizwits_async.scan")

Row = Mapping[str, Any]


@frozen
class Layout:
    """The columns of a log besides `did` and `timestamp`, and how a row fills them."""

    kinds: dict[str, Kind]
    """Column -> its kind, as far as it is known before a row was read."""
    cells: Callable[[Row], dict[str, Any]]
    """Return the cells of a row of the store."""
    is_open: bool
    """Whether rows may have columns, or values, that `kinds` does not foresee."""


def layout_of(log: LogName, points: ProductDataPoints | None) -> Layout:
    """Return the layout of a log.

    Args:
        log: Which log.
        points: The product's data points; None if they are not known.
    """
    if log == "data":
        return Layout(promised_kinds(points), lambda row: _columns(row["attrs"]), is_open=True)
    plain: dict[str, Kind] = {"type": "text", "payload": "text"}
    codec = None if log == "online" or points is None else _codec_of(points)
    if codec is None:
        return Layout(plain, _as_stored, is_open=False)
    kinds: dict[str, Kind] = {**plain, "problem": "text", **promised_kinds(points)}
    return Layout(kinds, partial(_decoded, codec), is_open=False)


def _codec_of(points: ProductDataPoints) -> DataPointCodec | None:
    try:
        return DataPointCodec(points)
    except ValueError as error:
        _log.warning("payloads are exported as they are, not decoded: %s", error)
        return None


def _columns(attrs: Mapping[str, Any]) -> dict[str, Any]:
    return {column_of(name): value for name, value in attrs.items()}


def _as_stored(row: Row) -> dict[str, Any]:
    payload = row["payload"]
    text = payload if payload is None or isinstance(payload, str) else json.dumps(payload)
    return {"type": row["type"], "payload": text}


def _decoded(codec: DataPointCodec, row: Row) -> dict[str, Any]:
    record = CommandRecord(
        timestamp=row["timestamp"], type=row["type"] or "", payload=row["payload"]
    )
    cells, problem = _as_stored(row), record.frame.problem
    if problem is None:
        try:
            return {**cells, "problem": None, **_columns(codec.decode(record).attrs)}
        except PayloadError as error:
            problem = str(error)
    return {**cells, "problem": problem}
