"""What a scan never reads twice: finished seconds, stored pages, devices that keep failing."""

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gizwits_async.scan import FleetScan, MemoryStore, ScanStoreError, Since
from gizwits_async.simulator import FaultRule, Record
from tests.doubles import client_of, virtually
from tests.scan.common import DAY, cloud_of, in_file, in_memory, log_calls, truth

NOW = 1_790_000_000


def spans(cloud: Any, since: int = 0) -> list[tuple[int, int]]:
    """Return the windows that logs were asked for, from call number `since` on."""
    asked = [entry.query for entry in list(cloud.ledger)[since:] if entry.kind.startswith("log.")]
    return [(int(query["start_ts"]), int(query["end_ts"])) for query in asked]


def test_a_closed_second_is_never_asked_for_again() -> None:
    """A finished range costs no log call when it is scanned again; the next range begins at its end."""
    cloud, store = cloud_of(3, 10, live=True), MemoryStore()
    end = NOW - 3600

    async def main() -> None:
        client = client_of(cloud)
        assert (await FleetScan(client, store, start=NOW - 4 * DAY, end=end).run()).complete
        before = log_calls(cloud)
        again = await FleetScan(client, store, start=NOW - 4 * DAY, end=end).run()
        assert (log_calls(cloud), again.log_calls, again.windows) == (before, 0, 0)
        seen = len(cloud.ledger)
        assert (await FleetScan(client, store, start=Since()).run()).complete
        starts = [first for first, _ in spans(cloud, seen)]
        assert starts
        assert min(starts) >= end - 1  # A second more, of which nobody knows if it is included.
        assert in_memory(store) == truth(cloud, NOW - 4 * DAY, NOW)

    virtually(main())


def test_every_run_asks_again_from_where_records_may_have_come_late_and_no_further() -> None:
    """Ten runs an hour apart: each reads its hour and the `settle` seconds before it, in one call a log."""
    cloud, store = cloud_of(2, 3, live=True), MemoryStore()

    async def main() -> None:
        client = client_of(cloud)
        last = await FleetScan(client, store, start=NOW - DAY, settle=900).run()
        reread = 0
        for _ in range(10):
            await asyncio.sleep(3600)
            seen, held = len(cloud.ledger), in_memory(store).total()
            report = await FleetScan(client, store, start=Since(), settle=900).run()
            again = sum(report.read_again.values())
            assert sum(report.records.values()) - again == in_memory(store).total() - held
            reread += again
            asked = spans(cloud, seen)
            assert report.windows == 2 * 3
            assert report.log_calls == report.calls_least + report.windows_empty
            assert min(first for first, _ in asked) in range(last.end - 900 - 3, last.end - 899)
            last = report
        assert in_memory(store) == truth(cloud, NOW - DAY, last.end)
        assert reread > 0, "records of the last minutes came twice"

    virtually(main())


async def test_what_is_asked_again_replaces_the_rows_in_one_transaction(tmp_path: Path) -> None:
    """If a page cannot be written, the old rows of its seconds stay."""
    cloud, path = cloud_of(2, 2, live=True), tmp_path / "fleet.db"
    client = client_of(cloud)
    start = NOW - DAY
    first = await FleetScan(client, path, start=start, logs=["data"], settle=DAY).run()
    held = in_file(path)
    assert held == truth(cloud, start, first.end, ["data"])
    late = Record(at=NOW - 100.0, body={"attrs": {"late": 1}}, seen_at=NOW + 0.0)
    cloud.fleet.append("data", cloud.fleet.devices[0].did, late)
    with closing(sqlite3.connect(path)) as base, base:
        base.execute(
            "CREATE TRIGGER full BEFORE INSERT ON data_record BEGIN SELECT raise(ABORT, 'no'); END"
        )
    with pytest.raises(ScanStoreError, match="no"):
        await FleetScan(client, path, start=start, logs=["data"], settle=DAY).run()
    assert in_file(path) == held
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("DROP TRIGGER full")
    second = await FleetScan(client, path, start=start, logs=["data"], settle=DAY).run()
    assert in_file(path) == truth(cloud, start, second.end, ["data"]) != held


@pytest.mark.parametrize(
    ("rule", "error", "calls"),
    [
        ({"action": "status", "code": 5302}, "ForbiddenError", 1),
        ({"action": "status", "status": 502}, "ServerError", 4),
        ({"action": "status", "code": 5407}, "ServerError", 4),
        ({"action": "reset"}, "NoReplyError", 4),
        ({"action": "truncated"}, "InvalidResponseError", 2),
    ],
)
def test_a_device_that_always_fails_is_tried_again_once_and_reported(
    rule: dict[str, Any], error: str, calls: int
) -> None:
    """It is tried once more at the end, then reported; everything else is stored."""
    cloud, store = cloud_of(6, 3), MemoryStore()
    sick = cloud.fleet.devices[3].did
    cloud.faults.set([FaultRule(path=f"*/{sick}/data", **rule)])

    async def main() -> None:
        client = client_of(cloud)
        scan = FleetScan(client, store, start=NOW - DAY, end=NOW, logs=["data"])
        report = await scan.run()
        [failure] = report.failures
        assert (failure.did, failure.log, failure.error) == (sick, "data", error)
        assert cloud.faults.fired == [2 * calls]
        asked = [sick in entry.path for entry in cloud.ledger if entry.path.endswith("/data")]
        assert asked[-calls:] == [True] * calls
        assert asked.count(True) == 2 * calls
        assert report.failed == report.windows_left == 1
        assert report.windows == 5
        wanted = truth(cloud, NOW - DAY, NOW, ["data"])
        assert wanted - in_memory(store) == Counter(
            {key: count for key, count in wanted.items() if key[0] == sick}
        )
        cloud.faults.set([])
        assert (await scan.run()).complete
        assert in_memory(store) == wanted

    virtually(main())


def test_the_plan_learns_how_many_pages_a_window_takes() -> None:
    """Half-way through, the plan expects about the calls that the rest takes, by the pages so far."""
    cloud, store = cloud_of(6, 12), MemoryStore()
    start = NOW - 8 * DAY + 4

    class Enough(Exception):  # noqa: N818
        pass

    def half(at: Any) -> None:
        if at.windows >= 40:
            raise Enough

    async def main() -> None:
        # One window at a time: what stands open half-way would count with its pages, but not itself.
        scan = FleetScan(client_of(cloud), store, start=start, end=NOW, concurrency=1)
        fresh = await scan.plan()
        with pytest.raises(Enough):
            await scan.run(on_progress=half)
        plan = await scan.plan()
        before = log_calls(cloud)
        assert (await scan.run()).complete
        took = log_calls(cloud) - before
        assert plan.resumes
        assert plan.calls == pytest.approx(took, rel=0.3)
        assert plan.calls > 2 * plan.calls_least
        assert fresh.calls == fresh.calls_least

    virtually(main())
