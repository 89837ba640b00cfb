"""Reads rows of plain JSON field by field: what is wrong with one field or row spoils no other. Pure."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import attrs

from gizwits_async.models.coercion import describe
from gizwits_async.models.rows import Problem, keep_unread

__all__ = ["Hook", "Rows", "key_of", "message_of", "row_reader"]

Hook: TypeAlias = Callable[[Any, Any], Any]
"""Takes a JSON value and a type; returns the value as that type, or raises one of `_REFUSALS`."""
Rows: TypeAlias = tuple[tuple[Any, ...], tuple[Problem, ...]]
"""The rows that could be read, and what is wrong with the others or with their fields."""
_Fill: TypeAlias = Callable[[Any], tuple[Any, dict[str, str]]]
"""Takes a row; returns it as a record and nothing, or None and field -> reason."""

_REFUSALS = (ExceptionGroup, ValueError, TypeError, KeyError, RecursionError)
"""What hooks raise for JSON that does not fit; the groups come from cattrs."""
_MISSING = "required field missing"
_WHOLE = ""
"""Stands for the row as a whole, where else a field is named."""


def row_reader(kind: Any, hook_of: Callable[[Any], Hook]) -> Callable[[Sequence[Any], str], Rows]:
    """Return a function of rows and of their path, such as `$.objects`, which reads them.

    The rows are plain JSON; or as `Filler` leaves them: records, which are kept, or pairs of a record
    whose other fields are right and of field -> reason.

    Args:
        kind: The class of the records, or any other type.
        hook_of: Returns what reads the values of a type.
    """
    has_fields = isinstance(kind, type) and attrs.has(kind) and not hasattr(kind, "from_wire")
    fields = attrs.fields(attrs.resolve_types(kind)) if has_fields else ()
    fill = _by_field(kind, hook_of) if has_fields else _as_whole(kind, hook_of(kind))
    needed = {_WHOLE, *(one.name for one in fields if one.default is attrs.NOTHING)}
    keys = {one.name: key_of(one) for one in fields}

    def read(values: Sequence[Any], path: str) -> Rows:
        rows: list[Any] = []
        problems: list[Problem] = []
        for index, value in enumerate(values):
            if type(value) is kind:
                rows.append(value)
                continue
            row, reasons = value if type(value) is tuple else fill(value)
            if not reasons:
                rows.append(row)
                continue
            lost = needed & reasons.keys()
            if not lost and row is None:
                odd = {keys[name] for name in reasons}
                # Without the odd fields: `prepare` may find them elsewhere, or refuse the rest.
                row, more = fill({key: it for key, it in value.items() if key not in odd})
                lost = set(more)
                reasons = reasons | more
            if not lost:
                rows.append(keep_unread(row, reasons))
            for field, reason in reasons.items():
                problems.append(_problem(f"{path}[{index}]", field, reason, lost))
        return tuple(rows), tuple(problems)

    return read


def key_of(one: "attrs.Attribute[Any]") -> str:
    """Return the name of a field in JSON."""
    key: str = one.metadata.get("wire", one.name)
    return key


def message_of(error: BaseException) -> str:
    """Return what a hook found wrong."""
    if isinstance(error, KeyError):
        return _MISSING
    return str(error) or type(error).__name__


def _by_field(kind: Any, hook_of: Callable[[Any], Hook]) -> _Fill:
    prepare = getattr(kind, "prepare", None)
    fields = [
        (
            one.name,
            key_of(one),
            one.alias,
            hook_of(one.type),
            one.type,
            one.default is attrs.NOTHING,
        )
        for one in attrs.fields(kind)
        if one.init
    ]

    def fill(value: Any) -> tuple[Any, dict[str, str]]:
        if type(value) is not dict:
            return None, {_WHOLE: f"expected an object, got {describe(value)}"}
        given: dict[str, Any] = {}
        reasons: dict[str, str] = {}
        try:
            if prepare is not None:
                value = prepare(value)
            for name, key, argument, read, kind_of_field, needed in fields:
                if key in value:
                    try:
                        given[argument] = read(value[key], kind_of_field)
                    except _REFUSALS as error:
                        reasons[name] = message_of(error)
                elif needed:
                    reasons[name] = _MISSING
            row = None if reasons else kind(**given)
        except _REFUSALS as error:  # The class refuses the row: `prepare`, a validator.
            return None, {_WHOLE: message_of(error)}
        return row, reasons

    return fill


def _as_whole(kind: Any, read: Hook) -> _Fill:
    def fill(value: Any) -> tuple[Any, dict[str, str]]:
        try:
            return read(value, kind), {}
        except _REFUSALS as error:
            return None, {_WHOLE: message_of(error)}

    return fill


def _problem(path: str, field: str, reason: str, lost: set[str]) -> Problem:
    if field == _WHOLE:
        return Problem(path=path, field=None, reason=reason, set_aside=True)
    return Problem(path=f"{path}.{field}", field=field, reason=reason, set_aside=field in lost)
