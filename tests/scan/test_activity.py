"""Reports of active devices save calls and lose no record."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gizwits_async.scan import FleetScan, MemoryStore, Since, SqlStore
from gizwits_async.scan.activity import Activity
from gizwits_async.simulator import (
    Device,
    FaultRule,
    Fleet,
    Quirks,
    Rates,
    SimulatedCloud,
    SimulatorTransport,
)
from tests.doubles import AlteringTransport, client_of, virtually
from tests.scan.common import DAY, cloud_of, in_file, in_memory, log_calls, truth

NOW = 1_790_000_000
START = NOW - 28 * DAY
QUIET = Rates(reports=6, empty_day=0.95, edge=0.0)


def closed_report(target: str, _: Any) -> dict[str, Any]:
    """Refuse the report of active devices."""
    if "/active_devices" not in target:
        return {}
    return {"status": 403, "body": b'{"error_code": 5024, "error_message": "no"}'}


def door_of(cloud: SimulatedCloud, *, closed: bool) -> SimulatorTransport:
    """Return a transport to the service, whose report of active devices may be closed."""
    return AlteringTransport(cloud, closed_report) if closed else SimulatorTransport(cloud)


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("hours", [8, -11])
def test_only_the_active_are_asked_and_nothing_is_lost(closed: bool, hours: int) -> None:
    """Fewer calls than one a window, whatever the zone of the reports; all records are there."""
    cloud = cloud_of(12, 30, rates=QUIET, quirks=Quirks(report_hours=hours, report_today=False))
    store = MemoryStore()

    async def main() -> None:
        transport = door_of(cloud, closed=closed)
        scan = FleetScan(
            client_of(cloud, transport=transport), store, start=START, end=NOW,
            logs=["cmd", "data"], active_only=True,
        )  # fmt: skip
        report = await scan.run()
        assert report.complete
        assert report.log_calls == report.calls_least + report.windows_empty
        assert in_memory(store) == truth(cloud, START, NOW, ["cmd", "data"])
        if not closed:
            assert log_calls(cloud) < 12 * 2 * 15 * 0.75

    virtually(main())


async def test_active_devices_are_found_in_a_file(tmp_path: Any) -> None:
    """The same over the SQL store; the online log is asked of everybody."""
    cloud = cloud_of(6, 8, rates=QUIET)
    path = tmp_path / "fleet.db"
    scan = FleetScan(
        client_of(cloud), SqlStore(path), start=NOW - 7 * DAY, end=NOW, active_only=True
    )
    assert (await scan.run()).complete
    assert in_file(path) == truth(cloud, NOW - 7 * DAY, NOW)
    assert cloud.tally["log.online"] == 6 * 4
    assert cloud.tally["log.data"] < 6 * 4


@pytest.mark.parametrize("filed", [False, True])
@pytest.mark.parametrize(("sn", "mac"), [("SN1", "AA01"), ("SN1", None), (None, None), (None, "")])
async def test_a_device_without_a_mac_in_the_report_is_asked(
    sn: str | None, mac: str | None, filed: bool, tmp_path: Path
) -> None:
    """A report names Bluetooth devices by serial number, and some not at all: they are asked."""
    devices = [Device(did="odd", mac=mac, device_sn=sn), Device(did="plain", mac="AA02")]
    times = [NOW - 5 * DAY + hour * 3600 for hour in range(5)]
    fleet = Fleet.of(devices, {("data", one.did): times for one in devices}, now=NOW)
    cloud = SimulatedCloud(fleet, quota=10**9)
    memory, path = MemoryStore(), tmp_path / "fleet.db"
    store = path if filed else memory
    scan = FleetScan(
        client_of(cloud), store, start=NOW - 6 * DAY, end=NOW, logs=["data"], active_only=True
    )
    assert (await scan.run()).complete
    assert (in_file(path) if filed else in_memory(memory)) == truth(cloud, NOW - 6 * DAY, NOW)


@pytest.mark.parametrize("action", ["html", "truncated", "reset"])
@pytest.mark.parametrize("nth", [3, None])
def test_a_report_that_comes_back_broken_ends_no_scan(action: str, nth: int | None) -> None:
    """One report, or all of them, can be missing without loss of a record."""
    cloud = cloud_of(12, 30, rates=QUIET, quirks=Quirks(report_today=False))
    status = 200 if action == "html" else None
    rule = FaultRule(action=action, path="*/active_devices", status=status, nth=nth)
    cloud.faults.set([rule])

    async def main() -> None:
        client, store = client_of(cloud, max_retries=0), MemoryStore()
        scan = FleetScan(client, store, start=START, end=NOW, logs=["data"], active_only=True)
        assert (await scan.run()).complete
        assert in_memory(store) == truth(cloud, START, NOW, ["data"])
        asked = sum("active_devices" in call.path for call in cloud.ledger)
        assert asked == 3 if nth is None else asked > 20
        assert log_calls(cloud) < 12 * 15 or nth is None
        cloud.faults.set([rule])
        await FleetScan(client, start=START, end=NOW, logs=["data"], active_only=True).plan()

    virtually(main())


def test_where_the_report_is_closed_all_devices_are_asked() -> None:
    """A filter of the listing is no substitute: it may leave out a device in a long session."""
    cloud, store = cloud_of(4, 30, rates=QUIET), MemoryStore()

    async def main() -> None:
        client = client_of(cloud, transport=door_of(cloud, closed=True))
        scan = FleetScan(client, store, start=START, end=NOW, logs=["data"], active_only=True)
        assert (await scan.run()).complete
        assert in_memory(store) == truth(cloud, START, NOW, ["data"])
        assert log_calls(cloud) >= 4 * 15
        assert not any("liveness_start" in entry.query for entry in cloud.ledger)

    virtually(main())


def test_a_day_is_asked_about_in_every_zone() -> None:
    """From fourteen hours before it to fourteen after it a device may have data."""
    start, end = 100 * DAY, 110 * DAY
    calendar = Activity(start, end, now=1000 * DAY)
    assert calendar.next("d", start, end) == end
    calendar.mark(104 - (start - 14 * 3600) // DAY, ["d"])
    assert calendar.next("d", start, end) == 104 * DAY - 14 * 3600
    inside = 105 * DAY + 14 * 3600 - 1
    assert calendar.next("d", inside, end) == inside
    assert calendar.next("d", inside + 1, end) == end
    assert calendar.next("other", start, end) == end
    assert calendar.next("other", start - 1, end) == start - 1
    assert Activity(start, end, now=109 * DAY).next("d", start, end) == 108 * DAY - 14 * 3600


@pytest.mark.parametrize("closed", [False, True])
def test_the_plan_counts_off_what_asking_first_saves(closed: bool) -> None:
    """The plan lies between the calls of this scan and those of a full scan, and asks no log."""
    cloud = cloud_of(30, 30, rates=QUIET, quirks=Quirks(report_hours=8, report_today=False))
    logs = ["online", "data"]

    async def main() -> None:
        client = client_of(cloud, transport=door_of(cloud, closed=closed))
        plain, active = (
            FleetScan(client, MemoryStore(), start=START, end=NOW, logs=logs, active_only=only)
            for only in (False, True)
        )
        whole = await plain.plan()
        before = cloud.tally.total()
        plan = await active.plan()
        assert cloud.tally.total() - before <= 31
        assert log_calls(cloud) == 0
        report = await active.run()
        assert whole.active_share == 1.0
        assert plan.active_share < 1.0 or closed
        assert plan.windows["online"] == whole.windows["online"]
        assert report.calls <= plan.calls
        assert plan.calls < whole.calls * (0.9 if not closed else 1.05)
        assert plan.hours * 3600 == pytest.approx(plan.calls)
        done = await active.plan()
        assert sum(done.windows.values()) == 0

    virtually(main())


@pytest.mark.parametrize("devices", [28, 30])
@pytest.mark.parametrize("closed", [False, True])
def test_the_plan_knows_how_long_a_page_is(closed: bool, devices: int) -> None:
    """Smaller pages take more listing calls, and the plan counts them, also behind a full last page."""
    cloud = cloud_of(
        devices, 8, rates=Rates(reports=2, dense=0.0), quirks=Quirks(report_today=False)
    )

    async def main() -> None:
        transport = door_of(cloud, closed=closed)
        client = client_of(cloud, transport=transport, page_size=7)
        for active in (False, True):
            scan = FleetScan(
                client, MemoryStore(), start=NOW - 7 * DAY, end=NOW, logs=["data"],
                active_only=active,
            )  # fmt: skip
            plan, report = await scan.plan(), await scan.run()
            planned = plan.calls_least - sum(plan.windows.values())
            made = report.calls - report.log_calls
            assert planned == pytest.approx(made, abs=1)
            assert made >= 5 + 1

    virtually(main())


def test_a_plan_of_nothing_or_of_the_online_log_asks_for_no_activity() -> None:
    """Without devices, or with the online log alone, no report of active devices is asked for."""
    empty, cloud = cloud_of(0, 1), cloud_of(2, 3)

    async def main() -> None:
        for one, logs in ((empty, ["data"]), (cloud, ["online"])):
            scan = FleetScan(client_of(one), start=START, end=NOW, logs=logs, active_only=True)
            plan = await scan.plan()
            assert plan.active_share == 1.0
            assert (await scan.run()).complete
            assert one.tally["reports.active"] == 0

    virtually(main())


def test_every_night_only_the_days_that_are_left_are_asked_about() -> None:
    """A later run asks for the reports of its own days only, and loses nothing."""
    cloud = cloud_of(12, 30, rates=QUIET, live=True, quirks=Quirks(report_today=False))
    store = MemoryStore()

    async def main() -> None:
        client = client_of(cloud)
        await FleetScan(client, store, start=START, logs=["data"], active_only=True).run()
        assert cloud.tally["reports.active"] > 20
        for _ in range(3):
            for _ in range(24):
                await asyncio.sleep(DAY / 24)
            before = cloud.tally["reports.active"]
            scan = FleetScan(client, store, start=Since(), logs=["data"], active_only=True)
            plan, report = await scan.plan(), await scan.run()
            assert cloud.tally["reports.active"] - before <= 2 * 3
            assert report.calls <= plan.calls
            assert in_memory(store) == truth(cloud, START, report.end, ["data"])

    virtually(main())


def test_what_fell_off_while_nobody_scanned_is_a_gap_and_not_passed_over() -> None:
    """After forty days the reports of thirty are asked for, at most; the ten days before are gaps."""
    cloud, store = cloud_of(6, 3, rates=QUIET, live=True), MemoryStore()
    gone = cloud.fleet.devices[0].did

    async def main() -> None:
        client = client_of(cloud)
        scan = FleetScan(client, store, start=Since(2 * DAY), logs=["data"], active_only=True)
        first = await scan.run()
        cloud.fleet.remove(gone)
        second = await scan.run()
        assert second.failed == 1
        for _ in range(40 * 24):
            await asyncio.sleep(3600)
        before = cloud.tally["reports.active"]
        plan, report = await scan.plan(), await scan.run()
        assert cloud.tally["reports.active"] - before <= 2 * 32
        assert plan.falls_off > 0
        assert report.failed == 1
        for device in cloud.fleet.devices:  # Each missing second is in a gap.
            gaps = sorted((g.start, g.end) for g in report.gaps if g.did == device.did)
            began, ended = gaps[0][0], gaps[-1][1]
            assert began == second.end
            assert [end for _, end in gaps[:-1]] == [start for start, _ in gaps[1:]]
            kept = truth(cloud, first.start, began, ["data"])
            kept += truth(cloud, ended, report.end, ["data"])
            wanted = Counter({key: n for key, n in kept.items() if key[0] == device.did})
            found = in_memory(store)
            assert Counter({key: n for key, n in found.items() if key[0] == device.did}) == wanted

    virtually(main())
