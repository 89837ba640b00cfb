"""The reference is whole: every endpoint, code, variable, switch and public name has its place."""

import ast
import re
import sys
from importlib import import_module

import pytest
from attrs import fields

from gizwits_async.cli.exits import Exit
from gizwits_async.error_codes import API_ERRORS
from gizwits_async.simulator import Action, FaultRule, Quirks
from tests.docs.blocks import DOCS, ROOT

sys.path.insert(0, str(DOCS / "_ext"))
console = import_module("console")
tables = import_module("tables")

_VARIABLE = re.compile(r"GIZWITS_[A-Z_]*[A-Z]")
_PUBLIC = (
    "gizwits_async",
    "gizwits_async.errors",
    "gizwits_async.fastapi",
    "gizwits_async.fastapi.fleet",
    "gizwits_async.models",
    "gizwits_async.opentelemetry",
    "gizwits_async.payload",
    "gizwits_async.profiles",
    "gizwits_async.quota",
    "gizwits_async.scan",
    "gizwits_async.simulator",
    "gizwits_async.testing",
    "gizwits_async.workers",
)
"""Modules whose names users import."""


def test_every_endpoint_has_a_method() -> None:
    """The table of the reference has all 32 endpoints of the API document."""
    routes = {route for *_method, found in tables.methods() for route in found}
    assert len({(verb, path.rstrip(",;.")) for verb, path in routes}) >= 32
    assert tables.endpoints("en").count("\n") >= 32 + 2


def test_the_error_codes_are_in_both_languages() -> None:
    """All 57 rows of the document, which lists 5016 twice, each with an English and a Chinese text."""
    rows = tables.error_codes("en").splitlines()[2:]
    assert len(rows) == len(API_ERRORS) == 57 - 1
    for row in rows:
        english, chinese = row.split(" | ")[3:]
        assert chinese.strip(" |") != english.strip(), row


def test_every_switch_and_rule_of_the_simulator_is_explained() -> None:
    """No quirk, action or field of a rule without a meaning."""
    quirks = tables.quirks("en")
    for item in fields(Quirks):
        assert re.search(rf"^\| `{item.name}` \|.*\| \S.* \|$", quirks, re.MULTILINE), item.name
    rules = tables.fault_rules("en")
    for name in (*Action, *(item.name for item in fields(FaultRule))):
        assert re.search(rf"^\| `{name}` \| \S", rules, re.MULTILINE), name


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_every_exit_code_has_words(language: str) -> None:
    """In the language of the pages."""
    rows = console.exit_codes(language)
    for code in Exit:
        assert re.search(rf"^\| `{int(code)}` \| \S", rows, re.MULTILINE), code


def test_every_variable_is_on_the_page() -> None:
    """The page of environment variables names exactly those that the code reads."""
    read = set[str]()
    for file in (ROOT / "gizwits_async").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                read |= {node.value} if _VARIABLE.fullmatch(node.value) else set()
    secrets = {f"GIZWITS_{name}" for name in ("ENTERPRISE_ID", "ENTERPRISE_SECRET")}
    secrets |= {f"GIZWITS_{name}" for name in ("PRODUCT_KEY", "PRODUCT_SECRET")}
    read |= secrets | {f"{name}_FILE" for name in secrets}
    page = (DOCS / "reference" / "environment.md").read_text(encoding="utf-8")
    rows = " ".join(re.findall(r"^\|([^|]*)\|", page, re.MULTILINE))
    assert set(_VARIABLE.findall(rows)) == read


@pytest.mark.parametrize("module", _PUBLIC)
def test_every_public_name_is_in_the_reference(module: str) -> None:
    """Each name of `__all__` stands in a directive, by itself or with all of its module."""
    asked = list[list[str]]()
    for page in (DOCS / "reference").glob("*.md"):
        found = re.findall(r"\{generated\} classes (.*)$", page.read_text("utf-8"), re.MULTILINE)
        asked += [line.split() for line in found]
    whole = {words[0] for words in asked if len(words) == 1}
    named = {name for words in asked for name in words[1:]}
    for home in whole:
        named |= set(import_module(home).__all__)
    by_hand = (DOCS / "reference" / "testing.md").read_text(encoding="utf-8")
    names = set(import_module(module).__all__) - {"__version__", "errors"}
    assert {name for name in names - named if f"`{name}`" not in by_hand} <= {"ThreadedSimulator"}
