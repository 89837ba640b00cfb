"""Old records leave a store when a lake has them; the progress of its scan stays."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gizwits_async.errors import ArgumentError
from gizwits_async.models.devices import DataRecord
from gizwits_async.scan import (
    FleetScan,
    PruneReport,
    ScanStoreError,
    SqlStore,
    prune_store,
    store_status,
)
from gizwits_async.scan.export import export
from gizwits_async.scan.store.protocol import Change
from gizwits_async.scan.task import Task
from tests.doubles import client_of
from tests.scan.cluster import held
from tests.scan.common import DAY, Rows, cloud_of, in_file, truth

NOW = 1_790_000_000
START = NOW - 4 * DAY
LIMIT = (NOW - DAY) // DAY * DAY
"""Midnight of the last day but one."""


def later(rows: Rows) -> Rows:
    """Return the rows of the days that stay."""

    def second(text: str) -> float:
        row = json.loads(text)
        return float(row.get("ts", row.get("timestamp")))

    return Rows({row: count for row, count in rows.items() if second(row[2]) >= LIMIT})


async def scanned(path: Path) -> Rows:
    """Scan four days of a fleet into a file, and return its rows."""
    cloud = cloud_of(3, 5)
    await FleetScan(client_of(cloud), path, start=START, end=NOW).run()
    assert in_file(path) == truth(cloud, START, NOW)
    return in_file(path)


async def pruned(path: Path | str, lake: Path | None = None, *, force: bool = False) -> PruneReport:
    """Prune what is older than the limit."""
    return await prune_store(path, before=LIMIT + 5, lake=lake, force=force, now=lambda: NOW)


async def test_days_that_the_lake_has_are_removed(tmp_path: Path) -> None:
    """Each whole day before the date; the lake keeps its rows, and the scan has nothing to do again."""
    path, lake = tmp_path / "fleet.db", tmp_path / "lake"
    rows = await scanned(path)
    before = await export(path, lake, "jsonl")
    report = await pruned(path, lake)
    assert (report.rows, report.kept) == (rows.total() - later(rows).total(), 0)
    assert report.before == LIMIT // DAY
    assert in_file(path) == later(rows)
    assert (await pruned(path, lake)).rows == 0
    assert dict((await export(path, lake, "jsonl")).rows) == dict(before.rows)
    cloud = cloud_of(3, 5)
    await FleetScan(client_of(cloud), path, start=START, end=NOW).run()
    assert in_file(path) == later(rows)


async def test_a_day_that_the_lake_does_not_have_as_it_is_stays(tmp_path: Path) -> None:
    """A commit after the export, another store's lake, none at all: kept, unless it is forced."""
    path, lake = tmp_path / "fleet.db", tmp_path / "lake"
    rows = await scanned(path)
    with pytest.raises(ArgumentError, match="name the lake"):
        await pruned(path)
    with pytest.raises(ScanStoreError, match="no manifest"):
        await pruned(path, tmp_path / "other")
    await export(path, lake, "jsonl", logs=["data"])
    store = SqlStore(path)
    await store.open()
    did = next(iter(rows))[0]
    late = DataRecord(ts=START + 5, attrs={"late": 1})
    task = Task.new(did, "data", NOW)
    await store.commit(Change(after=task, rows=(late,)))
    await store.aclose()
    report = await pruned(path, lake)
    assert report.kept >= 3  # A day of the data log, and the other logs.
    with closing(sqlite3.connect(path)) as base:
        days = {day for (day,) in base.execute("SELECT DISTINCT timestamp / 86400 FROM data_log")}
    assert {int(day) for day in days} == {START // DAY, LIMIT // DAY, LIMIT // DAY + 1}
    assert (await pruned(path, force=True)).kept == 0
    assert in_file(path) == later(rows)


async def test_what_a_scan_has_left_to_read_is_not_pruned(tmp_path: Path) -> None:
    """A day in which a log was not read yet would come back, and not as a whole."""
    path = tmp_path / "fleet.db"
    rows = await scanned(path)
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("UPDATE scan_task SET upto = ? WHERE log = 'cmd'", (START + DAY,))
    report = await pruned(path, force=True)
    assert report.before == (START + DAY) // DAY
    assert 0 < in_file(path).total() < rows.total()


async def test_a_store_is_pruned_beside_a_running_scan(tmp_path: Path) -> None:
    """Neither takes anything from the other: old days are gone, all later rows are there once."""
    path, lake = tmp_path / "fleet.db", tmp_path / "lake"
    rows = await scanned(path)
    await export(path, lake, "jsonl")
    cloud = cloud_of(3, 5, live=True)
    scan = asyncio.ensure_future(FleetScan(client_of(cloud), path, start=START, settle=DAY).run())
    await asyncio.sleep(0.05)
    await pruned(path, lake)
    report = await scan
    found = in_file(path)
    assert later(rows) <= found
    assert later(truth(cloud, START, report.end)) == later(found)


async def test_a_store_in_postgresql_is_pruned(url: str) -> None:
    """The same rows go, and the size is known."""
    cloud = cloud_of(2, 5)
    await FleetScan(client_of(cloud), url, start=START, end=NOW).run()
    rows = await held(url)
    assert (await pruned(url, force=True)).rows == rows.total() - later(rows).total()
    assert await held(url) == later(rows)
    assert (await store_status(url)).bytes > 100_000


async def test_the_status_of_a_store_says_what_it_holds(tmp_path: Path) -> None:
    """Runs with their times, the coverage of each log, and the days that have records."""
    path = tmp_path / "fleet.db"
    await scanned(path)
    found = await store_status(path)
    assert found.bytes >= path.stat().st_size
    [product] = found.products
    assert product.complete
    assert {(log.log, log.until, log.failed, log.gaps) for log in product.logs} == {
        (log, NOW, 0, 0) for log in ("online", "cmd", "data")
    }
    [run] = product.runs
    assert (run.run, run.start, run.end) == (1, START, NOW)
    assert run.ended is not None
    assert 0 <= run.ended - run.began < 600
    assert found.days["cmd"] == (START // DAY, NOW // DAY, NOW // DAY - START // DAY + 1)
