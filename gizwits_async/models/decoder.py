"""Replies from bytes by msgspec in C, field by field only where it refuses a row. No I/O."""

import re
from collections.abc import Callable
from functools import cache, cached_property, lru_cache
from typing import Any, Generic, Required, TypedDict, TypeVar

import msgspec

from gizwits_async.errors import InvalidResponseError
from gizwits_async.models.converter import structure
from gizwits_async.models.page import LogReply, PageReply, unwrap
from gizwits_async.models.plain import REFUSALS, Filler
from gizwits_async.models.plain_fields import field_types

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


_EARLY_ROWS = 10
"""Rows after which trying a page again costs little: those whose number has one digit."""
_EARLY_FIELD = re.compile(r"\[\d\]\.(\w+)`$")
"""The field of an early row that msgspec refused, as its message names it."""


def decode_page(body: bytes, kind: Any) -> PageReply[Any] | None:
    """Return a list reply whose records are plain, some of which may be odd or bad.

    Args:
        body: The JSON text.
        kind: `PageReply[record]` or `LogReply[record]`; another type is never decoded here.

    Returns:
        The reply; None if it must be read as a whole, which also names what is wrong with it.
    """
    # By its parts, since a look-up of the whole type takes three times as long.
    pages = _pages(getattr(kind, "__origin__", None), getattr(kind, "__args__", ()))
    return None if pages is None else pages.decode(body)


class _Body:
    """The text of a list reply, whose rows can be had as any type that msgspec fills."""

    def __init__(self, text: bytes) -> None:
        self.text = text

    def reply(self, kind: Any) -> dict[str, Any]:
        found: dict[str, Any] = _decoder(kind).decode(self.text)
        return found

    def rows(self, kind: Any) -> list[Any]:
        return _rows(self.reply(kind))

    @cached_property
    def split(self) -> dict[str, Any]:
        """The reply with each row as its text."""
        return self.reply(msgspec.Raw)


class _Pages:
    """Decodes the pages of one plain class."""

    def __init__(self, page: Any, record: Any) -> None:
        self._page = page
        self._record = record
        self._fields = field_types(record) or {}
        self._plain = _filler(record, frozenset())
        self._decode = _decoder(record).decode
        self._by_row: frozenset[str] | None = None
        """Odd fields of the last page, if msgspec refused some of its rows beside them.

        The next page, which is likely to have such rows too, is read row by row at once: trying it
        whole first costs most of a page if the row stands far down. No result depends on this.
        """

    def decode(self, text: bytes) -> PageReply[Any] | None:
        body = _Body(text)
        try:
            reply, rows, only_records = self._filled(body)
            if reply.get("error_code") not in _NO_ERROR:
                return None
            _, total, context, _ = unwrap(reply, log=False)
            if self._page is LogReply and rows and context is None:
                last = self._plain.plain(_rows(body.split)[-1])
                if isinstance(last, dict) and "context" in last:
                    rows[-1], only_records = last, False
            found: PageReply[Any]
            if only_records:
                found = self._page(objects=tuple(rows), total=total, context=context)
            else:
                _rows(reply)[:] = rows
                found = structure(reply, self._page[self._record])
        except (*REFUSALS, InvalidResponseError):
            return None
        return found

    def _filled(self, body: _Body) -> tuple[dict[str, Any], list[Any], bool]:
        """Return a list reply, its rows as `row_reader` takes them, and whether all are records."""
        filler, odd, decode = self._plain, self._by_row or frozenset(), self._decode
        while self._by_row is None:
            try:
                reply = decode(body.text)
            except msgspec.ValidationError as error:
                # Such as "Expected `object`, got `str` - at `$.objects[0].payload`".
                early = _EARLY_FIELD.search(str(error))
                if early is None or early[1] in odd or early[1] not in self._fields:
                    break
                odd |= {early[1]}  # Most other rows have the same oddity.
                filler = _filler(self._record, odd)
                decode = _decoder(filler.kind).decode
            else:
                rows = _rows(reply)
                return reply, rows, filler.finish(rows, body.rows)
        rows, refused = _filler(self._record, odd).fill(_rows(body.split))
        self._by_row = odd if refused and min(refused) >= _EARLY_ROWS else None
        return body.split, rows, False


@cache
def _pages(page: Any, records: tuple[Any, ...]) -> _Pages | None:
    """Return what decodes such pages; None if msgspec cannot fill their records."""
    if page not in {PageReply, LogReply} or field_types(records[0]) is None:
        return None
    return _Pages(page, records[0])


def _rows(reply: dict[str, Any]) -> list[Any]:
    objects = reply["objects"]
    rows: list[Any] = objects if type(objects) is list else objects["hits"]["objects"]
    return rows


_filler = lru_cache(maxsize=256)(Filler)


@lru_cache(maxsize=256)
def _decoder(kind: Any) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(_Envelope[kind], strict=False)


def decode_object(body: bytes, kind: Any) -> Any:
    """Return a reply that is one plain and valid object.

    Args:
        body: The JSON text.
        kind: The class of the object; one that is not plain is never decoded here.

    Returns:
        The object; None if it must be read value by value, or if it may be a refusal.
    """
    decoder, is_whole = _object_decoder(kind)
    if decoder is None or b"error_code" in body:
        return None
    try:
        found: Any = decoder.decode(body)
    except REFUSALS:
        return None
    return found if is_whole is None or is_whole(found) else None


@cache
def _object_decoder(
    kind: Any,
) -> "tuple[msgspec.json.Decoder[Any] | None, Callable[[Any], bool] | None]":
    plain = not hasattr(kind, "prepare") and field_types(kind) is not None
    decoder = msgspec.json.Decoder(kind, strict=False) if plain else None
    return decoder, getattr(kind, "is_whole", None)
