"""`manifest.json` of a lake: the files of each table, and which state of the store they hold. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from attrs import field, frozen

from gizwits_async.scan.errors import ScanStoreError
from gizwits_async.scan.export.columns import Column, Kind

__all__ = ["Field", "File", "Manifest", "Table", "fields_of", "kinds_in", "read_manifest"]

_VERSION = 1
"""Version of the file; a later one is refused."""


@frozen(kw_only=True)
class Field:
    """A column, and what the product's definition says of it."""

    name: str
    type: str
    """`bool`, `int8` to `int64`, `double`, `string`, or `timestamp`."""
    kind: str
    """The kind of its values; see `columns.Kind`."""
    info: dict[str, str] = field(factory=dict)
    """Name of the data point, its `display_name`, range and so on."""


@frozen(kw_only=True)
class File:
    """A file of a table; in a Delta table the rows of a day."""

    path: str
    """From the folder of the lake; in a Delta table a partition."""
    rows: int
    first: str | None = None
    """Time of the first row, in ISO 8601; None without rows or times."""
    last: str | None = None
    sha256: str | None = None
    bytes: int | None = None
    day: str | None = None
    """`2026-11-22` in UTC; None for tables without days."""
    version: int = 0
    """The version of the day in the store whose rows it holds."""
    misfits: int = 0
    """Values in `_rest`."""
    pruned: bool = False
    """Whether the store has these rows no more: the lake alone has them."""


@frozen(kw_only=True)
class Table:
    """A table of the lake, as one product's rows make it."""

    name: str
    product_key: str
    store: str
    """The random name of the store that its rows came from."""
    rows: int
    misfits: int = 0
    first: str | None = None
    last: str | None = None
    complete_until: str | None = None
    """The instant before which nothing is missing but what the table of gaps names."""
    settings: dict[str, Any] = field(factory=dict)
    """How the files were written; others are written anew."""
    fields: list[Field] = field(factory=list)
    files: list[File] = field(factory=list)


@frozen(kw_only=True)
class Manifest:
    """Everything that a lake holds. It is written last: what it does not name is not finished."""

    version: int = _VERSION
    format: str
    by_product: bool = False
    tables: list[Table] = field(factory=list)

    def table(self, name: str, product: str) -> Table | None:
        """Return a table; None if the lake does not have it."""
        found = (t for t in self.tables if (t.name, t.product_key) == (name, product))
        return next(found, None)

    def as_json(self) -> bytes:
        """Return the text of the file."""
        return json.dumps(msgspec.to_builtins(self), indent=2).encode() + b"\n"


def read_manifest(text: bytes | None, where: str) -> Manifest | None:
    """Return the manifest of a lake; None if there is none.

    Args:
        text: The file.
        where: What to call it in a message.

    Raises:
        ScanStoreError: It is damaged, or a newer version wrote it.
    """
    if text is None:
        return None
    try:
        found = msgspec.convert(json.loads(text), Manifest)
    except (msgspec.MsgspecError, ValueError) as error:
        raise ScanStoreError(f"{where} is damaged: {error}") from None
    if found.version > _VERSION:
        raise ScanStoreError(f"{where} was written by a newer version: update gizwits-async")
    return found


def fields_of(columns: Iterable[Column]) -> list[Field]:
    """Return columns as a manifest has them."""
    return [
        Field(name=one.name, type=_type_of(one), kind=one.kind, info=dict(one.info))
        for one in columns
    ]


def kinds_in(fields: Sequence[Field]) -> Mapping[str, Kind]:
    """Return data point -> the kind of its values so far, for want of a definition."""
    kinds: Any = {one.info["name"]: one.kind for one in fields if "name" in one.info}
    return dict(kinds)


def _type_of(column: Column) -> str:
    match column.kind:
        case "bool":
            return "bool"
        case "int" | "long":
            return f"int{column.bits}"
        case "float":
            return "double"
        case "time":
            return "timestamp"
        case _:
            return "string"
