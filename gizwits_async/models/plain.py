"""Which records are plain enough to be read by msgspec as a whole, straight from their JSON. Pure.

It fills a list of plain records in C, and accepts the spellings of `spellings.py`: numbers and
booleans written as text, "null". What it refuses goes to the converter.
"""

import types
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Generic, NotRequired, TypedDict, TypeVar, Union, get_args, get_origin

import attrs
import msgspec
from attrs import frozen

from gizwits_async.models.values import JsonObject, Number

__all__ = ["REFUSALS", "Reader", "members_of", "reader"]

T = TypeVar("T")

REFUSALS = (msgspec.MsgspecError, ValueError, RecursionError)
"""What msgspec raises: a ValueError where it meets half a character (a lone surrogate)."""
_PLAIN: tuple[set[Any], ...] = ({bool}, {int}, {*get_args(Number)}, {str}, {JsonObject})
# Not float alone: of an int that comes for one, msgspec would make a float.
_TOLD = (
    "meta", "total", "context",
    "error_code", "error_message", "detail_message", "detail", "detail_msg",
)  # fmt: skip
"""What is read of the reply to a list besides its records (`models/page.py`, `decode.py`)."""


@frozen
class Reader(Generic[T]):
    """Reads records of one plain class. All raise one of `REFUSALS`."""

    page: Callable[[bytes], dict[str, Any]]
    """Returns the reply to a list, its `objects` as a tuple of records."""
    rows: Callable[[bytes], dict[str, Any]]
    """Returns the reply to a list, its `objects` as a list of `msgspec.Raw`."""
    one: Callable[[msgspec.Raw], T]
    """Returns one record."""
    choosy: bool
    """Whether a field is required: if none is, a context in a record's place is taken for one."""


@cache
def reader(kind: Any) -> Reader[Any] | None:
    """Return what reads records of a class straight from JSON; None if the class is not plain.

    Plain is an attrs class of nothing but `bool`, `int`, `Number`, `str` and `JsonObject`, each
    perhaps None, that does nothing of its own when it is made, and whose fields are called the same
    in JSON.
    """
    if members_of(kind) is None:
        return None
    return Reader(
        _decoder(_reply(tuple[kind, ...])),
        _decoder(_reply(list[msgspec.Raw])),
        _decoder(kind),
        choosy=any(one.default is attrs.NOTHING for one in attrs.fields(kind)),
    )


def _reply(records: Any) -> Any:
    told = dict.fromkeys(_TOLD, NotRequired[Any])
    make: Any = TypedDict  # Made at run time, for which mypy has no word.
    return make("_Reply", {"objects": records, **told})


def _decoder(kind: Any) -> Callable[[Any], Any]:
    return msgspec.json.Decoder(kind, strict=False).decode


def members_of(kind: Any) -> Mapping[str, frozenset[Any]] | None:
    """Return the types that each field of a plain class may have, None left out; else None."""
    if not (isinstance(kind, type) and attrs.has(kind)) or _does_its_own(kind):
        return None
    found = {}
    for one in attrs.fields(attrs.resolve_types(kind)):
        union = get_origin(one.type) in {Union, types.UnionType}
        members = frozenset(get_args(one.type) if union else (one.type,)) - {types.NoneType}
        if not any(members == plain for plain in _PLAIN) or _is_special(one):
            return None
        found[one.name] = members
    return found


def _does_its_own(kind: type) -> bool:
    names = ("from_wire", "__attrs_pre_init__", "__attrs_post_init__", "__attrs_init__")
    return any(hasattr(kind, name) for name in names) or bool(getattr(kind, "__parameters__", ()))


def _is_special(one: "attrs.Attribute[Any]") -> bool:
    made = getattr(one.default, "takes_self", False)
    named = one.alias != one.name or "wire" in one.metadata
    return bool(made or named or not one.init or one.converter or one.validator)
