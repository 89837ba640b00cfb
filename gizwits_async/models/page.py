"""Replies decoded by msgspec in C, and lists unwrapped from any known envelope. Pure."""

import types
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Generic, Required, TypedDict, TypeVar, Union, get_args, get_origin

import attrs
import msgspec
from attrs import frozen

from gizwits_async.models.json import load_json
from gizwits_async.models.rows import RowsReply
from gizwits_async.models.values import Identity, JsonObject, Number

__all__ = [
    "NO_ERROR",
    "REFUSALS",
    "LogReply",
    "PageReply",
    "decode_object",
    "decode_page",
    "field_types",
    "split",
    "unwrap",
]

T = TypeVar("T")

NO_ERROR = (None, 0, "")
_MAX_TOTAL_DIGITS = 19


@frozen(kw_only=True)
class PageReply(RowsReply, Generic[T]):
    """One page of a list, as the service sent it."""

    objects: tuple[T, ...] = ()
    """The records, in the order of the server."""
    total: int | None = None
    """How many records the whole query has, if the server stated it."""
    context: str | None = None
    """The cursor to the next page of a log; None at the end."""

    @property
    def rows(self) -> int:
        """The number of rows that the service sent, including those set aside."""
        return len(self.objects) + self.set_aside


@frozen(kw_only=True)
class LogReply(PageReply[T]):
    """One page of a log, whose context may also stand in its last record (api.md section 5)."""


# --- One pass: msgspec fills envelope and records in C.

REFUSALS = (msgspec.MsgspecError, ValueError, RecursionError)
"""What msgspec raises: a ValueError for a lone surrogate."""
_PLAIN: tuple[set[Any], ...] = (
    {bool},
    {int},
    {*get_args(Number)},
    {str},
    {Identity},
    {JsonObject},
)
# Not float alone: msgspec would make a float of an integer, which is exact up to 2**53 only.


class _Rows(TypedDict, Generic[T], total=False):
    objects: Required[list[T]]
    total: Any
    context: Any


class _Hits(TypedDict, Generic[T]):
    hits: _Rows[T]


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
    """Return a list reply whose records are all plain and valid.

    It accepts the spellings of `coercion.py`: numbers and booleans written as text, "null".

    Args:
        body: The JSON text.
        kind: `PageReply[record]` or `LogReply[record]`; another type is never decoded here.

    Returns:
        The reply; None if it must be read value by value, which also names what is wrong.
    """
    decoder = _decoder(kind)
    if decoder is None:
        return None
    page: type[PageReply[Any]]
    page, (record,) = get_origin(kind), get_args(kind)
    try:
        rows, total, context = unwrap(_envelope(decoder, body), log=False)
        if page is LogReply and rows and context is None:
            last = load_json(bytes(unwrap(split(body), log=False)[0][-1]))
            context = _context(last.get("context"))
            if last.keys() == {"context"}:
                del rows[-1]
    except REFUSALS:
        return None
    if hasattr(record, "is_whole") and not all(map(record.is_whole, rows)):
        return None
    return page(objects=tuple(rows), total=total, context=context)


def split(body: bytes) -> dict[str, Any]:
    """Return a list reply as plain JSON, but each row as its text, a `msgspec.Raw`.

    Raises:
        ValueError: Or another of `REFUSALS`: it has no list of rows, or is a refusal.
    """
    return _envelope(_SPLIT, body)


def _envelope(decoder: "msgspec.json.Decoder[Any]", body: bytes) -> dict[str, Any]:
    if not body.isascii():
        body.decode()  # msgspec does not check the encoding of fields it skips.
    reply: dict[str, Any] = decoder.decode(body)
    if reply.get("error_code") not in NO_ERROR:
        raise ValueError("a refusal")
    return reply


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
        refused = _REFUSAL.decode(body).error_code not in NO_ERROR
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


@cache
def _decoder(kind: Any) -> "msgspec.json.Decoder[Any] | None":
    page, (record, *_) = get_origin(kind), get_args(kind) or (None,)
    if page not in {PageReply, LogReply} or field_types(record) is None:
        return None
    return msgspec.json.Decoder(_Envelope[record], strict=False)  # type: ignore[valid-type]


@cache
def field_types(kind: Any) -> Mapping[str, frozenset[Any]] | None:
    """Return the types that each field of a plain class may have, None left out.

    Plain is an attrs class whose fields are `bool`, `int`, `Number`, `str` or `JsonObject`, each
    perhaps None, have the same names in JSON, and need no code of the class when they are set.

    Returns:
        Field -> types; None if the class is not plain, so that msgspec cannot fill it.
    """
    if not (isinstance(kind, type) and attrs.has(kind)) or _runs_own_code(kind):
        return None
    found = {}
    for one in attrs.fields(attrs.resolve_types(kind)):
        union = get_origin(one.type) in {Union, types.UnionType}
        members = frozenset(get_args(one.type) if union else (one.type,)) - {types.NoneType}
        if not any(members == plain for plain in _PLAIN) or _is_special(one):
            return None
        found[one.name] = members
    return found


def _runs_own_code(kind: type) -> bool:
    names = ("from_wire", "__attrs_pre_init__", "__attrs_post_init__", "__attrs_init__")
    return any(hasattr(kind, name) for name in names) or bool(getattr(kind, "__parameters__", ()))


def _is_special(one: "attrs.Attribute[Any]") -> bool:
    from_self = getattr(one.default, "takes_self", False)
    renamed = one.alias != one.name or "wire" in one.metadata
    return bool(from_self or renamed or not one.init or one.converter or one.validator)


# --- Value by value: the envelope as plain JSON.


def unwrap(value: object, *, log: bool) -> tuple[list[Any], int | None, str | None]:
    """Return the records of a list reply, its total and its context.

    Args:
        value: The reply as plain JSON.
        log: Whether the last record may hold the context, or be nothing but the context.

    Raises:
        ValueError: It holds no list of records.
    """
    if not isinstance(value, dict):
        raise ValueError(f"expected an object, got {type(value).__name__} @ $")
    objects = value.get("objects")
    envelopes = [value.get("meta"), value]
    if isinstance(objects, dict):
        # The envelope of the log store itself, which the sister API passes on (api.md S27).
        envelopes.append(objects)
        objects = objects.get("hits", objects)
    if isinstance(objects, dict):
        envelopes.append(objects)
        objects = objects.get("objects")
    if not isinstance(objects, list):
        problem = "required field missing" if objects is None else "expected a list"
        raise ValueError(f"{problem} @ $.objects")
    total = _count(*_members(envelopes, "total"))
    if log and objects:
        envelopes.append(objects[-1])
        if isinstance(objects[-1], dict) and set(objects[-1]) == {"context"}:
            objects = objects[:-1]
    return objects, total, _context(*_members(envelopes, "context"))


def _members(values: list[Any], name: str) -> list[object]:
    return [value.get(name) for value in values if isinstance(value, dict)]


def _count(*values: object) -> int | None:
    """Return the first value that is a count."""
    for value in values:
        number: object = value
        if isinstance(value, str) and value.isascii() and value.isdigit():
            number = int(value) if len(value) <= _MAX_TOTAL_DIGITS else None
        if isinstance(value, float) and value.is_integer():
            number = int(value)
        if isinstance(number, int) and not isinstance(number, bool) and number >= 0:
            return number
    return None


def _context(*values: object) -> str | None:
    """Return the first value that is a context which is not empty."""
    for value in values:
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value)  # Unstripped: it is sent back exactly as it came.
    return None
