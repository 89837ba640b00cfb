"""The console program in the reference: help pages and exit codes, in the language of the build."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path

from cyclopts import App
from rich.console import Console
from tables import table

from gizwits_async.cli.app import build
from gizwits_async.cli.commands import COMMANDS
from gizwits_async.cli.exits import MEANINGS
from gizwits_async.cli.language import LANGUAGES, _, use

__all__ = ["commands", "exit_codes", "help_page", "screens"]

_WIDTH = 96


@contextmanager
def _program(language: str) -> Iterator[App]:
    """Yield the program in the language of a build."""
    use(next(known for known in LANGUAGES if language.startswith(known)))
    try:
        yield build()
    finally:
        use("en")


def help_page(language: str, *words: str) -> str:
    """Return what `gizwits-async WORDS --help` prints."""
    out = io.StringIO()
    with _program(language) as app:
        app.help_print(list(words), console=Console(file=out, width=_WIDTH, force_terminal=False))
    return "\n".join(line.rstrip() for line in out.getvalue().strip().splitlines())


def commands(language: str) -> str:
    """Return the help page of the program and of each command, under headings."""
    parts = [f"```text\n{help_page(language)}\n```\n"]
    for name, *_rest in COMMANDS:
        parts.append(f"## {name}\n\n```text\n{help_page(language, *name.split())}\n```\n")
    return "\n".join(parts)


def exit_codes(language: str) -> str:
    """Return the table of exit codes, with the words of the program."""
    with _program(language):
        rows = [[f"`{code.value}`", _(text)] for code, text in MEANINGS.items()]
    return table(["code", "meaning"], rows)


def screens(language: str) -> str:
    """Return the pictures of terminals that `python -m docs screens` drew."""
    parts = []
    for file in sorted((Path(__file__).parents[1] / "screens").glob(f"*-{language[:2]}.svg")):
        found = re.search(
            r"class=\"terminal-\d+-title\"[^>]*>([^<]+)<", file.read_text(encoding="utf-8")
        )
        title = escape(found[1].replace("&#160;", " ") if found else file.stem)
        parts.append(
            f'```{{raw}} html\n<p><img src="../_static/{file.name}" alt="$ {title}"></p>\n```\n'
        )
    return "\n".join(parts)
