"""The console program in the reference: help pages and exit codes, in the language of the build."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

from cyclopts import App
from rich.console import Console
from tables import table

from gizwits_async.cli.app import build
from gizwits_async.cli.commands import COMMANDS
from gizwits_async.cli.exits import MEANINGS
from gizwits_async.cli.language import LANGUAGES, _, use

__all__ = ["commands", "exit_codes", "help_page"]

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
