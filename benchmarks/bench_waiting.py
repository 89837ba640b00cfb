"""Calls that wait for the quota, and are cancelled: `python -m benchmarks.bench_waiting`."""

import asyncio
import gc
import tracemalloc
from time import process_time

from benchmarks.client import CREDENTIALS, Scripted
from benchmarks.measure import Figure, markdown
from gizwits_async import GizwitsClient, HourlyQuota, get

__all__ = ["figures", "wait_and_cancel"]


async def _waiting(calls: int) -> tuple[float, float, float]:
    request = get("/v1/products/bench/nothing", type(None))
    quota = HourlyQuota(calls=60, burst=2, initial=0, reserve=0)
    scripted = Scripted([b"{}"])
    async with GizwitsClient(CREDENTIALS, transport=scripted, quota=quota) as gizwits:
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        began = process_time()
        tasks = [asyncio.create_task(gizwits.send(request)) for _ in range(calls)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        entered = process_time() - began
        held = tracemalloc.get_traced_memory()[0] - before
        assert not any(task.done() for task in tasks)
        began = process_time()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        left = process_time() - began
        assert all(task.cancelled() for task in tasks)
    await quota.aclose()
    return held / calls, entered, left


def wait_and_cancel(calls: int, *, memory: bool = False) -> tuple[float, float, float]:
    """Return bytes a waiting call (0 without `memory`), CPU seconds to enter, and to cancel all."""
    if not memory:
        return asyncio.run(_waiting(calls))
    tracemalloc.start()
    try:
        return asyncio.run(_waiting(calls))
    finally:
        tracemalloc.stop()


def figures(calls: int = 100_000) -> list[Figure]:
    """Let so many calls wait at once; memory and time are taken in runs of their own."""
    held, _, _ = wait_and_cancel(calls, memory=True)
    _, _, left = wait_and_cancel(calls)
    return [
        Figure(f"{calls:,} waiting calls: memory each", held / 1000, 5, " kB"),
        Figure(
            f"{calls:,} waiting calls: all cancelled, for each 10,000",
            left / calls * 10_000,
            1,
            " s",
        ),
    ]


if __name__ == "__main__":
    print(markdown(figures()))
