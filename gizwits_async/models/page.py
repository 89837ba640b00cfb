"""Pages of lists, and how they are unwrapped from any known envelope. Pure."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from attrs import frozen

from gizwits_async.models.rows import RowsReply

__all__ = ["LogReply", "PageReply", "unwrap"]

T = TypeVar("T")

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
    extra_objects: int = 0
    """Objects of the page beside its rows, 0 or 1: one that holds the context, which `total` may count."""

    @property
    def rows(self) -> int:
        """The number of rows that the service sent, including those set aside."""
        return len(self.objects) + self.set_aside


class LogReply(PageReply[T]):
    """One page of a log, whose context may also stand in its last record (api.md section 5)."""

    __slots__ = ()


def unwrap(value: object, *, log: bool) -> tuple[list[Any], int | None, str | None, int]:
    """Return the records of a list reply, its total, its context, and the number of other objects.

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
    total, extra = _first(envelopes, "total", _count), 0
    if log and objects:
        envelopes.append(objects[-1])
        if isinstance(objects[-1], dict) and set(objects[-1]) == {"context"}:
            objects, extra = objects[:-1], 1
    return objects, total, _first(envelopes, "context", _context), extra


def _first(envelopes: list[Any], name: str, read: Callable[[Any], T | None]) -> T | None:
    """Return the first member of this name that can be read."""
    for envelope in envelopes:
        if isinstance(envelope, dict) and (found := read(envelope.get(name))) is not None:
            return found
    return None


def _count(value: object) -> int | None:
    """Return a value that is a count."""
    if type(value) is int:
        return value if value >= 0 else None
    number: int | None = None
    if isinstance(value, str) and value.isascii() and value.isdigit():
        number = int(value) if len(value) <= _MAX_TOTAL_DIGITS else None
    if isinstance(value, float) and value.is_integer():
        number = int(value)
    return None if number is None or number < 0 else number


def _context(value: object) -> str | None:
    """Return a value that is a context which is not empty, unstripped: it is sent back as it came."""
    text = str(value) if type(value) is int else value
    return text if isinstance(text, str) and text.strip() else None
