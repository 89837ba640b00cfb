"""The texts of the console program, and its catalogue: `python -m tests.cli.catalogue` updates the files.

New texts are added to the .po file without a translation, old ones are dropped, and the .mo file is
compiled from what is translated. The list of the library's own texts is written too.
"""

import ast
import json
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from cyclopts import App

from docs.catalogs import plain_catalog
from gizwits_async.cli.app import build
from gizwits_async.cli.language import DOMAIN, LOCALE, use
from gizwits_async.cli.library_texts import LIST
from gizwits_async.error_codes import API_ERRORS
from gizwits_async.version import __version__
from tests.cli.library_texts import library_texts

PO = LOCALE / "zh" / "LC_MESSAGES" / f"{DOMAIN}.po"
MO = PO.with_suffix(".mo")
SOURCES = Path(__file__).parents[2] / "gizwits_async" / "cli"
REPORTS = Path(__file__).parents[2] / "gizwits_async" / "scan" / "report.py"


def messages() -> set[str]:
    """Return every text that the program shows in the chosen language."""
    found = {text for file in SOURCES.glob("*.py") for text in _marked(file)}
    found |= set(_of_help(build())) | set(library_texts())
    return found | set(_hints()) | {text for _, _, text in API_ERRORS.values()}


def _marked(file: Path) -> Iterator[str]:
    """Yield the texts in calls of `_` and `N_`."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        name = getattr(getattr(node, "func", None), "id", "")
        if isinstance(node, ast.Call) and name in {"_", "N_"}:
            text = node.args[0]
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield text.value


def _hints() -> Iterator[str]:
    """Yield what a report of a scan advises."""
    for node in ast.walk(ast.parse(REPORTS.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name == "hint":
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and isinstance(inner.value, ast.Constant):
                    yield from [inner.value.value] if inner.value.value else []


def _of_help(app: App) -> Iterator[str]:
    """Yield the texts of help pages: flags, arguments, groups and commands."""
    yield from ("Commands", "Arguments", "Parameters")
    for name in app:
        one = app[name]
        yield _words(one.help.partition("\n\n")[0])
        if one.default_command is not None and not name.startswith("-"):
            for argument in one.assemble_argument_collection(parse_docstring=True):
                if argument.show and argument.parameter.help:
                    yield _words(argument.parameter.help)
        if not name.startswith("-"):
            yield from _of_help(one)


def _words(text: str) -> str:
    return " ".join(text.split())


def listed() -> str:
    """Return the file that lists the texts of the library."""
    return json.dumps(library_texts(), ensure_ascii=False, indent=0) + "\n"


def read() -> Catalog:
    """Return the catalogue of the .po file."""
    return read_po(BytesIO(PO.read_bytes()), locale="zh")


def compiled(catalogue: Catalog) -> bytes:
    """Return the .mo file of a catalogue."""
    out = BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def main() -> None:
    """Bring the files up to date, and print what has no translation."""
    use("en")
    old = read() if PO.exists() else Catalog(locale="zh")
    comment = "Chinese texts of the console program."
    new = plain_catalog("zh", "gizwits-async", comment, __version__)
    for text in sorted(messages()):
        known: Any = old.get(text)
        new.add(text, known.string if known else "")
    PO.parent.mkdir(parents=True, exist_ok=True)
    with PO.open("wb") as out:
        write_po(out, new, width=100, omit_header=False, sort_output=True)
    MO.write_bytes(compiled(new))
    LIST.write_text(listed(), encoding="utf-8")
    sys.stdout.write("".join(f"{one.id!r}\n" for one in new if one.id and not one.string))


if __name__ == "__main__":
    main()
