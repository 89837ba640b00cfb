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
from typing import Any, Union, get_args, get_origin

import attrs
import msgspec

from gizwits_async.models.values import JsonObject

__all__ = ["REFUSALS", "members_of", "reader"]

REFUSALS = (msgspec.MsgspecError, ValueError, RecursionError)
"""What msgspec raises: a ValueError where it meets half a character (a lone surrogate)."""
_NUMBER = frozenset({int, float})
_PLAIN = ({bool}, {int}, _NUMBER, {str}, {JsonObject})
# Not float alone: of an int that comes for one, msgspec would make a float.


def reader(kind: Any) -> Callable[[msgspec.Raw], Any] | None:
    """Return what reads one JSON value as `kind`, or as a list of it; None if it is not plain.

    Plain is an attrs class of nothing but `bool`, `int`, `Number`, `str` and `JsonObject`, each
    perhaps None, that does nothing of its own when it is made, and whose fields are called the same
    in JSON. The reader returns None for what it refuses.

    Args:
        kind: A class, or `tuple[cls, ...]`.
    """
    listed = get_origin(kind) is tuple
    record = get_args(kind)[0] if listed else kind
    members = members_of(record)
    if members is None:
        return None
    decode = msgspec.json.Decoder(kind, strict=False).decode
    numbers = [attrgetter(name) for name, found in members.items() if found & _NUMBER == _NUMBER]

    def read(value: msgspec.Raw) -> Any:
        with suppress(*REFUSALS):
            made = decode(value)
            if _finite(made if listed else (made,), numbers):
                return made
        return None

    return read


def _finite(records: Sequence[Any], numbers: Sequence[Callable[[Any], float | None]]) -> bool:
    try:
        # One number that is none makes the sum none. A sum may leave all floats though none of
        # its numbers does: then each record is read alone.
        return all(isfinite(sum(filter(None, map(number, records)))) for number in numbers)
    except OverflowError:
        return False


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
