"""Plain records: the classes that msgspec fills in C, also from fields in other spellings. Pure."""

import types
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Union, get_args, get_origin

import attrs
import msgspec

from gizwits_async.models.converter import structure_hook
from gizwits_async.models.values import Identity, JsonObject, Number

__all__ = ["REFUSALS", "Filler", "field_types"]

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


class Filler:
    """Fills the records of a plain class, some of whose fields may come in any spelling."""

    def __init__(self, record: Any, odd: Iterable[str] = ()) -> None:
        """Prepare for one class.

        Args:
            record: The class, which must be plain.
            odd: Names of the fields whose values msgspec would refuse, so that the converter reads them.
        """
        fields = [one for one in attrs.fields(record) if one.name in odd]
        self._record = record
        self._odd = [(one.name, structure_hook(one.type), one.type) for one in fields]
        self._is_whole: Callable[[Any], bool] | None = getattr(record, "is_whole", None)
        self.kind = record
        """The class that msgspec has to fill: the record, or one that takes any value in odd fields."""
        if fields:
            # A subclass without slots of its own, so that its instances can become records.
            annotations = {one.name: Any for one in fields}
            members = {"__slots__": (), "__annotations__": annotations}
            self.kind = type(record.__name__, (record,), members)
        self._decode = msgspec.json.Decoder(self.kind, strict=False).decode

    def fill(self, rows: list[Any]) -> list[int]:
        """Replace the texts of rows by records; return the positions of rows that it cannot fill."""
        decode = self._decode
        refused = []
        for index, text in enumerate(rows):
            try:
                rows[index] = decode(text)
            except REFUSALS:
                refused.append(index)
        if self._odd or self._is_whole:
            filled = sorted(set(range(len(rows))).difference(refused))
            refused += [filled[at] for at in self.finish([rows[index] for index in filled])]
        return refused

    def finish(self, rows: list[Any]) -> list[int]:
        """Make records of what msgspec filled; return the positions of rows for which it cannot."""
        put = object.__setattr__  # The classes are frozen.
        try:
            for name, read, kind in self._odd:
                for row in rows:
                    put(row, name, read(getattr(row, name), kind))
        except REFUSALS:
            if len(rows) == 1:
                return [0]
            return [index for index, row in enumerate(rows) if self.finish([row])]  # One by one.
        if self._odd:
            for row in rows:
                put(row, "__class__", self._record)
        if self._is_whole is None or all(map(self._is_whole, rows)):
            return []
        return [index for index, row in enumerate(rows) if not self._is_whole(row)]


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
