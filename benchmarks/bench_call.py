"""One device asked for, 10 at once, over loopback: `python -m benchmarks.bench_call`."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial

from benchmarks.measure import Figure, markdown, over, table, turns
from benchmarks.peers import HANDWRITTEN, OURS, RAW, jobs_of
from benchmarks.served import served

__all__ = ["figures", "many"]

_AT_ONCE = 10


async def many(call: Callable[[], Awaitable[object]], calls: int) -> None:
    """Make so many calls, 10 at once."""

    async def some() -> None:
        for _ in range(calls // _AT_ONCE):
            await call()

    await asyncio.gather(*(some() for _ in range(_AT_ONCE)))


async def _measured(repeat: int, calls: int) -> dict[str, list[float]]:
    async with AsyncExitStack() as stack:
        base = stack.enter_context(served())
        jobs = await jobs_of(stack, base, peers=False)
        return await turns(
            {name: partial(many, one.call, calls) for name, one in jobs.items() if one.call},
            repeat=repeat,
        )


def figures(repeat: int = 40, *, calls: int = 500, show: bool = False) -> list[Figure]:
    """Measure CPU of this process a call."""
    found = asyncio.run(_measured(repeat, calls))
    if show:
        print(table("CPU a call, 10 at once", found, RAW, unit=calls), "\n")
    by_hand = Figure(f"over {HANDWRITTEN}", over(found, OURS, HANDWRITTEN), 1.35)
    return [
        Figure(
            f"one call (`devices.detail`), over {RAW}", over(found, OURS, RAW), 1.5, beside=by_hand
        )
    ]


if __name__ == "__main__":
    print(markdown(figures(show=True)))
