"""Plain JSON to frozen objects, with strict hooks, and objects to plain JSON. Pure."""

import json
import re
from collections.abc import Callable
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin

import attrs

from gizwits_async.errors import InvalidResponseError
from gizwits_async.models.coercion import (
    as_bool,
    as_identity,
    as_int,
    as_number,
    as_text,
    describe,
    is_null,
)
from gizwits_async.models.json import load_json
from gizwits_async.models.page import LogReply, PageReply, unwrap
from gizwits_async.models.plain_fields import written_fields
from gizwits_async.models.row_reader import Hook, key_of, message_of, row_reader
from gizwits_async.models.values import Identity, JsonObject, Number

if TYPE_CHECKING:
    from cattrs import Converter
    from cattrs.errors import BaseValidationError

    from gizwits_async.models.device_groups import GroupMacs

__all__ = ["structure", "structure_hook", "to_dict", "to_json"]

T = TypeVar("T")

_KEYS = re.compile(r"\[(['\"]).*\1\]")
_MAX_PROBLEMS = 5
"""Problems that the message of an error lists; `.problems` holds all of them."""


def structure(value: object, kind: type[T]) -> T:
    """Return plain JSON as an object of `kind`.

    Raises:
        InvalidResponseError: `.problems` names each bad field with its path.
    """
    root = "$.objects" if _is_page(kind) else "$"
    try:
        return _converter().structure(value, kind)
    except _refusal() as errors:
        from cattrs import transform_error  # noqa: PLC0415

        problems = tuple(map(_without_keys, transform_error(errors, root, _message)))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        message = _message(error)
        problems = (message if " @ $" in message else f"{message} @ {root}",)
    # Raised outside of `except`, so that the error keeps no half-built object alive.
    raise InvalidResponseError("; ".join(problems[:_MAX_PROBLEMS]), problems=problems)


def to_dict(value: object, *, secrets: bool = False) -> Any:  # JSON has no closer type.
    """Return an answer, a page or a report as plain JSON values: dicts, lists, texts, numbers.

    Fields have the names of the API; a location or group tree has the shape of the API's reply.
    Bytes become hexadecimal text, datetimes ISO 8601 text.

    Args:
        value: An object of this package, or a list, tuple or mapping of them.
        secrets: Whether fields that hold a secret (a device's passcode, a token) are included.
    """
    kind: Any = type(value)
    fields = written_fields(kind, secrets)
    if fields is None:
        return _writer(secrets=secrets).unstructure(value)
    # As cattrs would write it, which takes a twentieth of a console start to load.
    values = {name: getattr(value, name) for name in fields}
    return {
        name: dict(it) if fields[name] and it is not None else it for name, it in values.items()
    }


def to_json(value: object, *, secrets: bool = False) -> str:
    """Return `to_dict` as JSON text, in ASCII: a lone surrogate in a name cannot break the reader.

    Args:
        value: An object of this package, or a list, tuple or mapping of them.
        secrets: Whether fields that hold a secret (a device's passcode, a token) are included.
    """
    return json.dumps(to_dict(value, secrets=secrets))


@cache
def _refusal() -> "type[BaseValidationError]":
    # As all of cattrs, loaded on first use: a client that is only imported reads nothing yet.
    from cattrs.errors import BaseValidationError  # noqa: PLC0415

    return BaseValidationError


def _message(error: BaseException, _: type | None = None) -> str:
    return message_of(error)


def _without_keys(problem: str) -> str:
    # The keys of a free object come from the reply like its values: one may be a secret.
    message, _, path = problem.partition(" @ ")
    return f"{message} @ {_KEYS.sub('[...]', path)}"


def _json_object(value: object, _: object) -> JsonObject:
    if type(value) is dict:
        return value
    if value is None or value == "":
        return {}
    if type(value) is str:
        # The document calls an online event's payload a string; its examples show an object.
        try:
            inner = load_json(value)
        except (InvalidResponseError, UnicodeEncodeError):
            inner = None
        return inner if type(inner) is dict else {"text": value}
    raise ValueError(f"expected an object, got {describe(value)}")


_HOOKS: tuple[tuple[Any, Hook], ...] = (
    (bool, as_bool),
    (int, as_int),
    (float, as_number),
    (Number, as_number),
    (int | float, as_number),  # What users write in models of their own.
    (Identity, as_identity),
    (JsonObject, _json_object),
)


def _is(kind: Any) -> Callable[[Any], bool]:
    return lambda asked: bool(asked == kind)


def _optional(hook: Hook, kind: Any) -> Hook:
    return lambda value, _: None if is_null(value) else hook(value, kind)


def _optional_text(value: Any, _: Any) -> str | None:
    return None if value is None else as_text(value)  # "null" is a text.


def _is_page(kind: Any) -> bool:
    return get_origin(kind) in {PageReply, LogReply}


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _reads_itself(kind: Any) -> bool:
    return attrs.has(kind) and hasattr(kind, "from_wire")


def _renames(cls: type) -> dict[str, Any]:
    from cattrs.gen import override  # noqa: PLC0415

    return {
        one.name: override(rename=key_of(one))
        for one in attrs.fields(cls)
        if key_of(one) != one.name
    }


def _structure_attrs(cls: type, converter: "Converter") -> Hook:
    from cattrs.gen import make_dict_structure_fn  # noqa: PLC0415

    fill: Hook = make_dict_structure_fn(cls, converter, **_renames(cls))
    prepare = getattr(cls, "prepare", None)

    def hook(value: object, kind: type) -> Any:
        if type(value) is not dict:
            raise ValueError(f"expected an object, got {describe(value)}")
        return fill(value if prepare is None else prepare(value), kind)

    return hook


def _structure_tuple(kind: Any, converter: "Converter") -> Hook:
    listed: Any = list[get_args(kind)[0]]  # type: ignore[misc]
    fill = converter.get_structure_hook(listed)

    def hook(value: object, _: object) -> tuple[Any, ...]:
        # cattrs would read a text as a list of letters, and an object as a list of its keys.
        if not isinstance(value, list | tuple):
            raise ValueError(f"expected a list, got {describe(value)}")
        return tuple(fill(value, listed))

    return hook


def _structure_page(kind: Any, converter: "Converter") -> Hook:
    page: type[PageReply[Any]]
    page, (record,) = get_origin(kind), get_args(kind)
    read = row_reader(record, converter.get_structure_hook)

    def hook(value: object, _: object) -> PageReply[Any]:
        objects, total, context, extra = unwrap(value, log=page is LogReply)
        rows, problems = read(objects, "$.objects")
        return page(
            objects=rows,
            total=total,
            context=context,
            extra_objects=extra,
            set_aside=len(objects) - len(rows),
            problems=problems,
        )

    return hook


_read_macs = row_reader(Identity, lambda _: as_identity)


def _structure_macs(value: object, kind: "type[GroupMacs]") -> "GroupMacs":
    macs = value.get("macs") if isinstance(value, dict) else None
    if not isinstance(macs, list):
        raise ValueError(f"expected a list, got {describe(macs)} @ $.macs")
    rows, problems = _read_macs(macs, "$.macs")
    return kind(macs=rows, set_aside=len(macs) - len(rows), problems=problems)


@cache
def _converter() -> "Converter":
    """Return a converter with the strict hooks, which collects every bad field.

    A model whose JSON is not a fixed set of fields (a tree) has two methods of its own: the
    classmethod `from_wire(value)`, which raises ValueError, and its inverse `to_wire()`. A model that
    comes in several shapes has the classmethod `prepare(value)`, which returns the JSON object in the
    shape of its fields, or raises ValueError.
    """
    from cattrs import Converter  # noqa: PLC0415

    from gizwits_async.models.device_groups import GroupMacs  # noqa: PLC0415 - rarely needed

    converter = Converter(forbid_extra_keys=False)
    converter.register_structure_hook(str, as_text)
    converter.register_structure_hook_func(_is(str | None), _optional_text)
    for kind, hook in _HOOKS:
        if isinstance(kind, type):  # cattrs prefers its own hook for a class to one by function.
            converter.register_structure_hook(kind, hook)
        converter.register_structure_hook_func(_is(kind), hook)
        # Not for text: a required text may be the word "null".
        converter.register_structure_hook_func(_is(kind | None), _optional(hook, kind))
    # cattrs asks the hook that was registered last first.
    converter.register_structure_hook_factory(attrs.has, _structure_attrs)
    converter.register_structure_hook_func(_reads_itself, lambda value, kind: kind.from_wire(value))
    converter.register_structure_hook_factory(_is_tuple, _structure_tuple)
    converter.register_structure_hook_factory(_is_page, _structure_page)
    converter.register_structure_hook(GroupMacs, _structure_macs)
    return converter


def structure_hook(kind: Any) -> Hook:
    """Return the function of a value and its type by which `structure` reads one field."""
    return _converter().get_structure_hook(kind)


@cache
def _writer(*, secrets: bool) -> "Converter":
    """Return a converter from objects to plain JSON.

    A class with a method `to_json` (a report, whose computed values belong to it) or `to_wire`
    writes itself. Fields that are kept out of the repr are the secrets.
    """
    from cattrs import Converter  # noqa: PLC0415
    from cattrs.gen import make_dict_unstructure_fn, override  # noqa: PLC0415

    converter = Converter(unstruct_collection_overrides={tuple: list})

    def write_attrs(cls: type) -> Callable[[Any], dict[str, Any]]:
        overrides = _renames(cls)
        if not secrets:
            fields = attrs.fields(cls)
            overrides |= {one.name: override(omit=True) for one in fields if not one.repr}
        return make_dict_unstructure_fn(cls, converter, **overrides)

    converter.register_unstructure_hook(bytes, bytes.hex)
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_unstructure_hook_func(_is(JsonObject), dict)
    converter.register_unstructure_hook_factory(attrs.has, write_attrs)
    converter.register_unstructure_hook_func(_reads_itself, lambda model: model.to_wire())
    converter.register_unstructure_hook_func(
        lambda kind: attrs.has(kind) and hasattr(kind, "to_json"),
        lambda model: converter.unstructure(model.to_json()),
    )
    return converter
