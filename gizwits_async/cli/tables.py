"""Objects as tables, JSON and JSON Lines; a table leaves other columns out before it folds an id."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from attrs import frozen

from gizwits_async.cli.language import _
from gizwits_async.cli.moments import clock_time
from gizwits_async.cli.output import Format, json_text, printable, say, stdout, write_line

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["Column", "cell", "fitting", "pairs", "write_rows", "write_value"]

_TIMES = frozenset(
    {"created_at", "updated_at", "online_latest", "reported_at", "resets_at", "timestamp", "ts"}
)
"""Fields that hold epoch seconds."""
_ROWS_TOGETHER = 200
"""Rows of a table that are laid out together: a listing can be longer than memory."""
_BORDERS = 3
"""Cells that each column takes beside its text; the table itself takes one more."""
_WHOLE = frozenset(
    {"did", "mac", "gid", "profile", "uid", "name", "username", "phone", "email", "time"}
)
"""Columns whose values are copied, pasted and compared: they stand in one line where one fits."""
_NARROWEST = 12
"""Cells that a column may be squeezed to, its texts folded, before it is left out."""


@frozen
class Column:
    """A column of a table."""

    name: str
    """The key in each row."""
    title: str
    """The header."""

    @property
    def is_whole(self) -> bool:
        """Whether its values stand in one line if they fit, and other columns give way to it."""
        return self.name in _WHOLE


async def write_rows(
    items: AsyncIterator[Any],
    form: Format,
    *,
    columns: Sequence[Column] | None = None,
    row: Callable[[Any], Mapping[str, Any]] = lambda item: item,
    title: Callable[[str], str] = str,
) -> int:
    """Write a stream of objects as it comes, and return how many there were.

    Args:
        items: Models or mappings.
        form: How to write them.
        columns: What a table shows of each; all that the rows have by default. JSON holds all.
        row: Makes the row of a table from the plain JSON of an item.
        title: The header of a column that is not in `columns`.
    """
    from gizwits_async.models.converter import to_dict

    form = form.chosen
    count = 0
    rows: list[Mapping[str, Any]] = []
    async for item in items:
        shown = to_dict(item)
        if form is Format.JSONL:
            write_line(json_text(shown))
        elif form is Format.JSON:
            write_line(("[" if count == 0 else ",") + json_text(shown))
        else:
            rows.append(row(shown))
            if len(rows) == _ROWS_TOGETHER:
                _print_table(rows, columns, title)
                rows = []
        count += 1
    if form is Format.JSON:
        write_line("]" if count else "[]")
    if rows:
        _print_table(rows, columns, title)
    return count


def write_value(value: object, form: Format) -> None:
    """Write one object."""
    from gizwits_async.models.converter import to_dict

    shown = to_dict(value)
    if form.chosen is Format.TABLE and isinstance(shown, dict):
        stdout().print(pairs({name: cell(name, one) for name, one in shown.items()}))
    else:
        write_line(json_text(shown, indent=2 if form is Format.JSON else None))


def pairs(rows: Mapping[str, str], title: str | None = None) -> "Table":
    """Return a table of names and values; long values are wrapped, and not cut."""
    from rich.table import Table

    table = Table(show_header=False, title=title, title_justify="left")
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(printable(name), printable(value))
    return table


def cell(name: str, value: object) -> str:
    """Return a value for a table: yes and no for booleans, local time for epoch seconds."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name in _TIMES and isinstance(value, int | float):
        return clock_time(value)
    return printable(value)


def fitting(
    columns: Sequence[Column], widths: Mapping[str, int], room: int
) -> Mapping[Column, bool]:
    """Return the columns that fit a terminal, and whether each may be folded; ids are placed first.

    Args:
        columns: In the order in which they stand.
        widths: The cells that the widest text of each column takes, by name.
        room: The cells of a line.
    """
    room -= 1
    kept: dict[str, bool] = {}
    for column in sorted(columns, key=lambda column: not column.is_whole):
        width = widths[column.name] + _BORDERS
        folds = not column.is_whole or width > room
        least = min(width, _NARROWEST + _BORDERS) if folds else width
        if least > room and kept:
            continue
        kept[column.name] = folds
        room -= least
    return {column: kept[column.name] for column in columns if column.name in kept}


def _print_table(
    rows: list[Mapping[str, Any]], columns: Sequence[Column] | None, title: Callable[[str], str]
) -> None:
    from rich.cells import cell_len
    from rich.table import Table

    if columns is None:
        columns = [
            Column(name, printable(title(name)))
            for name in dict.fromkeys(chain.from_iterable(rows))
        ]
    # Columns that are empty throughout only make a narrow terminal narrower.
    used = [one for one in columns if any(row.get(one.name) not in (None, "") for row in rows)]
    texts = [[cell(one.name, row.get(one.name)) for one in used] for row in rows]
    widths = {
        one.name: max(cell_len(text) for text in (one.title, *(line[at] for line in texts)))
        for at, one in enumerate(used)
    }
    out = stdout()
    shown = fitting(used, widths, out.width)
    table = Table()
    for one, folds in shown.items():
        table.add_column(one.title, no_wrap=not folds, overflow="fold")
    for line in texts:
        table.add_row(*(text for one, text in zip(used, line, strict=True) if one in shown))
    out.print(table)
    if left_out := [one.title for one in used if one not in shown]:
        say(_("columns that did not fit: {names}", names=", ".join(left_out)))
