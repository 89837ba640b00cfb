"""A scan of devices that the caller names lists nothing, and leaves all other devices alone."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from gizwits_async.errors import ArgumentError
from gizwits_async.scan import FleetScan, MemoryStore, Since
from tests.doubles import client_of, virtually
from tests.scan.common import DAY, Rows, cloud_of, log_calls, truth

NOW = 1_790_000_000
START = NOW - 3 * DAY


def of(rows: Rows, dids: set[str]) -> Rows:
    """Return the rows of some devices."""
    return Rows({key: count for key, count in rows.items() if key[0] in dids})


async def test_only_the_named_devices_are_asked(kept: tuple[Any, Callable[[], Rows]]) -> None:
    """No listing is sent, before or after; the plan says so."""
    cloud, (store, found) = cloud_of(5, 4), kept
    dids = {device.did for device in cloud.fleet.devices[1:3]}
    scan = FleetScan(client_of(cloud), store, start=START, end=NOW, devices=dids)
    plan = await scan.plan()
    report = await scan.run()
    assert report.complete
    assert report.devices == plan.devices == 2
    assert cloud.tally["devices.search"] == 0
    assert plan.calls_least - sum(plan.windows.values()) == report.calls - report.log_calls
    assert found() == of(truth(cloud, START, NOW), dids)


async def test_other_devices_of_the_store_are_left_alone(
    kept: tuple[Any, Callable[[], Rows]],
) -> None:
    """A scan of one device finishes that one only; the scan of all does the rest, and keeps its MAC."""
    cloud, (store, found) = cloud_of(4, 4), kept
    client, did = client_of(cloud), cloud.fleet.devices[0].did

    class Enough(Exception):  # noqa: N818
        pass

    def stop(at: Any) -> None:
        if at.windows:
            raise Enough

    whole = FleetScan(client, store, start=START, end=NOW, concurrency=1)
    with pytest.raises(Enough):
        await whole.run(stop)
    report = await FleetScan(client, store, start=START, end=NOW, devices=[did]).run()
    assert report.complete
    assert (report.devices, report.windows_left) == (1, 0)
    assert of(found(), {did}) == of(truth(cloud, START, NOW), {did})
    before = log_calls(cloud)
    assert (await FleetScan(client, store, start=START, end=NOW, devices=[did]).run()).complete
    assert log_calls(cloud) - before <= 3
    assert (await whole.run()).complete
    assert found() == truth(cloud, START, NOW)
    if isinstance(store, MemoryStore):
        assert store.devices[did].mac == cloud.fleet.devices[0].mac


async def test_a_device_that_does_not_exist_is_reported() -> None:
    """A mistyped did fails on its own."""
    cloud, store = cloud_of(2, 3), MemoryStore()
    dids = [cloud.fleet.devices[0].did, "nosuchdevice"]
    report = await FleetScan(client_of(cloud), store, start=START, end=NOW, devices=dids).run()
    assert {failure.did for failure in report.failures} == {"nosuchdevice"}
    assert not report.complete


@pytest.mark.parametrize("devices", ["did", [], [f"d{number}" for number in range(10_001)]])
def test_a_list_of_devices_that_cannot_be_meant_is_refused(devices: Any) -> None:
    """A single text would be taken letter by letter."""
    with pytest.raises(ArgumentError, match="devices must"):
        FleetScan(client_of(cloud_of(1, 1)), start=START, devices=devices)


def test_a_device_that_appears_after_a_month_has_no_gap_before_the_edge() -> None:
    """What fell off before the device was known is not missing; all that its log holds is read."""
    cloud, store = cloud_of(2, 3, live=True), MemoryStore()
    late = cloud.fleet.devices[1]
    cloud.fleet.remove(late.did)

    async def main() -> None:
        client = client_of(cloud)
        assert (await FleetScan(client, store, start=Since(DAY), logs=["data"]).run()).complete
        for night in range(40):
            for _ in range(24):
                await asyncio.sleep(3600)
            if night == 35:
                cloud.fleet.add(late)
            report = await FleetScan(client, store, start=Since(), logs=["data"]).run()
            assert report.complete
        assert late.did in store.devices
        assert len(store.records[late.did, "data"]) > 0

    virtually(main())


async def test_gaps_stay_with_their_range(kept: tuple[Any, Callable[[], Rows]]) -> None:
    """A range that lost seconds is incomplete however often it is scanned again."""
    cloud, (store, _) = cloud_of(2, 40), kept
    client = client_of(cloud, max_retries=0)
    scan = FleetScan(client, store, start=NOW - 30 * DAY - 30, end=NOW - 29 * DAY, logs=["data"])
    first = await scan.run()
    assert first.gap_count > 0
    for _ in range(2):
        again = await scan.run()
        assert again.gap_count == first.gap_count
        assert not again.complete


def test_a_scan_of_a_plain_service_makes_no_call_more() -> None:
    """A page of devices twice, a call for each page of a window, and nothing else."""
    cloud, store = cloud_of(5, 6), MemoryStore()

    async def main() -> None:
        report = await FleetScan(client_of(cloud), store, start=NOW - 5 * DAY, end=NOW).run()
        assert report.calls == report.calls_least + report.windows_empty + 2
        assert cloud.tally.total() == report.calls + 1
        assert report.notes == ()

    virtually(main())
