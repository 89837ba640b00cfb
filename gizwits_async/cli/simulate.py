"""`gizwits-async simulate`: the simulated service on a port, for trying things out."""

import asyncio
import time

from gizwits_async.cli.output import say
from gizwits_async.simulator import Fleet, SimulatedCloud, SimulatorServer

__all__ = ["environment", "serve"]


def environment(cloud: SimulatedCloud, url: str) -> dict[str, str]:
    """Return the variables under which the other commands reach this service.

    The secrets are of nothing that exists: the simulator made them up.
    """
    own = cloud.credentials
    return {
        "GIZWITS_BASE_URL": url,
        "GIZWITS_ENTERPRISE_ID": str(own.enterprise_id),
        "GIZWITS_ENTERPRISE_SECRET": str(own.enterprise_secret),
        "GIZWITS_PRODUCT_KEY": str(own.product_key),
        "GIZWITS_PRODUCT_SECRET": str(own.product_secret),
    }


async def serve(*, host: str, port: int, devices: int, days: int, seed: int, calls: int) -> int:
    """Serve until cancelled."""
    fleet = Fleet.generate(devices, days, seed, now=time.time(), live=True)
    cloud = SimulatedCloud(fleet, quota=calls, ledger_size=1000)
    async with SimulatorServer(cloud, host, port) as server:
        say(f"simulated Gizwits Enterprise API at {server.url}, {calls} calls an hour; Ctrl-C ends")
        say("in another terminal:")
        for name, value in environment(cloud, server.url).items():
            say(f"  export {name}={value}")
        say("  gizwits-async devices")
        say("  gizwits-async scan --since 4d --out fleet.db")
        await asyncio.Event().wait()
    return 0
