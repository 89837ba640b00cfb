"""The served simulator: control routes, page to try calls in, latency, access log, and its command."""

import asyncio
import json
import re
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from gizwits_async import GizwitsClient
from gizwits_async.cli.simulate import Simulation, fleet_of
from gizwits_async.simulator import (
    FaultRule,
    Fleet,
    Quirks,
    SimulatedCloud,
    SimulatorServer,
    parse_quirks,
)
from gizwits_async.simulator.state.timeline import DAY
from tests.doubles import FreeQuota

FLEET = 4


def _client(cloud: SimulatedCloud, url: str) -> GizwitsClient:
    return GizwitsClient(cloud.credentials, base_url=url, quota=FreeQuota())


async def _json(session: aiohttp.ClientSession, path: str, verb: str = "GET") -> dict:
    async with session.request(verb, path) as reply:
        assert reply.status == 200
        return await reply.json()


async def test_ledger_and_devices():
    """`/__simulator/ledger` has calls and counts, `/__simulator/devices` the whole fleet."""
    cloud = SimulatedCloud(Fleet.generate(FLEET))
    cloud.fleet.change(cloud.fleet.devices[0].did, is_disabled=True)
    async with (
        SimulatorServer(cloud) as server,
        aiohttp.ClientSession(server.url) as session,
        _client(cloud, server.url) as client,
    ):
        await client.devices.search().collect()
        ledger = await _json(session, "/__simulator/ledger")
        assert [call["kind"] for call in ledger["calls"]] == ["token", "devices.search"]
        assert ledger["counts"] == {"token": 1, "devices.search": 1}
        chosen = await _json(session, "/__simulator/ledger?kind=token")
        assert [call["kind"] for call in chosen["calls"]] == ["token"]
        found = await _json(session, "/__simulator/devices")
    assert found["product_key"] == cloud.product.key
    assert [one["did"] for one in found["devices"]] == [one.did for one in cloud.fleet.devices]


async def test_the_clock_runs_from_the_start(monkeypatch: pytest.MonkeyPatch):
    """A server that nobody calls for a while has not lost that time at the first call."""
    cloud = SimulatedCloud(Fleet.generate(FLEET))
    loop = asyncio.get_running_loop()
    async with SimulatorServer(cloud):
        monkeypatch.setattr(loop, "time", lambda: time.monotonic() + 99)
        assert 99 <= cloud.now() - cloud.fleet.now < 150
        monkeypatch.undo()


async def test_reset():
    """`/__simulator/reset` returns to the state after the start: calls, faults, tokens, groups."""
    rule = FaultRule(action="status", status=503, path="*/devices/search", nth=1)
    cloud = SimulatedCloud(Fleet.generate(FLEET), quota=20, faults=[rule])
    async with (
        SimulatorServer(cloud) as server,
        aiohttp.ClientSession(server.url) as session,
        _client(cloud, server.url) as client,
    ):
        first = await client.device_groups.create()
        cloud.faults.set([])
        cloud.quota.use_up(cloud.now())
        assert await _json(session, "/__simulator/reset", "POST") == {}
        assert (list(cloud.ledger), dict(cloud.tally), cloud.faults.rules) == ([], {}, (rule,))
        assert cloud.faults.matched == [0]
        # A product has one root group, the old token is unknown, and the quota is whole again.
        assert await client.device_groups.create() == first
        assert cloud.tally["error 5009"] == 1
        assert await client.devices.search().first()
        assert cloud.faults.fired == [1]


async def test_the_page_to_try_calls_in():
    """`/docs` loads nothing from other hosts, and a token from it is accepted."""
    cloud = SimulatedCloud(Fleet.generate(FLEET))
    async with SimulatorServer(cloud) as server, aiohttp.ClientSession(server.url) as session:
        async with session.get("/docs") as reply:
            assert reply.content_type == "text/html"
            page = await reply.text()
        found = await _json(session, "/__simulator/token", "POST")
        headers = {"Authorization": f"token {found['token']}"}
        path = f"/v1/products/{found['product_key']}/devices/search"
        async with session.get(path, headers=headers) as reply:
            assert reply.status == 200
        local = {"".join(one) for one in re.findall(r'href="([^"]+)"|fetch\("([^"]+)"', page)}
        for path in local - {"/__simulator/token"}:
            await _json(session, path)
    assert not re.search(r"https?://|<script src|<link|@import", page)


async def test_latency_and_access_log():
    """`latency` delays each call; `on_call` gets a line for it, without its query."""
    lines: list[str] = []
    cloud = SimulatedCloud(Fleet.generate(FLEET))
    loop = asyncio.get_running_loop()
    async with (
        SimulatorServer(cloud, latency=0.05, on_call=lines.append) as server,
        _client(cloud, server.url) as client,
    ):
        began = loop.time()
        mac = cloud.fleet.devices[0].mac
        await client.devices.detail(mac)
        assert loop.time() - began >= 0.1
    assert len(lines) == 2
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d GET /v1/products/\w+/device_detail 200 \(devices.detail\)", lines[1]
    )
    assert mac not in lines[1]


@pytest.mark.parametrize(
    ("settings", "quirks"),
    [
        ([], Quirks()),
        (["hits=true", "total=short", "log_cap=7"], Quirks(hits=True, total="short", log_cap=7)),
        (["list_cap=none", "max_skip=1000"], Quirks(list_cap=None, max_skip=1000)),
        (["beyond_max_skip=5409"], Quirks(beyond_max_skip=5409)),
        (["node_clocks=0,-30.5"], Quirks(node_clocks=(0.0, -30.5))),
        (["forbidden_logs=cmd,data"], Quirks(forbidden_logs=frozenset({"cmd", "data"}))),
        (["summary_path=/summary", "quota_anchor=None"], Quirks(summary_path="/summary", quota_anchor=None)),
    ],
)  # fmt: skip
def test_quirks_as_text(settings, quirks):
    """`NAME=VALUE` sets any quirk with the type of its field."""
    assert parse_quirks(settings) == quirks


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("speed=9", "unknown quirk 'speed'; known are bounds, comparison, .*seed"),
        ("total=wrong", "quirk total: 'wrong' is none of right, missing"),
        ("hits=1", "quirk hits: '1' is neither true nor false"),
        ("log_cap=many", "quirk log_cap: "),
        ("forbidden_logs=x", "quirk forbidden_logs: 'x' is none of online, cmd, data"),
        ("total", "quirk total: '' is none of"),
    ],
)
def test_wrong_quirks_as_text(setting, words):
    """A wrong name or value is an error that lists the known ones."""
    with pytest.raises(ValueError, match=words):
        parse_quirks([setting])


def test_every_quirk_can_be_set_by_text():
    """The default of each quirk, written as text, is read as itself."""
    for name, value in vars_of(Quirks()).items():
        text = ",".join(map(str, value)) if isinstance(value, tuple | frozenset) else str(value)
        assert getattr(parse_quirks([f"{name}={text}"]), name) == value


def vars_of(quirks: Quirks) -> dict[str, object]:
    return {name: getattr(quirks, name) for name in quirks.__slots__ if name != "__weakref__"}


async def test_the_program():
    """The banner names pages and control path; quirks and the access log are set by options."""
    words = ("-m", "gizwits_async.cli", "simulate", "--port", "0", "--devices", "3")
    options = ("--quirk", "error_code=str", "--quirk", "rate_headers=never", "--access-log")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *words,
        *options,
        stderr=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stderr is not None
    try:
        banner = ""
        while "in another terminal" not in banner:
            banner += (await asyncio.wait_for(process.stderr.readline(), 60)).decode()
        url = re.search(r"http://[\d.:]+", banner)[0]
        for path in ("/docs", "/openapi.json", "/__simulator/"):
            assert url + path in banner
        async with aiohttp.ClientSession(url) as session:
            assert len((await _json(session, "/__simulator/devices"))["devices"]) == 3
            async with session.get("/v1/products/unknown/devices/search") as reply:
                assert (await reply.json())["error_code"] == "5015"
                assert "x-ratelimit-limit" not in reply.headers
        while b"5015" not in (line := await process.stderr.readline()):
            assert line
        assert b"GET /v1/products/unknown/devices/search 404 error 5015" in line
    finally:
        process.terminate()
        await process.communicate()


def test_devices_of_the_program_do_not_come_online_at_borders_of_days():
    """Sessions of seconds at midnight are for tests of windows, not for people who look at logs."""
    fleet = fleet_of(Simulation(devices=12, days=8))
    for device in fleet.devices:
        records = fleet.records("online", device.did, fleet.now - 8 * DAY, fleet.now)
        days = [(record.at - fleet.now) / DAY for record in records]
        assert days
        assert not any(abs(day - round(day)) * DAY < 0.002 for day in days)


def test_the_description_and_the_page_are_in_the_package():
    """Files that are served are found beside the modules, as in an installed wheel."""
    from importlib.resources import files  # noqa: PLC0415

    folder = files("gizwits_async.simulator")
    assert folder.joinpath("openapi.yaml").is_file()
    assert folder.joinpath("docs.html").is_file()
    assert json.dumps(folder.joinpath("docs.html").read_text("utf-8"))
