"""A scan that is asked to stop ends at the borders of its pages, and the next run goes on there."""

import asyncio
from typing import Any

import pytest

from gizwits_async import ArgumentError, GizwitsClient, HourlyQuota, Lane
from gizwits_async.scan import FleetScan, MemoryStore, ScanProgress
from gizwits_async.simulator import SimulatedCloud, SimulatorTransport
from tests.doubles import client_of, virtually
from tests.scan.common import DAY, cloud_of, in_memory, truth

NOW = 1_790_000_000
START = NOW - 4 * DAY


class Slow(SimulatorTransport):
    """A service that takes half a second for each reply."""

    async def send(self, *arguments: Any, **options: Any) -> Any:
        await asyncio.sleep(0.5)
        return await super().send(*arguments, **options)


def scan_of(cloud: SimulatedCloud, store: MemoryStore, **options: Any) -> FleetScan:
    client = client_of(cloud, transport=Slow(cloud))
    return FleetScan(client, store, start=START, end=NOW, **options)


async def calls_of(cloud: SimulatedCloud, store: MemoryStore, seconds: float | None) -> list[int]:
    """Scan in slices of some seconds, each by a client of its own; return the calls of each."""
    calls = []
    while True:
        report = await scan_of(cloud, store).run(seconds=seconds)
        calls.append(report.calls)
        assert report.complete != report.stopped
        assert (report.hint is None) == report.complete
        if report.complete:
            assert report.windows_left == 0
            return calls


@pytest.mark.parametrize("seconds", [1.2, 3.3])
def test_slices_bring_the_truth_and_lose_at_most_a_call_each(seconds: float) -> None:
    """Eight windows are open at a time: calls that were sent are answered and stored."""

    async def main() -> None:
        cloud = cloud_of(4, 4)
        (whole,) = await calls_of(cloud, MemoryStore(), None)
        store = MemoryStore()
        slices = await calls_of(cloud_of(4, 4), store, seconds)
        assert len(slices) > 1
        assert sum(slices) - whole <= len(slices) - 1
        assert in_memory(store) == truth(cloud, START, NOW)

    virtually(main())


def test_an_event_ends_a_run_that_waits_for_its_quota() -> None:
    """A wait for a permit can take an hour, and nothing is asked for it: it is given up."""

    async def main() -> None:
        cloud = cloud_of(4, 4)
        quota = HourlyQuota(60, burst=2, reserve=0, initial=5)
        client = GizwitsClient(cloud.credentials, transport=SimulatorTransport(cloud), quota=quota)
        stop, pages = asyncio.Event(), list[ScanProgress]()
        store = MemoryStore()
        scan = FleetScan(client, store, start=START, end=NOW)
        running = asyncio.ensure_future(scan.run(on_progress=pages.append, stop=stop))
        await asyncio.sleep(100)
        assert not running.done()
        stop.set()
        began = asyncio.get_running_loop().time()
        report = await running
        assert asyncio.get_running_loop().time() - began < 1
        assert report.stopped
        assert report.windows_left > 0
        assert quota.snapshot().waiting[Lane.BULK] == 0

    virtually(main())


def test_a_run_that_is_stopped_before_it_begins_makes_no_call() -> None:
    """Not even a login; the store stays as it was."""

    async def main() -> None:
        cloud, store, stop = cloud_of(2, 2), MemoryStore(), asyncio.Event()
        stop.set()
        report = await scan_of(cloud, store).run(stop=stop)
        assert (report.calls, report.stopped, report.complete) == (0, True, False)
        assert cloud.tally.total() == 0
        assert await store.peek() is None

    virtually(main())


@pytest.mark.parametrize("seconds", [0, -1.0, float("nan")])
def test_seconds_must_be_positive(seconds: float) -> None:
    """A run that takes no time would never bring anything."""

    async def main() -> None:
        with pytest.raises(ArgumentError, match="seconds must be positive"):
            await scan_of(cloud_of(1, 1), MemoryStore()).run(seconds=seconds)

    virtually(main())
