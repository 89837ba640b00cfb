"""Fault rules: matching, their actions in process and on a socket, and reading them from files."""

import asyncio
import json
import time
from email.utils import parsedate_to_datetime

import aiohttp
import pytest
from attrs import fields

from gizwits_async.errors import (
    NoReplyError,
    ResponseTooLargeError,
    TimedOutError,
)
from gizwits_async.simulator import (
    Action,
    FaultRule,
    Fleet,
    Quirks,
    SimulatedCloud,
    SimulatedRequest,
    SimulatorServer,
    SimulatorTransport,
    load_faults,
)
from gizwits_async.simulator.faults.rules import _TYPES, Faults, parse_faults

NOW = 1_790_000_000


def cloud_with(*rules: FaultRule) -> SimulatedCloud:
    times = [NOW - 100 + n for n in range(50)]
    return SimulatedCloud(Fleet.of(["d"], {("online", "d"): times}, now=NOW), faults=rules)


def target_of(cloud: SimulatedCloud, path: str = "/devices/d/online?limit=10") -> str:
    return f"/v1/products/{cloud.credentials.product_key}{path}"


def headers_of(cloud: SimulatedCloud) -> dict[str, str]:
    token, _ = cloud.tokens.issue(cloud.product.key, NOW, revoke_others=False)
    return {"Authorization": f"token {token}"}


async def ask(cloud: SimulatedCloud, *, within: float = 0.2, **query: str):
    more = "".join(f"&{name}={value}" for name, value in query.items())
    transport = SimulatorTransport(cloud, clock=lambda: NOW)
    target, headers = target_of(cloud) + more, headers_of(cloud)
    return await transport.send("GET", target, headers, None, timeout=within, max_bytes=2**20)


# --- matching


def test_which_calls_a_rule_matches():
    """Method, path and number must match; numbers count the matching calls."""
    faults = Faults([FaultRule(action="reset", method="GET", path="*/data", nth=(2, 3))])
    calls = [("GET", "/a/data"), ("POST", "/a/data"), ("GET", "/a/cmd")] + [("GET", "/b/data")] * 3
    struck = [
        faults.choose(SimulatedRequest(method=method, target=f"{path}?x=/data")) is not None
        for method, path in calls
    ]
    assert struck == [False, False, False, True, True, False]
    assert (faults.matched, faults.fired) == ([4], [2])


def test_chance_is_seeded():
    """A probability affects that fraction of the calls, depending on the seed alone."""

    def struck(seed: int) -> list[bool]:
        faults = Faults([FaultRule(action="reset", probability=0.3, seed=seed)])
        request = SimulatedRequest(method="GET", target="/")
        return [faults.choose(request) is not None for _ in range(200)]

    assert struck(1) == struck(1) != struck(2)
    assert 40 < sum(struck(1)) < 80


def test_the_first_rule_wins():
    """The first rule that applies decides."""
    rules = [FaultRule(action="reset", nth=2), FaultRule(action="html")]
    faults = Faults(rules)
    request = SimulatedRequest(method="GET", target="/")
    assert [faults.choose(request) for _ in range(3)] == [rules[1], rules[0], rules[1]]


# --- actions in process


@pytest.mark.parametrize(
    ("rule", "status", "code"),
    [
        (FaultRule(action="status"), 500, None),
        (FaultRule(action="status", status=503), 503, None),
        (FaultRule(action="status", code=5013), 403, 5013),
        (FaultRule(action="status", code=5403, status=200), 200, 5403),
    ],
)
async def test_another_status(rule, status, code):
    """`status` replaces the reply, with or without an error code, and skips the service."""
    cloud = cloud_with(rule)
    reply = await ask(cloud)
    assert (reply.status, json.loads(reply.body).get("error_code")) == (status, code)
    assert [(entry.kind, entry.status) for entry in cloud.ledger] == [("fault.status", status)]


async def test_effect_can_be_asked_for():
    """With `effect` the service handles the call although its reply is replaced."""
    cloud = cloud_with(FaultRule(action="html", effect=True))
    reply = await ask(cloud)
    assert reply.status == 502
    assert reply.body.startswith(b"<html>")
    assert [entry.kind for entry in cloud.ledger] == ["log.online"]


@pytest.mark.parametrize(
    ("action", "error", "kind"),
    [
        ("reset", NoReplyError, "fault.reset"),
        ("effect_without_reply", NoReplyError, "log.online"),
        ("cut", NoReplyError, "log.online"),
        ("stall", TimedOutError, "log.online"),
        ("drip", TimedOutError, "log.online"),
        ("oversized", ResponseTooLargeError, "log.online"),
    ],
)
async def test_errors_of_the_transport(action, error, kind):
    """Each connection fault is the error that a client's transport raises."""
    cloud = cloud_with(FaultRule(action=action, nth=1))
    with pytest.raises(error):
        await ask(cloud)
    assert [entry.kind for entry in cloud.ledger] == [kind]
    assert (await ask(cloud)).status == 200


async def test_a_redirect_is_a_reply():
    """A redirect is returned as a reply, as over a socket."""
    cloud = cloud_with(FaultRule(action="redirect", nth=1))
    assert (await ask(cloud)).status == 302
    assert [entry.kind for entry in cloud.ledger] == ["fault.redirect"]


async def test_late_replies():
    """A stall or drip that ends before the time-out is a valid reply."""
    whole = (await ask(cloud_with())).body
    for rule in (
        FaultRule(action="stall", seconds=0.01),
        FaultRule(action="drip", seconds=0.001, size=100),
        FaultRule(action="oversized", size=2000),
    ):
        reply = await ask(cloud_with(rule))
        assert json.loads(reply.body) == json.loads(whole)
    assert len(reply.body) == 2000


async def test_broken_json():
    """A truncated body is complete for HTTP and invalid JSON."""
    reply = await ask(cloud_with(FaultRule(action="truncated", size=40)))
    assert (reply.status, len(reply.body)) == (200, 40)


async def test_rows_and_totals():
    """A page can repeat its first row, or have a total that is wrong by up to two."""
    page = json.loads((await ask(cloud_with(FaultRule(action="duplicate_rows")))).body)
    assert page["objects"][0] == page["objects"][1]
    assert len(page["objects"]) == 11
    cloud = cloud_with(FaultRule(action="drifting_total"))
    totals = [json.loads((await ask(cloud)).body)["meta"]["total"] for _ in range(5)]
    assert sorted(totals) == [48, 49, 50, 51, 52]


async def test_an_empty_page():
    """`empty_page` removes the rows and the context of one reply; the total stays right."""
    cloud = cloud_with(FaultRule(action="empty_page", nth=1))
    page = json.loads((await ask(cloud)).body)
    assert (page["objects"], page["meta"]["total"]) == ([], 50)
    assert not page["meta"].get("context")
    assert len(json.loads((await ask(cloud)).body)["objects"]) == 10


ODD_LISTS = [
    ("/devices/search?limit=5", "objects", "mac"),
    ("/users/search?limit=5", "objects", "uid"),
    ("/incr_devices?start=2025-10-01&end=2026-09-20", "objects", "mac"),
    ("/users/report/new?cycle=month&start=2026-01&end=2026-05", "data", "month"),
]


@pytest.mark.parametrize("hits", [False, True])
@pytest.mark.parametrize(("path", "name", "key"), ODD_LISTS)
async def test_odd_rows(path, name, key, hits):
    """Rows of any list can have another value for a field, lack it, or be another value."""

    async def rows(**rule) -> list:
        cloud = SimulatedCloud(Fleet.generate(20, 2, now=NOW), quirks=Quirks(hits=hits))
        cloud.faults.set([FaultRule(**rule)] if rule else [])
        transport = SimulatorTransport(cloud, clock=lambda: NOW)
        reply = await transport.send(
            "GET", target_of(cloud, path), headers_of(cloud), None, timeout=1.0, max_bytes=2**20
        )
        page = json.loads(reply.body)
        found = page[name]["hits"]["objects"] if hits and name == "objects" else page[name]
        return list(found)

    plain = await rows()
    assert len(plain) > 3
    odd = await rows(action="odd_row", row=2, key=key, value="")
    assert odd == [*plain[:2], {**plain[2], key: ""}, *plain[3:]]
    assert [row[key] for row in await rows(action="odd_row", key=key)] == [None] * len(plain)
    assert (await rows(action="odd_row", row=1, value=[7])) == [plain[0], [7], *plain[2:]]
    missing = await rows(action="missing_field", row=0, key=key)
    assert key not in missing[0]
    assert missing[1:] == plain[1:]


async def test_odd_macs():
    """The rows of a group are its MACs; a reply without rows stays as it is."""
    cloud = cloud_with(FaultRule(action="odd_row", row=0, value=5))
    cloud.product.groups.assign(cloud.product.groups.create(None), "m", reassign=False)
    gid = next(iter(cloud.product.groups.parents))
    transport, headers = SimulatorTransport(cloud, clock=lambda: NOW), headers_of(cloud)
    for path, value in ((f"/device_groups/{gid}", {"macs": [5]}), ("/device_groups", {gid: ""})):
        target = target_of(cloud, path)
        reply = await transport.send("GET", target, headers, None, timeout=1.0, max_bytes=2**20)
        assert json.loads(reply.body) == value


async def test_the_same_context_forever():
    """`same_cursor` repeats the first page with the same context, and each call is counted."""
    cloud = cloud_with(FaultRule(action="same_cursor"))
    first = await ask(cloud)
    context = json.loads(first.body)["meta"]["context"]
    for _ in range(3):
        assert (await ask(cloud, context=context)).body == first.body
    assert cloud.tally["log.online"] == 4


async def test_clock_skew():
    """`clock_skew` moves the `Date` of the matching calls only."""
    for seconds in (-7200.0, 3600.0):
        cloud = cloud_with(FaultRule(action="clock_skew", seconds=seconds, nth=1))
        dates = [
            parsedate_to_datetime((await ask(cloud)).headers["date"]).timestamp() for _ in range(2)
        ]
        assert dates == [NOW + seconds, NOW]


async def test_clock_skew_leaves_the_quota_alone():
    """`clock_skew` does not move the clock of the quota."""
    cloud = SimulatedCloud(
        fleet=Fleet.generate(2, 1),
        quirks=Quirks(quota_kind="sliding"),
        quota=3,
        faults=[FaultRule(action="clock_skew", seconds=3600.0, nth=2)],
    )
    request = SimulatedRequest(method="GET", target="/v1/products/x/device_detail")
    left = [
        cloud.handle(request, 1_790_000_000.0 + number).headers["x-ratelimit-remaining"]
        for number in range(3)
    ]
    assert left == ["2", "1", "0"]


# --- actions on a socket


async def fetch(url: str, cloud: SimulatedCloud, within: float = 5.0) -> tuple[int, bytes]:
    timeout = aiohttp.ClientTimeout(total=within)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(
            url + target_of(cloud), headers=headers_of(cloud), allow_redirects=False
        ) as reply,
    ):
        return reply.status, await reply.read()


async def on_wire(*rules: FaultRule, within: float = 5.0) -> tuple[int, bytes]:
    cloud = cloud_with(*rules)
    async with SimulatorServer(cloud, clock=lambda: NOW) as server:
        return await fetch(server.url, cloud, within)


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        # aiohttp repeats a GET by itself when the connection breaks before the reply.
        (FaultRule(action="reset"), aiohttp.ClientConnectionError),
        (FaultRule(action="effect_without_reply"), aiohttp.ClientConnectionError),
        (FaultRule(action="cut"), aiohttp.ClientPayloadError),
        (FaultRule(action="stall"), TimeoutError),
        (FaultRule(action="drip", seconds=0.05), TimeoutError),
    ],
)
async def test_faults_on_the_socket(rule, error):
    """Resets, cuts, stalls and drips on a socket are errors of the HTTP library."""
    with pytest.raises(error):
        await on_wire(rule, within=0.5)


async def test_replies_on_the_socket():
    """Replies that arrive complete have the status and body of the rule."""
    status, body = await on_wire(FaultRule(action="redirect", status=307))
    assert (status, body) == (307, b"")
    status, body = await on_wire(FaultRule(action="oversized", size=300_000))
    assert (status, len(body)) == (200, 300_000)
    status, body = await on_wire(FaultRule(action="drip", seconds=0.001, size=200))
    assert len(json.loads(body)["objects"]) == 10
    status, body = await on_wire(FaultRule(action="html", status=504))
    assert (status, b"504" in body) == (504, True)


async def test_a_stalled_server_closes_soon():
    """A stalled reply does not delay the shutdown of the server."""
    cloud = cloud_with(FaultRule(action="stall"))
    began, asked = time.monotonic(), asyncio.Event()

    def clock() -> float:
        asked.set()
        return NOW

    async with SimulatorServer(cloud, clock=clock) as server:
        task = asyncio.create_task(fetch(server.url, cloud))
        await asked.wait()
    with pytest.raises(aiohttp.ClientError):
        await task
    assert time.monotonic() - began < 4


async def test_rules_over_http():
    """Rules can be set and read while the server runs; invalid ones change nothing."""
    cloud = cloud_with()
    async with (
        SimulatorServer(cloud, clock=lambda: NOW) as server,
        aiohttp.ClientSession(server.url) as session,
    ):
        where, rules = "/__simulator/faults", [{"action": "status", "code": 5601, "nth": 1}]
        async with session.post(where, json={"rules": rules}) as reply:
            assert reply.status == 200
        assert [(await fetch(server.url, cloud))[0] for _ in range(2)] == [500, 200]
        for wrong in ([{"action": "explode"}], {"rules": 5}, b"{"):
            sent = wrong if isinstance(wrong, bytes) else json.dumps(wrong).encode()
            async with session.post(where, data=sent) as reply:
                assert reply.status == 400
                assert "error" in await reply.json()
        async with session.get(where) as reply:
            rows = (await reply.json())["faults"]
        assert [(row["matched"], row["fired"], row["rule"]["code"]) for row in rows] == [
            (2, 1, 5601)
        ]
    assert [entry.kind for entry in cloud.ledger] == ["fault.status", "log.online"]


# --- reading


def test_files(tmp_path):
    """TOML and JSON files give equal rules."""
    toml, plain = tmp_path / "faults.toml", tmp_path / "faults.json"
    toml.write_text('[[rules]]\naction = "stall"\nseconds = 2\nnth = [1, 5]\npath = "*/data"\n')
    plain.write_text('[{"action": "stall", "seconds": 2, "nth": [1, 5], "path": "*/data"}]')
    assert load_faults(toml) == load_faults(str(plain))
    assert load_faults(plain)[0] == FaultRule(
        action=Action.STALL, seconds=2, nth=(1, 5), path="*/data"
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"rule": "x"}, "list"),
        ({"faults": []}, "unknown key 'faults'; known are"),
        ([{"action": "missing_field"}], "key must be given"),
        ([{"action": "odd_row", "row": -1}], "row must be at least 0"),
        ([{"method": "GET"}], "fault rule 1: must be an object with an action: status, html, "),
        (
            [{"action": "reset"}, {"action": "burn"}],
            "fault rule 2: action must be one of status, .*not 'burn'",
        ),
        ([{"action": "reset", "when": 1}], "unknown field 'when'"),
        ([{"action": "reset", "nth": "first"}], "nth cannot be 'first'"),
        ([{"action": "reset", "nth": 0}], "nth must be counted from 1"),
        ([{"action": "reset", "nth": [True, "x"]}], "fault rule 1"),
        ([{"action": "reset", "probability": 2}], "probability must be from 0 to 1"),
        ([{"action": "reset", "probability": True}], "probability cannot be True"),
        ([{"action": "status", "code": 7}], "code must be a documented error code, not 7"),
        ([{"action": "status", "status": 99}], "status must be"),
        ([{"action": "cut", "size": -1}], "size must be at least 0"),
    ],
)
def test_wrong_rules(data, words):
    """The message of a wrong rule has its number, the field and the allowed values."""
    with pytest.raises(ValueError, match=words):
        parse_faults(data)


def test_every_field_can_stand_in_a_file():
    """Every field of a rule can be set in a file."""
    assert {item.name for item in fields(FaultRule)} == _TYPES.keys()
