"""How pydantic, and with it FastAPI, see the classes of this package: by their attrs fields.

pydantic is not imported before it asks for a schema, and is no dependency.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs

__all__ = ["Model"]


class Model:
    """The base of classes that a web application may return: `-> list[Device]`, `-> Page[Device]`."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Return the schema of this class for pydantic, without fields that hold secrets."""
        from pydantic_core import core_schema  # noqa: PLC0415 - it is there if it asks

        from gizwits_async.models.converter import to_dict  # noqa: PLC0415

        written = handler.generate_schema(_plain(source))
        return core_schema.is_instance_schema(
            cls,
            serialization=core_schema.plain_serializer_function_ser_schema(
                to_dict, return_schema=written
            ),
        )

    @property
    def __pydantic_serializer__(self) -> Any:
        """Return a serializer for where pydantic knows no type, as in `-> dict[str, Any]`."""
        return _serializer()


@cache
def _serializer() -> Any:
    from pydantic_core import SchemaSerializer, core_schema  # noqa: PLC0415 - it is there if it asks

    from gizwits_async.models.converter import to_dict  # noqa: PLC0415

    written = core_schema.plain_serializer_function_ser_schema(to_dict)
    return SchemaSerializer(core_schema.any_schema(serialization=written))


def _plain(kind: Any, given: Mapping[Any, Any] | None = None) -> Any:
    """Return the type of `to_dict(value)` for values of this type.

    Args:
        kind: A class, or a type made of classes.
        given: Type variable -> type.
    """
    origin, args = get_origin(kind), get_args(kind)
    cls = origin or kind
    if isinstance(kind, TypeVar):
        return _plain((given or {}).get(kind, Any))
    if isinstance(cls, type) and attrs.has(cls):
        return dict[str, Any] if hasattr(cls, "to_wire") else _dict_of(cls, args)
    if origin is Annotated:
        return _plain(args[0], given)
    inner = [_plain(one, given) for one in args if one is not ...]
    if origin in {Union, UnionType}:
        return Union[tuple(inner)]  # noqa: UP007 - made at run time
    if origin is tuple:
        return list[Union[tuple(inner)]]  # type: ignore[misc]  # noqa: UP007
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return dict[inner[0], inner[1]]  # type: ignore[valid-type]
    return str if kind is bytes else kind


def _dict_of(cls: type, args: tuple[Any, ...]) -> Any:
    """Return a TypedDict of what is written of a class, each field with its docstring."""
    if (cls, args) in _DICTS:
        return _DICTS[cls, args]
    from pydantic import Field  # noqa: PLC0415
    from typing_extensions import TypedDict  # noqa: PLC0415 - pydantic takes no other before 3.12

    given = dict(zip(getattr(cls, "__parameters__", ()), args, strict=False))
    names = [cls.__name__, *(one.__name__ for one in args if isinstance(one, type))]
    # Entered before its fields are looked at: one of them may hold the class itself.
    made = _DICTS[cls, args] = TypedDict("_".join(names), {})  # type: ignore[operator]
    made.__doc__ = inspect.getdoc(cls)
    hints, docs = get_type_hints(cls, include_extras=True), dict(_docs(cls))
    for one in attrs.fields(cls):
        if one.repr:
            name = one.metadata.get("wire", one.name)
            kind = _plain(hints[one.name], given)
            made.__annotations__[name] = Annotated[kind, Field(description=docs.get(one.name))]
    made.__required_keys__ = frozenset(made.__annotations__)
    return made


_DICTS: dict[tuple[type, tuple[Any, ...]], Any] = {}
"""The types made so far; not a cache of the function, which calls itself for recursive classes."""


def _docs(cls: type) -> Iterator[tuple[str, str]]:
    """Yield the attributes of a class with the docstrings below them, as far as its source is there."""
    for base in reversed(cls.__mro__):
        try:
            (tree,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        except (OSError, TypeError):
            continue
        for node, after in pairwise(getattr(tree, "body", ())):
            if isinstance(node, ast.AnnAssign) and isinstance(after, ast.Expr):
                text = ast.literal_eval(after.value)
                yield ast.unparse(node.target), inspect.cleandoc(text)
