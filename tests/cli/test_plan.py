"""What `plan` says of a scan, held against what the scan takes."""

import asyncio
import json
import re
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve

from gizwits_async import GizwitsClient, HourlyQuota
from gizwits_async.cli.demo import DemoFleet
from gizwits_async.cli.plan import _rows
from gizwits_async.cli.scan_range import ScanRange, fleet_scan
from gizwits_async.scan import FleetScan, ScanPlan, ScanProgress, Since
from gizwits_async.simulator import Fleet, SimulatedCloud, SimulatorTransport
from tests.cli.conftest import Program
from tests.doubles import client_of, now, virtually

NOW = 1_790_000_000


def test_the_estimate_holds_the_cost_of_the_demo(tmp_path: Path) -> None:
    """Before a page was read it is said to be the least; later it is a range with the truth in it."""
    demo = DemoFleet()
    fleet = Fleet.generate(demo.devices, demo.days, demo.seed, now=NOW)
    cloud = SimulatedCloud(fleet, quota=360_000)
    flags = ScanRange(since=timedelta(days=demo.days), out=str(tmp_path / "fleet.db"))

    async def main() -> tuple[ScanPlan, int, ScanPlan, int]:
        async with client_of(cloud) as client:
            first = await fleet_scan(client, flags).plan()
            start = cloud.tally.total()

            def half(now: ScanProgress) -> None:
                if now.windows >= 60:
                    task.cancel()

            task = asyncio.ensure_future(fleet_scan(client, flags).run(on_progress=half))
            with suppress(asyncio.CancelledError):
                await task
            broken_off = cloud.tally.total()
            second = await fleet_scan(client, flags).plan()
            planned = cloud.tally.total()
            assert (await fleet_scan(client, flags).run()).complete
            rest = cloud.tally.total() - planned
            return first, broken_off - start + rest, second, rest

    first, whole, second, rest = virtually(main())
    assert first.calls_least <= whole
    assert _rows(first, "x.db")["store"] == "x.db"
    assert _rows(first, "x.db")["calls"].startswith(f"{first.calls_least:,} or more")
    assert _rows(first, "x.db")["time needed"].endswith(" or more")
    assert _rows(evolve(first, hours=1234.5042), "x.db")["time needed"] == "1,234:30:15 or more"
    assert second.calls_least <= rest <= second.calls
    said = _rows(second, "x.db")["calls"]
    assert f"{second.calls_least:,} is the least" in said
    assert said.startswith(f"{second.calls:,}, by what was read")
    assert "more" not in _rows(second, "x.db")["time needed"]


def test_the_hours_are_those_that_the_scan_takes(tmp_path: Path) -> None:
    """In a fresh hour the bulk lane sprints, and the plan counts on that."""
    cloud = SimulatedCloud(Fleet.generate(3, 2, 1, now=NOW))
    flags = ScanRange(since=timedelta(days=2), out=str(tmp_path / "fleet.db"))

    async def main() -> tuple[ScanPlan, int, float]:
        async with GizwitsClient(
            cloud.credentials, transport=SimulatorTransport(cloud), quota=HourlyQuota()
        ) as client:
            plan, start = await fleet_scan(client, flags).plan(), now()
            report = await fleet_scan(client, flags).run()
            return plan, report.calls, now() - start

    plan, calls, took = virtually(main())
    assert plan.hours * 3600 / plan.calls == pytest.approx(took / calls, rel=0.1)
    assert took < 3


@pytest.mark.usefixtures("cloud")
async def test_a_store_that_begins_later_is_named_by_the_plan_too(program: Program) -> None:
    """A plan for less than was asked says so, and which store it looked at."""
    assert (await program("scan", "--since", "1d", "--log", "online"))[0] == 0
    code, out, err = await program("plan", "--since", "3d", "--log", "online")
    [note] = json.loads(out)["notes"]
    assert (code, note.startswith("the store begins at")) == (0, True)
    assert "note: the store begins at" in err
    assert re.search(r"store +│? *.*fleet\.db", err)


def test_a_scan_that_sprints_loses_nothing_to_the_edge() -> None:
    """Windows count as lost at the pace of the quota now, as the time needed does."""
    cloud = SimulatedCloud(Fleet.generate(20, 30, 1, now=NOW))

    async def main() -> tuple[ScanPlan, int]:
        async with GizwitsClient(
            cloud.credentials, transport=SimulatorTransport(cloud), quota=HourlyQuota()
        ) as client:
            scan = FleetScan(client, start=Since(30 * 86_400), logs=["online", "cmd"])
            plan = await scan.plan()
            return plan, (await scan.run()).gap_count

    plan, gaps = virtually(main())
    assert (plan.falls_off, gaps) == (0, 0)
