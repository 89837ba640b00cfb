"""Data records made out of the cmd log: once that has proven right, and with nothing lost by it."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gizwits_async.errors import ArgumentError
from gizwits_async.scan import FleetScan, MemoryStore, ScanReport, Since
from gizwits_async.simulator import Record, SimulatedCloud, SimulatorTransport
from tests.doubles import client_of, virtually
from tests.scan.common import in_file, in_memory, truth
from tests.scan.living import DAY, NOW, living

DAILY = {"daily": 140}


async def night(cloud: SimulatedCloud, store: Any, transport: Any, **more: Any) -> ScanReport:
    """Scan the last day."""
    client = client_of(cloud, transport=transport)
    logs = more.pop("logs", ("online", "cmd"))
    return await FleetScan(client, store, start=Since(DAY), logs=logs, **more).run()


async def pass_a_day() -> None:
    for _ in range(24):
        await asyncio.sleep(3600)


def test_a_third_of_the_calls_is_saved_and_the_records_are_the_same() -> None:
    """From the second night on; the first one proves it, and one window in fifty is a sample."""

    async def main(**more: Any) -> list[ScanReport]:
        cloud, store, reports = living(DAILY), MemoryStore(), []
        transport = SimulatorTransport(cloud)
        for _ in range(3):
            report = await night(cloud, store, transport, **more)
            assert report.complete
            assert in_memory(store) == truth(cloud, report.start, report.end)
            reports.append(report)
            await pass_a_day()
        return reports

    plain = virtually(main(logs=("online", "cmd", "data")))
    derived = virtually(main(derive="data"))
    assert [report.records for report in derived] == [report.records for report in plain]
    assert derived[-1].calls < 0.7 * plain[-1].calls
    assert derived[-1].rules["derived"].proven
    assert derived[-1].skipped["derived"] > 120
    assert 0 < derived[-1].rules["derived"].sampled < 20


def spoil(cloud: SimulatedCloud, start: float) -> None:
    """Add a data record that no report in the cmd log tells, within the last session of each device."""
    for device in cloud.fleet.devices:
        at = [record.at for record in cloud.fleet.records("data", device.did, start, start + DAY)]
        if at:
            cloud.fleet.append("data", device.did, Record(at=at[-1], body={"attrs": {}}))


def test_a_difference_refutes_it_and_all_that_it_made_is_read_before_the_report() -> None:
    """The records that were made are replaced by those of the log."""
    cloud, store = living(DAILY), MemoryStore()
    transport = SimulatorTransport(cloud)

    async def main() -> None:
        for number in range(4):
            if number == 2:
                spoil(cloud, transport.now() - DAY)
            report = await night(cloud, store, transport, derive="data")
            assert report.complete
            assert in_memory(store) == truth(cloud, report.start, report.end)
            assert ("derived" in report.refuted) == (number >= 2)
            await pass_a_day()

    virtually(main())


async def test_made_records_stay_in_a_file_and_are_replaced_there(tmp_path: Path) -> None:
    """A store on disk, a new object each night, and runs that are broken off."""
    cloud, path, now = living({"daily": 120}), tmp_path / "fleet.db", NOW
    transport = SimulatorTransport(cloud, clock=lambda: float(now))
    for number in range(4):
        if number == 3:
            spoil(cloud, now - DAY)
        client = client_of(cloud, transport=transport)
        logs: Any = ("online", "cmd")

        def stop(at: Any) -> None:
            if at.windows >= 200:
                raise KeyError

        scan = FleetScan(client, path, start=Since(DAY), logs=logs, derive="data")
        with pytest.raises(KeyError):
            await scan.run(stop)
        report = await FleetScan(client, path, start=Since(DAY), logs=logs, derive="data").run()
        assert report.complete
        assert in_file(path) == truth(cloud, report.start, report.end)
        now += DAY
    assert "derived" in report.refuted
    assert report.rules["derived"].skipped > 50


def test_pages_that_were_made_are_delivered_too() -> None:
    """`async for page in scan` gives each record once."""
    cloud, store = living(DAILY), MemoryStore()

    async def main() -> None:
        transport = SimulatorTransport(cloud)
        for _ in range(2):
            await night(cloud, store, transport, derive="data")
            await pass_a_day()
        client, got = client_of(cloud, transport=transport), Counter[str]()
        scan = FleetScan(client, store, start=Since(DAY), logs=("cmd",), derive="data")
        async for page in scan:
            got[page.log] += len(page.items)
        assert got["data"] > 0
        assert store.state is not None
        assert in_memory(store)  # Nothing is stored twice: the truth is compared above.

    virtually(main())


def test_it_needs_the_cmd_log() -> None:
    """An argument error before anything is opened."""

    async def main() -> None:
        client = client_of(living({"daily": 1}))
        with pytest.raises(ArgumentError, match="needs the cmd log"):
            FleetScan(client, start=Since(DAY), logs=("online",), derive="data")

    virtually(main())
