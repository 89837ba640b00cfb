"""A store that an earlier version wrote is moved into today's tables: whole, or not at all."""

import asyncio
import logging
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from gizwits_async.scan import FleetScan, SqlStore, StoreLockedError, StoreOutdatedError
from gizwits_async.scan.export import export
from gizwits_async.scan.report import Gap
from gizwits_async.simulator import SimulatedCloud
from tests.doubles import client_of
from tests.scan.cluster import held, script, sql
from tests.scan.common import LOGS, Rows, in_file, truth
from tests.scan.stores.make import NOW, START, fleet

STORES = Path(__file__).with_name("stores")
ODD = 'odd "\0'
STORED_ODD = '"odd \\"\\u0000"'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store of schema 1, in the middle of a scan."""
    return Path(shutil.copy(STORES / "schema-1.db", tmp_path / "fleet.db"))


def odd(rows: Rows) -> Rows:
    """Return the rows of the device that only the fixture has."""
    return Rows({row: count for row, count in rows.items() if row[0] == STORED_ODD})


async def test_a_store_of_schema_1_goes_on_where_it_was(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Opening it moves every row and says so; the scan is finished in the tables of today."""
    before = in_file(path)
    store = SqlStore(path)
    with caplog.at_level(logging.WARNING, "gizwits_async.scan"):
        state = await store.open()
    assert "was upgraded: 281 records" in caplog.text
    assert state is not None
    assert (state.start, state.end) == (START, NOW)
    assert in_file(path) == before
    assert before.total() == 281
    assert (await store.failures(LOGS, 9))[1][0].text == "it failed"
    gaps = (await store.gaps(9))[1]
    assert gaps == [Gap(did=ODD, log=log, start=START, end=START + 3) for log in gaps_of(gaps)]
    assert set(await store.presence()) == {device.did for device in fleet().devices}
    await store.aclose()
    cloud = SimulatedCloud(fleet(), quota=10**9)
    await FleetScan(client_of(cloud), path, start=START, end=NOW).run()
    assert in_file(path) == truth(cloud, START, NOW) + odd(before)
    with closing(sqlite3.connect(path)) as base:
        names = {name for (name,) in base.execute("SELECT name FROM sqlite_master")}
        days = set(base.execute("SELECT log, day FROM scan_day"))
    assert not [name for name in names if name.startswith("scan_1_")]
    assert {("data", START // 86_400), ("cmd", (NOW - 1) // 86_400)} <= days


def gaps_of(gaps: list[Gap]) -> list[str]:
    """Return the logs of gaps."""
    return [gap.log for gap in gaps]


async def test_a_store_of_schema_1_is_not_changed_by_those_that_only_read(path: Path) -> None:
    """A plan, an export and a status say what to do; a store that is being written is left alone."""
    image = path.read_bytes()
    for ask in (SqlStore(path).peek(), export(path, path.parent / "out", "jsonl")):
        with pytest.raises(StoreOutdatedError, match=r"run `gizwits-async upgrade .*fleet\.db`"):
            await ask
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("UPDATE scan_lease SET machine = 'other', pid = 1, since = 'now'")

    async def renewed(_: float) -> None:
        with closing(sqlite3.connect(path)) as base, base:
            base.execute("UPDATE scan_lease SET renewals = renewals + 1")

    with pytest.raises(StoreLockedError):
        await SqlStore(path, sleep=renewed).open()
    with closing(sqlite3.connect(path)) as base:
        assert base.execute("SELECT count(*) FROM data_log").fetchone() == (126,)
        assert base.execute(
            "SELECT type FROM sqlite_master WHERE name = 'data_log'"
        ).fetchone() == ("table",)
    assert len(image) == path.stat().st_size


@pytest.mark.fault("P8")
@pytest.mark.parametrize("inserts", [1, pytest.param(7, marks=pytest.mark.slow)])
async def test_an_upgrade_that_was_killed_is_done_by_the_next_open(
    path: Path, inserts: int
) -> None:
    """`kill -9` among its statements leaves the store of before, which is then moved as a whole."""
    before = in_file(path)
    code = f"""
import asyncio, os, signal
from gizwits_async.scan import SqlStore
from gizwits_async.scan.store.compact import CompactRecords
insert, left = CompactRecords.insert, [{inserts}]
def mortal(*arguments):
    insert(*arguments)
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
CompactRecords.insert = mortal
asyncio.run(SqlStore({str(path)!r}).open())
"""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", code]
    done = await asyncio.to_thread(subprocess.run, command, cwd=root, check=False)
    assert done.returncode == -signal.SIGKILL
    assert in_file(path) == before
    with pytest.raises(StoreOutdatedError):
        await SqlStore(path).peek()
    store = SqlStore(path)
    await store.open()
    await store.aclose()
    assert in_file(path) == before


async def test_a_store_without_the_later_tables_of_schema_1_is_moved(path: Path) -> None:
    """The first version had no lease, and knew no presence of devices."""
    before = in_file(path)
    with closing(sqlite3.connect(path)) as base, base:
        base.executescript("DROP TABLE scan_lease; DROP TABLE device_presence")
    store = SqlStore(path)
    await store.open()
    assert await store.presence() == {}
    await store.aclose()
    assert in_file(path) == before


async def test_a_view_of_others_outlives_the_upgrade(path: Path) -> None:
    """A view that an analyst made of a log shows the same rows afterwards."""
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("CREATE VIEW mine AS SELECT did, timestamp FROM data_log")
    store = SqlStore(path)
    await store.open()
    await store.aclose()
    with closing(sqlite3.connect(path)) as base:
        assert base.execute("SELECT count(*) FROM mine").fetchone() == (126,)


async def test_a_store_of_schema_1_in_postgresql_is_moved(url: str) -> None:
    """All rows are there afterwards, as `jsonb` and with instants, under the names of before."""
    await script(url, (STORES / "schema-1.sql").read_text())
    before = await held(url)
    store = SqlStore(url)
    assert await store.open() is not None
    await store.aclose()
    assert await held(url) == before
    types = "SELECT pg_typeof(attrs)::text, pg_typeof(time)::text FROM data_log LIMIT 1"
    assert tuple((await sql(url, types))[0]) == ("jsonb", "timestamp with time zone")
    wrong = "SELECT count(*) FROM cmd_log WHERE abs(extract(epoch FROM time) - timestamp) > 0.001"
    assert (await sql(url, wrong))[0][0] == 0
