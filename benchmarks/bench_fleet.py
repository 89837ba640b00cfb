"""Hundreds of enterprises on several machines: `python -m benchmarks fleet [--full]`.

`python -m benchmarks.bench_fleet [ROW ...] [--full]` measures some rows only. Workers are processes, the
database is PostgreSQL, the services are simulated. `--full` takes 20 kills, 10 of each other event and
up to 500 tenants; without it, there are fewer, and it takes some minutes.
"""

import asyncio
import logging
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

from benchmarks.fleet_events import (
    FULL,
    QUICK,
    WITHIN,
    Sizes,
    events_survived,
    kills,
    new_database,
    takeovers,
)
from benchmarks.measure import Figure, markdown
from gizwits_async.workers import Fleet, Schedule, TenantStatus, worker_app
from tests.scan.cluster import cluster, sql
from tests.workers.fleets import RANGE, Tenant, all_done, config, tenants, until, worker

__all__ = ["figures"]


async def _in_process(
    url: str, found: Mapping[str, Tenant], concurrency: int, slice_seconds: float = 600
) -> tuple[asyncio.Event, asyncio.Future[None]]:
    stop = asyncio.Event()
    app = worker_app(
        url, {name: one.profile for name, one in found.items()}, slice_seconds=slice_seconds
    )
    return stop, asyncio.ensure_future(app.run(concurrency=concurrency, stop=stop))


async def _lost_calls(server: str, _sizes: Sizes) -> list[Figure]:
    calls = []
    slices = 0
    for seconds in (600.0, 1.0):
        url = await new_database(server)
        async with tenants(1, devices=20, calls_per_hour=36_000) as found, Fleet(url) as fleet:
            await fleet.defer_scan("tenant000", RANGE)
            stop, running = await _in_process(url, found, 1, seconds)
            since = set[float]()

            def done(now: list[TenantStatus], since: set[float] = since) -> bool:
                since.update(one.since for one in now if one.state == "running")
                return all_done(now)

            await until(fleet, done, WITHIN)
            stop.set()
            await running
            calls.append(found["tenant000"].cloud.tally.total())
            slices = len(since)
    lost = max(0.0, (calls[1] - calls[0]) / max(1, slices - 1))
    return [Figure(f"calls lost a hand-over, of {slices - 1}", lost, 1)]


async def _connections(server: str, sizes: Sizes) -> list[Figure]:
    url = await new_database(server)
    async with tenants(sizes.running, devices=30, calls_per_hour=3600) as found:
        async with Fleet(url) as fleet:
            for name in found:
                await fleet.defer_scan(name, RANGE)
        stop, running = await _in_process(url, found, sizes.running)
        async with Fleet(url) as fleet:
            await until(fleet, lambda now: all(one.windows_left for one in now), WITHIN)
        rows = await sql(
            url, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()",
        )  # fmt: skip
        stop.set()
        await running
    return [Figure(f"database connections for {sizes.running} running scans", rows[0][0], 10)]


async def _carried(server: str, sizes: Sizes) -> list[Figure]:
    """A worker in a process of its own at the real quota: its CPU and memory, by /proc."""
    url = await new_database(server)
    with TemporaryDirectory() as folder:
        async with (
            tenants(sizes.carried, devices=60, calls_per_hour=3600) as found,
            Fleet(url) as fleet,
        ):
            file = config(found, Path(folder))
            await fleet.defer_scan("tenant000", RANGE)
            async with worker(url, file, concurrency=sizes.carried, stalled=10) as process:
                await until(fleet, lambda now: bool(now[0].windows_left), WITHIN)
                alone = _memory(process.pid)
                for name in found:
                    await fleet.defer_scan(name, RANGE)
                await until(fleet, lambda now: all(one.windows_left for one in now), WITHIN)
                await asyncio.sleep(sizes.seconds / 2)  # The first burst is over.
                before, calls = _cpu(process.pid), _calls(found)
                await asyncio.sleep(sizes.seconds)
                cpu = _cpu(process.pid) - before
                made = _calls(found) - calls
                each = (_memory(process.pid) - alone) / (sizes.carried - 1) / 2**20
    per_call = cpu / max(1, made)
    return [
        Figure("tenants a core at 3,600 calls an hour", 1 / per_call, 500, least=True),
        Figure("memory of a tenant", each, 1.5, " MiB"),
    ]


def _calls(found: Mapping[str, Tenant]) -> int:
    return sum(one.cloud.tally.total() for one in found.values())


def _cpu(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _memory(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


async def _fairness(server: str, sizes: Sizes) -> list[Figure]:
    """Slots for a tenth of the tenants; what each got when a tenth of all was read.

    A tenant gets a slot every ten slices, with the five calls of its quota since then: seven times.
    """
    url, calls = await new_database(server), int(1800 / sizes.slice_seconds)
    async with tenants(sizes.fair, devices=60, reports=20, calls_per_hour=calls) as found:
        async with Fleet(url) as fleet:
            for name in found:
                await fleet.defer_scan(name, RANGE)
        stop, running = await _in_process(url, found, max(2, sizes.fair // 10), sizes.slice_seconds)
        wanted = sizes.fair * 60 * 3 * 2
        async with Fleet(url) as fleet:
            await until(fleet, lambda _now: _calls(found) >= wanted / 10, 4 * WITHIN)
            stop.set()
            await running
            shares = [one.cloud.tally.total() for one in found.values()]
    least = min(shares) / mean(shares)
    return [Figure(f"{sizes.fair} tenants: least served over the mean", least, 0.8, least=True)]


async def _idle(server: str, sizes: Sizes) -> list[Figure]:
    """Three workers, as many schedules as tenants, nothing due: statements in the server's log."""
    url = await new_database(server)
    log = Path(url.partition("host=")[2]) / "log"
    with TemporaryDirectory() as folder:
        async with tenants(1) as found, Fleet(url) as fleet, AsyncExitStack() as stack:
            file = config(found, Path(folder))
            for number in range(sizes.idle):
                await fleet.add_schedule(Schedule(profile=f"idle{number}", every=86_400))
            await fleet.database.rows("UPDATE gizwits_tenants SET next_run = next_run + 80000")
            for _ in range(3):
                await stack.enter_async_context(worker(url, file, stalled=10))
            await asyncio.sleep(12)
            await sql(url, "ALTER SYSTEM SET log_statement = 'all'", "SELECT pg_reload_conf()")
            await asyncio.sleep(1)
            before, began = _statements(log), time.monotonic()
            await asyncio.sleep(max(30.0, sizes.seconds))
            found_now, spent = _statements(log) - before, time.monotonic() - began
            await sql(url, "ALTER SYSTEM RESET log_statement", "SELECT pg_reload_conf()")
    what = f"statements a second, {sizes.idle} tenants on 3 workers, nothing due"
    return [Figure(what, found_now / spent, 5)]


def _statements(log: Path) -> int:
    """Count the statements in a log, but for the empty ones by which a pool checks a connection."""
    lines = log.read_text(errors="replace").splitlines()
    marks = ("LOG:  statement: ", "LOG:  execute ")
    return sum(
        any(mark in line and line.partition(mark)[2].strip() for mark in marks) for line in lines
    )


ROWS: Mapping[str, Callable[[str, Sizes], Awaitable[list[Figure]]]] = {
    "kills": kills, "events": events_survived, "takeovers": takeovers, "lost": _lost_calls,
    "connections": _connections, "carried": _carried, "fairness": _fairness, "idle": _idle,
}  # fmt: skip


async def _measured(names: list[str], sizes: Sizes) -> list[Figure]:
    found: list[Figure] = []
    for name in names:
        print(f"measuring fleet {name}", file=sys.stderr)
        with cluster() as server:
            found += await ROWS[name](server, sizes)
        print(markdown(found), file=sys.stderr)
    return found


def figures(names: list[str] | None = None, *, full: bool = False) -> list[Figure]:
    """Measure these rows, or all of them."""
    logging.disable(logging.ERROR)  # The disturbances are meant.
    return asyncio.run(_measured(names or list(ROWS), FULL if full else QUICK))


if __name__ == "__main__":
    asked = [word for word in sys.argv[1:] if word != "--full"]
    print(markdown(figures(asked, full="--full" in sys.argv)))
