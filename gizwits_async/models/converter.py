"""Bytes to frozen objects: the one JSON decoder and the one cattrs converter. Nothing does I/O."""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeAlias, TypeVar, get_args, get_origin

import attrs
import msgspec
from cattrs import Converter, transform_error
from cattrs.errors import BaseValidationError, IterableValidationError
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from gizwits_async.errors import InvalidResponseError
from gizwits_async.models.coercion import as_bool, as_int, as_number, as_text, is_null, shown
from gizwits_async.models.page import PageReply, context_of, unwrap
from gizwits_async.models.plain import REFUSALS, Reader, reader
from gizwits_async.models.values import JsonObject, Number

__all__ = ["load", "load_json", "structure", "unstructure"]

T = TypeVar("T")

_Hook: TypeAlias = Callable[[Any, Any], Any]
_SCALARS: tuple[tuple[Any, _Hook], ...] = (
    (bool, as_bool),
    (int, as_int),
    (float, as_number),
    (Number, as_number),
    (int | float, as_number),  # As the models of users say it, who send requests of their own.
)
_CONTEXT = b'"context"'
_decode = msgspec.json.Decoder().decode
_KEYS = re.compile(r"\[(['\"]).*\1\]")


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse("a number beyond all floats")


def load_json(body: bytes) -> Any:
    """Return what the JSON text says; read as UTF-8 with or without a mark, whatever was declared.

    Of a key that comes twice in an object the last value counts.

    Raises:
        InvalidResponseError: It is not JSON; `.truncated` if it began as JSON.
    """
    try:
        return _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass  # Not `suppress`, which costs more than a short reply.
    # What it refuses the standard library judges and words: that knows marks and half characters.
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_refuse, parse_float=_finite)
    except UnicodeDecodeError as error:
        # Guessing another encoding would put wrong characters into somebody's database.
        what, begins = f"not UTF-8 from byte {error.start} on", b"?"
    except (ValueError, RecursionError) as error:
        said = "nested too deep" if isinstance(error, RecursionError) else str(error)
        what, begins = f"not JSON: {said}", body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    # Raised outside of the except: a context is kept even "from None", and holds the whole body.
    raise InvalidResponseError(
        what, problems=(f"{what} @ $",), truncated=begins in {b"", b"{", b"["}
    )


def load(body: bytes, kind: Any) -> Any:
    """Return what a reply says, as `load_json` does, for `structure` to make an object of it.

    Plain records of a list are objects already. Those that msgspec refuses are left as they came,
    for `structure` to judge.

    Args:
        body: The JSON text.
        kind: What it will be structured into; `PageReply` of the records' class for a list.

    Raises:
        InvalidResponseError: See `load_json`.
    """
    read = reader(kind.__args__[0]) if getattr(kind, "__origin__", None) is PageReply else None
    if read is None:
        return load_json(body)
    try:
        if not body.isascii():
            body.decode()  # What no model has is passed over, but for half characters.
        return _whole(read, body) or _by_rows(read, body)
    except REFUSALS:
        return load_json(body)


def _whole(read: Reader[Any], body: bytes) -> Any:
    """Return a reply in which all records are plain and good, else None."""
    try:
        reply = read.page(body)
    except msgspec.ValidationError:
        return None
    if read.choosy and context_of(reply.get("meta"), reply) is not None:
        return reply
    # If it is not where it should be, it may be in the last record, or be one (api.md section 5).
    if body.rfind(_CONTEXT) >= 0 and _holds_context(read.rows(body)["objects"]):
        return None
    return reply


def _by_rows(read: Reader[Any], body: bytes) -> Any:
    """Return a reply in which those records are made that are good."""
    reply = read.rows(body)
    rows: list[msgspec.Raw] = reply["objects"]
    made: list[Any] = []
    left = map(read.one, rows)
    while len(made) < len(rows):
        try:
            made.extend(left)  # Those before one that is refused stay.
        except REFUSALS:
            made.append(load_json(bytes(rows[len(made)])))
    if _holds_context(rows):
        made[-1] = load_json(bytes(rows[-1]))
    reply["objects"] = made
    return reply


def _holds_context(rows: Sequence[msgspec.Raw]) -> bool:
    return bool(rows) and _CONTEXT in bytes(rows[-1])


def _json_object(value: object, _: object) -> JsonObject:
    if type(value) is dict:
        return value
    if value is None or value == "":
        return {}
    if type(value) is str:
        # The document calls an online event's payload a string, its examples show an object (C8).
        try:
            inner = load_json(value.encode())
        except (InvalidResponseError, UnicodeEncodeError):
            inner = None
        return inner if type(inner) is dict else {"text": value}
    raise ValueError(f"expected an object, got {shown(value)}")


def _renames(cls: type) -> dict[str, Any]:
    return {
        attribute.name: override(rename=attribute.metadata["wire"])
        for attribute in attrs.fields(cls)
        if "wire" in attribute.metadata
    }


def _is_list(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _is_own(kind: Any) -> bool:
    return attrs.has(kind) and hasattr(kind, "from_wire")


def _read_own(value: object, kind: Any) -> Any:
    return kind.from_wire(value)


def _write_own(model: Any) -> Any:
    return model.to_wire()


def _is_page(kind: Any) -> bool:
    return get_origin(kind) is PageReply


def _is_json_object(kind: Any) -> bool:
    return bool(kind == JsonObject)


def _is_number(kind: Any) -> bool:
    return bool(kind == Number or kind == int | float)


def _perhaps(kind: Any, hook: _Hook) -> tuple[Callable[[Any], bool], _Hook]:
    def structure_it(value: object, _: object) -> object:
        return None if is_null(value) else hook(value, kind)

    return lambda asked: bool(asked == kind | None), structure_it


def _list_hooks(converter: Converter) -> Callable[[Any], Callable[[Any, Any], tuple[Any, ...]]]:
    def structure_list(kind: Any) -> Callable[[Any, Any], tuple[Any, ...]]:
        item = get_args(kind)[0]
        listed: Any = list[item]  # type: ignore[valid-type]
        fill = converter.get_structure_hook(listed)

        def hook(value: object, _: object) -> tuple[Any, ...]:
            # cattrs would take a text for a list of letters, and an object for a list of its keys.
            if not isinstance(value, list | tuple):
                raise ValueError(f"expected a list, got {shown(value)}")
            made = list(value)
            left = [place for place, one in enumerate(made) if type(one) is not item]
            try:
                filled = fill([made[place] for place in left], listed)
            except IterableValidationError as errors:
                for _, note in errors.group_exceptions()[0]:
                    note.index = left[int(note.index)]
                raise
            for place, one in zip(left, filled, strict=True):
                made[place] = one
            return tuple(made)

        return hook

    return structure_list


def _page_hooks(converter: Converter) -> Callable[[Any], Callable[[Any, Any], PageReply[Any]]]:
    def structure_page(kind: Any) -> Callable[[Any, Any], PageReply[Any]]:
        item = get_args(kind)[0]
        listed: Any = tuple[item, ...]  # type: ignore[valid-type]
        fill = converter.get_structure_hook(listed)

        def hook(value: object, _: object) -> PageReply[Any]:
            objects, total, context = unwrap(value)
            # Made by `load`: JSON has no tuples.
            made = type(objects) is tuple and (not objects or type(objects[0]) is item)
            records = objects if made else fill(objects, listed)
            return PageReply(objects=records, total=total, context=context)

        return hook

    return structure_page


def _make_converter() -> Converter:
    """Return a converter with the strict hooks, which collects every bad field.

    A model whose JSON is no fixed set of fields (a tree) reads and writes it by itself: classmethod
    `from_wire(value)`, which raises ValueError without a path, and its inverse `to_wire()`.
    """
    converter = Converter(forbid_extra_keys=False)
    converter.register_structure_hook_func(_is_number, as_number)
    converter.register_structure_hook(str, as_text)  # Where a text may stand, "null" is one.
    for kind, hook in _SCALARS:
        if isinstance(kind, type):
            converter.register_structure_hook(kind, hook)
        converter.register_structure_hook_func(*_perhaps(kind, hook))
    converter.register_structure_hook_func(*_perhaps(JsonObject, _json_object))
    converter.register_structure_hook_func(_is_json_object, _json_object)
    converter.register_unstructure_hook_func(_is_json_object, dict)

    def structure_attrs(cls: type) -> Callable[[Any, Any], Any]:
        fill: Callable[[Any, Any], Any] = make_dict_structure_fn(
            cls,
            converter,
            **_renames(cls),
        )

        def hook(value: object, kind: type) -> Any:
            if type(value) is not dict:
                raise ValueError(f"expected an object, got {shown(value)}")
            return fill(value, kind)

        return hook

    def unstructure_attrs(cls: type) -> Callable[[Any], dict[str, Any]]:
        return make_dict_unstructure_fn(cls, converter, **_renames(cls))

    converter.register_structure_hook_factory(attrs.has, structure_attrs)
    converter.register_unstructure_hook_factory(attrs.has, unstructure_attrs)
    converter.register_structure_hook_func(_is_own, _read_own)
    converter.register_unstructure_hook_func(_is_own, _write_own)
    converter.register_structure_hook_factory(_is_list, _list_hooks(converter))
    converter.register_structure_hook_factory(_is_page, _page_hooks(converter))
    return converter


_CONVERTER = _make_converter()


def _said(error: BaseException, _: type | None = None) -> str:
    if isinstance(error, KeyError):
        return "required field missing"
    return str(error) or type(error).__name__


def _without_keys(problem: str) -> str:
    # Keys of a free object come from the reply, as its texts do: one may be a secret.
    said, _, path = problem.partition(" @ ")
    return f"{said} @ {_KEYS.sub('[...]', path)}"


def structure(value: object, kind: type[T]) -> T:
    """Return JSON, plain or by `load`, as an object of `kind`.

    Raises:
        InvalidResponseError: `.problems` names each bad field with its path.
    """
    try:
        return _CONVERTER.structure(value, kind)
    except BaseValidationError as errors:
        root = "$.objects" if _is_page(kind) else "$"
        problems = tuple(map(_without_keys, transform_error(errors, root, _said)))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        said, root = _said(error), "$.objects" if _is_page(kind) else "$"
        problems = (said if " @ $" in said else f"{said} @ {root}",)
    # Raised outside of the except, so that no half-built object hangs on to the error.
    raise InvalidResponseError("; ".join(problems[:5]), problems=problems)


def unstructure(value: object) -> Mapping[str, Any]:
    """Return a model as the plain JSON that `structure` would read it from."""
    plain: Mapping[str, Any] = _CONVERTER.unstructure(value)
    return plain
