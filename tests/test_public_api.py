"""Public is what `__init__` lists: the promised names are there, each explained, no more."""

import ast
import importlib
import inspect
import subprocess
import sys
import typing
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

import gizwits_async
from gizwits_async import errors, models
from gizwits_async.sections.base import Section
from gizwits_async.streams import Stream

PROMISED = {
    *("Credentials", "GizwitsClient", "HourlyQuota", "Lane", "Options", "Page", "QuotaSnapshot"),
    *("Request", "Stream", "TokenStore", "get", "post", "put", "delete", "errors"),
    *errors.__all__,
}


def test_all_lists_exactly_the_public_names() -> None:
    """Nothing is public by accident, nothing listed is missing, and type checkers see the same."""
    tree = ast.parse(inspect.getsource(gizwits_async))
    seen = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gizwits_async")
        for alias in node.names
    }
    assert "*" in seen, "the names of models.__all__"
    seen = seen - {"*", "models"} | set(models.__all__)
    assert seen == set(gizwits_async.__all__) == set(dir_of_fresh())
    assert len(gizwits_async.__all__) == len(set(gizwits_async.__all__))
    with pytest.raises(AttributeError, match="no attribute 'Gateway'"):
        getattr(gizwits_async, "Gateway")  # noqa: B009


def test_rooms_and_names_are_found_by_looking() -> None:
    """Completion shows the names before they are loaded, and `gizwits_async.quota` needs no import."""
    code = "import gizwits_async as g; print(set(g.__all__) <= set(dir(g)), g.quota.HourlyQuota.__name__)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["True", "HourlyQuota"]


def dir_of_fresh() -> list[str]:
    """Return what `from gizwits_async import *` brings in a new process."""
    code = "from gizwits_async import *; print(*(set(dir()) - {'__builtins__'}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return [
        name for name in run.stdout.split() if not name.startswith("__") or name == "__version__"
    ]


@pytest.mark.parametrize(
    ("needed", "unneeded"),
    [
        ("gizwits_async.payload, gizwits_async.errors", "aiohttp"),
        (
            "gizwits_async.client; gizwits_async.HourlyQuota()",
            "cattrs gizwits_async.payload gizwits_async.streams.logs gizwits_async.streams.windows aiolimiter",
        ),
        ("gizwits_async.cli.app, gizwits_async.cli.devices", "aiohttp rich msgspec"),
    ],
)
def test_what_is_not_needed_is_not_loaded(needed: str, unneeded: str) -> None:
    """Frames and errors cost no HTTP client, a client no codec, the console no tables in a pipe."""
    code = f"import sys, {needed}; print(*set({unneeded.split()}) & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_the_promised_names_are_there() -> None:
    """Design section 9."""
    assert set(gizwits_async.__all__) >= PROMISED


@cache
def documented_aliases() -> set[str]:
    """Return the names that are assigned in a module and explained in the line below."""
    found = set()
    for path in Path(gizwits_async.__file__).parent.rglob("*.py"):
        for node, after in pairwise(ast.parse(path.read_text()).body):
            names = [one.id for one in ast.walk(node) if isinstance(one, ast.Name)]
            explained = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            if isinstance(node, ast.Assign | ast.AnnAssign) and explained:
                found.add(names[0])
    return found


@pytest.mark.parametrize("name", sorted(set(gizwits_async.__all__) - {"__version__"}))
def test_each_public_name_is_explained(name: str) -> None:
    """Each has a docstring of its own, and so has each of its public methods."""
    value = getattr(gizwits_async, name)
    if not hasattr(value, "__name__") or typing.get_origin(value):
        assert name in documented_aliases()
        return
    assert (value.__doc__ or "").strip()
    if not inspect.isclass(value) or typing.is_typeddict(value):
        return
    for own, member in vars(value).items():
        kinds = (FunctionType, property, cached_property)
        if own.startswith("_") or not isinstance(member, kinds):
            continue
        assert inspect.getdoc(getattr(value, own)), f"{name}.{own} is not explained"


@pytest.mark.parametrize("name", sorted(set(gizwits_async.__all__) - {"__version__", "errors"}))
def test_a_public_class_is_not_a_tuple_in_disguise(name: str) -> None:
    """Values can grow fields: nothing public is unpacked by position."""
    value = getattr(gizwits_async, name)
    assert not (inspect.isclass(value) and issubclass(value, tuple))


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (gizwits_async.GizwitsClient, "__init__"),
        (gizwits_async.GizwitsClient, "send"),
        (gizwits_async.Stream, "pages"),
        (gizwits_async.Stream, "collect"),
    ],
)
def test_public_signatures_say_what_they_take(owner: type, name: str) -> None:
    """Every parameter of the main doors has a type."""
    signature = inspect.signature(getattr(owner, name))
    for parameter in list(signature.parameters.values())[1:]:
        assert parameter.annotation is not inspect.Parameter.empty


PUBLIC = (
    "",
    ".errors",
    ".models",
    ".payload",
    ".quota",
    ".scan",
    ".fastapi",
    ".testing",
    ".simulator",
)
"""Modules whose `__all__` is public, below `gizwits_async`."""
CHECKED = ("", ".models", ".payload", ".quota", ".scan", ".fastapi", ".testing")
"""Those whose signatures are followed; the simulator is a program of its own."""
CALLED = {"__init__", "__call__", "__aiter__", "__aenter__"}
"""Special methods that users call, by whatever syntax."""


def public_names() -> dict[str, list[str]]:
    """Return every public name with the modules it can be imported from."""
    found: dict[str, list[str]] = {}
    for room in PUBLIC:
        module = importlib.import_module(f"gizwits_async{room}")
        for name in module.__all__:
            found.setdefault(name, []).append(module.__name__)
    return found


@cache
def parsed(module: ModuleType) -> ast.Module:
    """Return the source of a module as a tree."""
    return ast.parse(inspect.getsource(module))


@cache
def own_names(module: ModuleType) -> Mapping[str, str]:
    """Return the classes, aliases and literals of this package that a module uses: alias -> name."""
    found = {}
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gizwits_async"):
            found |= {one.asname or one.name: one.name for one in node.names}
    for node in parsed(module).body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = node.name
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = node.target.id
    return {name: meant for name, meant in found.items() if not name.startswith("_")}


def annotations(value: object, node: ast.AST) -> Iterator[ast.expr]:
    """Yield what a public class or function mentions in its signatures and fields."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        args = (*ast.walk(node.args),)
        yield from (one.annotation for one in args if isinstance(one, ast.arg) and one.annotation)
        if node.returns:
            yield node.returns
        return
    assert isinstance(node, ast.ClassDef)
    assert isinstance(value, type)
    made_by_client = issubclass(value, Section | Stream)
    for member in node.body:
        name = getattr(member, "name", "_")
        if not name.startswith("_") or (
            name in CALLED and not (made_by_client and name == "__init__")
        ):
            yield from annotations(value, member)
        if isinstance(member, ast.AnnAssign) and not ast.unparse(member.target).startswith("_"):
            yield member.annotation


def names_in(node: ast.AST) -> Iterator[str]:
    """Yield the names in an annotation, also in one written as text."""
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            yield one.id
        if (
            isinstance(one, ast.Constant)
            and isinstance(one.value, str)
            and one.value.isidentifier()
        ):
            yield one.value


def test_every_type_of_a_public_signature_can_be_imported() -> None:
    """Users annotate their own code: no class, alias or literal is to be had from private modules only."""
    public = public_names()
    todo = [
        getattr(module, name)
        for module in (importlib.import_module(f"gizwits_async{room}") for room in CHECKED)
        for name in module.__all__
    ]
    seen: list[object] = []
    missing: dict[str, str] = {}
    while todo:
        value = todo.pop()
        home = getattr(value, "__module__", "") or ""
        if any(value is one for one in seen) or not home.startswith("gizwits_async"):
            continue
        if home.startswith("gizwits_async.simulator") or not (
            inspect.isclass(value) or inspect.isfunction(value)
        ):
            continue
        seen.append(value)
        module = sys.modules[home]
        names = own_names(module)
        (node,) = [one for one in parsed(module).body if getattr(one, "name", "") == value.__name__]
        for annotation in annotations(value, node):
            for name in names_in(annotation):
                if name not in names:
                    continue
                if names[name] not in public:
                    missing[names[name]] = f"{home}.{value.__name__}"
                todo.append(
                    getattr(module, name, None) or getattr(gizwits_async, names[name], None)
                )
    assert missing == {}
    assert len(seen) > 100, "the walk went through sections, streams, records and errors"
