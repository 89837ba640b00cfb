"""The web tutorial's app under load: two workers, 200 users and a scan."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest
from fastapi import FastAPI

from benchmarks.bench_web import run
from gizwits_async import HourlyQuota, Options
from gizwits_async.fastapi import Gizwits, gizwits_lifespan
from gizwits_async.scan import FleetScan
from gizwits_async.simulator import Fleet, SimulatedCloud
from tests.web.serving import served, simulated


async def test_handlers_are_served_beside_a_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten users beside a scan in one process: every request is answered, and the scan progresses."""
    now = time.time()
    cloud = SimulatedCloud(Fleet.generate(6, 3, now=now), quota=360_000)
    quota = HourlyQuota(360_000, burst=24, reserve=18)
    app = FastAPI(lifespan=gizwits_lifespan(quota=quota, options=Options(deadline=30.0)))

    @app.get("/{mac}")
    async def detail(mac: str, gizwits: Gizwits) -> str | None:
        return (await gizwits.devices.detail(mac)).mac

    async def user(url: str, session: aiohttp.ClientSession, mac: str) -> list[Any]:
        found = []
        for _ in range(6):
            async with session.get(f"{url}/{mac}") as reply:
                found.append((reply.status, await reply.json()))
        return found

    macs = [device.mac for device in cloud.fleet.devices]
    async with (
        simulated(cloud, monkeypatch),
        served(app) as url,
        aiohttp.ClientSession() as session,
    ):
        client = app.state.gizwits
        scan = FleetScan(client, start=now - 2 * 86_400, end=now)
        scanning = asyncio.ensure_future(scan.run())
        while not cloud.tally["log.data"]:
            await asyncio.sleep(0.005)
        began = len(cloud.ledger)
        asked = [user(url, session, macs[number % len(macs)]) for number in range(10)]
        answers = [answer for one in await asyncio.gather(*asked) for answer in one]
        served_meanwhile = list(cloud.ledger)[began:]
        scanning.cancel()
        await asyncio.wait([scanning])
    await quota.aclose()
    assert {status for status, _ in answers} == {200}
    assert {mac for _, mac in answers} == set(macs)
    assert cloud.tally["error 5013"] == 0
    assert cloud.tally["token"] == 1
    ours = sum(entry.path.endswith("device_detail") for entry in served_meanwhile)
    assert len(served_meanwhile) > ours == 60, "the scan went on meanwhile"


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_handlers_answer_at_once_while_quota_is_left() -> None:
    """1,000 requests of 200 users beside a scan are answered, with a p99 under half a second."""
    found = run(calls=360_000, times=5, pause=4.0)
    assert set(found.statuses) == {200}
    assert found.p(0.99) < 0.5
    assert found.scan_calls > 100
    assert (found.exceeded, found.logins, found.left_open) == (0, 1, [])


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_rush_on_the_real_quota_is_served() -> None:
    """200 requests at once in the first minute of an unused hour are answered beside a scan; no 5013."""
    found = run(calls=3600, times=1, pause=0.0)
    assert set(found.statuses) == {200}
    assert (found.exceeded, found.logins, found.left_open) == (0, 1, [])
