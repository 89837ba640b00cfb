"""Which classes are plain: msgspec fills them in C, and they are written without cattrs. Pure."""

import types
from collections.abc import Mapping
from functools import cache
from typing import Any, Union, get_args, get_origin

import attrs

from gizwits_async.models.values import Identity, JsonObject, Number

__all__ = ["field_types", "written_fields"]

_PLAIN: tuple[set[Any], ...] = (
    {bool},
    {int},
    {*get_args(Number)},
    {str},
    {Identity},
    {JsonObject},
)
# Not float alone: msgspec would make a float of an integer, which is exact up to 2**53 only.


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


@cache
def written_fields(kind: Any, secrets: bool) -> Mapping[str, bool] | None:  # noqa: FBT001 - a key
    """Return the fields that are written of a plain class, and whether each is a JSON object.

    Args:
        kind: The class.
        secrets: Whether the fields that are kept out of the repr are written.

    Returns:
        None if the class is not plain, or writes itself.
    """
    found = None if hasattr(kind, "to_json") else field_types(kind)
    if found is None:
        return None
    fields = [one for one in attrs.fields(kind) if secrets or one.repr]
    return {one.name: JsonObject in found[one.name] for one in fields}


def _runs_own_code(kind: type) -> bool:
    names = ("from_wire", "__attrs_pre_init__", "__attrs_post_init__", "__attrs_init__")
    return any(hasattr(kind, name) for name in names) or bool(getattr(kind, "__parameters__", ()))


def _is_special(one: "attrs.Attribute[Any]") -> bool:
    from_self = getattr(one.default, "takes_self", False)
    renamed = one.alias != one.name or "wire" in one.metadata
    return bool(from_self or renamed or not one.init or one.converter or one.validator)
