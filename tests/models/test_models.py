"""Models: every one survives a round trip through JSON, and the trees are read from all shapes."""

import ast
import functools
import importlib
import inspect
import itertools
import json
import pkgutil
import textwrap
import types
from collections.abc import Mapping
from typing import Any, Union, get_args, get_origin, get_type_hints

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gizwits_async import models
from gizwits_async.models import to_dict
from gizwits_async.models.converter import structure
from gizwits_async.models.device_groups import GroupNode, GroupTree
from gizwits_async.models.device_reports import (
    DeviceSummary,
    FaultReport,
    LivenessRow,
    ReportedDevice,
)
from gizwits_async.models.devices import DeviceIdentity
from gizwits_async.models.locations import Location
from gizwits_async.models.users import BoundUser, RegisteredUser
from gizwits_async.models.values import Identity, JsonObject, Number
from gizwits_async.options import Secret


def _models() -> list[type]:
    """Return every attrs class of the package's modules that is read from JSON."""
    found: list[type] = []
    for info in pkgutil.iter_modules(models.__path__, f"{models.__name__}."):
        if info.name.endswith(".frame"):
            continue  # A frame is read from bytes.
        module = importlib.import_module(info.name)
        for _, cls in inspect.getmembers(module, inspect.isclass):
            if attrs.has(cls) and cls.__module__ == module.__name__:
                found.append(cls)
    return sorted(found, key=lambda cls: cls.__qualname__)


MODELS = _models()
CONCRETE = [cls for cls in MODELS if not getattr(cls, "__parameters__", ()) and attrs.fields(cls)]
each = pytest.mark.parametrize("model", CONCRETE, ids=lambda cls: cls.__name__)

texts = st.text(max_size=8)
numbers = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
leaves = st.one_of(st.none(), st.booleans(), numbers, texts)
values = st.recursive(
    leaves,
    lambda it: st.lists(it, max_size=2) | st.dictionaries(texts, it, max_size=2),
    max_leaves=4,
)
objects = st.dictionaries(texts, values, max_size=3)

names = st.sampled_from(["count", "detail", "China", "Beijing", "total", "resolved", "fault_a", ""])
trees = st.dictionaries(
    names,
    st.recursive(
        st.one_of(st.none(), st.integers(), st.just(""), st.integers().map(str)),
        lambda it: st.dictionaries(names, it, max_size=4),
        max_leaves=12,
    ),
    max_size=4,
)
gids = st.sampled_from(["a", "b", "c" * 32, "gid", "children"])
group_trees = st.dictionaries(
    gids,
    st.recursive(
        st.sampled_from(["", None]), lambda it: st.dictionaries(gids, it, max_size=3), max_leaves=6
    ),
    max_size=2,
)
SPECIAL: dict[Any, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.integers(),
    float: numbers,
    str: texts,
    JsonObject: objects,
    get_args(Number)[1]: numbers,
    Identity: st.text(min_size=1, max_size=8),
    # A tree is what can be read: a node alone does not know its name.
    Location: trees.map(Location.from_wire),
    GroupTree: group_trees.map(GroupTree.from_wire),
    GroupNode: st.builds(
        lambda gid, below: GroupNode(gid=gid, children=GroupTree.from_wire(below).groups),
        texts,
        group_trees,
    ),
}


@functools.cache
def strategy(kind: Any) -> st.SearchStrategy[Any]:
    """Return what makes values of a field's type."""
    if kind in SPECIAL:
        return SPECIAL[kind]
    origin, inner = get_origin(kind), get_args(kind)
    if kind is types.NoneType:
        return st.none()
    if origin in {Union, types.UnionType}:
        return st.one_of([strategy(one) for one in inner])
    if origin is tuple:
        return st.lists(strategy(inner[0]), max_size=3).map(tuple)
    if inspect.isclass(origin) and issubclass(origin, Mapping):
        return st.dictionaries(strategy(inner[0]), strategy(inner[1]), max_size=3)
    hints = get_type_hints(kind, include_extras=True)
    read = [one for one in attrs.fields(kind) if one.name not in {"set_aside", "problems"}]
    made = st.builds(kind, **{one.name: strategy(hints[one.name]) for one in read})
    return made.filter(lambda row: row.is_whole()) if kind is ReportedDevice else made


def test_all_models_are_found() -> None:
    """The property below is about every model, so none may slip through the search."""
    assert len(MODELS) >= 36
    assert {RegisteredUser, Location, GroupNode, FaultReport, DeviceIdentity} <= set(CONCRETE)


@each
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_round_trip(model: type, data: st.DataObject) -> None:
    """`structure(to_dict(m, secrets=True)) == m`, also when it was a text of JSON between."""
    made = data.draw(strategy(model))
    plain = to_dict(made, secrets=True)
    assert structure(plain, model) == made
    assert structure(json.loads(json.dumps(plain)), model) == made


OPEN = [cls for cls in CONCRETE if not hasattr(cls, "from_wire")]


@pytest.mark.parametrize("model", OPEN, ids=lambda cls: cls.__name__)
@settings(max_examples=10, deadline=None)
@given(data=st.data(), extra=objects)
def test_unknown_keys_change_nothing(
    model: type, data: st.DataObject, extra: dict[str, Any]
) -> None:
    """A service that grows new fields breaks no model (J10)."""
    made = data.draw(strategy(model))
    plain = to_dict(made, secrets=True)
    grown = {f"new_{name}": value for name, value in extra.items()} | dict(plain)
    assert structure(grown, model) == made


@each
def test_a_model_is_frozen_keyword_only_and_explained(model: type) -> None:
    """No model can be changed or filled by position, and each field carries a docstring."""
    explained = set()
    for cls in filter(attrs.has, model.__mro__):
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
        assert isinstance(tree, ast.ClassDef)
        explained |= {
            ast.unparse(field.target)
            for field, text in itertools.pairwise(tree.body)
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr)
        }
    assert {one.name for one in attrs.fields(model)} <= explained
    assert all(one.kw_only for one in attrs.fields(model))
    assert model.__setattr__ is not object.__setattr__
    assert model.__doc__


@each
def test_lists_are_tuples(model: type) -> None:
    """What is frozen holds nothing that could be appended to."""
    for kind in get_type_hints(model).values():
        assert list not in {get_origin(kind), *map(get_origin, get_args(kind))}


# --- names and small things


def test_a_day_count_is_named_by_one_rule() -> None:
    """`7_day` and `30_day` cannot be names in Python; they are `last_7_days` and `last_30_days`."""
    plain = {"active": {"7_day": 1}, "new": {"7_day": 2, "30_day": "3"}}
    summary = structure(plain, DeviceSummary)
    assert (summary.active.last_7_days, summary.new.last_7_days) == (1, 2)
    assert summary.new.last_30_days == 3
    assert to_dict(summary, secrets=True)["new"]["30_day"] == 3
    renamed = {
        one.metadata["wire"]: one.name
        for model in CONCRETE
        for one in attrs.fields(model)
        if "wire" in one.metadata and one.metadata["wire"][0].isdigit()
    }
    assert renamed == {"7_day": "last_7_days", "30_day": "last_30_days"}


def test_c20_the_passcode_is_there_and_never_shown() -> None:
    """C20: `passcode` came back with the recorded reply; it binds devices, so no repr shows it."""
    identity = structure({"did": "d", "passcode": "123456"}, DeviceIdentity)
    assert identity.passcode == "123456"
    assert isinstance(identity.passcode, Secret)
    assert "123456" not in repr(identity)


def test_c35_anonymous_is_spelled_right() -> None:
    """C35: the old placeholder `is_anomymous` is not what the service sends."""
    user = structure({"uid": "u", "is_anomymous": True, "is_anonymous": 1}, RegisteredUser)
    assert user.is_anonymous is True


def test_c29_report_times_stay_as_they_came() -> None:
    """C29: a report's time names no zone, so it stays a text and none is guessed."""
    row = structure({"mac": "m", "created_at": "2017-12-07 10:12:45"}, ReportedDevice)
    assert row.created_at == "2017-12-07 10:12:45"


def test_an_owner_is_told_only_when_asked_by_did() -> None:
    """`is_owner` is None where the service does not say, and neither true nor false."""
    assert structure({"uid": "u"}, BoundUser).is_owner is None
    assert structure({"uid": "u", "is_owner": 0}, BoundUser).is_owner is False


@pytest.mark.parametrize("cycle", ["date", "week", "month"])
def test_c24_the_period_is_under_the_name_of_the_cycle(cycle: str) -> None:
    """C24: a row's period has the cycle as its key, and counts may be texts."""
    row = structure({"count": "2", cycle: "2017-12"}, LivenessRow)
    assert (row.period, row.count, getattr(row, cycle)) == ("2017-12", 2, "2017-12")


def test_users_tell_when_they_registered() -> None:
    """Epoch seconds stay a number, with an aware datetime beside it."""
    user = structure({"uid": "u", "created_at": 1513135417}, RegisteredUser)
    assert user.time is not None
    assert user.time.isoformat() == "2017-12-13T03:23:37+00:00"
    assert structure({"uid": "u"}, BoundUser).time is None
    assert structure({"uid": "u", "created_at": 0}, BoundUser).time is not None
    assert structure({"uid": "u"}, RegisteredUser).time is None
