"""SQLite's own locks on the store's file outlive whatever else this process does with the store."""

import subprocess
import sys
from pathlib import Path

from gizwits_async.scan import FleetScan, SqlStore
from gizwits_async.scan.export import export
from tests.doubles import client_of
from tests.scan.common import DAY, cloud_of, in_file, truth

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
    """A plan, a peek, an export beside a scan once dropped its locks, and the next reader its WAL."""
    cloud, path = cloud_of(3, 3), tmp_path / "fleet.db"
    scan = FleetScan(client_of(cloud), path, start=START, end=NOW)
    seen: dict[str, str] = {}

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

    async for _page in scan:
        if not seen:
            await look()
    assert set(seen.values()) == {"held"}, seen
    assert in_file(path) == truth(cloud, START, NOW)
