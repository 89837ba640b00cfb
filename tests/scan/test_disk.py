"""A full or read-only disk gives a clear error, harms no record, and the next run completes the store."""

import asyncio
import json
import os
import re
import resource
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from gizwits_async.scan import FleetScan, ScanReport, ScanStoreError, SqlStore
from gizwits_async.scan.export import export
from gizwits_async.scan.store import sqlite
from gizwits_async.scan.store.sqlite import SqliteBackend
from gizwits_async.simulator import SimulatedCloud, SimulatorServer
from gizwits_async.simulator.environment import environment_of
from tests.doubles import client_of
from tests.scan.common import DAY, Rows, cloud_of, in_file, truth

NOW = 1_790_000_000
START = NOW - 2 * DAY
NOBODY = 65534
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
from gizwits_async.cli.app import run
sys.exit(run(sys.argv[2:]))
"""


@pytest.mark.fault("P8")
async def test_a_full_disk_stops_the_scan_and_harms_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite has no page left: what was committed stays, and with room again the scan goes on."""
    cloud, path = cloud_of(4, 3), tmp_path / "fleet.db"
    make = SqliteBackend.database

    def small(backend: SqliteBackend, *, reads: bool) -> Any:
        database = make(backend, reads=reads)

        @event.listens_for(database._engine, "connect")
        def limit(connection: Any, _: object) -> None:
            connection.execute("PRAGMA max_page_count=35").close()

        return database

    with monkeypatch.context() as patch:
        patch.setattr(SqliteBackend, "database", small)
        with pytest.raises(ScanStoreError, match=r"is full; make room .* goes on") as caught:
            await FleetScan(client_of(cloud), path, start=START, end=NOW).run()
    assert len(str(caught.value)) < 300
    half_way(path, truth(cloud, START, NOW))
    assert (await FleetScan(client_of(cloud), path, start=START, end=NOW).run()).complete
    assert in_file(path) == truth(cloud, START, NOW)


@pytest.mark.fault("P8")
@pytest.mark.parametrize("room", [300_000, pytest.param(900_000, marks=pytest.mark.slow)])
async def test_a_process_that_may_write_no_more_ends_with_exit_1_and_goes_on(
    tmp_path: Path, room: int
) -> None:
    """The system itself refuses a write, in mid-page too: exit 1, and the next run has it all."""
    now = int(time.time())
    cloud, path = cloud_of(4, 3, now=now), tmp_path / "fleet.db"
    words = ["scan", "--out", str(path), "--calls-per-hour", "1000000"]
    words += ["--start", str(now - 2 * DAY), "--end", str(now - 1000)]

    async def scan(limit: int) -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", LIMITED, str(limit), *words,
            env=os.environ | environment_of(cloud, server.url), stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        _, said = await process.communicate()
        return process.returncode, said.decode()

    async with SimulatorServer(cloud) as server:
        code, said = await scan(room)
        assert code == 1, said
        assert f"{path}: disk I/O error; make room" in said
        assert "Traceback" not in said
        half_way(path, truth(cloud, now - 2 * DAY, now - 1000))
        code, said = await scan(resource.RLIM_INFINITY)
    assert code == 0, said
    assert in_file(path) == truth(cloud, now - 2 * DAY, now - 1000)


@pytest.mark.fault("P8")
@pytest.mark.parametrize("to", ["parquet", "csv", "jsonl"])
async def test_an_export_onto_a_full_disk_leaves_no_half_file(tmp_path: Path, to: str) -> None:
    """Exit 1 in one line; every file that has its name is whole, and no unfinished file is left."""
    cloud, path, out = cloud_of(1, 3), tmp_path / "fleet.db", tmp_path / "out"
    await FleetScan(client_of(cloud), path, start=START, end=NOW, logs=["data"]).run()
    with closing(sqlite3.connect(path)) as base, base:
        rows = [(START + i, json.dumps({"text": os.urandom(50).hex()})) for i in range(5000)]
        base.execute("INSERT INTO record_shape VALUES (99, '', '')")
        base.executemany("INSERT INTO data_record VALUES (1, ?, 1, 99, ?)", rows)
    words = ("export", str(path), "--to", to, "--out", str(out), "--log", "data")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LIMITED, "50000", *words, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 1, said
    assert b"File too large" in said
    assert len(said.splitlines()) == 1
    assert [
        file for file in out.rglob("*") if file.is_file() and file.stat().st_size > 49_999
    ] == []
    assert list(out.rglob("*.part")) == []
    report = await export(path, out, to, logs=["data"])  # type: ignore[arg-type]
    assert report.rows["data"] == truth(cloud, START, NOW, ["data"]).total() + 5000


def half_way(path: Path, wanted: Rows) -> None:
    """Assert that a file is whole and holds some of the records, none twice and none that is wrong."""
    with closing(sqlite3.connect(path)) as base:
        assert base.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    found = in_file(path)
    assert 0 < found.total() < wanted.total()
    assert found <= wanted


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that others than its owner can reach: those of pytest are private."""
    found = Path(tempfile.mkdtemp(prefix="gz"))
    found.chmod(0o755)
    yield found
    shutil.rmtree(found)


@contextmanager
def unprivileged() -> Iterator[None]:
    """Run as a user for whom permissions count: root may write everything."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def image(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.fault("P8")
@pytest.mark.parametrize("closed", ["file", "folder"])
async def test_a_store_that_may_only_be_read_is_refused_and_stays_as_it_is(
    folder: Path, closed: str
) -> None:
    """Not a byte of it changes and no call is made; a user with the right to read it can do that."""
    cloud, path = cloud_of(2, 3), folder / "fleet.db"
    await FleetScan(client_of(cloud), path, start=START, end=NOW).run()
    path.with_name("fleet.db.lock").unlink()
    path.chmod(0o444)
    folder.chmod(0o777 if closed == "file" else 0o555)
    before, calls = path.read_bytes(), cloud.tally.total()
    with unprivileged(), pytest.raises(ScanStoreError, match=str(path)) as caught:
        await FleetScan(client_of(cloud), path, start=START).run()
    assert re.search("readonly|read-only|Permission denied", str(caught.value))
    held = image(folder)
    assert held["fleet.db"] == before
    assert held.get("fleet.db-wal", b"") == b""
    assert cloud.tally.total() == calls
    folder.chmod(0o555)
    with unprivileged(), pytest.raises(ScanStoreError, match=r"new\.db"):
        await SqlStore(folder / "new.db").open()
    assert not (folder / "new.db").exists()
    out = folder.with_name(f"{folder.name}out")
    with unprivileged():
        report = await export(path, out, "jsonl")
        store = SqlStore(path)
        assert await store.peek() is not None
        await store.aclose()
    shutil.rmtree(out)
    logs = ("online", "cmd", "data")
    assert sum(report.rows[log] for log in logs) == truth(cloud, START, NOW).total()
    assert set(image(folder)) == set(held)


@asynccontextmanager
async def locked_out(
    cloud: SimulatedCloud, path: Path
) -> AsyncIterator[tuple[asyncio.Future[ScanReport], sqlite3.Connection]]:
    """Give a scan under way, and the connection of another program that took the write lock."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        scan = FleetScan(client_of(cloud), path, start=START, end=NOW)
        locked = asyncio.Event()

        def lock(_progress: object) -> None:
            if not locked.is_set():
                other.execute("BEGIN IMMEDIATE")
                locked.set()

        running = asyncio.ensure_future(scan.run(on_progress=lock))
        await locked.wait()
        yield running, other


@pytest.mark.parametrize("seconds", [1.0, pytest.param(61.0, marks=pytest.mark.slow)])
async def test_a_scan_outlasts_the_write_lock_of_another_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """Longer than one attempt waits for it: the scan goes on when it is released, with each record once."""
    if seconds < 5:
        monkeypatch.setattr(sqlite, "_BUSY", 0.05)
    cloud, path = cloud_of(2, 3), tmp_path / "fleet.db"
    async with locked_out(cloud, path) as (running, other):
        done, _ = await asyncio.wait({running}, timeout=seconds)
        assert not done
        other.execute("ROLLBACK")
        assert (await running).complete
    assert in_file(path) == truth(cloud, START, NOW)


async def test_a_caller_that_leaves_does_not_wait_for_a_foreign_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is gone after one attempt, and not when the other program is done."""
    monkeypatch.setattr(sqlite, "_BUSY", 0.05)
    async with locked_out(cloud_of(2, 3), tmp_path / "fleet.db") as (running, _):
        running.cancel()
        done, _ = await asyncio.wait({running}, timeout=60)
        assert done
        assert running.cancelled()


@pytest.mark.fault("P8")
async def test_a_file_that_somebody_else_writes_to_is_a_clear_error(tmp_path: Path) -> None:
    """Another program holds a transaction open: the scan says so, and goes on when it is over."""
    cloud, path = cloud_of(2, 3), tmp_path / "fleet.db"
    url = f"sqlite+aiosqlite:///{path}?timeout=0.05"
    await FleetScan(client_of(cloud), url, start=START, end=NOW - DAY).run()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ScanStoreError, match=r"fleet\.db: database is locked"):
            await FleetScan(client_of(cloud), url, start=START, end=NOW).run()
        other.execute("ROLLBACK")
    await FleetScan(client_of(cloud), url, start=START).run()
    assert in_file(path) >= truth(cloud, START, NOW)
