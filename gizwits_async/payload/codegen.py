"""Writes the source of a typed class for one product, from its definition. Pure.

The definition comes from the service: its texts stand in the source as literals and its names only
as checked identifiers, so that no definition can bring code into the file.
"""

import json
import keyword
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Self

from attrs import frozen

from gizwits_async.errors import ArgumentError
from gizwits_async.models.converter import to_dict
from gizwits_async.models.product import DataPoint, ProductDataPoints
from gizwits_async.payload.codec import codec_of
from gizwits_async.payload.kinds import describe, kind_of
from gizwits_async.payload.typed import TypedRecord

__all__ = ["source"]

_TYPES = {"flag": "bool", "whole": "int", "number": "float", "text": "str"}
"""What reads a value -> the type of what it returns."""
_TAKEN = {"ClassVar", "StrEnum", "TypedRecord", "Value", "dict", "field", "frozen", "point"}
_RESERVED = {
    *dir(TypedRecord),
    *_TAKEN,
    *_TYPES,
    *_TYPES.values(),
    "order",
    "rest",
    "classmethod",
    "cls",
    "self",
}
"""Names that the module uses itself: a data point of such a name gets another attribute."""


def source(datapoints: ProductDataPoints, name: str = "Product") -> str:
    """Return the source of a module with one class for the product and one for each enum.

    The same definition gives the same text, formatted as ruff does if names are of a usual length.

    Args:
        datapoints: What `client.product.datapoints()` returned.
        name: The name of the class.

    Raises:
        ArgumentError: `name` cannot be the name of a class.
        InvalidResponseError: The definition is inconsistent; the message names the data point.
    """
    if not name.isidentifier() or keyword.iskeyword(name) or name in _RESERVED:
        raise ArgumentError(f"{describe(name)} cannot be the name of a class")
    codec_of(datapoints)  # Raises for what is inconsistent.
    taken = {*_RESERVED, name}
    points = [_Attribute.of(point, taken) for point in datapoints.datapoints]
    blocks = [block for point in points if (block := point.enum_source())]
    return "\n\n\n".join([_head(points), *blocks, _class(name, datapoints, points)]) + "\n"


@frozen
class _Attribute:
    """A data point, and how it stands in the source."""

    point: DataPoint
    name: str
    reads: str
    type: str

    @classmethod
    def of(cls, point: DataPoint, taken: set[str]) -> Self:
        """Return the attribute of a data point, with names that are not taken yet."""
        name = _unique(_identifier(point.name, "point"), taken)
        reads = _reads(point)
        if reads == "enum":
            kind = _identifier(_camel(name), "Point")  # `none` is no keyword, and `None` is.
            kind = _unique(f"{kind}Enum" if kind == name else kind, taken)
            return cls(point, name, kind, kind)
        return cls(point, name, reads, _TYPES[reads])

    def enum_source(self) -> str | None:
        """Return the source of the class of an enum; None for other data points."""
        if self.point.data_type != "enum":
            return None
        taken: set[str] = set()
        members = [
            f"    {_unique(_identifier(value, 'VALUE').upper(), taken)} = {_literal(value)}"
            for value in self.point.enum or ()
        ]
        title = _docstring(f"{self._title()}: the values of `{self.point.name}`.")
        return "\n".join([f"class {self.type}(StrEnum):", f"    {title}", "", *members])

    def lines(self) -> Iterator[str]:
        """Yield the attribute with its docstring."""
        yield f"    {self.name}: {self.type} | None = field("
        yield "        default=None,"
        yield f"        metadata=point({_literal(self.point.name)}, {self.reads}),"
        yield "    )"
        access = "" if self.point.is_writable else ", read-only"
        about = f" {self.point.desc}" if self.point.desc else ""
        yield f"    {_docstring(f'{self._title()}: {self._allowed()}{access}.{about}')}"

    def _title(self) -> str:
        return self.point.display_name or self.point.name

    def _allowed(self) -> str:
        if self.point.position is None or self.point.data_type == "enum":
            return self.point.data_type
        return kind_of(self.point, self.point.position).allowed


def _head(points: Sequence[_Attribute]) -> str:
    enums = any(point.point.data_type == "enum" for point in points)
    commands = any(point.point.is_writable for point in points)
    used = {"TypedRecord", "point", *(point.reads for point in points if point.reads in _TYPES)}
    return "\n".join(
        [
            '"""Typed data points of one product. Written by `gizwits-async codegen`: do not edit."""',
            "",
            *(["from enum import StrEnum"] if enums else []),
            "from typing import ClassVar",
            "",
            "from attrs import field, frozen",
            "",
            *(["from gizwits_async.payload import Value"] if commands else []),
            f"from gizwits_async.payload.typed import {', '.join(sorted(used))}",
        ]
    )


def _class(name: str, datapoints: ProductDataPoints, points: Sequence[_Attribute]) -> str:
    title = datapoints.name or "The product"
    about = _docstring(f"{title}: what a device reports. `rest` holds what does not fit.")
    lines = ["@frozen(kw_only=True)", f"class {name}(TypedRecord):", f"    {about}", ""]
    lines += [line for point in points for line in point.lines()]
    lines += ["", f'    definition: ClassVar[str] = r"""\n{_json(datapoints)}\n"""']
    return "\n".join([*lines, *_order([point for point in points if point.point.is_writable])])


def _order(points: Sequence[_Attribute]) -> Iterator[str]:
    """Yield the method that makes the `attrs` of a command."""
    if not points:
        return
    yield from ("", "    @classmethod", "    def order(", "        cls,", "        *,")
    yield from (f"        {point.name}: {point.type} | None = None," for point in points)
    yield from (
        "    ) -> dict[str, Value]:",
        '        """Return the `attrs` of a command; ArgumentError for values that are not allowed."""',
        "        return cls.checked(",
    )
    yield from (f"            {point.name}={point.name}," for point in points)
    yield "        )"


def _reads(point: DataPoint) -> str:
    if point.data_type == "enum":
        return "enum"
    if point.data_type in {"bool", "binary"}:
        return "flag" if point.data_type == "bool" else "text"
    spec = point.uint_spec
    steps = () if spec is None else (spec.ratio, spec.addition)
    return "whole" if all(float(step).is_integer() for step in steps) else "number"


def _identifier(name: str, otherwise: str) -> str:
    """Return a name that Python reads as it stands, as like the given one as can be."""
    # Python reads identifiers in this form: two names must not become one behind our back.
    letters = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", name)).strip("_")
    if not letters.isidentifier():
        letters = f"{otherwise}_{letters}".rstrip("_")
    # A letter that `\w` takes and an identifier does not, such as a superscript digit.
    letters = letters if letters.isidentifier() else otherwise
    return (
        f"{letters}_" if keyword.iskeyword(letters) or keyword.issoftkeyword(letters) else letters
    )


def _unique(name: str, taken: set[str]) -> str:
    """Return the name, with a number behind it if it is taken; and take it."""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    taken.add(found)
    return found


def _camel(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in name.split("_")) or name


def _literal(text: str) -> str:
    """Return a text as a literal in double quotes."""
    return '"' + _escaped(text) + '"'


def _escaped(text: str) -> str:
    return "".join(
        f"\\{char}" if char in '"\\' else char if char.isprintable() else _code(char)
        for char in text
    )


def _code(char: str) -> str:
    return f"\\U{ord(char):08x}"


def _docstring(text: str) -> str:
    """Return a docstring, in one line: the service's line breaks and spaces are not kept."""
    return '"""' + _escaped(" ".join(text.split())) + '"""'


def _json(datapoints: ProductDataPoints) -> str:
    """Return the definition as JSON, a line a data point: a change of one shows as one line.

    All ASCII, and never three quotes in a row: it stands in a raw literal.
    """
    points = ",\n".join(json.dumps(to_dict(point)) for point in datapoints.datapoints)
    kept = {"product_key": datapoints.product_key, "protocolType": datapoints.protocol_type}
    return f'{json.dumps(kept)[:-1]}, "entities": [{{"attrs": [\n{points}\n]}}]}}'
