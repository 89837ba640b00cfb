"""Finds the texts of the library that the console can show: those of its errors and of its warnings.

Each is a template: `{name}` stands for what the code puts there. A text that is built from others (the
words for the cause of a failed connection, for instance) is followed to the functions, constants and
variables that it comes from, so that the parts are found too.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from attrs import define, field

__all__ = ["library_texts", "passed_on"]

PACKAGE = Path(__file__).parents[2] / "gizwits_async"
_ELSEWHERE = {"cli", "fastapi", "testing"}
"""The console itself, and what it never runs."""
_NO_TEXT = {"AttributeError", "AssertionError", "CancelledError", "RuntimeError", "TypeError"}
"""Errors that name a fault of a program and reach no operator."""
_WARNINGS = {"warning", "error"}
_FORMAT = re.compile(r"%[-+.0-9]*[sdrfg]")
_STRING_METHODS = {"format", "get", "join", "lower", "replace", "strip"}

Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef


@define
class _Source:
    """The parsed package, and what was found in it."""

    functions: dict[str, list[tuple[ast.Module, Scope]]] = field(factory=dict)
    modules: list[ast.Module] = field(factory=list)
    found: set[str] = field(factory=set)
    seen: set[int] = field(factory=set)

    def read(self, files: Iterable[Path]) -> None:
        for file in files:
            module = ast.parse(file.read_text(encoding="utf-8"))
            self.modules.append(module)
            for node in ast.walk(module):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    self.functions.setdefault(node.name, []).append((module, node))

    def collect(self) -> None:
        """Add the texts of all errors and warnings."""
        for module in self.modules:
            for scope, call in _calls(module):
                if (text := _text_of(call)) is not None:
                    self.take(module, scope, text)
                elif arguments := _warning(call):
                    self.take_format(module, scope, arguments)

    def take(self, module: ast.Module, scope: Scope, node: ast.expr) -> None:
        """Add the texts that an expression can be, and those of the parts that are put into them."""
        if id(node) in self.seen:
            return
        self.seen.add(id(node))
        if (template := _template(node)) is not None:
            self.found.add(template)
        for part in _parts(node):
            self.take(module, scope, part)
        name = _named(node)
        for value in (*_assigned(scope).get(name, ()), *_assigned(module).get(name, ())):
            self.take(module, scope, value)
        if not isinstance(node, ast.Name):
            for home, function in self.functions.get(name, ()):
                for value in _returned(function):
                    self.take(home, function, value)

    def take_format(self, module: ast.Module, scope: Scope, arguments: list[ast.expr]) -> None:
        """Add the text of a warning, whose parts are put in by `%s` and the like."""
        text, *values = arguments
        if not isinstance(text, ast.Constant):
            self.take(module, scope, text)
            return
        names = iter(_names(values))
        self.found.add(_FORMAT.sub(lambda _: f"{{{next(names)}}}", text.value))
        for value in values:
            self.take(module, scope, value)


def _called(call: ast.Call) -> str:
    return getattr(call.func, "id", "") or getattr(call.func, "attr", "")


def _text_of(call: ast.Call) -> ast.expr | None:
    """Return the text of a new error; None if the call makes none."""
    name = _called(call)
    is_error = name.endswith("Error") and name not in _NO_TEXT
    text = call.args[0] if is_error and call.args else None
    return None if isinstance(text, ast.Constant) and text.value is None else text


def _warning(call: ast.Call) -> list[ast.expr]:
    """Return the text of a line of the log and its values; empty for other calls."""
    if not isinstance(call.func, ast.Attribute):
        return []
    if call.func.attr in _WARNINGS:
        return call.args
    return call.args[1:] if call.func.attr == "log" else []  # Its first argument is the level.


def _calls(module: ast.Module) -> Iterator[tuple[Scope, ast.Call]]:
    """Yield the calls of a module, each with the innermost function that it stands in."""
    stack: list[tuple[Scope, ast.AST]] = [(module, module)]
    while stack:
        inside, node = stack.pop()
        if isinstance(node, ast.Call):
            yield inside, node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = node
        stack.extend((inside, child) for child in ast.iter_child_nodes(node))


def _template(node: ast.expr) -> str | None:
    """Return a text of the source with names for what is put into it; None if it is none."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _template(node.left), _template(node.right)
        return None if left is None or right is None else left + right
    if not isinstance(node, ast.JoinedStr):
        return None
    values = [one.value for one in node.values if isinstance(one, ast.FormattedValue)]
    names = iter(_names(values))
    texts = (
        str(one.value).replace("{", "{{").replace("}", "}}")
        if isinstance(one, ast.Constant)
        else f"{{{next(names)}}}"
        for one in node.values
    )
    return "".join(texts)


def _names(values: list[ast.expr]) -> list[str]:
    """Return a name for each value, by the expression that it comes from."""
    names: list[str] = []
    by_source: dict[str, str] = {}
    for value in values:
        source = ast.unparse(value)
        if source not in by_source:
            name = _name(value)
            taken = sum(re.sub(r"\d+$", "", one) == name for one in by_source.values())
            by_source[source] = f"{name}{taken + 1}" if taken else name
        names.append(by_source[source])
    return names


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id.strip("_").lower()
    if isinstance(node, ast.Attribute):
        return node.attr.strip("_").lower()
    if isinstance(node, ast.Subscript):
        return _name(node.value)
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in {"join", "get"}:
            return _name(node.args[0]) if node.args else "value"
        plain = isinstance(node.func, ast.Name) and node.args
        return _name(node.args[0]) if plain else _name(node.func)
    return "value"


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the expressions that the text of another one is made of."""
    match node:
        case ast.JoinedStr(values=values):
            yield from (one.value for one in values if isinstance(one, ast.FormattedValue))
        case ast.IfExp(body=first, orelse=second) | ast.BinOp(left=first, right=second):
            yield from (first, second)
        case ast.BoolOp(values=values) | ast.Dict(values=values):
            yield from values
        case ast.Tuple(elts=values) | ast.List(elts=values):
            yield from values
        case ast.Subscript(value=value):
            yield value
        case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in _STRING_METHODS:
            yield value


def _named(node: ast.expr) -> str:
    """Return the name of a variable, an attribute or a function that is called; empty for others."""
    if isinstance(node, ast.Call):
        return _called(node)
    return getattr(node, "id", "") or getattr(node, "attr", "")


@cache
def _assigned(scope: Scope) -> Mapping[str, list[ast.expr]]:
    """Return what is assigned in a function or module, by the name of the variable or attribute."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(scope):
        pairs: list[tuple[ast.expr, ast.expr]] = []
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr | ast.AugAssign) and node.value:
            pairs = [(node.target, node.value)]
        for target, value in pairs:
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs += zip(target.elts, value.elts, strict=False)
            elif name := _named(target):
                found.setdefault(name, []).append(value)
    return found


def _returned(function: Scope) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        if isinstance(node, ast.Return | ast.Yield) and node.value is not None:
            yield node.value


@cache
def _read() -> _Source:
    source = _Source()
    source.read(
        file
        for file in sorted(PACKAGE.rglob("*.py"))
        if file.relative_to(PACKAGE).parts[0] not in _ELSEWHERE
    )
    return source


@cache
def library_texts() -> list[str]:
    """Return the texts of errors and warnings, and of their parts, as templates.

    Those with the most letters of their own come first: a text can fit several.
    """
    source = _read()
    source.collect()
    texts = (text.removeprefix("; ") for text in source.found)
    by_form = {_bare(text): text for text in sorted(texts, reverse=True) if _is_prose(text)}
    return sorted(by_form.values(), key=lambda text: (-len(_bare(text)), text))


def passed_on() -> set[str]:
    """Return the expressions in errors for which no text was found in the source."""
    source, found = _read(), set[str]()
    for module in source.modules:
        for scope, call in _calls(module):
            if (text := _text_of(call)) is not None:
                alone = _Source(functions=source.functions)
                alone.take(module, scope, text)
                if not alone.found:
                    found.add(ast.unparse(text))
    return found


def _bare(text: str) -> str:
    return re.sub(r"\{\w*\}", "{}", text)


def _is_prose(text: str) -> bool:
    """Return whether a text has words of its own, and is no name of the code."""
    bare = _bare(text).replace("{}", "").strip()
    return bool(re.search("[A-Za-z]{2}", bare)) and (" " in bare or bare.isalpha())
