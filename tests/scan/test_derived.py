"""Data records made out of the cmd log: once that has proven right, and with nothing lost by it."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gizwits_async.errors import ArgumentError
from gizwits_async.scan import FleetScan, MemoryStore, Since
from gizwits_async.scan.trust import Trust
from gizwits_async.simulator import Record, SimulatedCloud, SimulatorTransport
from tests.doubles import client_of, virtually
from tests.scan.common import in_file, in_memory, truth
from tests.scan.living import DAY, NOW, living

DEVICES = 110


async def pass_a_day() -> None:
    for _ in range(24):
        await asyncio.sleep(3600)


def spoil(cloud: SimulatedCloud, start: float) -> None:
    """Add a data record that no report in the cmd log tells, within the last session of each device."""
    for device in cloud.fleet.devices:
        at = [record.at for record in cloud.fleet.records("data", device.did, start, start + DAY)]
        if at:
            cloud.fleet.append("data", device.did, Record(at=at[-1], body={"attrs": {}}))


def test_it_saves_a_third_of_the_calls_and_is_given_up_for_one_difference() -> None:
    """The first night proves it; the second makes pages like any other; the third refutes it."""
    cloud, store = living({"daily": DEVICES}), MemoryStore()
    transport = SimulatorTransport(cloud)

    def scan() -> FleetScan:
        client = client_of(cloud, transport=transport)
        logs: Any = ("online", "cmd")
        return FleetScan(client, store, start=Since(DAY), logs=logs, derive="data")

    async def main() -> None:
        assert (await scan().run()).complete
        await pass_a_day()
        calls, got = len(cloud.ledger), Counter[str]()
        async for page in scan():
            got[page.log] += len(page.items)
        assert len(cloud.ledger) - calls < 0.7 * 3 * DEVICES
        assert store.state is not None
        start, end = store.state.start, store.state.end
        assert in_memory(store) == truth(cloud, start, end)
        last = [log for _, log, _ in truth(cloud, end - DAY, end).elements()]
        assert got["data"] >= last.count("data") > 500
        known = Trust.from_json(await store.trust()).rules["derived"]
        assert known.proven
        assert known.skipped > 90
        assert 0 < known.sampled < 20
        await pass_a_day()
        spoil(cloud, transport.now() - DAY)
        report = await scan().run()
        assert report.complete
        assert in_memory(store) == truth(cloud, report.start, report.end)
        assert list(report.refuted) == ["derived"]

    virtually(main())


@pytest.mark.slow
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


def test_it_needs_the_cmd_log() -> None:
    """An argument error before anything is opened."""

    async def main() -> None:
        client = client_of(living({"daily": 1}))
        with pytest.raises(ArgumentError, match="needs the cmd log"):
            FleetScan(client, start=Since(DAY), logs=("online",), derive="data")

    virtually(main())


def test_a_window_that_an_earlier_run_began_tells_nothing_of_the_data_log() -> None:
    """The next run reads only the rest of that window: the records before it are in the data log only."""
    cloud, store = living({"daily": DEVICES}), MemoryStore()
    transport = SimulatorTransport(cloud)

    def scan() -> FleetScan:
        client = client_of(cloud, transport=transport, page_size=3)
        logs: Any = ("online", "cmd")
        return FleetScan(client, store, start=Since(DAY), logs=logs, derive="data")

    async def main() -> None:
        assert (await scan().run()).complete
        await pass_a_day()
        slices = 0
        while slices < 100:
            slices += 1
            stop, pages = asyncio.Event(), Counter[str]()

            def seen(at: Any, stop: asyncio.Event = stop, pages: Counter[str] = pages) -> None:
                pages[at.log] += 1
                if pages["cmd"] == 40:
                    stop.set()

            report = await scan().run(seen, stop=stop)
            if not report.stopped:
                break
        assert slices > 5
        assert not report.refuted
        assert in_memory(store) == truth(cloud, report.start, report.end)

    virtually(main())
