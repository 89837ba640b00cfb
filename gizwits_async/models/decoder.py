"""Replies from bytes by msgspec in C, field by field only where it refuses a row. Pure."""

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, Generic, Required, TypedDict, TypeVar, get_args, get_origin

import msgspec

from gizwits_async.errors import InvalidResponseError
from gizwits_async.models.converter import structure
from gizwits_async.models.json import load_json
from gizwits_async.models.page import LogReply, PageReply, unwrap
from gizwits_async.models.plain import REFUSALS, Filler, field_types

__all__ = ["decode_object", "decode_page"]

T = TypeVar("T")

_NO_ERROR = (None, 0, "")


class _Rows(TypedDict, Generic[T], total=False):
    objects: Required[list[T]]
    total: Any
    context: Any


class _Hits(TypedDict, Generic[T], total=False):
    hits: Required[_Rows[T]]
    total: Any
    context: Any


class _Envelope(TypedDict, Generic[T], total=False):
    objects: Required[list[T] | _Hits[T]]
    meta: Any
    total: Any
    context: Any
    error_code: Any


class _Refusal(msgspec.Struct):
    error_code: Any = None


_REFUSAL = msgspec.json.Decoder(_Refusal)
_SPLIT = msgspec.json.Decoder(_Envelope[msgspec.Raw])


def decode_page(body: bytes, kind: Any) -> PageReply[Any] | None:
    """Return a list reply whose records are plain, some of which may be odd or bad.

    Args:
        body: The JSON text.
        kind: `PageReply[record]` or `LogReply[record]`; another type is never decoded here.

    Returns:
        The reply; None if it must be read as a whole, which also names what is wrong with it.
    """
    listed = _listed(kind)
    if listed is None:
        return None
    page, record = listed
    try:
        reply, refused, texts = _filled(body, record)
        rows, total, context = unwrap(reply, log=False)
        hidden = page is LogReply and rows and context is None
        if refused or hidden:
            texts = texts or _rows(_decoded(_SPLIT, body))
            if hidden and "context" in load_json(bytes(texts[-1])):
                refused.append(len(rows) - 1)
            for index in refused:
                rows[index] = load_json(bytes(texts[index]))
        if not refused:
            return page(objects=tuple(rows), total=total, context=context)
        found: PageReply[Any] = structure(reply, kind)
    except (*REFUSALS, TypeError, InvalidResponseError):
        return None
    return found


@cache
def _listed(kind: Any) -> tuple[type[PageReply[Any]], Any] | None:
    """Return the class of a page and that of its records; None if msgspec cannot fill them."""
    page, (record, *_) = get_origin(kind), get_args(kind) or (None,)
    if page not in {PageReply, LogReply} or field_types(record) is None:
        return None
    return page, record


def _filled(body: bytes, record: Any) -> tuple[dict[str, Any], list[int], list[msgspec.Raw]]:
    """Return a list reply with records, the positions of those that could not be filled, and the texts."""
    odd: frozenset[str] = frozenset()
    while True:
        filler, decoder = _filler(record, odd)
        try:
            reply = _decoded(decoder, body)
        except msgspec.ValidationError as error:
            # Such as "Expected `object`, got `str` - at `$.objects[0].payload`".
            name = str(error).rpartition("].")[2].removesuffix("`")
            if name in odd or name not in (field_types(record) or ()):
                break
            odd |= {name}  # Most other rows have the same oddity.
        else:
            return reply, filler.finish(_rows(reply)), []
    reply = _decoded(_SPLIT, body)
    texts = _rows(reply).copy()
    return reply, filler.fill(_rows(reply)), texts


def _decoded(decoder: "msgspec.json.Decoder[Any]", body: bytes) -> dict[str, Any]:
    if not body.isascii():
        body.decode()  # msgspec does not check the encoding of fields it skips.
    reply: dict[str, Any] = decoder.decode(body)
    if reply.get("error_code") not in _NO_ERROR:
        raise ValueError("a refusal")
    return reply


def _rows(reply: dict[str, Any]) -> list[Any]:
    objects = reply["objects"]
    rows: list[Any] = objects if type(objects) is list else objects["hits"]["objects"]
    return rows


@lru_cache(maxsize=256)
def _filler(record: Any, odd: frozenset[str]) -> "tuple[Filler, msgspec.json.Decoder[Any]]":
    filler = Filler(record, odd)
    return filler, msgspec.json.Decoder(_Envelope[filler.kind], strict=False)  # type: ignore[name-defined]


def decode_object(body: bytes, kind: Any) -> Any:
    """Return a reply that is one plain and valid object.

    Args:
        body: The JSON text.
        kind: The class of the object; one that is not plain is never decoded here.

    Returns:
        The object; None if it must be read value by value, or if it is a refusal.
    """
    decoder, is_whole = _object_decoder(kind)
    if decoder is None:
        return None
    try:
        if not body.isascii():
            body.decode()  # msgspec does not check the encoding of fields it skips.
        found: Any = decoder.decode(body)
        refused = _REFUSAL.decode(body).error_code not in _NO_ERROR
    except REFUSALS:
        return None
    if refused or (is_whole is not None and not is_whole(found)):
        return None
    return found


@cache
def _object_decoder(
    kind: Any,
) -> "tuple[msgspec.json.Decoder[Any] | None, Callable[[Any], bool] | None]":
    plain = not hasattr(kind, "prepare") and field_types(kind) is not None
    decoder = msgspec.json.Decoder(kind, strict=False) if plain else None
    return decoder, getattr(kind, "is_whole", None)
