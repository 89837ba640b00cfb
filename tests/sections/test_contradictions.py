"""Where the API document contradicts itself (`api.md` 4.1): one test a row, named after it.

C13, C17 and C19 stand in test_many, C18 and C28 in test_trees, C9 to C11 in test_paths, C20, C24,
C29 and C35 in test_models.
"""

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from gizwits_async import errors
from gizwits_async.models.authorization import TokenReply
from gizwits_async.models.converter import structure
from gizwits_async.models.device_reports import FaultCounts, FaultReport
from gizwits_async.models.devices import DataRecord, Device, OnlineEvent
from gizwits_async.models.product import DataPoint, ProductDataPoints
from gizwits_async.payload import Frame
from tests.doubles.scripted import NOW, ScriptedTransport, answers, client_on, refused, reply

EMPTY = reply({"meta": {"total": 0}, "objects": []})
DAY = date(2026, 9, 1)


def test_every_contradiction_has_its_test() -> None:
    """C1 to C39 each have a test that names it; C34 is about the order of a list in the document."""
    sources = Path(__file__).parent.parent.rglob("test_*.py")
    named = {int(n) for file in sources for n in re.findall(r"def test_c(\d+)_", file.read_text())}
    assert named >= set(range(1, 40)) - {34}


@pytest.mark.parametrize("name", ["expire_at", "expired_at"])
def test_c1_a_token_expires_under_either_name(name: str) -> None:
    """C1: the service sends `expire_at`, the document's example has `expired_at`."""
    token = structure({"token": "t", name: NOW}, TokenReply).to_token(otherwise=1)
    assert token.expires_at == NOW


async def test_c2_registered_users_are_asked_by_product_key() -> None:
    """C2: the parameter was renamed to `product_key` in 2018, and that is what is sent."""
    transport = ScriptedTransport(answers(EMPTY))
    async with client_on(transport) as client:
        await client.users.search_registered().collect()
    assert transport.calls[0].query == {"product_key": "pk", "skip": "0", "limit": "100"}


@pytest.mark.parametrize("value", [None, "other"])
async def test_c3_no_real_product_secret_in_a_url(value: str | None) -> None:
    """C3: `product_secret` is described as the product key, so that is sent; callers may differ."""
    transport = ScriptedTransport(
        lambda sent: reply({"data": []} if "liveness_total" in sent.path else {})
    )
    async with client_on(transport) as client:
        await client.user_reports.active_users(DAY, DAY, product_secret=value)
        await client.user_reports.locations(product_secret=value)
    for sent in transport.calls:
        assert sent.query["product_key"] == "pk"
        assert sent.query["product_secret"] == (value or "pk")
        assert "psecret" not in sent.target


async def test_c4_enterprise_calls_carry_id_and_secret() -> None:
    """C4: the secret is optional by one table and required by two; it is always sent."""
    transport = ScriptedTransport(answers(EMPTY))
    async with client_on(transport) as client:
        await client.users.search_registered(phone="1").collect()
    headers = transport.calls[0].headers
    assert headers["X-Gizwits-Enterprise-ID"] == "eid"
    assert headers["X-Gizwits-Enterprise-Secret"] == "esecret"
    assert "Authorization" not in headers
    assert transport.logins == 0


@pytest.mark.parametrize(
    ("wire", "value"), [(True, True), (0, False), ("1", True), ("0", False), (None, None)]
)
async def test_c5_flags_are_read_in_any_spelling_and_sent_as_digits(wire: Any, value: Any) -> None:
    """C5: integers by the table, booleans by the example; queries want 0 and 1."""
    found = reply({"objects": [{"did": "d", "is_online": wire}], "meta": {"total": 1}})
    transport = ScriptedTransport(answers(found))
    async with client_on(transport) as client:
        device = await client.devices.search(is_online=True, is_alert=False).first()
    assert device is not None
    assert device.is_online is value
    query = transport.calls[0].query
    assert (query["is_online"], query["is_alert"]) == ("1", "0")


@pytest.mark.parametrize("wire", [113.280637, "113.280637", None])
def test_c6_degrees_may_be_texts(wire: Any) -> None:
    """C6: longitude is a string by the table, latitude an integer; the example has floats."""
    device = structure({"did": "d", "longitude": wire, "latitude": wire}, Device)
    assert device.longitude == device.latitude == (None if wire is None else 113.280637)


@pytest.mark.parametrize("wire", [1517384124, 1517384124.229])
def test_c7_timestamps_keep_their_fraction(wire: float) -> None:
    """C7: integers by the table, floats with milliseconds by the example."""
    event = structure({"timestamp": wire, "type": "dev_online"}, OnlineEvent)
    assert event.timestamp == wire
    assert event.time == datetime.fromtimestamp(wire, UTC)
    assert structure({"ts": 1517384243, "attrs": {}}, DataRecord).time.tzinfo is UTC


@pytest.mark.parametrize("wire", [{"keep_alive": 130}, '{"keep_alive": 130}'])
def test_c8_a_payload_is_an_object(wire: Any) -> None:
    """C8: a string by the table, an object by the example; JSON in a string is opened."""
    event = structure({"timestamp": 1, "type": "dev_online", "payload": wire}, OnlineEvent)
    assert event.payload == {"keep_alive": 130}


def test_c12_frames_are_hex_or_base64() -> None:
    """C12: base64 by the document, hex in every recording; the frame itself shows which."""
    as_hex, as_base64 = "0000000309000090010101000010", "AAAAAwkAAJABAQEAABA="
    assert Frame.parse(as_hex).body == Frame.parse(as_base64).body == bytes.fromhex("010101000010")


@pytest.mark.parametrize(
    "both", [{}, {"attrs": {"a": 1}, "raw": b"1"}, {"attrs": None, "raw": None}]
)
async def test_c14_attrs_or_raw_and_not_both(both: Any) -> None:
    """C14: both are "required" by the table, and one of them is what works."""
    transport = ScriptedTransport(answers(reply({})))
    async with client_on(transport) as client:
        with pytest.raises(ValueError, match="exactly one of attrs and raw"):
            await client.devices.control("d", **both)
    assert transport.sent == []


@pytest.mark.parametrize(
    ("given", "body"),
    [
        ({"raw": b"abc"}, {"raw": [97, 98, 99]}),
        ({"raw": [97, 98, 99]}, {"raw": [97, 98, 99]}),
        ({"raw": iter([0, 255])}, {"raw": [0, 255]}),
        ({"raw": bytearray(b"abc"), "binary_coding": "hex"}, ("616263", "hex")),
        ({"raw": [97, 98, 99], "binary_coding": "base64"}, ("YWJj", "base64")),
        ({"raw": "616263", "binary_coding": "hex"}, ("616263", "hex")),
        ({"raw": "YWJj", "binary_coding": "base64"}, ("YWJj", "base64")),
        (
            {"attrs": {"binary": "YWJj"}, "binary_coding": "base64"},
            {"attrs": {"binary": "YWJj"}, "binary_coding": "base64"},
        ),
        ({"attrs": {"binary": "1234567000"}}, {"attrs": {"binary": "1234567000"}}),
    ],
)
async def test_c15_binary_coding_stands_beside_what_it_is_about(given: Any, body: Any) -> None:
    """C15: where it goes is documented elsewhere only: on the level of `attrs` and `raw`."""
    if isinstance(body, tuple):
        body = {"raw": body[0], "binary_coding": body[1]}
    transport = ScriptedTransport(answers(reply({})))
    async with client_on(transport) as client:
        assert await client.devices.control("d", **given) is None
    assert json.loads(transport.calls[0].body or b"") == body


async def test_c16_raw_goes_bare_and_a_frame_is_asked_for_explicitly() -> None:
    """C16: the header of 2016 is not added by itself; `Frame.build` makes it."""
    transport = ScriptedTransport(answers(reply({})))
    async with client_on(transport) as client:
        await client.devices.control("d", raw=b"\x12\xff")
        await client.devices.control("d", raw=Frame.build(b"\x12\xff").to_bytes())
    bare, framed = (json.loads(sent.body or b"")["raw"] for sent in transport.calls)
    assert bare == [18, 255]
    assert framed == [0, 0, 0, 3, 5, 0, 0, 144, 18, 255]


@pytest.mark.parametrize("kind", ["uid", "device_sn", "a word of tomorrow"])
async def test_c21_type_is_any_word(kind: str) -> None:
    """C21: `type` is described as "password"; the words of 2017 and others go out as they are."""
    transport = ScriptedTransport(answers(EMPTY))
    async with client_on(transport) as client:
        await client.users.search_bound(type=kind, value="v").collect()
    assert (transport.calls[0].query["type"], transport.calls[0].query["val"]) == (kind, "v")


@pytest.mark.parametrize(
    ("wire", "writable"),
    [("status_writable", True), ("W", True), ("status_readonly", False), ("R", False)],
)
def test_c22_access_is_a_word_or_a_letter(wire: str, writable: bool) -> None:
    """C22: letters by the table, words by the example."""
    point = structure({"id": 0, "name": "a", "type": wire, "data_type": "bool"}, DataPoint)
    assert (point.type, point.is_writable) == (wire, writable)


@pytest.mark.parametrize("wire", ["standard", "var_len"])
def test_c23_protocols_of_both_kinds(wire: str) -> None:
    """C23: "always standard" by the table, `var_len` by an older one."""
    definition = {"product_key": "pk", "entities": [], "protocolType": wire}
    assert structure(definition, ProductDataPoints).protocol_type == wire


async def test_c25_a_group_is_optional() -> None:
    """C25: `gid` is required by the table, null in the example."""
    transport = ScriptedTransport(answers(reply({"gid": None, "data": []})))
    async with client_on(transport) as client:
        report = await client.user_reports.new_users("date", DAY, DAY)
    assert report.gid is None
    assert "gid" not in transport.calls[0].query


async def test_c26_device_reports_are_paged_like_all_lists() -> None:
    """C26: their replies are pages, though no `skip` and `limit` are listed; both are sent."""
    rows = [{"mac": str(number), "report_date": "2026-09-01"} for number in range(3)]
    transport = ScriptedTransport(
        lambda sent: reply({"meta": {"total": 3}, "objects": rows[int(sent.query["skip"]) :][:2]})
    )
    async with client_on(transport) as client:
        found = await client.device_reports.active_devices(start=DAY, end=DAY).collect()
    assert [row.mac for row in found] == ["0", "1", "2"]
    assert [sent.query["skip"] for sent in transport.calls] == ["0", "2"]
    assert {sent.query["limit"] for sent in transport.calls} == {"100"}


async def test_c27_a_null_next_is_not_the_end() -> None:
    """C27: the example has total 30, limit 20 and `next` null."""
    meta = {"previous": None, "skip": 0, "total": 30, "limit": 20, "next": None}
    rows = [{"uid": str(number)} for number in range(30)]
    transport = ScriptedTransport(
        lambda sent: reply({"meta": meta, "objects": rows[int(sent.query["skip"]) :][:20]})
    )
    async with client_on(transport) as client:
        assert len(await client.users.search_bound().collect()) == 30


@pytest.mark.parametrize("word", ["dev_online", "dev_re_online", "brand_new"])
def test_c30_events_have_any_type(word: str) -> None:
    """C30: the document lists one word twice, the sister API has a third."""
    assert structure({"timestamp": 1, "type": word}, OnlineEvent).type == word


async def test_c31_a_trailing_comma_is_an_error_and_not_repaired() -> None:
    """C31: the document's own example is no JSON; guessing what was meant is not our business."""
    transport = ScriptedTransport(answers(reply(b'{"gid": null, "total": 31,}')))
    async with client_on(transport, max_retries=0) as client:
        with pytest.raises(errors.InvalidResponseError, match="users/report/total: not JSON"):
            await client.user_reports.total()


async def test_c32_the_span_of_a_log_query_is_a_setting() -> None:
    """C32: two days by this document, less by others: `Options.max_log_span` cuts the range."""
    transport = ScriptedTransport(answers(EMPTY))
    async with client_on(transport, max_log_span=3600) as client:
        await client.devices.data_log("d", start=NOW - 7200, end=NOW).collect()
    spans = [int(s.query["end_ts"]) - int(s.query["start_ts"]) for s in transport.calls]
    assert len(spans) == 3
    assert max(spans) <= 3600


async def test_c33_no_application_id_is_sent() -> None:
    """C33: the debugging section asks for a header of another API."""
    transport = ScriptedTransport(answers(reply({"total": 0})))
    async with client_on(transport) as client:
        await client.device_reports.locations()
    assert "X-Gizwits-Application-Id" not in transport.calls[0].headers


@pytest.mark.parametrize("status", [200, 201, 202])
async def test_c36_any_2xx_is_success(status: int) -> None:
    """C36: a GET is documented with 201."""
    async with client_on(ScriptedTransport(answers(reply({"did": "d"}, status)))) as client:
        assert (await client.devices.detail("m")).did == "d"


@pytest.mark.parametrize("moment", [NOW, float(NOW), datetime.fromtimestamp(NOW, UTC)])
async def test_c37_liveness_start_is_whole_seconds(moment: Any) -> None:
    """C37: string by one table, integer by another: digits either way."""
    transport = ScriptedTransport(answers(EMPTY))
    async with client_on(transport) as client:
        await client.devices.search(liveness_start=moment).collect()
    assert transport.calls[0].query["liveness_start"] == str(NOW)


def test_c38_event_counts_are_nested() -> None:
    """C38: flat by the table, under `count` by the example."""
    wire = {"count": {"resolved": 1, "total": 1, "unresolved": 0}, "detail": {}}
    assert structure(wire, FaultReport) == FaultReport(
        count=FaultCounts(total=1, resolved=1), detail={}
    )


@pytest.mark.parametrize("code", [5018, 5024])
async def test_c39_a_closed_log_says_so_plainly(code: int) -> None:
    """C39: logs of published products are closed, by which error nobody knows."""
    refusal = refused(code, 403, "published: ask our staff")
    async with client_on(ScriptedTransport(answers(refusal))) as client:
        with pytest.raises(errors.ForbiddenError, match=f"{code} published: ask our staff"):
            await client.devices.online_log("d").collect()
