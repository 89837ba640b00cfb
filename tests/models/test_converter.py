"""The converter: accepted spellings by table, everything else refused with its path."""

import json
import math
from typing import Any

import pytest
from attrs import field, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from gizwits_async.errors import InvalidResponseError
from gizwits_async.models import to_dict
from gizwits_async.models.converter import structure
from gizwits_async.models.device_reports import FaultReport
from gizwits_async.models.devices import DataRecord, Device, OnlineEvent
from gizwits_async.models.json import load_json
from gizwits_async.models.page import LogReply, PageReply
from gizwits_async.models.product import DataPoint
from gizwits_async.models.values import JsonObject


@frozen(kw_only=True)
class Leaf:
    """A value of each kind."""

    b: bool = False
    i: int = 0
    f: float = 0.0
    s: str = ""
    none: str | None = None
    many: tuple[str, ...] = ()
    free: JsonObject = field(factory=dict)


@frozen(kw_only=True)
class Tree:
    """Nested values, one of them required."""

    did: str
    leaf: Leaf | None = None
    leaves: tuple[Leaf, ...] = ()


HUGE = 10**30
ACCEPTED = [
    *[("b", v, True) for v in (True, 1, "1", "true", "True", "TRUE")],
    *[("b", v, False) for v in (False, 0, "0", "false", "False")],
    *[("i", v, 5) for v in (5, "5", 5.0, "5.0", "5e0", "005")],
    *[("i", v, v) for v in (-3, 2**63, HUGE)],
    ("i", "-3", -3),
    ("i", str(HUGE), HUGE),
    ("i", "9" * 4300, 10**4300 - 1),
    *[("f", v, v) for v in (1517384124.229, 1517384243, -1.5, 2**63, HUGE)],
    ("f", "113.280637", 113.280637),
    ("f", "1517384243", 1517384243),
    ("f", "1e3", 1000.0),
    *[("s", v, v) for v in ("", "x", "设备 😀 \u200b\u202e", "\ud800", "x" * 1_000_000, "null")],
    ("s", 130, "130"),
    ("none", None, None),
    ("many", [], ()),
    ("many", ["a", 5], ("a", "5")),
    ("free", {"a": [1, None]}, {"a": [1, None]}),
    ("free", None, {}),
    ("free", "", {}),
    ("free", '{"keep_alive": 130}', {"keep_alive": 130}),
    ("free", "[1]", {"text": "[1]"}),
    ("free", "plain", {"text": "plain"}),
    ("free", "\ud800", {"text": "\ud800"}),
    ("free", "[" * 100_000, {"text": "[" * 100_000}),
]
REFUSED = [
    *[("b", v) for v in (None, 2, -1, 1.0, "", "yes", "on", "2", " true", [], {}, "ﬀalse")],
    *[
        ("i", v)
        for v in (
            None,
            True,
            1517384124.229,
            "1.5",
            "",
            "x",
            "1e-3",
            "0x1",
            "+5",
            " 5",
            "٣",
            "null",
            [],
        )
    ],
    *[("i", v) for v in (math.nan, math.inf, "9" * 4301)],
    *[
        ("f", v)
        for v in (None, True, "", "NaN", "Infinity", "1e400", "1,5", "5.", ".5", "٣", {}, [])
    ],
    *[("s", v) for v in (None, True, 1.5, [], {})],
    *[("none", v) for v in (True, 1.5, [])],
    *[("many", v) for v in ("abc", {"a": 1}, None, 5, [None], ["a", {}])],
    *[("free", v) for v in (5, True, [], [1], 1.5)],
]


@pytest.mark.parametrize(("name", "value", "meant"), ACCEPTED, ids=lambda v: repr(v)[:30])
@pytest.mark.fault("J11")
def test_an_accepted_spelling_means_what_it_says(name: str, value: Any, meant: Any) -> None:
    """The table of accepted spellings; the type of the result is exact."""
    found = getattr(structure({name: value}, Leaf), name)
    assert found == meant
    assert type(found) is type(meant)


@pytest.mark.parametrize(("name", "value"), REFUSED, ids=lambda v: repr(v)[:30])
@pytest.mark.fault("J10", "J11")
def test_any_other_spelling_is_refused_with_its_path(name: str, value: Any) -> None:
    """Never "false" as True, null as "None", a float cut, a text split into letters."""
    with pytest.raises(InvalidResponseError) as caught:
        structure({"did": "d", "leaves": [{}, {name: value}]}, Tree)
    assert len(caught.value.problems) == 1
    assert f"@ $.leaves[1].{name}" in caught.value.problems[0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
    | st.sampled_from(["true", "false", "0", "1", "1.5", "", 1, 0, 1517384124.229]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
LEAVES = st.dictionaries(st.sampled_from(["b", "i", "f", "s", "none", "many", "free", "x"]), JSON)
TREES = st.one_of(
    JSON,
    st.fixed_dictionaries({"did": JSON}, optional={"leaf": LEAVES, "leaves": st.lists(LEAVES)}),
)


@settings(max_examples=150, deadline=None)
@given(value=TREES, kind=st.sampled_from([Tree, Device, DataRecord, OnlineEvent, PageReply[Tree]]))
@pytest.mark.fault("J9", "J10")
def test_whatever_comes_is_taken_or_refused_with_its_paths(value: Any, kind: Any) -> None:
    """Any JSON gives a value that can be written and read again, or problems that each have a path."""
    try:
        found = structure(value, kind)
    except InvalidResponseError as error:
        assert error.problems
        assert all(" @ $" in problem for problem in error.problems)
    else:
        assert kind == PageReply[Tree] or repr(
            structure(to_dict(found, secrets=True), kind)
        ) == repr(found)


@given(value=LEAVES)
def test_a_model_survives_the_way_there_and_back(value: Any) -> None:
    """structure(to_dict(model, secrets=True)) == model, and unknown keys change nothing."""
    try:
        model = structure(value, Leaf)
    except InvalidResponseError:
        return
    assert structure(to_dict(model, secrets=True), Leaf) == model
    assert structure({**value, "unknown": [1, {}]}, Leaf) == model


def test_all_bad_fields_are_named_at_once() -> None:
    """Every problem of every row is listed, each with its path."""
    rows = [{"did": "a"}, {"mac": "m"}, {"did": "c", "is_online": "maybe"}]
    page = structure({"objects": rows}, PageReply[Device])
    assert [*map(str, page.problems)] == [
        "required field missing @ $.objects[1].did",
        "expected a boolean, got a text of 5 characters @ $.objects[2].is_online",
    ]


def test_a_message_shows_no_text_that_came() -> None:
    """A text of the reply may be a secret: messages give its length only."""
    with pytest.raises(InvalidResponseError) as caught:
        structure({"did": "d", "leaf": {"b": "canary"}}, Tree)
    assert "canary" not in str(caught.value) + repr(caught.value.problems)


@pytest.mark.parametrize(
    "key", ["canary", "a'] @ $.b['canary", 'it\'s "canary"', "canary\n\x1b[2J"]
)
def test_a_message_shows_no_key_that_came(key: str) -> None:
    """Keys of a free object are texts of the reply too, unlike the names of fields."""
    wire = {"count": {"total": "x"}, "detail": {"fine": {}, key: {"total": None}}}
    with pytest.raises(InvalidResponseError) as caught:
        structure(wire, FaultReport)
    assert caught.value.problems == (
        "expected a whole number, got a text of 1 characters @ $.count.total",
        "expected a whole number, got null @ $.detail[...].total",
    )
    with pytest.raises(InvalidResponseError, match=r"null @ \$\[\.\.\.\]$") as caught:
        structure({key: None}, dict[str, int])
    assert "canary" not in str(caught.value) + repr(caught.value.problems)


@pytest.mark.parametrize("value", [None, [], "x", 5, True, 1.5])
@pytest.mark.parametrize("kind", [Tree, Device, PageReply[Device]])
def test_a_top_level_that_is_no_object_is_refused(value: Any, kind: Any) -> None:
    """Neither a list nor a scalar is read as an object."""
    with pytest.raises(InvalidResponseError, match=r"@ \$"):
        structure(value, kind)


@frozen(kw_only=True)
class Own:
    """A user's own model, for an endpoint without a method."""

    n: int | float
    m: float | int | None = None


def test_a_union_of_numbers_in_a_users_own_model_is_read_as_ours() -> None:
    """`client.send` reads into any frozen attrs class, also with plain unions of number types."""
    page = {"objects": [{"n": "1.5", "m": 2}, {"n": 3, "m": None}]}
    found = structure(page, PageReply[Own]).objects
    assert repr(found) == "(Own(n=1.5, m=2), Own(n=3, m=None))"
    with pytest.raises(InvalidResponseError, match=r"expected a number.* @ \$\.n"):
        structure({"n": "nan"}, Own)


@pytest.mark.parametrize("value", [{"a": 1}, "ab"])
def test_letters_and_keys_are_not_taken_for_a_list(value: Any) -> None:
    """A text or an object in place of a list is refused, and not split into letters or keys."""
    point = {"id": 1, "name": "n", "type": "t", "data_type": "enum", "enum": value}
    with pytest.raises(InvalidResponseError, match=r"expected a list.*@ \$\.enum"):
        structure(point, DataPoint)


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b' \r\n{"a": 1}\n', {"a": 1}),
        ('{"a": "设备😀"}'.encode(), {"a": "设备😀"}),
        (rb'{"a": "\ud800"}', {"a": "\ud800"}),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b"5", 5),
        (b"null", None),
        (b"18446744073709551616", 2**64),
        (b"1517384124.229", 1517384124.229),
        (b"1e308", 1e308),
    ],
)
@pytest.mark.fault("W9", "W11", "J5", "J7", "J8")
def test_json_is_read_whatever_was_declared(body: bytes, meant: object) -> None:
    """UTF-8 with or without a byte order mark; the last of two equal keys wins."""
    assert load_json(body) == meant


@pytest.mark.parametrize(
    ("body", "truncated"),
    [
        (b'{"total": 31,}', True),
        (b'{"objects": [{"did": "a"}, {"d', True),
        (b'\xef\xbb\xbf{"a', True),
        (b"[" * 100_000, True),
        (b'{"a":' * 100_000, True),
        (b'{"a": NaN}', True),
        (b'{"a": Infinity}', True),
        (b'{"a": -Infinity}', True),
        (b'{"a": 1e400}', True),
        (b'{"a": ' + b"9" * 5000 + b"}", True),
        (b"<html>", False),
        (b"token=1", False),
        ('{"a": "机智云"}'.encode("gbk"), False),
        (b"\xff\xfe{\x00}\x00", False),
        (b'{"a": "\xed\xa0\x80"}', False),
    ],
)
@pytest.mark.fault("W10", "J1", "J2", "J3", "J4", "J5", "J6")
def test_what_is_no_json_is_an_error_of_ours(body: bytes, truncated: bool) -> None:
    """Text that is not JSON is an InvalidResponseError; it is neither guessed nor repaired."""
    with pytest.raises(InvalidResponseError) as caught:
        load_json(body)
    assert caught.value.truncated is truncated
    assert caught.value.problems
    assert caught.value.__context__ is None, "the body would be seen in a traceback's locals"


@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_else(body: bytes) -> None:
    """Any bytes give a value or an InvalidResponseError."""
    try:
        value = load_json(body)
    except InvalidResponseError:
        return
    assert json.loads(json.dumps(value)) == value


@pytest.mark.parametrize("depth", [10, 900, 5000, 100_000])
def test_free_objects_may_be_deep_or_refused_but_never_crash(depth: int) -> None:
    """Deep nesting inside a free object is kept or refused, and never crashes."""
    body = b'{"ts": 1, "attrs": {"a": ' + b"[" * depth + b"]" * depth + b"}}"
    try:
        record = structure(load_json(body), DataRecord)
    except InvalidResponseError as error:
        assert "deep" in str(error)
    else:
        assert record.ts == 1


def test_page_envelopes_are_read_in_every_known_shape() -> None:
    """`context` in four positions, all its end values, the `hits` envelope, odd totals."""
    row = {"ts": 1, "attrs": {}}
    for page, context, total, count in [
        ({"objects": [row], "meta": {"context": "c", "total": 3}}, "c", 3, 1),
        ({"objects": [row], "meta": {"total": "3"}, "context": "c"}, "c", 3, 1),
        ({"objects": [row, {"context": "c"}], "meta": {"total": None}}, "c", None, 1),
        ({"objects": [row, {**row, "context": "c"}]}, "c", None, 2),
        ({"objects": {"hits": {"total": 1, "objects": [row]}, "took": 1}}, None, 1, 1),
        ({"objects": {"hits": {"objects": [row]}}, "meta": {"context": 17}}, "17", None, 1),
        ({"objects": [], "meta": {"context": "", "total": -1}}, None, None, 0),
        ({"objects": [], "meta": {"context": None, "total": True}}, None, None, 0),
        ({"objects": [], "meta": {"context": "  "}}, None, None, 0),
        ({"objects": [], "meta": []}, None, None, 0),
        ({"objects": []}, None, None, 0),
    ]:
        found = structure(page, LogReply[DataRecord])
        assert (found.context, found.total, len(found.objects)) == (context, total, count)


@pytest.mark.parametrize(
    "page",
    [
        {},
        {"objects": None},
        {"objects": "ab"},
        {"objects": {}},
        {"objects": {"hits": None}},
        {"objects": 5},
    ],
)
def test_a_page_without_a_list_is_refused(page: Any) -> None:
    """A page without its list of records is an error, not an empty page."""
    with pytest.raises(InvalidResponseError, match=r"@ \$\.objects"):
        structure(page, PageReply[Device])
