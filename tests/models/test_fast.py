"""Replies decoded in one pass by msgspec mean the same as those read value by value."""

import copy
import importlib
import inspect
import json
import math
import pkgutil
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints
from unittest.mock import patch

import attrs
import pytest
from attrs import field, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from gizwits_async import models, sections
from gizwits_async.errors import InvalidResponseError
from gizwits_async.models import decoder
from gizwits_async.models import json as json_reader
from gizwits_async.models.converter import structure
from gizwits_async.models.decoder import decode_object, decode_page
from gizwits_async.models.device_groups import GroupCreated
from gizwits_async.models.device_reports import ReportedDevice
from gizwits_async.models.devices import CommandRecord, DataRecord, Device, OnlineEvent
from gizwits_async.models.json import load_json
from gizwits_async.models.page import LogReply, PageReply
from gizwits_async.models.plain_fields import field_types
from gizwits_async.models.values import Identity, JsonObject, Number
from gizwits_async.sections.base import Section
from gizwits_async.streams import Stream


@frozen(kw_only=True)
class Each:
    """A field of each type that a plain record may have."""

    did: str
    b: bool = False
    i: int = 0
    n: Number = 0.0
    s: str = "none"
    o: JsonObject = field(factory=dict)
    b_: bool | None = None
    i_: int | None = None
    n_: Number | None = None
    s_: str | None = None
    o_: JsonObject | None = None


KINDS = {
    frozenset({bool}): "as_bool",
    frozenset({int}): "as_int",
    frozenset(get_args(Number)): "as_number",
    frozenset({str}): "as_text",
    frozenset({Identity}): "as_identity",
    frozenset({JsonObject}): "json_object",
}


def _fields(kind: Any) -> dict[str, str] | None:
    members = field_types(kind)
    return members and {name: KINDS[found] for name, found in members.items()}


def _sections() -> Iterator[type]:
    """Return the sections of the client: one class a module."""
    for info in pkgutil.iter_modules(sections.__path__, f"{sections.__name__}."):
        for _, one in inspect.getmembers(importlib.import_module(info.name), inspect.isclass):
            if issubclass(one, Section) and one.__module__ == info.name:
                yield one


def _listed() -> Iterator[type]:
    """Return the records of all streams that the sections' methods promise."""
    for section in _sections():
        for _, method in inspect.getmembers(section, inspect.isfunction):
            if method.__name__.startswith("_"):
                continue
            promised = get_type_hints(method).get("return")
            origin = get_origin(promised)
            if inspect.isclass(origin) and issubclass(origin, Stream):
                yield get_args(promised)[0]


LISTED = sorted(set(_listed()), key=lambda kind: kind.__name__)
LOGS = {OnlineEvent, CommandRecord, DataRecord}
RECORDS = [*LISTED, Each]
WRAPS = ["plain", "hits", "beside hits", "context in the last row"]
each = pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    """Forget the pages of other tests: how a page is read depends on the one before it, though not its result."""
    decoder._pages.cache_clear()


CLEAN: dict[str, st.SearchStrategy[Any]] = {
    "as_bool": st.booleans(),
    "as_int": st.integers(),
    "as_number": st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    "as_text": st.text(max_size=5),
    "as_identity": st.text(min_size=1, max_size=5),
    "json_object": st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3)),
}
DIRTY: dict[str, st.SearchStrategy[Any]] = {
    "as_bool": st.sampled_from([0, 1, "0", "1", "-0", "true", "False", "TRUE"]),
    "as_int": st.sampled_from(["5", "-3", 5.0, "9" * 40, -0.0]),
    "as_number": st.sampled_from(["113.28", "-5", "1517384243", "1.0", "9" * 40, "-0", "1e5"]),
    "as_text": st.integers(),
    "as_identity": st.integers(),
    "json_object": st.sampled_from([None, "", "null", "{}", '{"a": 1}', "[1]", "plain", "\ud800"]),
}
BROKEN = st.sampled_from(
    [None, "null", "None", "nan", "NaN", "inf", "-Infinity", "1e5", "1E5", "+1", "1_000", " 5", "5 ",
     "0x10", "5.", ".5", "٣", "yes", "on", "off", "t", "tRuE", "", "x", "9" * 41, "1e400", "\x005",
     2, -1, 1.5, 1e300, 2**63, 2**64, -(2**64), 10**30, True, False, [], [1], {}, {"a": 1},
     math.nan, math.inf, "2020-10-10T10:10:10Z", "ZGF0YQ==", "\ud800", {"\ud800": ["\ud800"]}]
)  # fmt: skip


@cache
def rows_of(kind: Any) -> st.SearchStrategy[Any]:
    """Return what makes lists of records: clean, dirty and broken ones, in any mixture."""
    fields = _fields(kind) or {}
    clean = {name: CLEAN[hook] for name, hook in fields.items()}
    dirty = {name: CLEAN[hook] | DIRTY[hook] for name, hook in fields.items()}
    broken = {name: CLEAN[hook] | DIRTY[hook] | BROKEN for name, hook in fields.items()}
    extra = dict.fromkeys(["new", "\ud800", "duration", "KeepAlive"], BROKEN)
    needed = {one.name for one in attrs.fields(kind) if one.default is attrs.NOTHING}

    def record(values: dict[str, Any]) -> st.SearchStrategy[Any]:
        return st.fixed_dictionaries(
            {name: values[name] for name in needed},
            optional=extra | {name: values[name] for name in values.keys() - needed},
        )

    holed = st.fixed_dictionaries({}, optional=broken)
    return st.one_of(
        st.lists(record(clean), max_size=4),
        st.lists(record(dirty), max_size=4),
        st.lists(record(dirty) | record(broken), min_size=1, max_size=4),
        st.lists(record(clean) | record(broken) | holed | BROKEN, min_size=1, max_size=4),
    )


def page_of(kind: Any) -> Any:
    """Return the reply that lists records of a kind."""
    return (LogReply if kind in LOGS else PageReply)[kind]


def outcome(body: bytes, kind: Any, *, straight: bool) -> str:
    """Return the decoded reply with the types of all values, or its problems."""
    try:
        page = decode_page(body, kind) if straight else None
        page = structure(load_json(body), kind) if page is None else page
        return repr((page, [getattr(row, "unread", None) for row in page.objects]))
    except InvalidResponseError as error:
        return repr(error.problems)


@each
@settings(max_examples=50, deadline=None)
@given(data=st.data(), context=st.sampled_from([{}, {"context": "c"}, {"context": ""}]))
def test_a_page_means_the_same_read_straight_and_value_by_value(
    kind: Any, data: st.DataObject, context: dict[str, str]
) -> None:
    """Equal objects down to the types of values, or equal problems, whatever page was read before."""
    fields = _fields(kind) or {}
    clean = {name: data.draw(CLEAN[hook]) for name, hook in fields.items()}
    early, late = ([clean] * n + data.draw(rows_of(kind)) for n in (0, 11))
    pages = [{"objects": rows, "meta": {"total": 3, **context}} for rows in (late, early, late)]
    decoder._pages.cache_clear()
    for body in (json.dumps(page).encode() for page in pages):
        straight = outcome(body, page_of(kind), straight=True)
        assert straight == outcome(body, page_of(kind), straight=False)


def object_outcome(body: bytes, kind: Any, *, straight: bool) -> str:
    """Return the same for one object, with its class."""
    try:
        found = decode_object(body, kind) if straight else None
        found = structure(load_json(body), kind) if found is None else found
    except InvalidResponseError as error:
        return repr(error.problems)
    return f"{type(found)} {found!r}"


SINGLE = [models.DeviceDetail, GroupCreated, models.UserTotal, Each]


@pytest.mark.parametrize("kind", SINGLE, ids=lambda kind: kind.__name__)
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_an_object_means_the_same_read_straight_and_value_by_value(
    kind: Any, data: st.DataObject
) -> None:
    """Equal objects down to the types of values, or equal problems."""
    for value in data.draw(rows_of(kind)):
        body = json.dumps(value).encode()
        straight = object_outcome(body, kind, straight=True)
        assert straight == object_outcome(body, kind, straight=False)


@pytest.mark.parametrize("code", [5301, "5301", "x", True, {}])
def test_a_refusal_is_never_an_object(code: object) -> None:
    """All fields of an answer may be optional: an `error_code` says that it is none."""
    assert decode_object(json.dumps({"error_code": code}).encode(), models.UserTotal) is None
    assert decode_object(json.dumps({"did": "d", "error_code": code}).encode(), Each) is None
    assert decode_object(b'{"did": "d"}', Each) == Each(did="d")


@each
@pytest.mark.parametrize(
    "change",
    [
        (b'"meta"', b'"context"'),
        (b"}]", b',"context": "c"}]'),
        (b"}]", b'}, {"context": "c"}]'),
        (b"[{", b'{"hits": {"objects": [{"new": 1}]}, "x": [{'),
        (b'"meta": {', b'"meta": 5, "total": 2, "error_code": 0, "x": {'),
        (b'"objects": [', b'"objects": [], "objects": ['),
        (b"}]", b"},]"),
        (b"{", b"\xef\xbb\xbf{"),
        (b"]}", b"]"),
        (b'"new": 1', b'"new": "\\ud800"'),
    ],
    ids=lambda change: change[1].decode("latin-1"),
)  # fmt: skip
@pytest.mark.parametrize("outside", [{}, {"context": "c"}], ids=["", "context in meta too"])
def test_an_odd_envelope_means_the_same(
    kind: Any, change: tuple[bytes, bytes], outside: dict[str, str]
) -> None:
    """Unusual envelopes and positions of the context give the same in both ways of reading."""
    row = {"did": "d", "uid": "u", "ts": 1, "timestamp": 1, "type": "t", "new": 1}
    page = {"meta": {"total": 2, **outside}, "objects": [row, row]}
    body = json.dumps(page).encode().replace(*change, 1)
    straight = outcome(body, page_of(kind), straight=True)
    assert straight == outcome(body, page_of(kind), straight=False)


@each
@pytest.mark.parametrize("unread", [b'"new": "\xff"', b'"\xff": 1'], ids=["value", "name"])
def test_no_record_is_lost_by_the_encoding_of_what_is_not_read(kind: Any, unread: bytes) -> None:
    """A member that no field takes may have bytes that are no UTF-8."""
    row = {"did": "d", "uid": "u", "ts": 1, "timestamp": 1, "type": "t", "mac": "m", "new": 1}
    body = json.dumps({"meta": {"total": 1, "context": "c"}, "objects": [row]}).encode()
    found = decode_page(body.replace(b'"new": 1', unread), page_of(kind))
    assert found is not None
    assert found == decode_page(body, page_of(kind))


def test_a_row_is_read_wherever_it_stands_although_a_member_that_nothing_reads_cannot_be() -> None:
    """Last of a log, far down, odd, or after a page with a bad row: no page depends on the one before."""
    rows = [b'{"ts": "005", "new": \xff}'.replace(b"\xff", it) for it in (b'"\xff"', b"1e999")]
    bad = b'{"objects": [%s{"attrs": 1}]}' % (b'{"ts": 1},' * 11)
    for before in 0, 11:
        for row in rows:
            body = b'{"objects": [%s%s]}' % (b'{"ts": 1},' * before, row)
            decode_page(bad, LogReply[DataRecord])
            pages = [decode_page(body, LogReply[DataRecord]) for _ in range(2)]
            for page in pages:
                assert page is not None
                assert [it.ts for it in page.objects] == [1] * before + [5]


@pytest.mark.parametrize("page", [PageReply, LogReply])
def test_context_and_total_beside_hits_count(page: Any) -> None:
    """What stands beside the rows of a `hits` envelope is not lost: without a context a log has ended."""
    body = b'{"objects": {"hits": {"objects": [{"ts": 1}]}, "total": 3, "context": "c"}}'
    found = decode_page(body, page[DataRecord])
    assert found == structure(load_json(body), page[DataRecord])
    assert found is not None
    assert (found.total, found.context) == (3, "c")


def test_a_device_whose_names_are_the_text_null_has_none() -> None:
    """Its row is set aside, also where all rows of the page are plain."""
    body = b'{"objects": [{"report_date": "7", "device_sn": "null"}]}'
    found = decode_page(body, PageReply[ReportedDevice])
    assert found == structure(load_json(body), PageReply[ReportedDevice])


def test_every_record_of_a_stream_goes_the_fast_way() -> None:
    """A record with a field that is not plain would be decoded slowly without any notice."""
    names = "BoundUser CommandRecord DataRecord Device OnlineEvent RegisteredUser ReportedDevice"
    assert [kind.__name__ for kind in LISTED] == names.split()
    assert all(_fields(kind) for kind in LISTED)


def test_the_rest_of_the_plain_models_is_known() -> None:
    """The plain models are listed: none of them has converters or renamed fields."""
    plain = set()
    for info in pkgutil.iter_modules(models.__path__, f"{models.__name__}."):
        module = importlib.import_module(info.name)
        for name, cls in inspect.getmembers(module, inspect.isclass):
            if cls.__module__ == module.__name__ and attrs.has(cls) and _fields(cls) is not None:
                plain.add(name)
    assert plain - {kind.__name__ for kind in LISTED} == {
        "ActiveUsersRow", "DeviceDetail", "FaultCounts", "GroupCreated", "NewUsersRow", "Position", "Problem", "Report",
        "RealtimeCounts", "TokenReply", "User", "UserTotal",
    }  # fmt: skip


@frozen(kw_only=True)
class _Floats:
    f: float = 0.0


@frozen(kw_only=True)
class _Renamed:
    last: int = field(default=0, metadata={"wire": "7_day"})


@frozen(kw_only=True)
class _Converted:
    s: str = field(default="", converter=str)


@frozen(kw_only=True)
class _Checked:
    i: int = field(default=0, validator=attrs.validators.gt(0))


@frozen(kw_only=True)
class _After:
    i: int = 0

    def __attrs_post_init__(self) -> None:
        raise ValueError("never")


@frozen(kw_only=True)
class _Private:
    _i: int = 0


@frozen(kw_only=True)
class _Computed:
    i: int = 0
    j: int = field(init=False, default=1)


@frozen(kw_only=True)
class _FromSelf:
    i: int = 0
    j: int = field(default=attrs.Factory(lambda self: self.i, takes_self=True))


@frozen(kw_only=True)
class _Nested:
    many: tuple[str, ...] = ()


@pytest.mark.parametrize(
    "kind",
    [_Floats, _Renamed, _Converted, _Checked, _After, _Private, _Computed, _FromSelf, _Nested,
     str, int, Device | None, PageReply[Device], dict[str, int]],
)  # fmt: skip
def test_what_msgspec_would_fill_otherwise_is_not_plain(kind: Any) -> None:
    """msgspec would ignore or misread these, so the converter reads them."""
    assert _fields(kind) is None


@each
def test_a_dirty_column_does_not_slow_the_page_down(kind: Any) -> None:
    """Other spellings of a field are read for the whole page, and not row by row."""
    good = {"did": "d", "uid": "u", "ts": 1, "timestamp": 1, "type": "t", "payload": {"a": 1}}
    good |= {"mac": "m"} | ({"payload": "00"} if kind is CommandRecord else {})
    for name, hook in (_fields(kind) or {}).items():
        for odd in DIRT[hook]:
            page = {"objects": [good, {**good, name: odd}], "meta": {"context": "c"}}
            body = json.dumps(page).encode()
            with patch.object(decoder, "structure", side_effect=AssertionError):
                read = decode_page(body, page_of(kind))
            assert read == structure(load_json(body), page_of(kind)), name


@pytest.mark.parametrize(
    "payload", [{}, {"payload": ""}, {"payload": None}, {"payload": {}}, {"payload": "{ }"}]
)
def test_details_beside_an_empty_payload_do_not_slow_the_page_down(payload: Any) -> None:
    """The document's table lists them there, so that all rows of a page may have them there."""
    body = json.dumps({"objects": [{"timestamp": 1, "duration": 9, **payload}] * 3}).encode()
    with patch.object(decoder, "structure", side_effect=AssertionError):
        read = decode_page(body, PageReply[OnlineEvent])
    assert read == structure(load_json(body), PageReply[OnlineEvent])
    assert read is not None
    assert [row.payload for row in read.objects] == [{"duration": 9}] * 3


@pytest.mark.parametrize("last", [None, "context", 5, [], {}])
def test_an_odd_last_row_does_not_slow_the_page_down(last: Any) -> None:
    """Only that row is read by the converter, whatever it is."""
    body = json.dumps({"objects": [{"ts": 1, "attrs": {"a": 1}}] * 3 + [last]}).encode()
    page = decode_page(body, LogReply[DataRecord])
    assert page == structure(load_json(body), LogReply[DataRecord])


def test_pages_with_a_bad_row_far_down_are_tried_whole_once() -> None:
    """Such a row is refused after most of the page was decoded, which then was in vain."""
    rows = [{"did": str(number)} for number in range(20)]
    good, bad = (json.dumps({"objects": it}).encode() for it in (rows, [*rows, {"mac": "m"}]))
    decoder._pages.cache_clear()
    pages: Any = decoder._pages(PageReply, (Device,))
    tried = []
    for body in (bad, bad, bad, good, good):
        with patch.object(pages, "_decode", wraps=pages._decode) as whole:
            page = decode_page(body, PageReply[Device])
        assert page is not None
        assert [row.did for row in page.objects] == [row["did"] for row in rows]
        tried.append(whole.call_count)
    assert tried == [1, 0, 0, 0, 1]


DIRT = {
    "as_bool": [1, "TRUE"],
    "as_int": ["5", 5.0],
    "as_number": ["5.5", "005"],
    "as_text": ["5", 5],
    "as_identity": ["5", 5],
    "json_object": [{"a": "1"}, '{"a": 1}', "plain"],
}


@each
@settings(max_examples=25, deadline=None)
@given(data=st.data(), wrap=st.sampled_from(WRAPS))
def test_odd_columns_a_bad_row_and_an_odd_envelope_mean_the_same(
    kind: Any, data: st.DataObject, wrap: str
) -> None:
    """Two odd fields in all rows, a bad row and an odd envelope together give equal pages and problems."""
    fields = _fields(kind) or {}
    odd = data.draw(st.lists(st.sampled_from(sorted(fields)), max_size=2, unique=True))
    row = st.fixed_dictionaries(
        {name: st.sampled_from(DIRT[fields[name]]) for name in odd}
        | {name: CLEAN[hook] for name, hook in fields.items() if name not in odd}
    )
    rows: list[Any] = data.draw(st.lists(row, min_size=2, max_size=5))
    rows[data.draw(st.integers(0, len(rows) - 1))] |= data.draw(
        st.sampled_from([{}, *({name: []} for name in fields)])
    )
    if wrap == "context in the last row":
        rows.append(data.draw(st.sampled_from([{"context": "c"}, {**rows[0], "context": "c"}])))
    objects: Any = {
        "hits": {"hits": {"objects": rows, "total": 9}},
        "beside hits": {"hits": {"objects": rows}, "total": 9, "context": "c"},
    }.get(wrap, rows)
    body = json.dumps({"objects": objects}).encode()
    straight = outcome(body, page_of(kind), straight=True)
    assert straight == outcome(body, page_of(kind), straight=False)


@pytest.mark.parametrize("text", ["nan", "NaN", "inf", "-Infinity"])
def test_a_text_that_is_no_number_is_unread(text: str) -> None:
    """msgspec reads these as floats; here the field is unreadable."""
    body = json.dumps({"objects": [{"did": "d"}, {"did": "d", "latitude": text}]}).encode()
    for page in decode_page(body, PageReply[Device]), structure(load_json(body), PageReply[Device]):
        assert page is not None
        _, row = page.objects
        assert row.latitude is None
        assert row.unread["latitude"].startswith("expected a number")


def test_a_page_with_dirt_in_most_columns_is_read_nevertheless() -> None:
    """Values are right however many fields have unusual spellings; only slower."""
    row = {"did": 1, "b": 1, "i": "1", "n": "1.5", "s": 1, "o": "", "b_": "0", "i_": 2.0, "n_": "2",
           "s_": 7, "o_": "{}"}  # fmt: skip
    body = json.dumps({"objects": [row]}).encode()
    (found,) = structure(load_json(body), PageReply[Each]).objects
    assert found == Each(did="1", b=True, i=1, n=1.5, s="1", b_=False, i_=2, n_=2, s_="7", o_={})
    assert type(found.n_) is int


def test_a_filled_record_is_as_whole_as_one_that_was_made() -> None:
    """Records filled by msgspec have defaults, own factories, hashes and copies like constructed ones."""
    rows = [{"timestamp": 1, "type": "t", "payload": {"a": 1}}] * 2
    page = decode_page(json.dumps({"objects": rows}).encode(), PageReply[OnlineEvent])
    assert page is not None
    one, two = page.objects
    assert one == OnlineEvent(timestamp=1, type="t", payload={"a": 1}) == two
    assert one.payload is not two.payload
    assert attrs.evolve(one, type="x").type == "x"
    assert copy.deepcopy(one) == one
    devices = decode_page(b'{"objects": [{"did": "d"}]}', PageReply[Device])
    assert devices is not None
    assert hash(devices.objects[0])
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        one.type = "x"  # type: ignore[misc]


# --- JSON


@pytest.mark.parametrize("ascii_only", [True, False])
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=6)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.integers(min_value=2**62) | st.sampled_from(["\ud800", "a\udfff", "\U0001f600"]),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
        max_leaves=8,
    )
)  # fmt: skip
@pytest.mark.fault("J5", "J7")
def test_json_means_what_the_standard_library_reads(ascii_only: bool, value: Any) -> None:
    """Huge integers are exact, floats equal to the last bit, lone surrogates kept."""
    text = json.dumps(value, ensure_ascii=ascii_only)
    try:
        body = text.encode()
    except UnicodeEncodeError:
        return
    assert repr(load_json(body)) == repr(value)


NUMBERS = st.from_regex(r"-?[0-9]{0,3}\.?[0-9]{0,25}([eE][+-]?[0-9]{0,3})?", fullmatch=True)
PIECES = st.lists(
    st.sampled_from(["{", "}", "[", "]", ",", ":", '"a"', '"', "\\u00e9", "\\", "null", "true", "NaN",
                     " ", "\n", "\x0b", "\ufeff", "-Infinity", "é"]) | NUMBERS,
    max_size=8,
)  # fmt: skip


@settings(max_examples=200)
@given(text=NUMBERS | PIECES.map("".join))
def test_what_msgspec_takes_the_standard_library_takes(text: str) -> None:
    """What msgspec accepts, the standard library reads alike; what it refuses goes to the latter."""
    body = text.encode()
    with patch.object(json_reader, "_decode", side_effect=UnicodeDecodeError("", b"", 0, 0, "")):
        slow = _read(body)
    assert _read(body) == slow


def _read(body: bytes) -> str:
    try:
        return repr(load_json(body))
    except InvalidResponseError as error:
        return f"refused: {error}"
