"""Scans and very long walks: blocks of the quota, devices that go, a million pages."""

import asyncio
import json
import sqlite3
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from math import floor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from gizwits_async import GizwitsClient, HourlyQuota
from gizwits_async.cli.app import run
from gizwits_async.scan import FleetScan, MemoryStore, ScanReport
from gizwits_async.simulator import (
    Fleet,
    Quirks,
    Rates,
    SimulatedCloud,
    SimulatorServer,
    SimulatorTransport,
)
from gizwits_async.simulator.environment import environment_of
from gizwits_async.wire.transport import HttpReply
from tests.doubles import FreeQuota, client_of, virtually
from tests.doubles.scripted import CREDENTIALS
from tests.scan.common import DAY, cloud_of, in_memory, truth

NOW = 1_790_000_000


class Endless:
    """A log with a page for every second, each with one record and a context; nothing is kept."""

    def __init__(self) -> None:
        self.pages, self.second, self.last = 0, 0, 0

    def now(self) -> float:
        return NOW

    async def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None, **_: Any
    ) -> HttpReply:
        del method, headers, body
        if target.endswith("/access_token"):
            return HttpReply(201, {}, json.dumps({"token": "t", "expire_at": NOW + 10**6}).encode())
        if "context=" not in target:
            query = parse_qs(urlsplit(target).query)
            self.second, self.last = int(query["start_ts"][0]), int(query["end_ts"][0])
        self.pages += 1
        ts, self.second = self.second, self.second + 1
        context = f'"c{ts}"' if ts < self.last else "null"
        page = f'{{"objects":[{{"ts":{ts},"attrs":{{}}}}],"meta":{{"context":{context}}}}}'
        return HttpReply(200, {}, page.encode())

    async def aclose(self) -> None:
        pass


async def count(pages: int, measure: Callable[[], int]) -> list[int]:
    """Walk so many pages and return what was measured after each tenth of them."""
    door = Endless()
    marks = []
    async with GizwitsClient(CREDENTIALS, transport=door, quota=FreeQuota()) as client:
        given = 0
        log = client.devices.data_log("d", start=NOW - 30 * DAY + 600, end=NOW, sort="asc")
        async for page in log.pages():
            given += len(page.items)
            if door.pages % (pages // 10) == 0:
                marks.append(measure())
            if door.pages >= pages:
                break
        # One second is not complete yet; and each seam costs two pages of a neighbour's seconds.
        assert given >= pages - 2 - 3 * (pages // 172_799 + 1)
    return marks


@pytest.mark.fault("X6")
def test_pages_without_end_take_no_memory() -> None:
    """Three thousand pages of one chain of contexts; the last two thousand cost nothing."""
    tracemalloc.start()
    try:
        marks = virtually(count(3000, lambda: tracemalloc.get_traced_memory()[0]))
    finally:
        tracemalloc.stop()
    assert max(marks[3:]) - min(marks[2:]) < 100_000


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.fault("X6")
def test_a_million_pages_take_no_memory() -> None:
    """A million pages over six windows; the process does not grow."""
    marks = virtually(count(1_000_000, _resident))
    print("resident MB", [mark // 2**20 for mark in marks])  # noqa: T201
    assert max(marks) - marks[0] < 20 * 2**20


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.fault("X9")
@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_block_of_an_hour_costs_one_opening_for_each_context_that_was_open(
    concurrency: int,
) -> None:
    """Other clients use the quota up, twice, in mid-scan: all contexts die; few are opened again."""
    fleet = Fleet.generate(8, 4, rates=Rates(reports=220))
    cloud = SimulatedCloud(
        fleet, quota=600, quirks=Quirks(quota_anchor=None, dead_context="error", rate_headers="refused")
    )  # fmt: skip
    store, door = MemoryStore(), SimulatorTransport(cloud)
    blocks: list[float] = []

    def other_clients(at: Any) -> None:
        if at.windows in (2, 9) and len(blocks) < (1 if at.windows == 2 else 2):
            blocks.append(door.now())
            cloud.quota.use_up(door.now())

    async def main() -> ScanReport:
        quota = HourlyQuota(600, 3600.0, burst=24, reserve=0)
        async with GizwitsClient(cloud.credentials, transport=door, quota=quota) as client:
            scan = FleetScan(
                client, store, logs=["data"], start=NOW - 4 * DAY, end=NOW - 2000,
                concurrency=concurrency,
            )  # fmt: skip
            return await scan.run(on_progress=other_clients)

    report = virtually(main())
    assert report.complete
    assert len(blocks) == 2
    assert in_memory(store) == truth(cloud, report.start, report.end, ["data"])
    calls = [entry for entry in cloud.ledger if entry.kind == "log.data"]
    taken = [entry for entry in calls if entry.error_code is None]
    opened = sum("context" not in entry.query for entry in taken)
    assert report.windows < opened <= report.windows + concurrency * len(blocks)
    assert cloud.tally["error 5013"] <= len(blocks) * (concurrency + 2)


def _removed(cloud: SimulatedCloud, did: str) -> None:
    cloud.fleet.remove(did)


def _moved(cloud: SimulatedCloud, did: str) -> None:
    device = cloud.fleet.device(did)
    assert device is not None
    cloud.add_product("anotherproduct", "itssecret", Fleet([device], now=NOW))
    cloud.fleet.remove(did)


def _signed_off(cloud: SimulatedCloud, did: str) -> None:
    cloud.fleet.change(did, is_disabled=True)


@pytest.mark.fault("X14")
@pytest.mark.parametrize(
    ("fate", "code", "error"),
    [
        (_removed, "5301", "NotFoundError"),
        (_moved, "5302", "ForbiddenError"),
        (_signed_off, "5304", "ConflictError"),
    ],
)
def test_a_device_that_goes_in_mid_scan_is_a_row_of_the_report(
    fate: Callable[[SimulatedCloud, str], None], code: str, error: str
) -> None:
    """Deleted, moved or signed off while its logs are read: all others come whole."""
    cloud = cloud_of(5, 6, quirks=Quirks(disabled_logs="refused"))
    gone = cloud.fleet.devices[2].did
    for device in cloud.fleet.devices:
        cloud.fleet.change(device.did, is_disabled=False)
    wanted = truth(cloud, NOW - 5 * DAY, NOW)
    store = MemoryStore()

    async def main() -> None:
        fated: list[bool] = []

        def strike(at: Any) -> None:
            if at.windows >= 10 and not fated:
                fated.append(True)
                fate(cloud, gone)

        async with client_of(cloud) as client:
            scan = FleetScan(client, store, start=NOW - 5 * DAY, end=NOW, concurrency=2)
            report = await scan.run(on_progress=strike)
        assert {(f.did, f.error) for f in report.failures} == {(gone, error)}
        assert all(code in f.text for f in report.failures)
        assert not report.complete
        found = in_memory(store)
        assert not found - wanted
        missing = wanted - found
        assert missing
        assert {did for did, _, _ in missing} == {gone}
        assert {log for _, log, _ in missing} <= {f.log for f in report.failures}

    virtually(main())


@pytest.mark.fault("X15")
@pytest.mark.parametrize("code", [5018, 5024])
def test_a_forbidden_log_costs_three_refusals_and_not_one_a_device(code: Any) -> None:
    """With one worker exactly three devices are asked; one that has no right differs from all."""
    quirks = Quirks(forbidden_logs={"online"}, forbidden_code=code)
    cloud = cloud_of(60, 2, quirks=quirks, rates=Rates(reports=3))
    store = MemoryStore()

    async def main() -> ScanReport:
        async with client_of(cloud) as client:
            return await FleetScan(client, store, start=NOW - DAY, end=NOW, concurrency=1).run()

    report = virtually(main())
    refused = Counter(e.path for e in cloud.ledger if e.error_code == code)
    assert len(refused) == 3
    assert refused.total() == 3
    assert list(report.given_up) == ["online"]
    assert report.windows_left == 0
    assert in_memory(store) == truth(cloud, NOW - DAY, NOW, ["cmd", "data"])


@pytest.mark.fault("X12")
async def test_a_scan_that_lost_seconds_at_the_edge_is_exit_3_and_keeps_the_gap(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An hour goes by between the listing and the logs: partly done, and the file says what."""
    began = floor(time.time())
    cloud = SimulatedCloud(Fleet.generate(2, 30, now=began), quota=10**6)

    def clock() -> float:
        return time.time() + (3600.0 if cloud.tally["devices.search"] else 0.0)

    start, out = began - 30 * DAY + 600, tmp_path / "fleet.db"
    words = ("scan", "--log", "cmd", "--start", str(start), "--end", str(start + DAY))
    async with SimulatorServer(cloud, clock=clock) as server:
        for name, value in environment_of(cloud, server.url).items():
            monkeypatch.setenv(name, value)
        code = await asyncio.to_thread(run, (*words, "--out", str(out)))
    assert code == 3
    assert "fell off the 30-day edge" in capsys.readouterr().err
    with closing(sqlite3.connect(out)) as base:
        gaps = base.execute("SELECT * FROM scan_gap").fetchall()
        columns = [row[1] for row in base.execute("PRAGMA table_info(scan_gap)")]
    of_device: dict[str, list[int]] = {}
    for gap in (dict(zip(columns, row, strict=True)) for row in gaps):
        moments = [v for v in gap.values() if isinstance(v, int) and v > 10**9]
        of_device[gap["did"]] = [*of_device.get(gap["did"], []), *moments]
    assert len(of_device) == 2
    for moments in of_device.values():  # Seconds may go on falling off while it is read.
        assert min(moments) == start
        assert 3000 - 30 <= max(moments) - start <= 3000 + 30
