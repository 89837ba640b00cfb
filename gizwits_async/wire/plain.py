"""Which records are plain enough to be read by msgspec as a whole, straight from their JSON. Pure.

It fills a list of plain records in C, and accepts the spellings of `spellings.py`: numbers and
booleans written as text, "null". What it would take and we do not (a number that is none) is
looked for afterwards, a field of all records at a time; what it refuses goes to the converter.
"""

import types
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from math import isfinite
from operator import attrgetter
from typing import Any, Generic, TypeVar, Union, get_args, get_origin

import attrs
import msgspec
from attrs import frozen

from gizwits_async.models.values import JsonObject

__all__ = ["REFUSALS", "Reader", "members_of", "reader"]

T = TypeVar("T")

REFUSALS = (msgspec.MsgspecError, ValueError, RecursionError)
"""What msgspec raises: a ValueError where it meets half a character (a lone surrogate)."""
_NUMBER = frozenset({int, float})
_PLAIN = ({bool}, {int}, _NUMBER, {str}, {JsonObject})
# Not float alone: of an int that comes for one, msgspec would make a float.


@frozen
class Reader(Generic[T]):
    """Reads records of one plain class."""

    _numbers: Sequence[Callable[[T], float | None]]
    _list: Callable[[msgspec.Raw], tuple[T, ...]]
    _one: Callable[[msgspec.Raw], T]

    def whole(self, records: msgspec.Raw) -> tuple[T, ...] | None:
        """Return the records of a JSON list; None if one of them is refused."""
        with suppress(*REFUSALS):
            made = self._list(records)
            return made if self._finite(made) else None
        return None

    def each(self, records: Sequence[msgspec.Raw]) -> list[T | None]:
        """Return each record that is not refused, and None for the others."""
        made: list[T | None] = []
        for record in records:
            try:
                made.append(self._one(record))
            except REFUSALS:
                made.append(None)
        if not self._finite([one for one in made if one is not None]):
            made = [one if one is not None and self._finite((one,)) else None for one in made]
        return made

    def _finite(self, records: Sequence[T]) -> bool:
        try:
            # One number that is none makes the sum none. A sum may leave all floats though none of
            # its numbers does: then each record is looked at alone.
            return all(
                isfinite(sum(filter(None, map(number, records)))) for number in self._numbers
            )
        except OverflowError:
            return False


def reader(kind: Any) -> Reader[Any] | None:
    """Return what reads records of a class straight from JSON; None if the class is not plain.

    Plain is an attrs class of nothing but `bool`, `int`, `Number`, `str` and `JsonObject`, each
    perhaps None, that does nothing of its own when it is made, and whose fields are called the same
    in JSON.
    """
    members = members_of(kind)
    if members is None:
        return None
    listed: Any = tuple[kind, ...]
    return Reader(
        [attrgetter(name) for name, found in members.items() if found == _NUMBER],
        msgspec.json.Decoder(listed, strict=False).decode,
        msgspec.json.Decoder(kind, strict=False).decode,
    )


def members_of(kind: Any) -> Mapping[str, frozenset[Any]] | None:
    """Return the types that each field of a plain class may have, None left out; else None."""
    if not (isinstance(kind, type) and attrs.has(kind)) or _does_its_own(kind):
        return None
    found = {}
    for one in attrs.fields(attrs.resolve_types(kind)):
        union = get_origin(one.type) in {Union, types.UnionType}
        members = frozenset(get_args(one.type) if union else (one.type,)) - {types.NoneType}
        if members not in _PLAIN or _is_special(one):
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
