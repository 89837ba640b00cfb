"""`gizwits-async simulate`: the simulated service on a port, for trying things out."""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

from gizwits_async.cli.output import say
from gizwits_async.simulator import FaultRule, Fleet, SimulatedCloud, SimulatorServer, load_faults

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


async def serve(
    *, host: str, port: int, fleet: tuple[int, int, int], calls: int, faults: Path | None
) -> int:
    """Serve until cancelled.

    Args:
        host: Address to listen on.
        port: Port to listen on.
        fleet: Devices, days and seed.
        calls: Quota of an hour.
        faults: File of fault rules; None for a service without faults.

    Raises:
        ValueError: The file cannot be read, or a rule in it is wrong.
    """
    cloud = SimulatedCloud(
        Fleet.generate(*fleet, now=time.time(), live=True),
        quota=calls,
        ledger_size=1000,
        faults=() if faults is None else _rules_in(faults),
    )
    async with AsyncExitStack() as stack:
        try:
            server = await stack.enter_async_context(SimulatorServer(cloud, host, port))
        except OSError as error:
            say(f"cannot listen on {host}:{port}: {error.strerror}")
            return 1
        say(f"simulated Gizwits Enterprise API at {server.url}, {calls} calls an hour; Ctrl-C ends")
        say("in another terminal:")
        for name, value in environment(cloud, server.url).items():
            say(f"  export {name}={value}")
        say("  gizwits-async devices")
        say("  gizwits-async scan --since 4d --out fleet.db")
        await asyncio.Event().wait()
    return 0


def _rules_in(path: Path) -> tuple[FaultRule, ...]:
    try:
        return load_faults(path)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
