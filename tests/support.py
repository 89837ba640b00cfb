"""What several tests share: a quota without limit, a client on the simulator, virtual time."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from async_solipsism import EventLoop

from gizwits_async.client import GizwitsClient
from gizwits_async.options import Lane, Options, QuotaSnapshot
from gizwits_async.simulator import Fleet, Quirks, SimulatedCloud, SimulatorTransport

T = TypeVar("T")


def virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a loop that jumps over every wait."""
    with asyncio.Runner(loop_factory=EventLoop) as runner:
        return runner.run(main)


class FreeQuota:
    """A quota that always has a place, and counts them."""

    def __init__(self) -> None:
        self.taken = 0
        self.observed = 0

    async def acquire(self, lane: Lane = Lane.INTERACTIVE, max_wait: float | None = None) -> None:
        self.taken += 1

    def observe(self, headers: Mapping[str, str] | None, *, refused: bool = False) -> None:
        self.observed += 1

    def snapshot(self) -> QuotaSnapshot:
        return QuotaSnapshot(limit=3600, remaining=3600)

    def retry_after(self) -> float | None:
        return None

    async def aclose(self) -> None:
        pass


def client_of(
    cloud: SimulatedCloud, *, transport: SimulatorTransport | None = None, **options: Any
) -> GizwitsClient:
    """Return a client whose calls go straight to the simulated service."""
    return GizwitsClient(
        cloud.credentials,
        transport=transport or SimulatorTransport(cloud),
        quota=FreeQuota(),
        options=Options(**options),
    )


__all__ = ["Fleet", "FreeQuota", "Quirks", "SimulatedCloud", "client_of", "virtually"]
