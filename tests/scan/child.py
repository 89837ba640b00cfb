"""A process that scans a served fleet into a store, to be killed: `child.py URL STORE START END`."""

import asyncio
import sys

from gizwits_async.client import GizwitsClient
from gizwits_async.quota import HourlyQuota
from gizwits_async.scan import FleetScan
from gizwits_async.simulator import SimulatedCloud


async def main(url: str, store: str, start: str, end: str) -> None:
    """Scan all logs, and say how far it is."""
    credentials = SimulatedCloud().credentials
    quota = HourlyQuota(10_000_000, burst=1000, reserve=0)
    async with GizwitsClient(credentials, base_url=url, quota=quota) as client:
        scan = FleetScan(client, store, start=int(start), end=int(end), concurrency=4)
        await scan.run(on_progress=lambda _: print(".", end="", flush=True))  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
