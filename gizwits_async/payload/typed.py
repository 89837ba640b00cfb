"""The base of the typed classes that `gizwits-async codegen` writes, one for each product."""

import json
from collections.abc import Callable, Iterable, Mapping
from enum import Enum, EnumType
from functools import cache
from typing import Any, ClassVar, Self, TypeVar

from attrs import field, fields, frozen

from gizwits_async.models.converter import structure
from gizwits_async.models.product import ProductDataPoints
from gizwits_async.payload.codec import DataPointCodec, codec_of
from gizwits_async.payload.kinds import Value

__all__ = ["TypedRecord", "flag", "number", "point", "text", "whole"]

T = TypeVar("T")


@frozen(kw_only=True)
class TypedRecord:
    """The data points of a device at one moment, as typed attributes; None for those not reported."""

    rest: Mapping[str, object] = field(factory=dict)
    """What has no attribute: points that the definition lacks, and values that do not fit it."""

    definition: ClassVar[str] = ""
    """The product's definition as JSON, as it was when the class was written."""
    _readers: ClassVar[Mapping[str, tuple[str, Callable[[object], object]]]] = {}
    """Data point -> its attribute, and what reads a value of it."""

    @classmethod
    def __attrs_init_subclass__(cls) -> None:
        """Prepare reading, once a class."""
        points = ((item.name, *item.metadata["point"]) for item in fields(cls)[1:])
        cls._readers = {name: (attribute, _quick(reads)) for attribute, name, reads in points}

    @classmethod
    def read(cls, attrs: Mapping[str, object]) -> Self:
        """Return the data points of a record of the data log. Never fails: see `rest`.

        Args:
            attrs: `DataRecord.attrs`, or what `codec().decode(frame)` returned.
        """
        readers = cls._readers
        typed: dict[str, Any] = {}
        rest: dict[str, object] = {}
        for name, value in attrs.items():
            try:
                attribute, reads = readers[name]
                typed[attribute] = reads(value)
            except (KeyError, ValueError, TypeError):
                rest[name] = value
        return cls(**typed, rest=rest)

    @classmethod
    def codec(cls) -> DataPointCodec:
        """Return the product's codec, for the frames of the cmd log. Makes no call."""
        return _codec(cls.definition)

    @classmethod
    def checked(cls, **values: object) -> dict[str, Value]:
        """Return the `attrs` of a command: the given values but None, under the service's names.

        Raises:
            ArgumentError: The product does not allow a value; the message lists what it allows.
        """
        names = {attribute: name for name, (attribute, _) in cls._readers.items()}
        given = {names[name]: value for name, value in values.items() if value is not None}
        return cls.codec().check(given)


def point(name: str, reads: Callable[[object], T]) -> dict[str, tuple[str, Callable[[object], T]]]:
    """Return the metadata of an attribute: its data point, and what reads a value of it.

    Args:
        name: The data point's name.
        reads: Returns the typed value, or raises ValueError for one that does not fit.
    """
    return {"point": (name, reads)}


def flag(value: object) -> bool:
    """Return a bool, which the data log shows as 0 or 1."""
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    raise ValueError  # `read` keeps the value in `rest`.


def whole(value: object) -> int:
    """Return a number of a data point whose steps are whole; 21.0 is 21."""
    found = number(value)
    if found != found // 1:
        raise ValueError
    return int(found)


def number(value: object) -> float:
    """Return a number; a bool is none."""
    if type(value) is int or type(value) is float:
        return value
    raise ValueError


def text(value: object) -> str:
    """Return a text: the hex digits of a binary data point."""
    if isinstance(value, str):
        return value
    raise ValueError


def _quick(reads: Callable[[object], object]) -> Callable[[object], object]:
    """Return the same function; of an enum, the look-up of its values, which costs a fifth of a call."""
    if isinstance(reads, EnumType):
        members: Iterable[Enum] = reads
        return {member.value: member for member in members}.__getitem__
    return reads


@cache
def _codec(definition: str) -> DataPointCodec:
    return codec_of(structure(json.loads(definition), ProductDataPoints))
