"""What a report says of a store: its days, gaps, devices and errors, in SQLite and PostgreSQL."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from gizwits_async.scan import FleetScan, ScanStoreError, SqlStore, StoreMissingError
from gizwits_async.scan.summary import StoreSummary, read_summary
from gizwits_async.scan.task import LOGS, LogName
from gizwits_async.simulator import SimulatedCloud
from tests.doubles import client_of
from tests.scan.cluster import sql
from tests.scan.common import DAY, cloud_of

NOW = 1_790_000_000
START = NOW - 4 * DAY
TROUBLE = (
    (
        "UPDATE scan_task SET seen = {end} - 86400, failed = 1, error = 'ServerError',"
        " error_text = 'out of order' WHERE log = 'cmd' AND did = '{did}'"
    ),
    (
        "INSERT INTO scan_gap (did, log, gap_start, gap_end, run, product)"
        " SELECT did, 'data', {start}, {start} + 7200, 1, product FROM scan_task"
        " WHERE did = '{did}' AND log = 'data'"
    ),
)


def wanted_days(cloud: SimulatedCloud, log: LogName) -> Counter[int]:
    """Return the records of each day, counted in the service itself."""
    found = Counter[int]()
    for device in cloud.fleet.devices:
        for record in cloud.truth(log, device.did, START, NOW):
            found[int((record["ts"] if log == "data" else record["timestamp"]) // DAY)] += 1
    return found


def check(summary: StoreSummary, cloud: SimulatedCloud, did: str) -> None:
    """Assert what a scan of four days with one gap and one failed log is said to be."""
    assert (summary.devices, summary.start, summary.end) == (3, START, NOW)
    for log in LOGS:
        assert summary.records[log] == wanted_days(cloud, log)
    assert summary.coverage["online"] == dict.fromkeys(
        range(START // DAY, (NOW - 1) // DAY + 1), 1.0
    )
    lost = 1 - summary.coverage["data"][START // DAY]
    assert lost == pytest.approx(7200 / 3 / (DAY - START % DAY))
    assert summary.coverage["cmd"][(NOW - 1) // DAY] == pytest.approx(2 / 3)
    assert 0.9 < summary.complete < 1
    assert summary.errors == (("ServerError: out of order", 1),)
    assert summary.oldest_missing == NOW - DAY
    assert {(one.log, one.reason, one.devices) for one in summary.missing} == {
        ("cmd", "failed", 1),
        ("data", "expired", 1),
    }
    (device,) = [one for one in summary.faulty if one.did == did]
    assert (device.failed, device.lost) == (1, 7200)
    assert len(summary.online) == 97
    assert all(0 <= share <= 1 for _, share in summary.online)


async def test_a_store_is_summed_up(tmp_path: Path) -> None:
    """Records a day are those of the service; what is missing is listed by day, reason and device."""
    cloud, path = cloud_of(3, 6), tmp_path / "fleet.db"
    await FleetScan(client_of(cloud), path, start=START, end=NOW).run()
    did = cloud.fleet.devices[0].did
    with closing(sqlite3.connect(path)) as base, base:
        for statement in TROUBLE:
            base.execute(statement.format(did=did, start=START, end=NOW))
    check(await read_summary(path), cloud, did)
    short = await read_summary(path, days=2)
    assert short.start == (NOW - 1) // DAY * DAY - DAY
    assert set(short.records["data"]) == {(NOW - 1) // DAY - 1, (NOW - 1) // DAY}


async def test_a_store_in_postgresql_is_summed_up(url: str) -> None:
    """With the same result."""
    cloud = cloud_of(3, 6)
    await FleetScan(client_of(cloud), url, start=START, end=NOW).run()
    did = cloud.fleet.devices[0].did
    await sql(url, *(one.format(did=did, start=START, end=NOW) for one in TROUBLE), "SELECT 1")
    check(await read_summary(url), cloud, did)


async def test_alarms_are_counted(tmp_path: Path) -> None:
    """Reports in which a data point of kind alert or fault is set; the definition says which are."""
    cloud, path = cloud_of(3, 6), tmp_path / "fleet.db"
    await FleetScan(client_of(cloud), path, start=START, end=NOW, logs=["data"]).run()
    wanted = Counter[str]()
    for device in cloud.fleet.devices:
        for record in cloud.truth("data", device.did, START, NOW):
            attrs = record["attrs"]
            wanted[device.did] += bool(attrs.get("alert_full") or attrs.get("alert_shutdown"))
    found = {one.did: one.alarms for one in (await read_summary(path)).faulty}
    assert found == +wanted


async def test_nothing_to_show_is_a_clear_error(tmp_path: Path) -> None:
    """No store, and one in which no scan has begun."""
    with pytest.raises(StoreMissingError, match="there is no store"):
        await read_summary(tmp_path / "none.db")
    store = SqlStore(tmp_path / "new.db")
    await store.open()
    await store.aclose()
    with pytest.raises(ScanStoreError, match="no scan has begun"):
        await read_summary(tmp_path / "new.db")
