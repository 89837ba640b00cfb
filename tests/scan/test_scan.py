"""A scan stores every record of its range once, with the fewest calls, however often it is interrupted."""

import asyncio
from typing import Any

import pytest

from gizwits_async.errors import GizwitsError
from gizwits_async.scan import FleetScan, MemoryStore, Since
from gizwits_async.scan.store.protocol import Change
from gizwits_async.simulator import Quirks, Record
from tests.doubles import client_of, virtually
from tests.scan.common import DAY, cloud_of, in_memory, least, log_calls, truth

NOW = 1_790_000_000
START = NOW - 5 * DAY


class Interrupted(MemoryStore):
    """A store that cancels the scan after a number of pages."""

    def __init__(self) -> None:
        super().__init__()
        self.pages_left = 10**9
        self.victim: asyncio.Task[Any] | None = None

    async def commit(self, change: Change) -> None:
        await super().commit(change)
        self.pages_left -= 1
        if self.pages_left == 0 and self.victim is not None:
            self.victim.cancel()


def test_a_scan_brings_the_truth_at_the_least_calls() -> None:
    """All records of the range, each once, for one call a window and page and one listing."""
    cloud = cloud_of(quirks=Quirks(event_timestamp="fractional"))
    store = MemoryStore()

    async def main() -> None:
        report = await FleetScan(client_of(cloud), store, start=START, end=NOW).run()
        assert in_memory(store) == truth(cloud, START, NOW)
        assert sum(report.records.values()) == truth(cloud, START, NOW).total() > 2000
        assert report.complete
        assert report.hint is None
        assert report.windows == 4 * 3 * 3
        asked = report.calls_least + report.windows_empty
        assert log_calls(cloud) == report.log_calls == asked >= least(cloud, START, NOW)
        assert report.windows_empty > 0
        assert report.ratio == report.log_calls / report.calls_least > 1.0

    virtually(main())


@pytest.mark.parametrize("every", [2, 3, 7, 23])
def test_broken_off_anywhere_it_goes_on_without_loss(every: int) -> None:
    """Whatever number of pages each run gets, the runs together bring each record once.

    But not a single one: a second of more records than a page holds is given whole or not at all.
    """
    cloud = cloud_of(3, 4)
    store = Interrupted()

    async def main() -> int:
        for runs in range(1, 1000):
            store.pages_left = every
            scan = FleetScan(client_of(cloud), store, start=NOW - 4 * DAY, end=NOW, concurrency=3)
            store.victim = asyncio.ensure_future(scan.run())
            try:
                report = await store.victim
            except asyncio.CancelledError:
                continue
            assert report.complete
            return runs
        raise AssertionError("it never ends")

    assert virtually(main()) > 1
    assert in_memory(store) == truth(cloud, NOW - 4 * DAY, NOW)


def test_it_finishes_one_window_before_the_next_and_the_oldest_first() -> None:
    """At most `concurrency` windows are open at a time, and later windows start later."""
    cloud = cloud_of(6, 6)

    async def main() -> None:
        await FleetScan(
            client_of(cloud), MemoryStore(), start=START, end=NOW, logs=["data"], concurrency=3
        ).run()

    virtually(main())
    asked = [e for e in cloud.ledger if e.kind == "log.data"]
    starts = [e.query["start_ts"] for e in asked if "context" not in e.query]
    assert starts == sorted(starts)
    last_use: dict[tuple[str, str], int] = {}
    for number, entry in enumerate(asked):
        last_use[entry.path, entry.query["start_ts"]] = number
    for number, _ in enumerate(asked):
        first_use: dict[tuple[str, str], None] = {}
        for entry in asked[: number + 1]:
            first_use[entry.path, entry.query["start_ts"]] = None
        assert sum(last_use[window] > number for window in first_use) <= 3


def test_a_scan_since_then_goes_on_from_run_to_run() -> None:
    """The first range is stored; the next run reads what came after it, and nothing twice."""
    cloud = cloud_of(3, 10, live=True)
    store = MemoryStore()

    async def main() -> None:
        client = client_of(cloud)
        first = await FleetScan(client, store, start=Since(4 * DAY - 4)).run()
        assert first.windows == 3 * 3 * 2
        for _ in range(24):
            await asyncio.sleep(DAY / 24)
        before = log_calls(cloud)
        second = await FleetScan(client, store, start=Since(4 * DAY - 4)).run()
        assert second.end == first.end + DAY
        assert second.windows == 3 * 3
        assert log_calls(cloud) - before == second.calls_least + second.windows_empty
        assert in_memory(store) == truth(cloud, first.start, second.end)
        third = await FleetScan(client, store, start=Since()).run()
        assert third.start == first.start

    virtually(main())


def test_records_that_came_late_are_there_after_the_next_run() -> None:
    """Seconds younger than `settle` when they were read are read again, and their rows replaced."""
    cloud = cloud_of(2, 2, live=True)
    did = cloud.fleet.devices[0].did
    store = MemoryStore()

    async def main() -> None:
        late = {"attrs": {"late": 1}}
        cloud.fleet.append("data", did, Record(at=NOW - 100.0, body=late, seen_at=NOW + 300.0))
        client = client_of(cloud)
        first = await FleetScan(client, store, start=NOW - DAY).run()
        before = truth(cloud, NOW - DAY, first.end)
        assert in_memory(store) != before
        await asyncio.sleep(1000)
        second = await FleetScan(client, store, start=Since()).run()
        assert in_memory(store) == truth(cloud, NOW - DAY, second.end)

    virtually(main())


def test_pages_can_be_had_without_a_store() -> None:
    """`async for page in scan` delivers every record once, and can be left at any page."""
    cloud = cloud_of(3, 4)

    async def main() -> None:
        got = MemoryStore()
        scan = FleetScan(client_of(cloud), start=NOW - 4 * DAY, end=NOW)
        async for page in scan:
            got.records.setdefault((page.did, page.log), []).extend(page.items)
        assert in_memory(got) == truth(cloud, NOW - 4 * DAY, NOW)
        pages = aiter(scan)
        await anext(pages)
        await pages.aclose()  # type: ignore[attr-defined]
        assert len(asyncio.all_tasks()) == 1

    virtually(main())


def test_an_error_comes_out_of_the_pages() -> None:
    """An error that stops the scan is raised by the iteration over its pages."""
    cloud = cloud_of(2, 2)
    cloud.whitelist = {"10.0.0.1"}

    async def main() -> None:
        with pytest.raises(GizwitsError):
            async for _ in FleetScan(client_of(cloud), start=NOW - DAY, end=NOW):
                pass

    virtually(main())


def test_the_plan_counts_what_the_scan_then_takes() -> None:
    """Calls and windows of the plan are those of the scan, at the cost of one token and one call."""
    cloud = cloud_of(5, 6)
    store = MemoryStore()

    async def main() -> None:
        client = client_of(cloud)
        plan = await FleetScan(client, store, start=START, end=NOW).plan()
        assert store.state is None
        assert cloud.tally.total() == 2
        assert plan.devices == 5
        assert plan.windows == {"online": 15, "cmd": 15, "data": 15}
        assert plan.calls == plan.calls_least == 45 + 2
        assert plan.hours == pytest.approx(47 / 3600)
        assert plan.finish == pytest.approx(NOW + 47, abs=3)
        assert plan.falls_off == 0
        assert not plan.resumes
        await FleetScan(client, store, start=START, end=NOW).run()
        after = await FleetScan(client, store, start=START, end=NOW).plan()
        assert sum(after.windows.values()) == 0

    virtually(main())


def test_the_plan_says_what_will_fall_off_the_edge() -> None:
    """Windows at the 30-day edge fall off while the windows before them are read."""
    cloud = cloud_of(50, 30)

    async def main() -> None:
        plan = await FleetScan(client_of(cloud), start=Since(30 * DAY - 15)).plan()
        assert 100 < plan.falls_off <= 150

    virtually(main())
