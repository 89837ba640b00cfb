"""Which records are plain enough to be filled a whole list at once, and how theirs are cleaned. Pure.

A list of plain records goes to a decoder in C that takes exact types only. When it refuses a field,
the accepted spellings of that field are replaced by what they mean, in all records, and it is asked
again; so a clean page costs no look at its values, and a dirty one a look at its dirty fields.
"""

import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias, Union, get_args, get_origin

import attrs

from gizwits_async.models.values import JsonObject
from gizwits_async.wire.spellings import as_bool, as_int, as_number, as_text

__all__ = ["Cleaner", "clean", "cleaners"]

Cleaner: TypeAlias = tuple[frozenset[type], Callable[[object, object], object]]
"""The exact types that a field takes as they are, and what makes one of them of a spelling."""

_MISSING = object()
_SCALARS: Mapping[frozenset[object], Callable[[object, object], object]] = {
    frozenset({bool}): as_bool,
    frozenset({int}): as_int,
    # Not float alone: of an int that comes for one, the decoder would make a float.
    frozenset({int, float}): as_number,
    frozenset({str}): as_text,
}


def cleaners(
    kind: Any, json_object: Callable[[object, object], JsonObject]
) -> dict[str, Cleaner] | None:
    """Return how each field of a class is cleaned; None if it is not plain.

    Plain is an attrs class of nothing but `bool`, `int`, `Number`, `str` and `JsonObject`, each
    perhaps None, that does nothing of its own when it is made, and whose fields are called the same
    in JSON.
    """
    if not (isinstance(kind, type) and attrs.has(kind)) or _does_its_own(kind):
        return None
    found: dict[str, Cleaner] = {}
    for one in attrs.fields(attrs.resolve_types(kind)):
        members = _members(one.type)
        inner = members - {types.NoneType}
        hook = json_object if inner == {JsonObject} else _SCALARS.get(inner)
        if hook is None or _is_special(one):
            return None
        exact = {dict if member == JsonObject else member for member in members}
        found[one.name] = frozenset({*exact, type(_MISSING)}), hook
    return found


def clean(rows: Iterable[Any], name: str, cleaner: Cleaner) -> None:
    """Replace the accepted spellings of one field by what they mean, in all rows up to a bad one."""
    exact, hook = cleaner
    try:
        for row in rows:
            value = row.get(name, _MISSING)
            if type(value) not in exact:
                row[name] = hook(value, None)
    except (ValueError, AttributeError):
        return  # One is bad, or no object: the list is refused again, and each record looked at.


def _does_its_own(kind: type) -> bool:
    names = ("from_wire", "__attrs_pre_init__", "__attrs_post_init__", "__attrs_init__")
    return any(hasattr(kind, name) for name in names) or bool(getattr(kind, "__parameters__", ()))


def _is_special(one: "attrs.Attribute[Any]") -> bool:
    made = getattr(one.default, "takes_self", False)
    named = one.alias != one.name or "wire" in one.metadata
    return bool(made or named or not one.init or one.converter or one.validator)


def _members(kind: Any) -> frozenset[Any]:
    return frozenset(get_args(kind) if get_origin(kind) in {Union, types.UnionType} else (kind,))
