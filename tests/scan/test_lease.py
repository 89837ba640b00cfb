"""The lease of a store: it is proven in every write, and changes hands only after silence."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve

from gizwits_async.models.devices import DataRecord, Device
from gizwits_async.scan import FleetScan, SqlStore, StoreLockedError, StoreLostError
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.lease import Holder, Lease, judge
from gizwits_async.scan.store.protocol import Change
from gizwits_async.scan.task import Task
from tests.doubles import client_of
from tests.scan.common import DAY, cloud_of, in_file, truth

NOW = 1_790_000_000
START = NOW - 2 * DAY
STATE = ScanState(product_key="p", start=0, end=1000, listing="done")


class Sleeps:
    """Returns at once, so many times; then never: a holder that is silent, or stays what it is."""

    def __init__(self, count: int) -> None:
        self.left = count

    async def __call__(self, seconds: float) -> None:
        if not self.left:
            await asyncio.Event().wait()
        self.left -= 1
        await asyncio.sleep(0)


ALIVE = Lease(epoch=3, renewals=5, holder=evolve(Holder.here(), machine="other"), silence=2.0)
ENDED = evolve(Holder.here(), pid=2**22 + 1)  # Beyond the largest process number of Linux.


@pytest.mark.parametrize(
    ("lease", "first", "watched", "shares_clock", "verdict"),
    [
        (None, None, 0, False, "free"),
        (evolve(ALIVE, holder=None), ALIVE, 0, False, "free"),
        (evolve(ALIVE, holder=ENDED), ALIVE, 0, False, "free"),
        (ALIVE, ALIVE, 0, False, "unclear"),
        (ALIVE, ALIVE, 14.9, False, "unclear"),
        (ALIVE, ALIVE, 15.1, False, "free"),
        (evolve(ALIVE, renewals=6), ALIVE, 15.1, False, "held"),
        (evolve(ALIVE, epoch=4, renewals=0), ALIVE, 15.1, True, "held"),
        (evolve(ALIVE, silence=16.0), ALIVE, 0, True, "free"),
        (evolve(ALIVE, silence=-1e9), ALIVE, 0, True, "unclear"),
        (evolve(ALIVE, silence=1e9), ALIVE, 0, False, "unclear"),
    ],
)
def test_when_a_store_may_be_taken_over(
    lease: Lease | None, first: Lease | None, watched: float, shares_clock: bool, verdict: str
) -> None:
    """After an orderly end or a crash: at once. After silence: by one clock, or by watching."""
    found = judge(lease, first, watched=watched, limit=15.0, shares_clock=shares_clock)
    assert found == verdict


async def begun(path: Path, sleeps: int) -> SqlStore:
    """Open a store and begin a scan with one device."""
    store = SqlStore(path, sleep=Sleeps(sleeps))
    await store.open()
    await store.begin(STATE, again=False)
    await store.add([Device(did="d")], ["data"], STATE)
    return store


async def commit(store: SqlStore) -> None:
    """Commit a page with one record."""
    rows = (DataRecord(ts=5, attrs={}),)
    after = Task.new("d", "data", 0).opened(1000, 2000, 5000.0).closed(0)
    await store.commit(Change(after=after, rows=rows))


async def test_a_scan_that_was_replaced_writes_nothing_more(tmp_path: Path) -> None:
    """The lock file is gone and the holder silent: after the lease, every write of it is refused."""
    path = tmp_path / "fleet.db"
    silent = await begun(path, 0)
    path.with_name("fleet.db.lock").unlink()
    fresh = SqlStore(path, sleep=Sleeps(100))
    assert await fresh.open() == STATE
    writes = (
        lambda: commit(silent),
        lambda: silent.begin(STATE, again=True),
        lambda: silent.add([Device(did="e")], ["data"], STATE),
        lambda: silent.fail(Task.new("d", "data", 0), "E", "text"),
        lambda: silent.requeue_failed(["data"]),
        lambda: silent.keep_datapoints(None),
    )
    for write in writes:
        with pytest.raises(StoreLostError, match=r"fleet\.db was taken over by another scan"):
            await write()
    await silent.aclose()
    await commit(fresh)
    await fresh.aclose()
    with closing(sqlite3.connect(path)) as base:
        counts = "SELECT (SELECT count(*) FROM data_log), (SELECT count(*) FROM devices)"
        assert base.execute(counts).fetchone() == (1, 1)
        assert base.execute("SELECT epoch, pid FROM scan_lease").fetchall() == [(2, None)]


async def test_a_holder_that_gives_a_sign_is_not_replaced(tmp_path: Path) -> None:
    """A lock file removed by hand is not enough: the second scan waits for a sign, and is refused."""
    path = tmp_path / "fleet.db"
    alive = await begun(path, 0)
    path.with_name("fleet.db.lock").unlink()
    looks = 0

    async def look(seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 20:
            await alive.requeue_failed(["data"])

    with pytest.raises(StoreLockedError, match=r"another scan \(process \d+ on "):
        await SqlStore(path, sleep=look).open()
    assert looks == 20
    await commit(alive)
    await alive.aclose()


async def test_a_lease_is_renewed_while_nothing_is_committed(tmp_path: Path) -> None:
    """A scan that waits an hour for quota keeps its store."""
    store = SqlStore(tmp_path / "fleet.db", lease=0.06)
    await store.open()
    found: set[int] = set()
    while len(found) < 4:
        with closing(sqlite3.connect(tmp_path / "fleet.db")) as base:
            found |= {row[0] for row in base.execute("SELECT renewals FROM scan_lease")}
        await asyncio.sleep(0.005)
    await store.aclose()


async def test_a_process_that_was_killed_is_replaced_at_once(tmp_path: Path) -> None:
    """It ran on this machine and is gone: the next scan does not wait for its lease, with or without a lock file."""
    path = tmp_path / "fleet.db"
    code = f"""
import asyncio, os
from gizwits_async.scan import SqlStore
async def main():
    await SqlStore({str(path)!r}).open()
    os.kill(os.getpid(), 9)
asyncio.run(main())
"""
    command = [sys.executable, "-c", code]
    root = Path(__file__).parents[2]
    await asyncio.to_thread(subprocess.run, command, cwd=root, check=False)
    with closing(sqlite3.connect(path)) as base:
        assert base.execute("SELECT count(pid) FROM scan_lease").fetchone() == (1,)
    store = SqlStore(path, sleep=Sleeps(0))
    await store.open()
    await store.aclose()


async def test_two_scans_at_once_have_one_winner(tmp_path: Path) -> None:
    """Both begin in the same moment with an empty file: one is refused, and the rows are right."""
    cloud, path = cloud_of(3, 3), tmp_path / "fleet.db"
    scans = [FleetScan(client_of(cloud), path, start=START, end=NOW).run() for _ in range(3)]
    ends = await asyncio.gather(*scans, return_exceptions=True)
    assert sum(isinstance(end, StoreLockedError) for end in ends) == 2
    assert in_file(path) == truth(cloud, START, NOW)


def test_a_lease_must_be_positive(tmp_path: Path) -> None:
    """No time at all would replace every scan."""
    for wrong in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="lease must be positive"):
            SqlStore(tmp_path / "fleet.db", lease=wrong)


async def test_an_opening_that_is_cancelled_gives_the_lease_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transaction of a cancelled caller is finished, so what it took has to be released."""
    path, loop = tmp_path / "fleet.db", asyncio.get_running_loop()
    store = SqlStore(path)
    await store.open()
    await store.aclose()
    created = store._created

    def cancelled(connection: object) -> object:
        asyncio.run_coroutine_threadsafe(_cancel(opening), loop).result(10)
        return created(connection)

    monkeypatch.setattr(store, "_created", cancelled)
    opening = asyncio.ensure_future(store.open())
    await asyncio.wait({opening})
    assert opening.cancelled()
    other = SqlStore(path)
    async with asyncio.timeout(5):  # A lease that was kept would be watched for 15 s.
        await other.open()
    await other.aclose()


async def _cancel(task: asyncio.Task[object]) -> None:
    task.cancel()
