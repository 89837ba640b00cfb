"""The directive `generated`: a table of the reference, made from the code when the pages are built.

Its text is not offered to translators: where the code has it in two languages, the one of the build is
taken. The docstrings that autodoc shows are left in English, too.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from operator import attrgetter
from typing import Any, ClassVar

from console import commands, exit_codes, screens
from docutils import nodes
from schema import store_schema
from sphinx.application import Sphinx
from sphinx.domains import Domain
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective
from tables import (
    classes,
    endpoints,
    error_codes,
    error_tree,
    examples,
    fault_rules,
    figures,
    lake_schema,
    quirks,
)

TABLES: Mapping[str, Callable[..., str]] = {
    "classes": classes,
    "commands": commands,
    "endpoints": endpoints,
    "error-codes": error_codes,
    "error-tree": error_tree,
    "examples": examples,
    "exit-codes": exit_codes,
    "fault-rules": fault_rules,
    "figures": figures,
    "lake-schema": lake_schema,
    "quirks": quirks,
    "screens": screens,
    "store-schema": store_schema,
}
"""Name -> function that returns Markdown; it takes the language, and the directive's other words."""


class Generated(SphinxDirective):
    """Shows what one of `TABLES` returns."""

    required_arguments = 1
    optional_arguments = 100
    has_content = False
    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        """Return the nodes of the table."""
        self.env.note_reread()  # its text may change while the page does not
        name, *words = self.arguments
        text = TABLES[name](self.config.language, *words)
        document = self.state.document
        before = {id(node) for node in document.findall(nodes.TextElement)}
        shown = self.parse_text_to_nodes(text, allow_section_headings=True)
        # Sections do not come back with the other nodes: the parser adds them to the document.
        for node in (*shown, *document.findall(nodes.TextElement)):
            if id(node) not in before:
                _leave(node)
        return shown


class LeaveDocstrings(SphinxTransform):
    """Keeps what autodoc took from docstrings out of the catalogues."""

    default_priority = 5

    def apply(self, **_ignored: object) -> None:
        """Mark the nodes; runs before texts are gathered and replaced."""
        for node in self.document.findall(nodes.TextElement):
            if "docstring of " in (node.source or ""):
                _leave(node)


def _leave(root: nodes.Node) -> None:
    for node in root.findall(nodes.TextElement):
        node["translatable"] = False


class Docstrings:
    """Turns the docstrings of this package, which autodoc hands over, into reStructuredText.

    Fences of Markdown become code blocks, and the text below an attribute is left alone: napoleon
    would take what stands before its first colon for a type.
    """

    def __init__(self) -> None:
        self._attributes: dict[str, list[str]] = {}

    def before(self, _app: Sphinx, what: str, name: str, *rest: Any) -> None:
        """Replace the fences; runs before napoleon."""
        lines: list[str] = rest[-1]
        lines[:] = _without_fences(lines)
        if what in {"attribute", "data", "property"}:
            self._attributes[name] = list(lines)

    def after(self, _app: Sphinx, _what: str, name: str, *rest: Any) -> None:
        """Restore the texts of attributes; runs after napoleon."""
        if name in self._attributes:
            rest[-1][:] = self._attributes.pop(name)


def _without_fences(lines: list[str]) -> list[str]:
    shown = list[str]()
    inside = False
    for line in lines:
        if line.lstrip().startswith("```"):
            indent = line[: len(line) - len(line.lstrip())]
            inside = not inside
            shown += (
                ["", f"{indent}.. code-block:: {line.strip('` ') or 'text'}", ""]
                if inside
                else [""]
            )
        else:
            # reStructuredText wants a space, or an escaped one, behind the closing backtick.
            plain = re.sub(r"(?<!`)(`[^`]+`)(?=\w)", r"\1\\ ", line)
            shown.append(f"    {line}" if inside else plain)
    return shown


def is_internal(_app: Sphinx, domain: Domain | None, node: nodes.Element) -> bool | None:
    """Return True for a name of this package that exists and is not public: no link is missing."""
    if domain is None or domain.name != "py":
        return None
    parts = str(node["reftarget"]).split(".")
    for cut in range(len(parts) - 1, 0, -1):
        with suppress(ImportError, AttributeError):
            home = import_module(".".join(parts[:cut]))
            found = attrgetter(".".join(parts[cut:]))(home)
            public = getattr(import_module(parts[0]), parts[-1], None) is found
            return not (public and isinstance(found, type)) or None
    return None


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive and the transforms."""
    app.add_directive("generated", Generated)
    app.add_transform(LeaveDocstrings)
    docstrings = Docstrings()
    app.connect("autodoc-process-docstring", docstrings.before, priority=400)
    app.connect("autodoc-process-docstring", docstrings.after, priority=600)
    app.connect("warn-missing-reference", is_internal)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
