"""What the console program writes: data on stdout, everything else on stderr."""

import json
import sys
from collections.abc import AsyncIterator, Iterable
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from attrs import frozen
from cyclopts import Parameter

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "Format",
    "OutputFlags",
    "each",
    "json_text",
    "printable",
    "say",
    "stderr",
    "stdout",
    "write_line",
]

_ONE_BYTE = 0xFF
_JOINERS = dict.fromkeys((0x200C, 0x200D))


class Format(StrEnum):
    """How data is written."""

    AUTO = "auto"
    """A table on a terminal, JSON Lines in a pipe."""
    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"

    @property
    def chosen(self) -> "Format":
        """The form that is meant: `AUTO` depends on where stdout goes."""
        if self is not Format.AUTO:
            return self
        return Format.TABLE if sys.stdout.isatty() else Format.JSONL


@Parameter(name="*")
@frozen(kw_only=True)
class OutputFlags:
    """How a command writes its data."""

    format: Format = Format.AUTO
    """table, json or jsonl; by default a table on a terminal and JSON Lines in a pipe."""


def say(text: str, *, command: str = "", prefix: str = "") -> None:
    """Write lines for people on stderr; control characters in quoted texts are escaped.

    A terminal shows them wrapped between words. Elsewhere each stays one line.

    Args:
        text: The lines.
        command: A command to copy, after the text. It is never wrapped, and stands in a line of its own
            if it does not fit behind the text.
        prefix: What stands before the first line, and as much room before the lines it continues in.
    """
    from rich.cells import cell_len
    from rich.text import Text

    console = stderr()
    if not console.is_terminal:
        console.print(prefix + _escaped(f"{text} {command}".rstrip(" ")), soft_wrap=True)
        return
    if command and cell_len(f"{prefix}{text} {command}") <= console.width:
        text, command = f"{text} {command}", ""
    room = console.width - cell_len(prefix)
    for line in _escaped(text).split("\n"):
        for part in Text(line).wrap(console, room) or [Text()]:
            part.rstrip()
            console.print(Text(prefix) + part, soft_wrap=True)
            prefix = " " * cell_len(prefix)
    if command:
        console.print(printable(command), soft_wrap=True)


def _escaped(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))


@cache
def stderr() -> "Console":
    """Return what writes to people on stderr; it honours NO_COLOR."""
    return _console(stderr=True)


def stdout() -> "Console":
    """Return what writes tables on stdout."""
    return _console(stderr=False)


def _console(*, stderr: bool) -> "Console":
    # Imported here: JSON Lines in a pipe need no rich, which takes a tenth of the time of a start.
    from rich.console import Console

    # No markup: a device may call itself `[link=...]`. No emoji: `:AB:` is a part of addresses.
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def printable(value: object) -> str:
    """Return a value for a terminal: names of devices may hold escape sequences."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else _json(value)
    return text if _is_harmless(text) else "".join(map(_without_control, text))


def _without_control(character: str) -> str:
    if _is_harmless(character):
        return character
    number = ord(character)
    return f"\\x{number:02x}" if number <= _ONE_BYTE else f"\\u{number:04x}"


def _is_harmless(text: str) -> bool:
    # Joiners are no printable characters to Python, but parts of emojis and of some scripts.
    return text.isprintable() or text.translate(_JOINERS).isprintable()


def json_text(value: object, *, indent: int | None = None) -> str:
    """Return JSON that a person can read, and that no terminal takes for a command.

    Control characters, lone surrogates and what the encoding of stdout lacks are escaped as JSON
    escapes them, so that every program reads the same values.
    """
    text = _json(value, indent=indent)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    if _can_show(text.replace("\n", ""), encoding):  # Inside of strings a line break is escaped.
        return text
    return "".join(
        one if one == "\n" or _can_show(one, encoding) else json.dumps(one)[1:-1] for one in text
    )


def _json(value: object, *, indent: int | None = None) -> str:
    # Not above: it would double the time of `--help`. Not from `models`, which would load them all.
    from gizwits_async.models.converter import to_dict

    return json.dumps(value, default=to_dict, ensure_ascii=False, indent=indent)


def _can_show(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return _is_harmless(text)


def write_line(text: str) -> None:
    """Write a line of data at once: a reader of the pipe may wait for it."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def each(items: Iterable[Any]) -> AsyncIterator[Any]:
    """Return items that are there already as a stream."""
    for item in items:
        yield item
