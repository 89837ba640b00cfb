"""100 enterprises in one process, each with its own quota: `python -m benchmarks.bench_tenants`."""

import asyncio
import gc
import tracemalloc
from contextlib import AsyncExitStack

from attrs import evolve

from benchmarks.client import CREDENTIALS
from benchmarks.measure import Figure, markdown
from benchmarks.served import served
from gizwits_async import GizwitsClient, get
from gizwits_async.wire.sessions import Session

__all__ = ["figures"]


async def _tenants(base: str, count: int, session: Session | None) -> float:
    request = get("/v1/products/bench/nothing", type(None))
    async with AsyncExitStack() as stack:
        held = 0
        # The first one pays for what is loaded once for all.
        for number in range(count + 1):
            own = evolve(CREDENTIALS, enterprise_id=f"e{number}", product_key=f"p{number}")
            tenant = GizwitsClient(own, base_url=base, session=session)
            await stack.enter_async_context(tenant)
            await tenant.send(request)
            if number == 0:
                gc.collect()
                held = tracemalloc.get_traced_memory()[0]
        gc.collect()
        return (tracemalloc.get_traced_memory()[0] - held) / count


async def _both(base: str, count: int) -> tuple[float, float]:
    own = await _tenants(base, count, None)
    async with Session() as session:
        return own, await _tenants(base, count, session)


def figures(count: int = 100) -> list[Figure]:
    """Measure what a tenant holds who made a call and is idle, its connection kept alive."""
    with served() as base:
        tracemalloc.start()
        try:
            own, shared = asyncio.run(_both(base, count))
        finally:
            tracemalloc.stop()
    return [
        Figure(f"{count} tenants: memory of an idle one, with a session", own / 1000, 50, " kB"),
        Figure(f"{count} tenants: the same over one borrowed session", shared / 1000, 50, " kB"),
    ]


if __name__ == "__main__":
    print(markdown(figures()))
