"""Errors and warnings of the library in the language of the console, with times as dates.

The library writes English, for programmers. `locale/library_texts.json` lists all its texts as
templates, and `python -m tests.cli.catalogue` takes them from the source. A text that fits a template is
shown in its translation; what it quotes is looked up in the same way.
"""

import json
import re
from datetime import datetime
from functools import cache

from gizwits_async.cli.language import LOCALE, _
from gizwits_async.cli.moments import clock_time, zone_name
from gizwits_async.cli.system_texts import SYSTEM_TEXTS

__all__ = ["LIST", "reworded"]

LIST = LOCALE / "library_texts.json"
_TIMES = frozenset(
    {"first", "last", "last_second", "latest", "now", "oldest", "position", "second", "since"}
    | {"start", "end", "times", "until"}
)
"""Placeholders that stand for epoch seconds or dates in UTC, if their value looks so."""
_EPOCH = re.compile(r"1\d{9}(\.\d+)?")
_UTC = re.compile(r"[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_SEPARATORS = (": ", "; ", " @ ")
"""What joins texts that come from different places."""
_SHORT = 8
"""Letters of a template below which it fits single words only: ` to ` stands in most sentences."""


def reworded(text: str) -> str:
    """Return a text of the library in the chosen language; unchanged if no template fits."""
    if text in SYSTEM_TEXTS:
        return _(text)
    for template in _templates():
        if (found := _fitting(template, text)) is not None:
            return _(template, **{name: _worded(name, one) for name, one in found.items()})
    for separator in _SEPARATORS:
        head, found_separator, tail = text.partition(separator)
        if found_separator:
            return f"{reworded(head)}{separator}{reworded(tail)}"
    return text


def _worded(name: str, value: str) -> str:
    if name in _TIMES and _EPOCH.fullmatch(value):
        return f"{clock_time(float(value))} {zone_name()}"
    if name in _TIMES and _UTC.fullmatch(value):
        return f"{clock_time(datetime.fromisoformat(value).timestamp())} {zone_name()}"
    return reworded(value)


@cache
def _templates() -> tuple[str, ...]:
    """Return the templates, those with the most letters of their own first."""
    return tuple(json.loads(LIST.read_text(encoding="utf-8")))


def _fitting(template: str, text: str) -> dict[str, str] | None:
    """Return what stands at each placeholder; None if the text is of another template."""
    literals, pattern = _parsed(template)
    if not all(part in text for part in literals):
        return None  # Most are ruled out here, and need no pattern.
    found = re.fullmatch(pattern, text, re.DOTALL)
    return None if found is None else found.groupdict()


@cache
def _parsed(template: str) -> tuple[tuple[str, ...], str]:
    parts = re.split(r"\{(\w+)\}", template)
    literals, names = parts[::2], parts[1::2]
    value = r"\S+" if sum(map(str.isalpha, "".join(literals))) < _SHORT else ".*?"
    seen = set[str]()
    pattern = re.escape(literals[0])
    for name, literal in zip(names, literals[1:], strict=True):
        pattern += f"(?P={name})" if name in seen else f"(?P<{name}>{value})"
        pattern += re.escape(literal)
        seen.add(name)
    return tuple(literals), pattern
