"""What a SQLite store costs: `python -m benchmarks store`, or `python -m benchmarks.bench_store`.

`--devices 1000` takes the size of a store from that many devices of thirty days. A scan over that of another build:
`python -m benchmarks store --over COMMIT`.
"""

import argparse
import asyncio
import multiprocessing
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from time import process_time
from typing import Any

import msgspec

from benchmarks import handwritten_scan
from benchmarks.measure import Figure, exponent, markdown, over, turns
from gizwits_async.client import GizwitsClient
from gizwits_async.models.devices import DataRecord, Device
from gizwits_async.options import Credentials
from gizwits_async.quota import HourlyQuota
from gizwits_async.scan import FleetScan, SqlStore
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.protocol import Change
from gizwits_async.scan.task import LOGS, Task
from gizwits_async.simulator import (
    Fleet,
    Rates,
    SimulatedCloud,
    SimulatorServer,
    SimulatorTransport,
)

__all__ = ["figures", "served_fleet"]

_DAY = 86_400
_PAGES = 160
"""Pages that a round writes."""
_ROUNDS = 7
_WINDOW = 172_799
"""Seconds that one query of a log owns."""
_NOW = 1_790_000_000
_ATTRS = {
    "switch": 1, "fan_swing": 0, "mode": "制冷", "fan_speed": "高风", "on_timing": 0, "off_timing": 0,
    "set_temp": 16, "room_temp": 27.5, "alert_full": 0, "alert_shutdown": 0, "fault_roomtemp": 0,
}  # fmt: skip


# --- pages of a hundred records, written one by one


@asynccontextmanager
async def _writers(folder: Path) -> AsyncIterator[dict[str, Callable[[], Awaitable[None]]]]:
    """Give a writer of pages each for the store and for `executemany`."""
    store, dids = SqlStore(folder / "store.db"), [f"{n:022d}" for n in range(8)]
    await store.open()
    state = ScanState(product_key="p", start=0, end=10**10)
    await store.begin(state, again=False)
    await store.add([Device(did=did) for did in dids], ["data"], state)
    raw = sqlite3.connect(folder / "raw.db", isolation_level=None)
    raw.executescript(handwritten_scan.TABLES)
    encode, at = msgspec.json.Encoder().encode, iter(range(_NOW, 10**10, 100))

    def pages() -> Iterator[tuple[str, list[DataRecord]]]:
        for page in range(_PAGES):
            first = next(at)
            yield dids[page % 8], [DataRecord(ts=first + n, attrs=_ATTRS) for n in range(100)]

    async def ours() -> None:
        for did, rows in pages():
            task = Task.new(did, "data", 0).opened(10**10, 10**10, 0.0)
            task = task.took(rows[-1].ts, "g1." + "x" * 80)
            await store.commit(Change(after=task, rows=tuple(rows)))

    async def executemany() -> None:
        for did, rows in pages():
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany(
                "INSERT INTO data_log VALUES (?, ?, ?)",
                [(did, row.ts, encode(row.attrs).decode()) for row in rows],
            )
            raw.execute(handwritten_scan.TICK, (did, "data", rows[-1].ts, "g1." + "x" * 80))
            raw.execute("COMMIT")

    yield {"store": ours, "executemany": executemany}
    raw.close()
    await store.aclose()


async def _written() -> float:
    with tempfile.TemporaryDirectory() as folder:
        async with _writers(Path(folder)) as writers:
            return over(await turns(writers, repeat=_ROUNDS), "store", "executemany")


# --- whole scans of a server in another process


def _serve(pipe: Connection) -> None:
    async def run() -> None:
        now = int(time.time())
        cloud = SimulatedCloud(
            Fleet.generate(24, 5, now=now, rates=Rates(reports=100)), quota=10**9
        )
        async with SimulatorServer(cloud) as server:
            credentials = cloud.credentials
            pipe.send(
                (server.url, credentials.enterprise_id, credentials.enterprise_secret,
                 credentials.product_key, credentials.product_secret, now)
            )  # fmt: skip
            await asyncio.Event().wait()

    asyncio.run(run())


@contextmanager
def served_fleet() -> Iterator[list[Any]]:
    """Serve a fleet while the block runs; gives what a scan needs to know of it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield list(ours.recv())
    finally:
        process.terminate()
        process.join()


async def _ours(given: list[Any], path: str) -> int:
    url, identity, secret, product, product_secret, now = given
    credentials = Credentials(
        enterprise_id=identity, enterprise_secret=secret,
        product_key=product, product_secret=product_secret,
    )  # fmt: skip
    quota = HourlyQuota(10_000_000, burst=1000, reserve=0)
    async with GizwitsClient(credentials, base_url=url, quota=quota) as client:
        scan = FleetScan(client, SqlStore(path), start=now - 4 * _DAY, end=now, skip="never")
        return sum((await scan.run()).records.values())


async def _by_hand(given: list[Any], path: str) -> int:
    url, identity, secret, product, product_secret, now = given
    body = {
        "enterprise_id": identity,
        "enterprise_secret": secret,
        "product_secret": product_secret,
    }
    return await handwritten_scan.scan(url, body, product, path, start=now - 4 * _DAY, end=now)


async def _scanned() -> Figure:
    with served_fleet() as given, tempfile.TemporaryDirectory() as folder:
        counts: dict[str, int] = {}

        async def run(name: str, scan: Callable[[list[Any], str], Awaitable[int]]) -> None:
            counts[name] = await scan(given, f"{folder}/{name}{time.monotonic_ns()}.db")

        candidates = {"ours": partial(run, "ours", _ours), "hand": partial(run, "hand", _by_hand)}
        found = await turns(candidates, repeat=_ROUNDS)
        assert abs(counts["ours"] - counts["hand"]) <= counts["ours"] // 200, counts
        return Figure("scan into SQLite over hand-written", over(found, "ours", "hand"), 1.6)


# --- size


def _bytes_a_record(devices: int) -> float:
    """Return the size of a store over its records, after a scan of thirty days."""
    cloud = SimulatedCloud(Fleet.generate(devices, 30), quota=10**9)
    quota = HourlyQuota(10**9, burst=10**6, reserve=0)

    async def main(path: str) -> None:
        async with GizwitsClient(
            cloud.credentials, transport=SimulatorTransport(cloud), quota=quota
        ) as client:
            await FleetScan(client, path, start=_NOW - 30 * _DAY + 3600, end=_NOW).run()

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fleet.db"
        asyncio.run(main(str(path)))
        with closing(sqlite3.connect(path)) as base:
            base.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            logs = ("online", "cmd", "data")
            records = [base.execute(f"SELECT count(*) FROM {log}_log").fetchone() for log in logs]  # noqa: S608
            total: int = sum(count for (count,) in records)
        return path.stat().st_size / total


async def _listed(devices: int) -> float:
    """Return the CPU seconds in which a listing is stored, counted, and asked for its first tasks."""
    logs, end = LOGS, 10**6
    with tempfile.TemporaryDirectory() as folder:
        store, state = SqlStore(f"{folder}/fleet.db"), ScanState(product_key="p", start=0, end=end)
        await store.open()
        await store.begin(state, again=False)
        began = process_time()
        for first in range(0, devices, 100):
            dids = (f"{n * 7919 % devices:022d}" for n in range(first, first + 100))
            await store.add([Device(did=did) for did in dids], logs, state)
            await store.due(logs, end, 256)
        await store.remaining(logs, end, _WINDOW)
        seconds = process_time() - began
        await store.aclose()
    return seconds


def figures(devices: int = 50) -> list[Figure]:
    """Return the figures of a store, its size from that of so many devices."""
    return [
        Figure(
            f"SQLite bytes a record, {devices:,} devices of 30 days", _bytes_a_record(devices), 70
        ),
        Figure("pages written over executemany", asyncio.run(_written()), 2.2),
        asyncio.run(_scanned()),
        Figure(
            "time over devices stored, counted and queued, 1,000 to 100,000: exponent",
            exponent({size: asyncio.run(_listed(size)) for size in (1_000, 100_000)}),
            1.1,
        ),
    ]


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--devices", type=int, default=50)
    print(markdown(figures(arguments.parse_args().devices)))
