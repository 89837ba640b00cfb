"""Enterprises on simulated services, their profiles, and workers in processes of their own."""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from attrs import frozen

from gizwits_async import Credentials
from gizwits_async.profiles import Profile
from gizwits_async.simulator import Fleet, Rates, SimulatedCloud, SimulatorServer
from gizwits_async.workers import Fleet as Tenants
from gizwits_async.workers import ScanArguments, TenantStatus, worker_app
from gizwits_async.workers.enterprise import Observer, schema_of
from tests.scan.cluster import held
from tests.scan.common import DAY, truth

NOW = float(int(time.time()))
RANGE = ScanArguments(start=NOW - 2 * DAY, end=NOW)
"""A range that does not move, so that the truth is known beforehand."""
ROOT = Path(__file__).parents[2]
CHILD = Path(__file__).with_name("child.py")


@frozen(kw_only=True)
class Tenant:
    """An enterprise: its service and its profile."""

    cloud: SimulatedCloud
    profile: Profile

    async def differs(self, database: str) -> tuple[int, int]:
        """Return how many records the store holds twice, and how many are missing."""
        found = await held(database, schema_of(self.profile.credentials.product_key))
        true = truth(self.cloud, NOW - 2 * DAY, NOW)
        return (found - true).total(), (true - found).total()


@asynccontextmanager
async def tenants(
    count: int, *, devices: int = 3, reports: int = 160, calls_per_hour: int = 10_000_000
) -> AsyncIterator[dict[str, Tenant]]:
    """Serve so many enterprises, each by a simulated service of its own."""
    rates = Rates(reports=reports, dense=0.2, dense_size=120)
    async with AsyncExitStack() as servers:
        found = {}
        for number in range(count):
            name = f"tenant{number:03}"
            credentials = Credentials(
                enterprise_id=f"enterprise{number}", enterprise_secret=f"hidden-{number}-e",
                product_key=f"product{number}", product_secret=f"hidden-{number}-p",
            )  # fmt: skip
            fleet = Fleet.generate(devices, 3, seed=number, now=NOW, rates=rates)
            cloud = SimulatedCloud(fleet, credentials=credentials, quota=10**9)
            server = await servers.enter_async_context(SimulatorServer(cloud))
            profile = Profile(
                name=name, credentials=credentials, base_url=server.url,
                calls_per_hour=calls_per_hour,
            )  # fmt: skip
            found[name] = Tenant(cloud=cloud, profile=profile)
        yield found


def config(found: Mapping[str, Tenant], folder: Path) -> Path:
    """Write the profiles as a configuration file of mode 0600, and return its path."""
    lines = []
    for name, tenant in found.items():
        profile, keys = tenant.profile, tenant.profile.credentials
        lines += [
            f"[profiles.{name}]",
            f'enterprise_id = "{keys.enterprise_id}"',
            f'enterprise_secret = "{keys.enterprise_secret}"',
            f'product_key = "{keys.product_key}"',
            f'product_secret = "{keys.product_secret}"',
            f'base_url = "{profile.base_url}"',
            f"calls_per_hour = {profile.calls_per_hour}",
        ]
    path = folder / "config.toml"
    path.touch(mode=0o600)
    path.write_text("\n".join(lines))
    return path


@asynccontextmanager
async def working(
    url: str,
    found: Mapping[str, Tenant],
    *,
    concurrency: int = 4,
    slice_seconds: float = 600,
    observer: Callable[[Profile], Observer] | None = None,
) -> AsyncIterator[None]:
    """Run a worker in this process for the block."""
    stop = asyncio.Event()
    profiles = {name: one.profile for name, one in found.items()}
    app = worker_app(url, profiles, slice_seconds=slice_seconds, stalled_after=1, observer=observer)
    running = asyncio.ensure_future(app.run(concurrency=concurrency, stop=stop))
    try:
        yield
    finally:
        stop.set()
        await running


@asynccontextmanager
async def worker(
    database: str, config: Path, *, concurrency: int = 8, seconds: float = 600, stalled: float = 1
) -> AsyncIterator[Process]:
    """Run a worker in a process of its own; it is killed in the end, if it still runs."""
    words = [str(CHILD), database, str(concurrency), str(seconds), str(stalled)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, cwd=ROOT, stdout=DEVNULL, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "GIZWITS_CONFIG": str(config)},
    )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
            process.kill()
        await process.wait()


async def until(
    fleet: Tenants, holds: Callable[[list[TenantStatus]], bool], within: float = 60
) -> list[TenantStatus]:
    """Look at the fleet until something holds of it, and return it."""
    deadline = time.monotonic() + within
    while not holds(found := await fleet.fleet_status()):
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.05)
    return found


def all_done(found: list[TenantStatus]) -> bool:
    """Return whether every scan has come to its end."""
    return all(one.state == "done" for one in found)
