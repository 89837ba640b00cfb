"""Odd rows: one unreadable field or row ends no list, and none of it goes unnoticed."""

import copy
import json
import logging
from collections.abc import Mapping
from typing import Any

import pytest
from attrs import evolve

from gizwits_async import GizwitsClient, InvalidResponseError, Page, to_dict
from gizwits_async.scan import FleetScan, MemoryStore
from gizwits_async.simulator import Fleet, Rates, SimulatedCloud, SimulatorTransport
from gizwits_async.wire.transport import HttpReply
from tests.doubles import client_of, virtual, virtually
from tests.faults.spoken import END, START, T1, page, spoken

GOOD: dict[str, dict[str, Any]] = {
    "devices": {"did": "d", "mac": "m", "is_faulty": False, "longitude": 1.5, "online_latest": 5},
    "registered": {"uid": "u", "is_anonymous": True, "created_at": 5, "phone": "1", "email": "e"},
    "bound": {"uid": "u", "is_owner": True, "created_at": 5, "auth_src": {"a": 1}, "name": "n"},
    "report": {"mac": "m", "report_date": "2017-12-07", "created_at": "t", "city": "c"},
    "online": {"timestamp": T1, "type": "dev_online", "payload": {"keep_alive": 130}},
    "cmd": {"timestamp": T1, "type": "dev2app", "payload": "00000003"},
    "data": {"ts": T1, "attrs": {"a": 1}},
}
ODD: Mapping[str, list[tuple[str, Any]]] = {
    "devices": [
        ("longitude", ""), ("longitude", "north"), ("longitude", [1]), ("online_latest", ""),
        ("online_latest", {}), ("is_faulty", ""), ("is_faulty", "maybe"), ("is_faulty", 2),
        ("created_at", "2017-12-07 10:12:45"), ("created_at", True), ("mac", {"a": 1}),
        ("mac", 1.5), ("city", ["x"]), ("longitude", "1e999"),
    ],
    "registered": [
        ("is_anonymous", ""), ("is_anonymous", "x"), ("is_anonymous", 3), ("is_anonymous", []),
        ("created_at", ""), ("created_at", "2017-12-07 10:12:45"), ("created_at", {}),
        ("created_at", True), ("updated_at", "now"), ("phone", 1.5), ("phone", []), ("email", {}),
        ("email", True), ("username", 0.5),
    ],
    "bound": [
        ("is_owner", ""), ("is_owner", "x"), ("is_owner", 3), ("is_owner", []), ("created_at", ""),
        ("created_at", "2017-12-07 10:12:45"), ("created_at", {}), ("created_at", True),
        ("auth_src", 5), ("auth_src", [1]), ("auth_src", True), ("name", []), ("phone", 1.5),
        ("email", {}),
    ],
    "report": [
        ("report_date", []), ("report_date", {}), ("report_date", True), ("report_date", 1.5),
        ("created_at", []), ("created_at", {}), ("created_at", 1.5), ("created_at", False),
        ("city", []), ("city", {}), ("city", 1.5), ("region", [1]), ("country", {}),
        ("product_key", True),
    ],
    "online": [
        ("payload", 5), ("payload", [1]), ("payload", True), ("payload", 1.5), ("type", []),
        ("type", {}), ("type", 1.5), ("type", None), ("type", True), ("payload", False),
        ("payload", []), ("payload", -1), ("type", [1]), ("payload", 10**30),
    ],
    "cmd": [
        ("payload", []), ("payload", [0, 0, 0, 3]), ("payload", {}), ("payload", {"a": 1}),
        ("payload", True), ("payload", 1.5), ("payload", False), ("type", []), ("type", {}),
        ("type", 1.5), ("type", None), ("type", True), ("type", [1]), ("payload", [None]),
    ],
    "data": [
        ("attrs", 5), ("attrs", [1]), ("attrs", True), ("attrs", 1.5), ("attrs", []),
        ("attrs", False), ("attrs", -1), ("attrs", 10**30), ("attrs", [None]), ("attrs", [[]]),
        ("attrs", 0), ("attrs", 1e300), ("attrs", [{}]), ("attrs", ["a"]),
    ],
}  # fmt: skip
IDENTITY = {
    "devices": ("did",), "registered": ("uid",), "bound": ("uid",), "report": ("mac",),
    "online": ("timestamp",), "cmd": ("timestamp",), "data": ("ts",),
}  # fmt: skip
LISTS = pytest.mark.parametrize("kind", GOOD)


def stream_of(client: GizwitsClient, kind: str) -> Any:
    """Return the list of a kind."""
    match kind:
        case "devices":
            return client.devices.search()
        case "registered":
            return client.users.search_registered()
        case "bound":
            return client.users.search_bound()
        case "report":
            return client.device_reports.active_devices()
        case _:
            return getattr(client.devices, f"{kind}_log")("d", start=START, end=END)


def rows_of(kind: str) -> list[dict[str, Any]]:
    """Return three good rows of a kind, each with an identity of its own."""
    rows = [copy.deepcopy(GOOD[kind]) for _ in range(3)]
    for number, row in enumerate(rows):
        name = IDENTITY[kind][0]
        row[name] = T1 - number if isinstance(row[name], int) else f"{row[name]}{number}"
    return rows


async def pages_of(rows: list[Any], kind: str, **options: Any) -> list[Page[Any]]:
    """Return the pages of a walk over one reply with these rows."""
    async with spoken(page(*rows), page(), **options) as (client, _):
        return [one async for one in stream_of(client, kind).pages()]


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [(kind, *odd) for kind, cases in ODD.items() for odd in cases],
    ids=lambda it: repr(it)[:24],
)
@virtual
async def test_an_unreadable_field_costs_no_row(kind: str, name: str, value: Any) -> None:
    """The row is given with the default in that field, and `unread` gives the reason."""
    rows = rows_of(kind)
    rows[1][name] = value
    good = [row for one in await pages_of(rows_of(kind), kind) for row in one.items]
    pages = await pages_of(rows, kind)
    found = [row for one in pages for row in one.items]
    assert [to_dict(row) for row in found] == [
        to_dict(row) if number != 1 else {**to_dict(row), name: to_dict(found[1])[name]}
        for number, row in enumerate(good)
    ]
    assert list(found[1].unread) == [name]
    assert found[1].unread[name].startswith("expected a")
    assert not getattr(found[1], name)
    assert [row.unread for row in (found[0], found[2])] == [{}, {}]
    assert sum(one.set_aside for one in pages) == 0


@LISTS
@pytest.mark.parametrize("identity", ["missing", None, {}, [], True, ""], ids=repr)
@virtual
async def test_a_row_without_identity_is_set_aside(kind: str, identity: Any) -> None:
    """The other rows are given, the walk ends as it would without it, and the page counts it."""
    rows = rows_of(kind)
    for name in IDENTITY[kind]:
        rows[1][name] = identity
        if identity == "missing":
            del rows[1][name]
    pages = await pages_of(rows, kind)
    assert len([row for one in pages for row in one.items]) == 2
    assert sum(one.set_aside for one in pages) == 1
    assert pages[-1].resume is None


@LISTS
@pytest.mark.parametrize("row", [None, "text", 5, [], True], ids=repr)
@virtual
async def test_what_is_no_row_is_set_aside(kind: str, row: Any) -> None:
    """A null among the rows loses nothing but itself."""
    rows = rows_of(kind)
    pages = await pages_of([rows[0], row, rows[2]], kind)
    assert len([row for one in pages for row in one.items]) == 2
    assert sum(one.set_aside for one in pages) == 1


@pytest.mark.parametrize("mac", [None, "", {}, [], True, 1.5], ids=repr)
@virtual
async def test_odd_macs_of_a_group_are_left_out(mac: Any, caplog: Any) -> None:
    """The readable addresses are returned, and a warning names the position of the other."""
    async with spoken({"macs": ["a", mac, "b"]}) as (client, _):
        assert await client.device_groups.macs("g") == ("a", "b")
    assert "$.macs[1]" in caplog.text
    async with spoken({"macs": ["a", mac, "b"]}, strict_rows=True) as (client, _):
        with pytest.raises(InvalidResponseError, match=r"\$\.macs\[1\]"):
            await client.device_groups.macs("g")


@LISTS
@virtual
async def test_strict_rows_raise_for_any_odd_row(kind: str) -> None:
    """With `Options(strict_rows=True)` the error names every problem with its path."""
    for row in (None, {**GOOD[kind], ODD[kind][0][0]: ODD[kind][0][1]}):
        with pytest.raises(InvalidResponseError) as caught:
            await pages_of([GOOD[kind], row], kind, strict_rows=True)
        assert caught.value.problems[0].partition(" @ ")[2].startswith("$.objects[1]")
        assert caught.value.resume or kind == "report"


@virtual
async def test_a_warning_names_position_and_field_once(caplog: Any) -> None:
    """One warning for each route and field, however many rows and pages; never a value."""
    rows = [{"did": f"d{number}", "longitude": "canary", "city": []} for number in range(5)]
    with caplog.at_level(logging.WARNING):
        async with spoken(page(*rows), page()) as (client, _):
            for _ in range(3):
                await client.devices.search().collect()
    said = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert len(said) == 2
    assert all("/devices/search" in one for one in said)
    assert any("$.objects[0].longitude" in one for one in said)
    assert "canary" not in caplog.text


@virtual
async def test_rows_that_are_set_aside_move_a_listing_on() -> None:
    """`skip` counts every row the server sent, or the next page would begin too early."""
    first, last = [{"did": "a"}, None, {"did": "b"}], [{"did": "c"}]
    async with spoken(page(*first, total=4), page(*last, total=4), page(total=4)) as (client, sent):
        found = await client.devices.search().collect()
    assert [device.did for device in found] == ["a", "b", "c"]
    assert [call.query["skip"] for call in sent.calls[:2]] == ["0", "3"]


class Odd(SimulatorTransport):
    """A service whose listing and logs hold odd rows."""

    async def send(self, method: str, target: str, *rest: Any, **more: Any) -> Any:
        reply = await super().send(method, target, *rest, **more)
        if "/devices/search" not in target and "/data?" not in target:
            return reply
        body = json.loads(reply.body)
        for number, row in enumerate(body["objects"]):
            if "did" in row:
                row.update([ODD["devices"][number % 14]])
            elif number == 0:
                row["attrs"] = 5
        if "/devices/search" in target and body["objects"]:
            body["objects"][0] = None
        return evolve(reply, body=json.dumps(body).encode()) if body else HttpReply(500, {}, b"")


@pytest.mark.jumping
def test_a_scan_reads_what_can_be_read_and_counts_the_rest() -> None:
    """Every device with an id and every record with a time is stored; the report says the rest."""
    cloud = SimulatedCloud(Fleet.generate(20, 1, rates=Rates(reports=2, dense=0.0)), quota=10**9)

    async def scan() -> Any:
        client = client_of(cloud, transport=Odd(cloud), max_retries=0)
        store = MemoryStore()
        start = int(cloud.fleet.now) - 86_000
        return await FleetScan(client, store, logs=("data",), start=start).run()

    report = virtually(scan())
    assert report.devices == 19
    assert report.failed == 0
    assert report.records["data"] > 0
    assert report.set_aside == 1
    assert not report.complete
