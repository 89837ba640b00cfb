"""Public is what `__init__` lists: the promised names are there, each explained, no more."""

import ast
import inspect
import subprocess
import sys
import typing

import pytest

import gizwits_async
from gizwits_async import errors

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
    assert seen == set(gizwits_async.__all__) == set(dir_of_fresh())
    assert len(gizwits_async.__all__) == len(set(gizwits_async.__all__))
    with pytest.raises(AttributeError, match="no attribute 'Session'"):
        getattr(gizwits_async, "Session")  # noqa: B009


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


def test_what_needs_no_client_loads_none() -> None:
    """Reading frames, errors and the console's help cost no HTTP client."""
    code = (
        "import sys, gizwits_async.payload, gizwits_async.errors; print('aiohttp' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_the_promised_names_are_there() -> None:
    """Design section 9."""
    assert set(gizwits_async.__all__) >= PROMISED


@pytest.mark.parametrize("name", sorted(set(gizwits_async.__all__) - {"__version__"}))
def test_each_public_name_is_explained(name: str) -> None:
    """Each has a docstring of its own, and so has each of its public methods."""
    value = getattr(gizwits_async, name)
    assert (value.__doc__ or "").strip()
    if not inspect.isclass(value) or typing.is_typeddict(value):
        return
    for own, member in vars(value).items():
        if own.startswith("_") or not (inspect.isfunction(member) or isinstance(member, property)):
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
