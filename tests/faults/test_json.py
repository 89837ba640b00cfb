"""Texts and shapes of JSON, met by the public client."""

import json
from typing import Any

import pytest

from gizwits_async.errors import (
    GizwitsError,
    InvalidRequestError,
    InvalidResponseError,
    NoReplyError,
    NotFoundError,
    OutcomeUnknownError,
)
from gizwits_async.models.device_groups import GroupNode
from gizwits_async.models.devices import DataRecord, Device, DeviceDetail
from tests.doubles import virtual
from tests.doubles.scripted import ScriptedTransport, answers, client_on, reply
from tests.faults.c0 import CANARIES, failure
from tests.faults.spoken import END, GOOD, START, T1, device, page, search, spoken
from tests.test_endpoints import ROWS, Row

# --- the text (J1 to J4, J6, J8)


@pytest.mark.fault("J1")
@virtual
async def test_a_trailing_comma_is_told_with_its_place_and_not_repaired() -> None:
    """The document's own example: which call, what is wrong, at which character."""
    async with spoken(b'{"gid": null, "total": 31,}') as (client, transport):
        error = await failure(client.user_reports.total(), InvalidResponseError)
        assert str(error).startswith("GET /v1/products/pk/users/report/total: not JSON: ")
        assert "line 1 column 2" in str(error)
        assert "(char 2" in str(error)
        assert len(transport.calls) == 2, "it may have been cut on the way: once more, no oftener"


@pytest.mark.fault("J2")
@virtual
async def test_json_that_breaks_off_is_read_once_more() -> None:
    """A GET goes again once, whatever `max_retries` says; then it is an error."""
    cut = b'{"did": "d", "mac": "half'
    async with spoken(cut, GOOD, max_retries=9) as (client, transport):
        assert await client.devices.detail("m") == DeviceDetail(did="d")
        assert len(transport.calls) == 2
    async with spoken(cut, max_retries=9) as (client, transport):
        error = await failure(client.devices.detail("m"), InvalidResponseError)
        assert error.truncated
        assert len(transport.calls) == 2
    async with spoken(cut, max_retries=0) as (client, transport):
        await failure(client.devices.detail("m"), InvalidResponseError)
        assert len(transport.calls) == 1


@pytest.mark.fault("J2")
@virtual
async def test_a_write_whose_reply_breaks_off_is_unknown() -> None:
    """A write with a truncated reply is OutcomeUnknownError, and is not sent again."""
    async with spoken(b'{"success": ["d"', max_retries=9) as (client, transport):
        await failure(client.bindings.bind("u", "app", ["d"]), OutcomeUnknownError)
        assert len(transport.calls) == 1


@pytest.mark.fault("J3")
@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400"])
@pytest.mark.parametrize(
    "text",
    [
        '{"meta": {"total": 1}, "objects": [{"did": "d", "longitude": %s}]}',
        '{"meta": {"total": 1}, "objects": [{"did": "d", "created_at": "%s"}]}',
        '{"meta": {"total": %s}, "objects": []}',
    ],
    ids=["a number", "a number as text", "the total"],
)
@virtual
async def test_what_is_no_number_is_refused(number: str, text: str) -> None:
    """NaN and infinities are not JSON, and no database stores them."""
    async with spoken((text % number).encode(), strict_rows=True) as (client, _):
        error = await failure(client.devices.search().collect(), InvalidResponseError)
        assert error.problems
        assert error.resume


@pytest.mark.fault("J3", "J10")
@pytest.mark.parametrize(
    ("number", "refused"), [("NaN", True), ("-Infinity", True), ("1e400", False), ("-1e400", False)]
)
@virtual
async def test_in_a_field_that_nobody_knows_only_json_counts(number: str, refused: bool) -> None:
    """Unknown fields are skipped, also with a number beyond the range of floats; but they must be JSON."""
    body = f'{{"meta": {{"total": 1}}, "objects": [{{"did": "d", "of_tomorrow": {number}}}]}}'
    async with spoken(body.encode()) as (client, _):
        call = client.devices.search().collect()
        if refused:
            await failure(call, InvalidResponseError)
        else:
            assert [found.did for found in await call] == ["d"]


@pytest.mark.fault("J3")
@virtual
async def test_nor_do_data_points_hold_them() -> None:
    """NaN in free attrs refuses the page, and the error has a resume token."""
    body = b'{"meta": {}, "objects": [{"ts": %d, "attrs": {"t": NaN}}]}' % T1
    async with spoken(body) as (client, _):
        call = client.devices.data_log("d", start=START, end=END).collect()
        assert (await failure(call, InvalidResponseError)).resume


@pytest.mark.fault("J4")
@pytest.mark.parametrize(
    ("text", "status", "kind"),
    [
        ('{"did": %s}', 200, InvalidResponseError),
        ('{"error_code": %s}', 200, InvalidResponseError),
        ('{"error_code": %s}', 404, NotFoundError),
        ("%s", 200, InvalidResponseError),
    ],
)
@virtual
async def test_5000_digits_are_an_error_of_ours(
    text: str, status: int, kind: type[GizwitsError]
) -> None:
    """Integers that Python refuses to parse give an error of this package; a refusal keeps its status."""
    async with spoken((text % ("9" * 5000)).encode(), status=status) as (client, transport):
        error = await failure(client.devices.detail("m"), kind)
        assert len(str(error)) < 400
        assert len(transport.calls) == 1 + (status == 200 and text[0] == "{"), "it may be cut"


DEPTH = 100_000
DEEP = {
    "arrays": b"[" * DEPTH + b"]" * DEPTH,
    "arrays without end": b"[" * DEPTH,
    "objects": b'{"a":' * DEPTH + b"1" + b"}" * DEPTH,
}


@pytest.mark.fault("J6")
@pytest.mark.parametrize("deep", DEEP.values(), ids=DEEP)
@pytest.mark.parametrize("row", ROWS, ids=[f"{row.number:02}" for row in ROWS])
@virtual
async def test_no_depth_brings_the_process_down(row: Row, deep: bytes) -> None:
    """100,000 levels at the top or in any field of any endpoint: a value or an error of ours."""
    fields = row.reply if isinstance(row.reply, dict) else {}
    bodies = [deep, *(_with(row.reply, name, deep) for name in fields)]
    if isinstance(fields.get("objects"), list):
        last = fields["objects"][-1]
        objects = [_with(last, name, deep) for name in last]
        bodies += [_with(row.reply, "objects", b"[" + one + b"]") for one in objects]
    for body in bodies:
        answer = reply(body)
        login = None if row.number > 1 else lambda _, answer=answer: answer
        transport = ScriptedTransport(lambda _, answer=answer: answer, login)
        async with client_on(transport, credentials=CANARIES, max_retries=0) as client:
            try:
                await row.call(client)
            except GizwitsError as error:
                assert "deep" in str(error) or "not JSON" in str(error) or "Unknown" in repr(error)
            transport.script = lambda _: reply(GOOD)
            transport.login = transport._login
            assert (await client.devices.detail("m")).did == "d"


def _with(value: dict[str, Any], name: str, raw: bytes) -> bytes:
    text = json.dumps({**value, name: "HERE"}, ensure_ascii=False).encode()
    return text.replace(b'"HERE"', raw)


@pytest.mark.fault("J6")
@pytest.mark.parametrize("field", ["error_code", "error_message", "detail_message", "detail"])
@virtual
async def test_a_refusal_may_be_as_deep(field: str) -> None:
    """A refusal with such a body is an error by its status, and can be pickled."""
    async with spoken(_with({"a": 1}, field, DEEP["arrays"]), status=404) as (client, _):
        await failure(client.devices.detail("m"), NotFoundError)
    # As deep as Python's own parser reads: kept as text, since pickle goes no deeper.
    level = b"[" * 900 + b"]" * 900
    async with spoken(_with({"a": 1}, field, level), status=404) as (client, _):
        await failure(client.devices.detail("m"), NotFoundError)


@pytest.mark.fault("J8")
@virtual
async def test_of_a_key_that_comes_twice_the_last_one_counts() -> None:
    """Of two equal keys the last one counts, in fields, data points, pages and refusals."""
    async with spoken(b'{"did": "a", "mac": "m", "did": "b"}') as (client, _):
        assert await client.devices.detail("m") == DeviceDetail(did="b", mac="m")
    body = b'{"objects": [], "objects": [{"ts": %d, "attrs": {"t": 1, "t": 2}}], "meta": {}}' % T1
    async with spoken(body) as (client, _):
        found = await client.devices.data_log("d", start=START, end=END).collect()
        assert found == [DataRecord(ts=T1, attrs={"t": 2})]
    async with spoken(b'{"error_code": 5301, "error_code": 5002}', status=400) as (client, _):
        await failure(client.devices.detail("m"), InvalidRequestError)


# --- the shape


VALUES = {
    "list": [],
    "full list": [{"a": 1}],
    "text": "text",
    "number": 5,
    "null": None,
    "true": True,
}
ANSWERS_NOTHING = {8, 14}
"""Control and the deletion of a group do not read their reply."""
LENIENT = {12: (None, []), 31: (None, [])}
"""Calls whose empty answer is a valid empty tree."""


@pytest.mark.fault("J9")
@pytest.mark.parametrize("row", ROWS, ids=[f"{row.number:02}" for row in ROWS])
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@virtual
async def test_a_top_level_that_is_no_object_is_no_reply(row: Row, value: Any) -> None:
    """A reply of the wrong JSON type is an error at every endpoint, not a value that fails later."""
    answer = reply(value, row.status)
    login = None if row.number > 1 else lambda _: answer
    transport = ScriptedTransport(lambda _: answer, login)
    async with client_on(transport, credentials=CANARIES, max_retries=0) as client:
        if row.number in ANSWERS_NOTHING:
            assert await row.call(client) is None
            return
        if value in LENIENT.get(row.number, ()):
            assert not (found := await row.call(client)) or found.children == ()
            return
        with pytest.raises((InvalidResponseError, OutcomeUnknownError)) as caught:
            await row.call(client)
        assert isinstance(caught.value, OutcomeUnknownError) == (
            row.verb != "GET" and row.number > 1
        )


@pytest.mark.fault("J10")
@virtual
async def test_null_stays_none_and_the_unknown_is_passed_over() -> None:
    """Of a device only its did is promised; null is None and not "None", new fields nothing."""
    names = [name for name in Device.__annotations__ if name != "did"]
    plain = await search(page({"did": "d"}))
    assert plain == [Device(did="d")]
    assert await search(device(**dict.fromkeys(names))) == plain
    assert await search(device(brand_new={"a": [1]}, another=None)) == plain


@pytest.mark.fault("J10")
@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (page({"mac": "m"}), "required field missing @ $.objects[0].did"),
        (page({"did": "d"}, {"did": None}), "expected a text, got null @ $.objects[1].did"),
        (page({"did": "d"}, None), "expected an object, got null @ $.objects[1]"),
        ({"meta": {"total": 0}}, "required field missing @ $.objects"),
        ({"objects": None}, "required field missing @ $.objects"),
    ],
)
@virtual
async def test_what_is_promised_and_missing_is_named(body: Any, problem: str) -> None:
    """The error names the field of the record, and has a resume token."""
    async with spoken(body, strict_rows=True) as (client, _):
        error = await failure(client.devices.search().collect(), InvalidResponseError)
        assert error.problems == (problem,)
        assert error.resume


@pytest.mark.fault("J10")
@pytest.mark.parametrize("row", ROWS, ids=[f"{row.number:02}" for row in ROWS])
@virtual
async def test_no_missing_field_breaks_an_endpoint(row: Row) -> None:
    """Each field of each reply left out, and each null: a value, or an error that names it."""
    fields = row.reply if isinstance(row.reply, dict) else {}
    missing = [(name, {k: v for k, v in fields.items() if k != name}) for name in fields]
    for name, body in [*missing, *((name, {**fields, name: None}) for name in fields)]:
        empty = reply({"objects": []})
        script = answers(reply(body, row.status), empty if isinstance(row.value, list) else GONE)
        login = None if row.number > 1 else script
        transport = ScriptedTransport(script, login)
        async with client_on(transport, credentials=CANARIES, max_retries=0) as client:
            try:
                assert "None" not in repr(await row.call(client)).replace("=None", "")
            except InvalidResponseError as error:
                assert {_same(name, problem) for problem in error.problems} == {True}
            except OutcomeUnknownError as error:
                assert f"@ $.{name}" in str(error.__cause__)


GONE = NoReplyError("no reply")


def _same(name: str, problem: str) -> bool:
    """Return whether a problem is about this field, which the models may call otherwise."""
    path = problem.partition(" @ $.")[2].split(".")[0].split("[")[0]
    return path.replace("_", "") == name.lower().replace("_", "")


@pytest.mark.fault("J14")
@pytest.mark.parametrize(
    ("wire", "groups"),
    [
        ({"g1": ""}, (GroupNode(gid="g1"),)),
        ({"gid": ""}, (GroupNode(gid="gid"),)),
        ({"g1": {"g2": "", "g3": {"g4": ""}}}, None),
        ({}, ()),
    ],
)
@virtual
async def test_a_tree_of_groups_is_nodes_with_children(wire: Any, groups: Any) -> None:
    """`""` ends a branch; every key is an id."""
    async with spoken(wire) as (client, _):
        found = await client.device_groups.tree()
        if groups is None:
            (root,) = found
            assert [node.gid for node in root.walk()] == ["g1", "g2", "g3", "g4"]
        else:
            assert found == groups


@pytest.mark.fault("J14")
@pytest.mark.parametrize("city", [3, "3", {"count": 3}, 3.0], ids=repr)
@virtual
async def test_a_region_called_count_is_told_by_its_type(city: Any) -> None:
    """A city is a number or an object, and a location may have the name of a counter."""
    wire = {"China": {"count": 7, "Guangdong": {"count": 3, "Guangzhou": city}}}
    wire["China"]["count"] = {"count": 4, "Countville": city}
    async with spoken({"gid": None, "total": 7, "location": wire}) as (client, _):
        root = (await client.device_reports.locations()).location
        (china,) = root.children
        counted, guangdong = china.children
        assert (counted.name, counted.count, counted.children[0].count) == ("count", 4, 3)
        assert (guangdong.name, guangdong.count, guangdong.children[0].count) == ("Guangdong", 3, 3)
        assert china.count is None
