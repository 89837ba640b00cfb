"""The generated parts of the reference, as Markdown made from the code. Nothing is typed by hand here."""

import inspect
import re
import sys
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from attrs import fields
from sources import attribute_docs, docs_of_class, group_titles

from gizwits_async import GizwitsClient, errors
from gizwits_async.cli.language import _, use
from gizwits_async.error_codes import API_ERRORS
from gizwits_async.scan.export.cells import layout_of
from gizwits_async.scan.task import LOGS
from gizwits_async.sections import access
from gizwits_async.sections.base import Section
from gizwits_async.simulator import Action, FaultRule, Quirks, SimulatedCloud

__all__ = [
    "classes",
    "endpoints",
    "error_codes",
    "error_tree",
    "examples",
    "fault_rules",
    "figures",
    "lake_schema",
    "quirks",
]

_ROUTE = re.compile(r"^ *(GET|POST|PUT|DELETE) (/v1/\S+)", re.MULTILINE)
_CHAPTERS = [
    name
    for name, value in vars(access.SectionAccess).items()
    if isinstance(value, cached_property) and not name.startswith("_")
]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def code(value: object) -> str:
    """Return a value as code."""
    return f"`{value}`"


def classes(_language: str, module: str, *names: str) -> str:
    """Return autodoc directives for the public names of a module, or for those that are named."""
    home, top = import_module(module), import_module("gizwits_async")
    lines = []
    for name in names or home.__all__:
        value = getattr(home, name)
        # Under the name by which users import it; autodoc notes the other as canonical.
        module = top.__name__ if getattr(top, name, None) is value else home.__name__
        if inspect.isclass(value):
            lines += [f".. autoclass:: {module}.{name}", "   :members:", *_bases(value), ""]
        elif inspect.isroutine(value):
            lines += [f".. autofunction:: {module}.{name}", ""]
        elif not inspect.ismodule(value):
            text = [f"   {line}" for line in _doc_of(name, value).splitlines()]
            shown = [f"   :value: {value}"] if typing.get_origin(value) else []
            lines += [f".. py:data:: {module}.{name}", *shown, "", *text, ""]
    return "\n".join(["```{eval-rst}", *lines, "```"])


def _doc_of(name: str, value: object) -> str:
    """Return the docstring below the assignment of a public value, in whichever module it is."""
    for key, module in sorted(sys.modules.items()):
        ours = key.startswith("gizwits_async") and vars(module).get(name) is value
        if ours and (text := attribute_docs(module).get(name)):
            return text
    return ""


def _bases(cls: type) -> list[str]:
    return ["   :show-inheritance:"] if issubclass(cls, Exception) else []


def sections() -> dict[str, type]:
    """Return attribute of the client -> class of the section, in the order of the API document."""
    found = {}
    for name in _CHAPTERS:
        home = import_module(f"gizwits_async.sections.{name}")
        found[name] = next(
            value
            for each in home.__all__
            if inspect.isclass(value := getattr(home, each)) and issubclass(value, Section)
        )
    return found


def methods() -> Iterator[tuple[str, str, Any, list[tuple[str, str]]]]:
    """Yield section, method name, function, and (verb, path) of each endpoint of a method."""
    for name, section in sections().items():
        for method, function in vars(section).items():
            if not method.startswith("_") and inspect.isfunction(function):
                found = _ROUTE.findall(inspect.getdoc(function) or "")
                yield name, method, function, found


def endpoints(_language: str) -> str:
    """Return the table of methods: what each calls, returns and raises."""
    rows = []
    for name, method, function, routes in methods():
        home = f"gizwits_async.{sections()[name].__name__}.{method}"
        raised = re.findall(r"^ {4}(\w+Error):", inspect.getdoc(function) or "", re.MULTILINE)
        rows.append(
            [
                f"{{py:meth}}`{name}.{method} <{home}>`",
                ", ".join(code(f"{verb} {path}") for verb, path in routes) or "-",
                code(_type_name(typing.get_type_hints(function).get("return"))),
                ", ".join(f"{{py:exc}}`~gizwits_async.{error}`" for error in dict.fromkeys(raised)),
            ]
        )
    return table(["method", "verb and path", "returns", "raises besides the common ones"], rows)


def _type_name(kind: Any) -> str:
    if kind is None or kind is type(None):
        return "None"
    arguments = typing.get_args(kind)
    if not arguments:
        return str(getattr(kind, "__name__", kind))
    origin = getattr(kind, "__name__", None) or typing.get_origin(kind).__name__
    return f"{origin}[{', '.join(map(_type_name, arguments))}]"


def error_codes(language: str) -> str:
    """Return the table of the service's error codes, with their texts in both languages."""
    rows = []
    use("zh")
    for number, (status, cls, text) in API_ERRORS.items():
        name = f"{{py:exc}}`~gizwits_async.{cls.__name__}`"
        rows.append([str(number), str(status), name, text, _(text)])
    use("en")
    heads = {
        "en": ["code", "HTTP", "class", "English", "中文"],
        "zh": ["错误码", "HTTP", "类", "英文", "中文"],
    }
    return table(heads[language[:2]], rows)


def error_tree(_language: str) -> str:
    """Return the tree of errors, as the module shows it."""
    return "```text\n" + (errors.__doc__ or "").split("```")[1].strip() + "\n```\n"


def quirks(_language: str) -> str:
    """Return the switches of the simulator: name, values, default and meaning, by group."""
    docs = docs_of_class(Quirks)
    titles = group_titles(Quirks)
    rows, parts = list[list[str]](), list[str]()

    def end_of_group() -> None:
        if rows:
            parts.append(table(["quirk", "values", "default", "meaning"], rows))
            rows.clear()

    for item in fields(Quirks):
        if item.name in titles:
            end_of_group()
            parts.append(f"**{titles[item.name]}**\n")
        rows.append(
            [code(item.name), code(_values(item.type)), code(item.default), docs[item.name]]
        )
    end_of_group()
    return "\n".join(parts)


def _values(kind: Any) -> str:
    if typing.get_origin(kind) is typing.Literal:
        return ", ".join(map(str, typing.get_args(kind)))
    text = str(kind.__name__ if inspect.isclass(kind) and not typing.get_args(kind) else kind)
    return text.replace("typing.", "").replace("collections.abc.", "")


def fault_rules(_language: str) -> str:
    """Return the actions and the fields of fault rules."""
    actions, rule = docs_of_class(Action), docs_of_class(FaultRule)
    rows = [[code(item.value), actions.get(item.name, "")] for item in Action]
    given = [[code(item.name), rule[item.name]] for item in fields(FaultRule)]
    return "\n".join((table(["action", "effect"], rows), table(["field", "meaning"], given)))


def examples(_language: str, word: str) -> str:
    """Return the Python files of the folder `examples/` in whose path the word stands."""
    root = Path(__file__).parents[2]
    files = [file for file in sorted((root / "examples").rglob("*.py")) if word in str(file)]
    return "\n".join(
        f"`{file.relative_to(root)}`:\n\n```python\n{file.read_text(encoding='utf-8')}```\n"
        for file in files
        if not file.name.startswith(("__init__", "test_"))
    )


def figures(_language: str) -> str:
    """Return the table that `python -m benchmarks` printed."""
    return (Path(__file__).parents[1] / "figures.txt").read_text(encoding="utf-8")


def lake_schema(_language: str) -> str:
    """Return the columns of an export of the simulator's product, for each log."""
    definition = _simulated_definition()
    parts = []
    for log in LOGS:
        rows = []
        for column in layout_of(log, definition, {}, nested=False).columns:
            kind = f"{column.kind}{column.bits}" if column.kind == "long" else column.kind
            info: Mapping[str, str] = column.info
            rows.append([code(column.name), kind, ", ".join(f"{k}: {v}" for k, v in info.items())])
        parts += [f"**log={log}**\n", table(["column", "type", "from the definition"], rows)]
    return "\n".join(parts)


def _simulated_definition() -> Any:
    import asyncio  # noqa: PLC0415

    from gizwits_async.simulator import SimulatorTransport  # noqa: PLC0415

    async def definition() -> Any:
        cloud = SimulatedCloud()
        async with GizwitsClient(cloud.credentials, transport=SimulatorTransport(cloud)) as gizwits:
            return await gizwits.product.datapoints()

    return asyncio.run(definition())
