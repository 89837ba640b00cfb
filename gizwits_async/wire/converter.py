"""Bytes to frozen objects: the one JSON decoder and the one cattrs converter. Nothing does I/O."""

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar, get_args, get_origin

import attrs
from cattrs import Converter, transform_error
from cattrs.errors import BaseValidationError
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from gizwits_async.errors import InvalidResponseError
from gizwits_async.models.page import PageReply, unwrap
from gizwits_async.models.values import JsonObject

__all__ = ["load_json", "make_converter", "structure", "unstructure"]

T = TypeVar("T")

_NUMBER = re.compile(r"-?\d{1,40}(\.\d{1,40})?", re.ASCII)
_TRUTH = {"1": True, "0": False, "true": True, "false": False}


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse("a number beyond all floats")


def load_json(body: bytes) -> Any:
    """Return what the JSON text says; read as UTF-8 with or without a mark, whatever was declared.

    Raises:
        InvalidResponseError: It is not JSON; `.truncated` if it began as JSON.
    """
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


# The hooks test the exact type first: nearly every value is already what it should be. cattrs' own
# would make "false" True, None "None" and 1517384124.229 an int without a word.


def _bool(value: object, _: object) -> bool:
    if value is True or value is False:
        return value
    if type(value) is int and value in (0, 1):
        return value == 1
    if type(value) is str and value.lower() in _TRUTH:
        return _TRUTH[value.lower()]
    raise ValueError(f"expected a boolean, got {_shown(value)}")


def _int(value: object, _: object) -> int:
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer():
        return int(value)
    if type(value) is str and _NUMBER.fullmatch(value) and "." not in value:
        return int(value)
    raise ValueError(f"expected a whole number, got {_shown(value)}")


def _float(value: object, _: object) -> float:
    if type(value) is float or type(value) is int:
        # An int stays one: 1517384243 is exact, and larger ones have no float at all.
        return value
    if type(value) is str and _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    raise ValueError(f"expected a number, got {_shown(value)}")


def _str(value: object, _: object) -> str:
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    if isinstance(value, str):  # A secret, unstructured from a model.
        return value
    raise ValueError(f"expected a text, got {_shown(value)}")


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
    raise ValueError(f"expected an object, got {_shown(value)}")


def _shown(value: object) -> str:
    """Say what came instead; of a text only its length, for it may be a secret."""
    if value is None:
        return "null"
    if isinstance(value, bool | float):
        return json.dumps(value)
    if isinstance(value, str):
        return f"a text of {len(value)} characters"
    return type(value).__name__


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


def _list_hooks(converter: Converter) -> Callable[[Any], Callable[[Any, Any], tuple[Any, ...]]]:
    def structure_list(kind: Any) -> Callable[[Any, Any], tuple[Any, ...]]:
        listed: Any = list[get_args(kind)[0]]  # type: ignore[misc]
        fill = converter.get_structure_hook(listed)

        def hook(value: object, _: object) -> tuple[Any, ...]:
            # cattrs would take a text for a list of letters, and an object for a list of its keys.
            if not isinstance(value, list | tuple):
                raise ValueError(f"expected a list, got {_shown(value)}")
            return tuple(fill(value, listed))

        return hook

    return structure_list


def make_converter(*, detailed: bool) -> Converter:
    """Return a converter with the strict hooks; `detailed` collects every bad field, more slowly.

    A model whose JSON is no fixed set of fields (a tree) reads and writes it by itself: classmethod
    `from_wire(value)`, which raises ValueError without a path, and its inverse `to_wire()`.
    """
    converter = Converter(detailed_validation=detailed, forbid_extra_keys=False)
    for kind, hook in ((bool, _bool), (int, _int), (float, _float), (str, _str)):
        converter.register_structure_hook(kind, hook)
    converter.register_structure_hook_func(lambda kind: kind == JsonObject, _json_object)
    converter.register_unstructure_hook_func(lambda kind: kind == JsonObject, dict)

    def structure_attrs(cls: type) -> Callable[[Any, Any], Any]:
        fill: Callable[[Any, Any], Any] = make_dict_structure_fn(
            cls,
            converter,
            _cattrs_detailed_validation=detailed,
            _cattrs_forbid_extra_keys=False,
            **_renames(cls),
        )

        def hook(value: object, kind: type) -> Any:
            if type(value) is not dict:
                raise ValueError(f"expected an object, got {_shown(value)}")
            return fill(value, kind)

        return hook

    def unstructure_attrs(cls: type) -> Callable[[Any], dict[str, Any]]:
        return make_dict_unstructure_fn(cls, converter, **_renames(cls))

    def structure_page(kind: Any) -> Callable[[Any, Any], PageReply[Any]]:
        records: Any = tuple[get_args(kind)[0], ...]  # type: ignore[misc]
        items = converter.get_structure_hook(records)

        def hook(value: object, _: object) -> PageReply[Any]:
            envelope = unwrap(value)
            return PageReply(
                objects=items(envelope.objects, records),
                total=envelope.total,
                context=envelope.context,
            )

        return hook

    converter.register_structure_hook_factory(attrs.has, structure_attrs)
    converter.register_unstructure_hook_factory(attrs.has, unstructure_attrs)
    converter.register_structure_hook_func(_is_own, _read_own)
    converter.register_unstructure_hook_func(_is_own, _write_own)
    converter.register_structure_hook_factory(_is_list, _list_hooks(converter))
    converter.register_structure_hook_factory(_is_page, structure_page)
    return converter


_FAST = make_converter(detailed=False)
_DETAILED = make_converter(detailed=True)


def _said(error: BaseException, _: type | None = None) -> str:
    if isinstance(error, KeyError):
        return "required field missing"
    return str(error) or type(error).__name__


def _problems(value: object, kind: Any) -> tuple[str, ...]:
    root = "$.objects" if _is_page(kind) else "$"
    try:
        _DETAILED.structure(value, kind)
    except BaseValidationError as errors:
        return tuple(transform_error(errors, root, _said))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        said = _said(error)
        return (said if " @ $" in said else f"{said} @ {root}",)
    raise AssertionError("unreachable")


def structure(value: object, kind: type[T]) -> T:
    """Return plain JSON as an object of `kind`; fast first, and once more with paths if it fails.

    Raises:
        InvalidResponseError: `.problems` names each bad field with its path.
    """
    try:
        return _FAST.structure(value, kind)
    except (ValueError, TypeError, KeyError, RecursionError):
        problems = _problems(value, kind)
    # Raised outside of the except, so that no half-built object hangs on to the error.
    raise InvalidResponseError("; ".join(problems[:5]), problems=problems)


def unstructure(value: object) -> Mapping[str, Any]:
    """Return a model as the plain JSON that `structure` would read it from."""
    plain: Mapping[str, Any] = _FAST.unstructure(value)
    return plain
