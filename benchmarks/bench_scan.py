"""How long a fleet scan takes beyond its quota, what memory it needs, and how fast stores are written.

`python -m benchmarks.bench_scan` prints the numbers of issue "Scans at fleet scale"; `--devices 1000`
is a quick look. The scans run in virtual time against a server with the real quota, which lives in
the same process: the peak of memory holds the simulated fleet too.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from async_solipsism import EventLoop  # type: ignore[import-untyped]

from benchmarks.measure import Figure, markdown
from gizwits_async.client import GizwitsClient
from gizwits_async.models.devices import DataRecord, Device
from gizwits_async.quota import HourlyQuota
from gizwits_async.scan import FleetScan, MemoryStore, ScanStore, SqlStore
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.protocol import Change
from gizwits_async.scan.task import Task
from gizwits_async.simulator import Fleet, Rates, SimulatedCloud, SimulatorTransport

_DAY = 86_400
_WRITTEN = 5_000
"""Records a second that a store must take: fifty times what the quota can bring."""
_RATES = Rates(sessions=1, reports=4, empty_day=0.5, burst=0.0, commands=0.0, edge=0.1)
"""A quiet fleet: to invent its days is most of the time that a run takes."""
_NOW = 1_790_000_000
_MARGIN = 2 * _DAY
"""Seconds by which the range stays clear of the 30-day edge, so that nothing falls off."""


def scan(devices: int) -> dict[str, float]:
    """Scan one log of a fleet in virtual time, and return the numbers."""
    # The fleet's last days lie after the scan's beginning: a scan of 42 hours must not outrun the
    # edge of the log, which is another test's business.
    fleet = Fleet.generate(devices, 30, rates=_RATES)
    cloud = SimulatedCloud(fleet, ledger_size=10)
    store = MemoryStore(keep=False)
    start = _NOW - 30 * _DAY + _MARGIN

    async def main() -> tuple[float, float]:
        client = GizwitsClient(
            cloud.credentials, transport=SimulatorTransport(cloud), quota=HourlyQuota(reserve=0)
        )
        began = asyncio.get_running_loop().time()
        report = await FleetScan(client, store, start=start, end=_NOW, logs=["data"]).run()
        await client.aclose()
        assert report.failed == 0
        asked = report.calls_least + report.windows_empty
        return asyncio.get_running_loop().time() - began, report.log_calls / asked

    wall = time.perf_counter()
    with asyncio.Runner(loop_factory=EventLoop) as runner:
        seconds, ratio = runner.run(main())
    calls = cloud.tally.total()
    return {
        "devices": devices,
        "calls": calls,
        "hours": seconds / 3600,
        "hours over least": seconds / calls,
        "calls over least": ratio,
        "refused": cloud.tally["error 5013"],
        "records": store.counts.total(),
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "wall s": time.perf_counter() - wall,
    }


async def write(store: ScanStore, pages: int = 600, workers: int = 8) -> float:
    """Return the records a second that a store takes, page by page as a scan brings them."""
    attrs = {f"point_{number}": number for number in range(11)}
    await store.open()
    state = ScanState(product_key="p", start=0, end=10**9)
    await store.begin(state, again=False)
    dids = [f"{number:022d}" for number in range(workers)]
    await store.add([Device(did=did) for did in dids], ["data"], state)

    async def work(did: str) -> None:
        task = Task.new(did, "data", 0).opened(10**9, 10**9, 0.0)
        for page in range(pages // workers):
            rows = tuple(DataRecord(ts=page * 100 + n, attrs=attrs) for n in range(100))
            task = task.took(rows[-1].ts, "g1." + "x" * 80)
            await store.commit(Change(after=task, rows=rows))

    began = time.perf_counter()
    await asyncio.gather(*(work(did) for did in dids))
    seconds = time.perf_counter() - began
    await store.aclose()
    return pages // workers * workers * 100 / seconds


def in_process(devices: int) -> dict[str, float]:
    """Scan in a process of its own, whose peak of memory is its own."""
    command = [sys.executable, "-m", "benchmarks.bench_scan", "--one", str(devices)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    """Measure, and print."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--devices", type=int, default=10_000)
    arguments.add_argument("--one", type=int)
    arguments.add_argument("--postgres", help="SQLAlchemy URL of an empty database")
    given = arguments.parse_args()
    if given.one:
        print(json.dumps(scan(given.one)))
        return
    found = []
    with tempfile.TemporaryDirectory() as folder:
        stores: dict[str, ScanStore] = {"SQLite": SqlStore(Path(folder) / "fleet.db")}
        if given.postgres:
            stores["PostgreSQL"] = SqlStore(given.postgres)
        for name, store in stores.items():
            rate = asyncio.run(write(store))
            found.append(Figure(f"records written to {name}", rate, _WRITTEN, "/s", least=True))
    small, large = in_process(given.devices // 10), in_process(given.devices)
    for seen in (small, large):
        print(", ".join(f"{name} {value:,.4g}" for name, value in seen.items()))
    found += [
        Figure("hours over calls / 3600", large["hours over least"], 1.02),
        Figure("log calls over the least possible", large["calls over least"], 1.02),
        Figure("refused", large["refused"], 0),
        Figure("memory for ten times the devices", large["peak MB"] / small["peak MB"], 1.3),
    ]
    print(markdown(found))


if __name__ == "__main__":
    main()
