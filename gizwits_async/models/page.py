"""The envelope that lists come in, read from every shape it is known or feared to have. Pure."""

from typing import Any, Generic, TypeVar

from attrs import frozen

__all__ = ["PageReply", "context_of", "unwrap"]

T = TypeVar("T")


@frozen(kw_only=True)
class PageReply(Generic[T]):
    """One page as it came over the wire."""

    objects: tuple[T, ...] = ()
    """The records, in the order of the server."""
    total: int | None = None
    """How many records the whole query has, if the server said so."""
    context: str | None = None
    """The cursor to the next page of a log; None at the end."""


def context_of(*places: object) -> str | None:
    """Return the first context that is not empty; api.md section 5: nobody knows where it stands."""
    for place in places:
        value = place.get("context") if isinstance(place, dict) else None
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            # Sent back exactly as it came: only for the test of emptiness it is stripped.
            return str(value)
    return None


def _count(*places: object) -> int | None:
    for place in places:
        value = place.get("total") if isinstance(place, dict) else None
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:  # noqa: PLR2004
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
    return None


def unwrap(value: object) -> tuple[Any, int | None, str | None]:
    """Return the records of a list reply, a list or tuple of them, its total and its context.

    Raises:
        ValueError: There is no list of records in it.
    """
    if not isinstance(value, dict):
        raise ValueError(f"expected an object, got {type(value).__name__} @ $")
    meta = value.get("meta")
    objects = value.get("objects")
    hits: object = None
    if isinstance(objects, dict):
        # The log store's own envelope, seen to leak through on the sister API (api.md S27).
        hits = objects.get("hits", objects)
        objects = hits.get("objects") if isinstance(hits, dict) else hits
    if not isinstance(objects, list | tuple):
        problem = "required field missing" if objects is None else "expected a list"
        raise ValueError(f"{problem} @ $.objects")
    last = objects[-1] if objects else None
    if isinstance(last, dict) and set(last) == {"context"}:
        objects = objects[:-1]
    context = context_of(meta, value, value.get("objects"), hits, last)
    return objects, _count(meta, value, hits), context
