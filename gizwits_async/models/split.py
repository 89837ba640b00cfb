"""List replies that msgspec refuses as a whole: split into rows, each filled in C if it can be. Pure."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeAlias, get_args, get_origin

import attrs
import msgspec
from msgspec import Raw

from gizwits_async.errors import InvalidResponseError
from gizwits_async.models.converter import structure, structure_hook
from gizwits_async.models.json import load_json
from gizwits_async.models.page import REFUSALS, LogReply, PageReply, field_types, split
from gizwits_async.models.values import Identity, JsonObject

__all__ = ["decode_rows"]

_Fill: TypeAlias = Callable[[Raw], Any]
_WIDER = {str: (Any, str), Identity: (Identity | int, str), JsonObject: (Any, dict)}
"""Types of which the converter reads more spellings than msgspec -> what msgspec reads in their place, and
the type of the values that are right as they are."""


def decode_rows(body: bytes, kind: Any) -> PageReply[Any] | None:
    """Return a list reply of plain records, of which some are odd or bad.

    Args:
        body: The JSON text.
        kind: `PageReply[record]` or `LogReply[record]`; another type is never decoded here.

    Returns:
        The reply; None if it must be read as a whole, which also names what is wrong with it.
    """
    page, (record, *_) = get_origin(kind), get_args(kind) or (None,)
    if page not in {PageReply, LogReply} or field_types(record) is None:
        return None
    try:
        reply = split(body)
        within = reply if isinstance(reply["objects"], list) else reply["objects"]["hits"]
        texts = within["objects"]
        # The last row of a log may hold the context, which a record has no field for.
        last = texts[-1:] if page is LogReply else []
        rows = _filled(texts[: len(texts) - len(last)], record)
        within["objects"] = rows + [load_json(bytes(text)) for text in last]
        found: PageReply[Any] = structure(reply, kind)
    except (*REFUSALS, InvalidResponseError):
        return None
    return found


def _filled(texts: Sequence[Raw], record: Any) -> list[Any]:
    """Return each row as a record; as plain JSON if only the converter can read it."""
    rows = []
    plain, wide = _fillers(record)
    fill = plain
    for text in texts:
        try:
            row = fill(text)
        except REFUSALS:
            try:
                row, fill = wide(text), wide  # The next rows mostly have the same oddity.
            except REFUSALS:
                row = load_json(bytes(text))
        rows.append(row)
    return rows


@cache
def _fillers(record: Any) -> tuple[_Fill, _Fill]:
    """Return what fills a record from a row of its types, and what also reads other spellings.

    Both raise one of REFUSALS for a row that only the converter can read.
    """
    types = field_types(record) or {}
    odd = {name: _WIDER[kind] for name, kinds in types.items() for kind in kinds & _WIDER.keys()}
    fields = [one for one in attrs.fields(record) if one.name in odd]
    spelt = [(one.name, odd[one.name][1], structure_hook(one.type), one.type) for one in fields]
    # Without slots of its own, so that an instance can become a record.
    annotations = {name: wider for name, (wider, _) in odd.items()}
    twin = type(record.__name__, (record,), {"__slots__": (), "__annotations__": annotations})
    fill, fill_twin = (msgspec.json.Decoder(one, strict=False).decode for one in (record, twin))
    is_whole = getattr(record, "is_whole", None)

    def whole(row: Any) -> Any:
        if is_whole is not None and not is_whole(row):
            raise ValueError("details outside of the fields")
        return row

    def wide(text: Raw) -> Any:
        row = fill_twin(text)
        for name, right, read, kind in spelt:
            value = getattr(row, name)
            if type(value) is not right:
                object.__setattr__(row, name, read(value, kind))
        object.__setattr__(row, "__class__", record)
        return whole(row)

    return (fill if is_whole is None else lambda text: whole(fill(text))), wide
