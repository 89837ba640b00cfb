"""Looking at a SQLite store while a scan writes to it costs the scan neither locks nor records."""

import asyncio
import random
import sqlite3
import subprocess
import sys
import time
from asyncio.subprocess import PIPE
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from gizwits_async.scan import FleetScan, SqlStore, StoreLockedError
from gizwits_async.scan.export import export
from gizwits_async.simulator import Rates, SimulatedCloud, SimulatorServer
from tests.doubles import client_of
from tests.scan.common import DAY, cloud_of, in_file, truth
from tests.scan.test_store import CHILD, ROOT

NOW = 1_790_000_000
START = NOW - 2 * DAY

# A connection in WAL mode holds a shared lock on 510 bytes behind the pending byte, at 2^30 (SQLite,
# "File Locking And Concurrency", section 3). Asked from another process: a process's own locks never
# refuse it, and closing the file would drop them.
PROBE = """
import fcntl, sys
with open(sys.argv[1], "rb+") as file:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 2**30 + 2)
    except OSError:
        print("held")
    else:
        print("free")
"""


def lock_on(path: Path) -> str:
    return subprocess.run(
        [sys.executable, "-c", PROBE, str(path)], capture_output=True, text=True, check=True
    ).stdout.strip()


async def test_the_probe_tells_a_file_in_use_from_one_that_is_not(tmp_path: Path) -> None:
    """The probe of the next test works: an open store is held, a closed one is free."""
    path = tmp_path / "fleet.db"
    store = SqlStore(path)
    await store.open()
    await store.due(
        ["data"], NOW, 1
    )  # The lock is taken by the first read after the switch to WAL.
    assert lock_on(path) == "held"
    await store.aclose()
    assert lock_on(path) == "free"


async def test_looking_at_a_store_leaves_the_locks_of_the_scan(tmp_path: Path) -> None:
    """A plan, a peek, an export or a web page in the same process drops none of SQLite's locks."""
    cloud, path = cloud_of(3, 3), tmp_path / "fleet.db"
    scan = FleetScan(client_of(cloud), path, start=START, end=NOW)
    app, seen = FastAPI(), {}

    @app.get("/progress")
    async def progress() -> dict[str, object]:
        plan = await FleetScan(client_of(cloud), path, start=START, end=NOW).plan()
        return {"devices": plan.devices, "windows": sum(plan.windows.values())}

    async def look() -> None:
        seen["in mid-scan"] = lock_on(path)
        store = SqlStore(path)
        assert await store.peek() is not None
        await store.aclose()
        seen["after a peek"] = lock_on(path)
        await FleetScan(client_of(cloud), path, start=START, end=NOW).plan()
        seen["after a plan"] = lock_on(path)
        await export(path, tmp_path / "out", "jsonl")
        seen["after an export"] = lock_on(path)
        with pytest.raises(StoreLockedError):
            await SqlStore(path).open()
        seen["after a second scan"] = lock_on(path)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as browser:
            assert (await browser.get("/progress")).json()["devices"] == 3
        seen["after a web page"] = lock_on(path)

    async for _page in scan:
        if not seen:
            await look()
    assert set(seen.values()) == {"held"}, seen
    assert in_file(path) == truth(cloud, START, NOW)


async def read(path: Path, folder: Path, stop: asyncio.Event) -> int:
    """Look at a store by SQL, an export and a peek, over and over; return how often."""
    rounds = 0
    while not stop.is_set():
        with closing(sqlite3.connect(path, timeout=30)) as base:
            base.execute("SELECT count(*), max(timestamp) FROM data_log").fetchone()
        command = [sys.executable, "-c", READER, str(path)]
        await (await asyncio.create_subprocess_exec(*command)).wait()
        await export(path, folder, "jsonl", logs=["online"])
        store = SqlStore(path)
        await store.peek()
        await store.aclose()
        rounds += 1
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.5)
    return rounds


READER = """
import sqlite3, sys
base = sqlite3.connect(sys.argv[1], timeout=30)
base.execute("SELECT count(*) FROM cmd_log").fetchone()
base.close()
"""


async def scanned_under_readers(path: Path, cloud: SimulatedCloud, now: int, kills: int) -> int:
    """Scan in a process that looks at its own store, is killed at random, and looked at by others."""
    chance, stop = random.Random(kills), asyncio.Event()
    reading: asyncio.Task[int] | None = None
    async with SimulatorServer(cloud) as server:
        words = [str(CHILD), server.url, str(path), str(now - 2 * DAY), str(now - 1000), "15"]
        for left in range(kills, -1, -1):
            process = await asyncio.create_subprocess_exec(
                sys.executable, *words, str(path.parent / "own"), cwd=ROOT, stdout=PIPE,
                env={"PYTHONPATH": str(ROOT)},
            )  # fmt: skip
            assert process.stdout is not None
            await process.stdout.readexactly(1)
            if reading is None:
                reading = asyncio.ensure_future(read(path, path.parent / "other", stop))
            if left:
                # By steps and not by time alone: on a fast machine the scan would be over.
                await process.stdout.readexactly(chance.randint(3, 12))
                await asyncio.sleep(chance.uniform(0.0, 0.02))
                process.kill()
            await process.communicate()
            assert process.returncode == (-9 if left else 0)
        stop.set()
        assert reading is not None
        return await reading


@pytest.mark.fault("P8")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("scans", "devices", "kills"),
    [(1, 12, 2), pytest.param(20, 148, 4, marks=pytest.mark.slow)],
)
async def test_readers_and_kills_lose_and_double_no_record(
    tmp_path: Path, scans: int, devices: int, kills: int
) -> None:
    """Exports, plans, sqlite3 readers and `kill -9` meanwhile: every record once, and a whole file."""
    for number in range(scans):
        folder, now = tmp_path / str(number), int(time.time())
        folder.mkdir()
        cloud = cloud_of(devices, 3, now=now, seed=number, rates=Rates(reports=160))
        assert await scanned_under_readers(folder / "fleet.db", cloud, now, kills) > 0
        wanted = truth(cloud, now - 2 * DAY, now - 1000)
        assert in_file(folder / "fleet.db") == wanted
        with closing(sqlite3.connect(folder / "fleet.db")) as base:
            assert base.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        print(f"scan {number}: {wanted.total()} records, each once")  # noqa: T201
