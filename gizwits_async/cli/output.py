"""What the console program writes: data on stdout, everything else on stderr."""

import json
import sys
from collections.abc import AsyncIterator, Mapping
from enum import StrEnum
from typing import Any

from rich.console import Console
from rich.table import Table

__all__ = ["Format", "console", "plain", "printable", "say", "stdout", "write_rows", "write_value"]

console = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
"""For people; honours NO_COLOR. No markup: a device may call itself `[link=...]`. No emoji: `:AB:` is
a part of addresses."""

_TABLE_ROWS = 200
"""Rows of a table that are laid out together: a listing can be longer than memory."""


class Format(StrEnum):
    """How data is written."""

    AUTO = "auto"
    """A table on a terminal, JSON Lines in a pipe."""
    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"


def say(text: str) -> None:
    """Tell the person in front of it, on stderr; whatever the text quotes is shown, not obeyed."""
    console.print("\n".join(map(printable, text.split("\n"))))


def printable(value: object) -> str:
    """Return a value for a terminal: names of devices may hold escape sequences."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=True)
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def plain(value: object) -> Any:  # JSON is anything
    """Return a model, or what holds models, as plain JSON."""
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if value is None or isinstance(value, str | int | float | bool):
        return value
    from gizwits_async.models.converter import unstructure

    return plain(dict(unstructure(value)))


def write_value(value: object, form: Format) -> None:
    """Write one object."""
    shown = plain(value)
    if _chosen(form) is Format.TABLE and isinstance(shown, dict):
        table = Table(show_header=False)
        for name, one in shown.items():
            table.add_row(name, printable(one))
        stdout().print(table)
    else:
        # ASCII, so that a lone surrogate in a name survives any terminal and pipe.
        _line(json.dumps(shown, indent=2 if form is Format.JSON else None))


async def write_rows(
    items: AsyncIterator[Any], form: Format, *, columns: tuple[str, ...] | None = None
) -> int:
    """Write a stream of objects as it comes, and return how many there were.

    Args:
        items: Models or mappings.
        form: How to write them.
        columns: What a table shows of each, if that is not all; JSON always holds all.
    """
    form = _chosen(form)
    count = 0
    rows: list[Mapping[str, Any]] = []
    async for item in items:
        row = plain(item)
        if form is Format.JSONL:
            _line(json.dumps(row))
        elif form is Format.JSON:
            _line(("[" if count == 0 else ",") + json.dumps(row))
        else:
            rows.append(row)
            if len(rows) == _TABLE_ROWS:
                _print_table(rows, columns)
                rows = []
        count += 1
    if form is Format.JSON:
        _line("]" if count else "[]")
    if rows:
        _print_table(rows, columns)
    return count


def _print_table(rows: list[Mapping[str, Any]], columns: tuple[str, ...] | None) -> None:
    table = Table()
    # Columns that are empty throughout only make a narrow terminal narrower.
    names = [name for name in columns or rows[0] if any(row.get(name) is not None for row in rows)]
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(printable(row.get(name)) for name in names))
    stdout().print(table)


def _chosen(form: Format) -> Format:
    if form is not Format.AUTO:
        return form
    return Format.TABLE if sys.stdout.isatty() else Format.JSONL


def stdout() -> Console:
    """Return what writes data for people."""
    return Console(highlight=False, markup=False, emoji=False)


def _line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
