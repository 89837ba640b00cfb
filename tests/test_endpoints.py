"""All 32 endpoints in one table: call, verb, path, query, auth, body, reply, and what it means.

Replies have the shapes of the API document's own examples (`api.md` section 10), with other ids.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest
from aioresponses import aioresponses
from attrs import frozen

from gizwits_async import GizwitsClient
from gizwits_async.models.authorization import Token
from gizwits_async.models.device_groups import GroupNode
from gizwits_async.models.device_reports import (
    ActiveCounts,
    DeviceSummary,
    FaultCounts,
    FaultReport,
    LivenessHistory,
    LivenessRow,
    LocationReport,
    NewCounts,
    RealtimeCounts,
    RealtimeReport,
    ReportedDevice,
)
from gizwits_async.models.devices import (
    CommandRecord,
    DataRecord,
    Device,
    DeviceDetail,
    DeviceIdentity,
    OnlineEvent,
)
from gizwits_async.models.locations import Location
from gizwits_async.models.outcome import Outcome
from gizwits_async.models.product import DataPoint, Entity, Position, ProductDataPoints
from gizwits_async.models.user_reports import (
    ActiveUsers,
    ActiveUsersRow,
    NewUsers,
    NewUsersRow,
    UserTotal,
)
from gizwits_async.models.users import BoundUser, RegisteredUser
from gizwits_async.wire.request import Auth
from tests.doubles import FreeQuota
from tests.doubles.scripted import CREDENTIALS, NOW, ScriptedTransport, answers, client_on, reply

START, END = NOW - 7200, NOW - 3600
T1 = NOW - 5000
P = "/v1/products/pk"
LOG = {"start_ts": str(START - 1), "end_ts": str(END), "sort": "desc", "limit": "100"}
PAGE = {"skip": "0", "limit": "100"}
TROUBLE = {"total": 2, "resolved": 1, "unresolved": 1}
COUNTS = FaultCounts(total=2, resolved=1, unresolved=1)
META = {"previous": None, "skip": 0, "total": 1, "limit": 20, "next": None}


def page(*objects: Mapping[str, Any]) -> dict[str, Any]:
    """Return one whole page, as the document shows it."""
    return {"meta": {**META, "total": len(objects)}, "objects": list(objects)}


def place(name: str, counts: Any, *children: Location, detail: Any = None) -> Location:
    """Return a place; a number is its only count."""
    counts = {"count": counts} if isinstance(counts, int) else counts
    return Location(name=name, counts=counts, children=children, detail=detail or {})


def world(*children: Location) -> Location:
    """Return the root of a tree."""
    return Location(children=children)


@frozen(kw_only=True)
class Row:
    """One endpoint."""

    number: int
    call: Callable[[GizwitsClient], Any]
    verb: str = "GET"
    path: str
    query: Mapping[str, str] = {}
    auth: Auth = Auth.TOKEN
    body: Any = None
    status: int = 200
    reply: Any
    value: Any


ROWS = [
    Row(
        number=1,
        call=lambda c: c.authorization.create_token(),
        verb="POST",
        path=f"{P}/access_token",
        auth=Auth.NONE,
        body={
            "enterprise_id": "eid",
            "enterprise_secret": "esecret",
            "product_secret": "psecret",
        },
        status=201,
        reply={"token": "0123456789abcdef0123456789abcdef", "expired_at": NOW + 604_800},
        value=Token(token="0123456789abcdef0123456789abcdef", expires_at=NOW + 604_800),
    ),
    Row(
        number=2,
        call=lambda c: c.product.datapoints(),
        path=f"{P}/datapoint",
        reply={
            "name": "空调",
            "entities": [
                {
                    "id": 0,
                    "display_name": "机智云开发套件",
                    "attrs": [
                        {
                            "display_name": "开关",
                            "name": "switch",
                            "data_type": "bool",
                            "position": {
                                "bit_offset": 0,
                                "len": 1,
                                "unit": "bit",
                                "byte_offset": 0,
                            },
                            "type": "status_writable",
                            "id": 0,
                            "desc": ".....",
                        }
                    ],
                    "name": "entity0",
                }
            ],
            "protocolType": "standard",
            "product_key": "pk",
            "packetVersion": "0x00000004",
            "ui": {"object": {"version": 4, "showEditButton": False}, "sections": []},
        },
        value=ProductDataPoints(
            product_key="pk",
            entities=(
                Entity(
                    attrs=(
                        DataPoint(
                            id=0,
                            name="switch",
                            type="status_writable",
                            data_type="bool",
                            display_name="开关",
                            desc=".....",
                            position=Position(len=1, unit="bit"),
                        ),
                    ),
                    name="entity0",
                    display_name="机智云开发套件",
                ),
            ),
            name="空调",
            packet_version="0x00000004",
            ui={"object": {"version": 4, "showEditButton": False}, "sections": []},
        ),
    ),
    Row(
        number=3,
        call=lambda c: c.users.search_registered(appid="app", email="a@b.example").collect(),
        path="/v1/users/search",
        query={"product_key": "pk", "appid": "app", "email": "a@b.example", **PAGE},
        auth=Auth.ENTERPRISE,
        reply=page(
            {
                "username": None,
                "remark": None,
                "uid": "u1",
                "is_anonymous": True,
                "gender": None,
                "created_at": T1,
                "updated_at": T1 + 1,
                "phone": None,
                "birthday": None,
                "address": None,
                "email": "a@b.example",
            }
        ),
        value=[
            RegisteredUser(
                uid="u1", is_anonymous=True, created_at=T1, updated_at=T1 + 1, email="a@b.example"
            )
        ],
    ),
    Row(
        number=4,
        call=lambda c: c.users.search_bound(gid="g", type="did", value="d1").collect(),
        path=f"{P}/users/search",
        query={"gid": "g", "type": "did", "val": "d1", **PAGE},
        reply=page(
            {
                "username": None,
                "remark": None,
                "uid": "u1",
                "is_anonymous": True,
                "gender": None,
                "created_at": T1,
                "auth_src": None,
                "phone": None,
                "birthday": None,
                "address": None,
                "email": None,
                "name": "李雷",
                "is_owner": True,
            }
        ),
        value=[BoundUser(uid="u1", is_anonymous=True, created_at=T1, name="李雷", is_owner=True)],
    ),
    Row(
        number=5,
        call=lambda c: c.devices.identity("ACCF23000001"),
        path=f"{P}/devices",
        query={"mac": "ACCF23000001"},
        reply={"did": "d1", "passcode": "123456"},
        value=DeviceIdentity(did="d1", passcode="123456"),
    ),
    Row(
        number=6,
        call=lambda c: c.devices.detail("virtual:site"),
        path=f"{P}/device_detail",
        query={"mac": "virtual:site"},
        reply={
            "did": "d1",
            "is_disabled": False,
            "product_key": "pk",
            "mac": "virtual:site",
            "is_online": False,
            "type": "normal",
        },
        value=DeviceDetail(
            did="d1",
            mac="virtual:site",
            product_key="pk",
            is_online=False,
            is_disabled=False,
            type="normal",
        ),
    ),
    Row(
        number=7,
        call=lambda c: c.devices.search(
            is_online=True, is_faulty=False, liveness_start=T1, type="mac", value="virtual:site"
        ).collect(),
        path=f"{P}/devices/search",
        query={
            "is_online": "1",
            "is_faulty": "0",
            "liveness_start": str(T1),
            "type": "mac",
            "val": "virtual:site",
            **PAGE,
        },
        reply=page(
            {
                "city": "Guangzhou",
                "mcu_hard_version": None,
                "mcu_soft_version": None,
                "did": "d1",
                "country": "China",
                "region": "Guangdong",
                "mac": "virtual:site",
                "longitude": 113.280637,
                "wifi_hard_version": None,
                "online_latest": T1,
                "wifi_soft_version": "04020034",
                "is_online": True,
                "latitude": 23.125178,
                "is_alert": False,
                "created_at": T1 - 9,
                "is_faulty": False,
            }
        ),
        value=[
            Device(
                did="d1",
                mac="virtual:site",
                is_online=True,
                is_faulty=False,
                is_alert=False,
                country="China",
                region="Guangdong",
                city="Guangzhou",
                longitude=113.280637,
                latitude=23.125178,
                online_latest=T1,
                created_at=T1 - 9,
                wifi_soft_version="04020034",
            )
        ],
    ),
    Row(
        number=8,
        call=lambda c: c.devices.control("d1", attrs={"switch": True, "mode": "制冷"}),
        verb="POST",
        path=f"{P}/devices/d1/control",
        body={"attrs": {"switch": True, "mode": "制冷"}},
        reply={},
        value=None,
    ),
    Row(
        number=9,
        call=lambda c: c.devices.online_log("d1", start=START, end=END).collect(),
        path=f"{P}/devices/d1/online",
        query=LOG,
        reply=page(
            {"timestamp": T1 + 0.229, "type": "dev_online", "payload": {"keep_alive": 130}},
            {
                "timestamp": T1 - 9.8,
                "type": "dev_offline",
                "payload": {
                    "duration": 1391,
                    "heartbeat": {"count": 21, "max": 60, "avg": 60, "last": 130, "min": 60},
                    "reason": "no_heartbeat",
                },
            },
        ),
        value=[
            OnlineEvent(timestamp=T1 + 0.229, type="dev_online", payload={"keep_alive": 130}),
            OnlineEvent(
                timestamp=T1 - 9.8,
                type="dev_offline",
                payload={
                    "duration": 1391,
                    "heartbeat": {"count": 21, "max": 60, "avg": 60, "last": 130, "min": 60},
                    "reason": "no_heartbeat",
                },
            ),
        ],
    ),
    Row(
        number=10,
        call=lambda c: c.devices.cmd_log("d1", start=START, end=END).collect(),
        path=f"{P}/devices/d1/cmd",
        query=LOG,
        reply=page(
            {"timestamp": T1 + 9.294, "type": "app2dev", "payload": "0000000309000090010101000010"}
        ),
        value=[
            CommandRecord(
                timestamp=T1 + 9.294, type="app2dev", payload="0000000309000090010101000010"
            )
        ],
    ),
    Row(
        number=11,
        call=lambda c: c.devices.data_log("d1", start=START, end=END, sort="asc").collect(),
        path=f"{P}/devices/d1/data",
        query={**LOG, "sort": "asc"},
        reply=page({"ts": T1, "attrs": {"switch": 1, "mode": "制冷", "room_temp": -10}}),
        value=[DataRecord(ts=T1, attrs={"switch": 1, "mode": "制冷", "room_temp": -10})],
    ),
    Row(
        number=12,
        call=lambda c: c.device_groups.tree(),
        path=f"{P}/device_groups",
        reply={"g1": ""},
        value=(GroupNode(gid="g1"),),
    ),
    Row(
        number=13,
        call=lambda c: c.device_groups.create("g1"),
        verb="POST",
        path=f"{P}/device_groups",
        body={"parent_gid": "g1"},
        status=201,
        reply={"gid": "g2"},
        value="g2",
    ),
    Row(
        number=14,
        call=lambda c: c.device_groups.delete("g2"),
        verb="DELETE",
        path=f"{P}/device_groups/g2",
        status=204,
        reply=b"",
        value=None,
    ),
    Row(
        number=15,
        call=lambda c: c.device_groups.macs("g1"),
        path=f"{P}/device_groups/g1",
        reply={"macs": ["virtual:site"]},
        value=("virtual:site",),
    ),
    Row(
        number=16,
        call=lambda c: c.device_groups.assign("g1", ["virtual:site", "m2"], reassign=True),
        verb="PUT",
        path=f"{P}/device_groups/g1",
        body={"action": "assign", "reassign": True, "macs": ["virtual:site", "m2"]},
        reply={"failed": ["m2"], "success": ["virtual:site"]},
        value=Outcome(success=("virtual:site",), failed=("m2",)),
    ),
    Row(
        number=17,
        call=lambda c: c.bindings.bind("u1", "app", ["d1", "d2"]),
        verb="POST",
        path=f"{P}/devices/bindings",
        body={"uid": "u1", "appid": "app", "dids": ["d1", "d2"]},
        status=201,
        reply={"failed": [], "success": ["d1", "d2"]},
        value=Outcome(success=("d1", "d2")),
    ),
    Row(
        number=18,
        call=lambda c: c.bindings.unbind("u1", "app", ["d1"]),
        verb="DELETE",
        path=f"{P}/devices/bindings",
        body={"uid": "u1", "appid": "app", "dids": ["d1"]},
        reply={"failed": [], "success": ["d1"]},
        value=Outcome(success=("d1",)),
    ),
    Row(
        number=19,
        call=lambda c: c.device_reports.locations(gid="g1", is_online=True, is_alert=False),
        path=f"{P}/devices/locations",
        query={"gid": "g1", "is_online": "1", "is_alert": "0"},
        reply={
            "gid": "g1",
            "total": 4,
            "location": {"China": {"count": 3, "Guangdong": {"count": 3, "Guangzhou": 3}}},
        },
        value=LocationReport(
            gid="g1",
            total=4,
            location=world(place("China", 3, place("Guangdong", 3, place("Guangzhou", 3)))),
        ),
    ),
    Row(
        number=20,
        call=lambda c: c.device_reports.summary(),
        path=f"{P}/devices/summary",
        reply={
            "active": {"7_day": 2, "yesterday": 1},
            "new": {"7_day": 4, "30_day": 5, "yesterday": 3, "today": 0},
            "total": 7,
            "online": 6,
        },
        value=DeviceSummary(
            online=6,
            total=7,
            active=ActiveCounts(yesterday=1, last_7_days=2),
            new=NewCounts(today=0, yesterday=3, last_7_days=4, last_30_days=5),
        ),
    ),
    Row(
        number=21,
        call=lambda c: c.device_reports.activated_devices(
            start=date(2026, 9, 1), end=date(2026, 9, 7), city="Guangzhou"
        ).collect(),
        path=f"{P}/incr_devices",
        query={"start": "2026-09-01", "end": "2026-09-07", "city": "Guangzhou", **PAGE},
        reply=page(
            {
                "city": "Guangzhou",
                "country": "China",
                "region": "Guangdong",
                "report_date": "2026-09-02",
                "product_key": "pk",
                "mac": "virtual:site",
                "created_at": "2026-09-02 10:12:45",
            },
            {"report_date": "2026-09-03", "device_sn": "sn1"},
        ),
        value=[
            ReportedDevice(
                report_date="2026-09-02",
                product_key="pk",
                mac="virtual:site",
                country="China",
                region="Guangdong",
                city="Guangzhou",
                created_at="2026-09-02 10:12:45",
            ),
            ReportedDevice(report_date="2026-09-03", device_sn="sn1"),
        ],
    ),
    Row(
        number=22,
        call=lambda c: c.device_reports.active_devices(country="China", region="G").collect(),
        path=f"{P}/active_devices",
        query={"country": "China", "region": "G", **PAGE},
        reply=page({"report_date": "2026-09-03", "mac": "m1", "country": "China"}),
        value=[ReportedDevice(report_date="2026-09-03", mac="m1", country="China")],
    ),
    Row(
        number=23,
        call=lambda c: c.device_reports.liveness_history(
            "month", date(2026, 8, 31), date(2026, 9, 1), gid="g1"
        ),
        path=f"{P}/devices/report/liveness/history",
        query={"cycle": "month", "start": "2026-08", "end": "2026-09", "gid": "g1"},
        reply={
            "start": "2026-08",
            "gid": "g1",
            "end": "2026-09",
            "data": [
                {
                    "count": 2,
                    "location": {
                        "China": {"count": 1, "Guangdong": {"count": 1, "Guangzhou": {"count": 1}}}
                    },
                    "month": "2026-08",
                }
            ],
            "cycle": "month",
        },
        value=LivenessHistory(
            gid="g1",
            cycle="month",
            start="2026-08",
            end="2026-09",
            data=(
                LivenessRow(
                    count=2,
                    month="2026-08",
                    location=world(place("China", 1, place("Guangdong", 1, place("Guangzhou", 1)))),
                ),
            ),
        ),
    ),
    Row(
        number=24,
        call=lambda c: c.device_reports.realtime("g1"),
        path=f"{P}/devices/report/rt",
        query={"gid": "g1"},
        reply={
            "count": {"faulty": 0, "activated": 4, "alert": 1},
            "gid": "g1",
            "location": {
                "China": {
                    "count": {"activated": 2, "alert": 1},
                    "Guangdong": {
                        "count": {"faulty": 1, "activated": 1, "alert": 1},
                        "Guangzhou": {"count": {"activated": 3}},
                    },
                }
            },
        },
        value=RealtimeReport(
            gid="g1",
            count=RealtimeCounts(activated=4, alert=1),
            location=world(
                place(
                    "China",
                    {"activated": 2, "alert": 1},
                    place(
                        "Guangdong",
                        {"faulty": 1, "activated": 1, "alert": 1},
                        place("Guangzhou", {"activated": 3}),
                    ),
                )
            ),
        ),
    ),
    Row(
        number=25,
        call=lambda c: c.device_reports.fault_devices("g1"),
        path=f"{P}/fault/report/devices",
        query={"gid": "g1"},
        reply={
            "gid": "g1",
            "count": TROUBLE,
            "location": {"China": {"count": TROUBLE, "Guangdong": {"count": TROUBLE}}},
        },
        value=FaultReport(
            gid="g1",
            count=COUNTS,
            location=world(place("China", TROUBLE, place("Guangdong", TROUBLE))),
        ),
    ),
    Row(
        number=26,
        call=lambda c: c.device_reports.alert_devices(),
        path=f"{P}/alert/report/devices",
        reply={"gid": None, "count": TROUBLE, "location": {"China": {"count": TROUBLE}}},
        value=FaultReport(count=COUNTS, location=world(place("China", TROUBLE))),
    ),
    Row(
        number=27,
        call=lambda c: c.device_reports.fault_events(),
        path=f"{P}/fault/report/events",
        reply={
            "count": TROUBLE,
            "gid": None,
            "detail": {"fault_roomtemp": TROUBLE},
            "location": {"China": {"count": TROUBLE, "detail": {"fault_roomtemp": TROUBLE}}},
        },
        value=FaultReport(
            count=COUNTS,
            detail={"fault_roomtemp": COUNTS},
            location=world(place("China", TROUBLE, detail={"fault_roomtemp": TROUBLE})),
        ),
    ),
    Row(
        number=28,
        call=lambda c: c.device_reports.alert_events("g1"),
        path=f"{P}/alert/report/events",
        query={"gid": "g1"},
        reply={"count": TROUBLE, "gid": "g1", "detail": {"alert_full": TROUBLE}, "location": {}},
        value=FaultReport(gid="g1", count=COUNTS, detail={"alert_full": COUNTS}),
    ),
    Row(
        number=29,
        call=lambda c: c.user_reports.new_users("week", date(2026, 12, 31), date(2027, 1, 4)),
        path=f"{P}/users/report/new",
        query={"cycle": "week", "start": "2026-53", "end": "2027-01"},
        reply={
            "start": "2026-53",
            "gid": None,
            "end": "2027-01",
            "data": [{"count": "3", "week": "2026-53"}, {"count": 1, "week": "2027-01"}],
            "cycle": "week",
        },
        value=NewUsers(
            cycle="week",
            start="2026-53",
            end="2027-01",
            data=(NewUsersRow(count=3, week="2026-53"), NewUsersRow(count=1, week="2027-01")),
        ),
    ),
    Row(
        number=30,
        call=lambda c: c.user_reports.active_users(date(2026, 9, 1), date(2026, 9, 2), appid="app"),
        path="/v1/users/liveness_total",
        query={
            "product_key": "pk",
            "product_secret": "pk",
            "appid": "app",
            "start_date": "2026-09-01",
            "end_date": "2026-09-02",
        },
        auth=Auth.ENTERPRISE,
        reply={"data": [{"count": 2, "date": "2026-09-01"}]},
        value=ActiveUsers(data=(ActiveUsersRow(count=2, date="2026-09-01"),)),
    ),
    Row(
        number=31,
        call=lambda c: c.user_reports.locations(),
        path="/v1/users/location",
        query={"product_key": "pk", "product_secret": "pk"},
        auth=Auth.ENTERPRISE,
        reply={
            "China": {
                "count": 18,
                "Beijing": {"count": 14, "Beijing": {"count": 14}},
                "Guangdong": {"count": 4, "Guangzhou": {"count": 4}},
            }
        },
        value=world(
            place(
                "China",
                18,
                place("Beijing", 14, place("Beijing", 14)),
                place("Guangdong", 4, place("Guangzhou", 4)),
            )
        ),
    ),
    Row(
        number=32,
        call=lambda c: c.user_reports.total("g1"),
        path=f"{P}/users/report/total",
        query={"gid": "g1"},
        reply={"gid": "g1", "total": 31},
        value=UserTotal(gid="g1", total=31),
    ),
]
each = pytest.mark.parametrize("row", ROWS, ids=[f"{row.number:02}" for row in ROWS])


def test_the_table_has_every_endpoint_once() -> None:
    """The API document has 32 endpoints, and each has its own row."""
    assert [row.number for row in ROWS] == list(range(1, 33))
    assert len({(row.verb, row.path) for row in ROWS}) == 32


@each
async def test_an_endpoint_asks_as_documented_and_gives_the_value(row: Row) -> None:
    """Verb, path, query, headers and body go out as documented; the reply becomes the value."""
    answer = reply(row.reply, row.status)
    transport = ScriptedTransport(
        answers(answer), login=None if row.number > 1 else answers(answer)
    )
    async with client_on(transport) as client:
        value = await row.call(client)
    (sent,) = transport.calls if row.number > 1 else transport.sent
    assert (sent.method, sent.path, sent.query) == (row.verb, row.path, row.query)
    assert (None if sent.body is None else json.loads(sent.body)) == row.body
    assert sent.headers.get("Content-Type") == (None if row.body is None else "application/json")
    token = {"Authorization": "token token1"}
    enterprise = {
        "X-Gizwits-Enterprise-ID": "eid",
        "X-Gizwits-Enterprise-Secret": "esecret",
    }
    shown = {name: sent.headers[name] for name in {*token, *enterprise} & set(sent.headers)}
    assert shown == {Auth.TOKEN: token, Auth.ENTERPRISE: enterprise, Auth.NONE: {}}[row.auth]
    assert transport.logins == (0 if row.auth is Auth.ENTERPRISE else 1)
    assert "psecret" not in sent.target
    assert value == row.value
    assert type(value) is type(row.value)


FIXED = [row for row in ROWS if row.number not in {12, 14, 31}]
"""Rows whose reply has a fixed set of keys; those of a tree are ids and places."""


@pytest.mark.parametrize("row", FIXED, ids=[f"{row.number:02}" for row in FIXED])
async def test_keys_that_nobody_knows_change_nothing(row: Row) -> None:
    """A service that grows new fields breaks no caller (J10)."""
    grown = {**row.reply, "brand_new": {"count": [1]}}
    if "objects" in grown:
        grown["objects"] = [{**one, "brand_new": None} for one in grown["objects"]]
    answer = reply(grown, row.status)
    login = answers(answer) if row.number == 1 else None
    async with client_on(ScriptedTransport(answers(answer), login=login)) as client:
        assert await row.call(client) == row.value


PLAIN = [row for row in ROWS if row.number in {2, 3, 7, 16, 18, 19, 31}]


@pytest.mark.parametrize("row", PLAIN, ids=[f"{row.number:02}" for row in PLAIN])
async def test_an_endpoint_over_http(row: Row, mocked: aioresponses) -> None:
    """The same rows through aiohttp: what is written to the wire is what was asked."""
    base = "https://api.invalid"
    mocked.post(
        f"{base}{P}/access_token", status=201, payload={"token": "t", "expire_at": NOW + 604_800}
    )
    url = re.compile(re.escape(base + row.path) + r"(\?.*)?$")
    mocked.add(url, row.verb, status=row.status, payload=row.reply)
    async with GizwitsClient(
        CREDENTIALS, base_url=base, quota=FreeQuota(), clock=lambda: NOW
    ) as client:
        assert await row.call(client) == row.value
    ((_, made),) = [
        (key, calls[0]) for key, calls in mocked.requests.items() if key[1].path == row.path
    ]
    ((_, asked),) = [key for key in mocked.requests if key[1].path == row.path]
    assert dict(asked.query) == row.query
    data = made.kwargs.get("data")
    assert (None if data is None else json.loads(data)) == row.body
