"""Public is what `__init__` lists: the promised names are there, each explained, no more."""

import inspect
import typing
from types import ModuleType

import pytest

import gizwits_async
from gizwits_async import errors

PROMISED = {
    *("Credentials", "GizwitsClient", "HourlyQuota", "Lane", "Options", "Page", "QuotaSnapshot"),
    *("Request", "Stream", "TokenStore", "get", "post", "put", "delete", "errors"),
    *errors.__all__,
}


def public(module: ModuleType) -> set[str]:
    """Return the names that do not begin with an underscore and are no submodule by accident."""
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and (not inspect.ismodule(value) or name in module.__all__)
    }


def test_all_lists_exactly_the_public_names() -> None:
    """Nothing is public by accident, and nothing listed is missing."""
    assert public(gizwits_async) | {"__version__"} == set(gizwits_async.__all__)
    assert len(gizwits_async.__all__) == len(set(gizwits_async.__all__))


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
