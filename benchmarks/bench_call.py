"""`send()` over raw aiohttp, 10 at once, over loopback: `python -m benchmarks.bench_call`."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp

from benchmarks.client import CREDENTIALS, Free, Scripted, client
from benchmarks.measure import Figure, markdown, over, table, turns
from benchmarks.served import served
from gizwits_async import GizwitsClient, get

__all__ = ["figures"]

_AT_ONCE = 10
_PATH = "/v1/products/bench/nothing"


async def _many(call: Callable[[], Awaitable[object]], calls: int) -> None:
    async def some() -> None:
        for _ in range(calls // _AT_ONCE):
            await call()

    await asyncio.gather(*(some() for _ in range(_AT_ONCE)))


async def _measured(repeat: int, calls: int) -> dict[str, list[float]]:
    request = get(_PATH, type(None))
    with served() as base:
        async with (
            aiohttp.ClientSession() as session,
            client(base) as ours,
            GizwitsClient(CREDENTIALS, transport=Scripted([b"{}"]), quota=Free()) as scripted,
        ):

            async def raw() -> None:
                async with session.get(
                    base + _PATH, headers={"Authorization": "token t"}
                ) as response:
                    await response.read()

            return await turns(
                {
                    "raw aiohttp get + read": lambda: _many(raw, calls),
                    "send(), nothing to structure": lambda: _many(
                        lambda: ours.send(request), calls
                    ),
                    "send(), transport scripted": lambda: _many(
                        lambda: scripted.send(request), calls
                    ),
                },
                repeat=repeat,
            )


def figures(repeat: int = 60, *, calls: int = 500, show: bool = False) -> list[Figure]:
    """Measure CPU of this process a call."""
    found = asyncio.run(_measured(repeat, calls))
    floor = "raw aiohttp get + read"
    if show:
        print(table("CPU a call, 10 at once", found, floor, unit=calls), "\n")
    return [
        Figure(
            "`send()` without decoding, over raw aiohttp `get` + `read`",
            over(found, "send(), nothing to structure", floor),
            1.15,
        )
    ]


if __name__ == "__main__":
    print(markdown(figures(show=True)))
