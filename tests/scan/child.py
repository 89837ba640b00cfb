"""A process that scans a served fleet into a store, to be killed: `child.py URL STORE START END`.

A fifth argument is the lease of the store, in seconds; a sixth, a folder, makes the process look at
its own store every few pages while it scans: `peek`, `plan`, and an export into the folder.
"""

import asyncio
import sys
import time

from gizwits_async.client import GizwitsClient
from gizwits_async.quota import HourlyQuota
from gizwits_async.scan import FleetScan, SqlStore
from gizwits_async.scan.export import export
from gizwits_async.simulator import SimulatedCloud


def dot(_: object) -> None:
    """Say that a step was done."""
    sys.stdout.write(".")
    sys.stdout.flush()


async def main(
    url: str, store: str, start: str, end: str, lease: str = "15", folder: str = ""
) -> None:
    """Scan all logs, and print a dot for each step."""
    credentials = SimulatedCloud().credentials
    quota = HourlyQuota(10_000_000, burst=1000, reserve=0)
    async with GizwitsClient(credentials, base_url=url, quota=quota) as client:
        kept = SqlStore(store, lease=float(lease))
        scan = FleetScan(client, kept, start=int(start), end=int(end), concurrency=4)
        running = asyncio.ensure_future(scan.run(on_progress=dot))
        pause = 0.1
        while folder and not running.done():
            await asyncio.wait({running}, timeout=pause)
            began = time.monotonic()
            seen = SqlStore(store)
            if await seen.peek() is not None:
                await export(store, folder, "jsonl", logs=["cmd"])
            await seen.aclose()
            await FleetScan(client, store, start=int(start), end=int(end)).plan()
            pause = max(0.1, 5 * (time.monotonic() - began))  # Mostly it is to scan.
        await running


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
