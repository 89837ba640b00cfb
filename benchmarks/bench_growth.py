"""How cost grows with size; an exponent of 1 is linear: `python -m benchmarks.bench_growth`."""

import asyncio
import gc
import tracemalloc
from collections.abc import Awaitable, Callable
from functools import partial
from time import process_time

from benchmarks.bench_waiting import wait_and_cancel
from benchmarks.client import CREDENTIALS, Free, Scripted
from benchmarks.measure import Figure, exponent, markdown
from benchmarks.pages import device_page, log_page
from gizwits_async import GizwitsClient
from gizwits_async.models.decoder import decode_page
from gizwits_async.models.devices import DataRecord, Device
from gizwits_async.models.page import LogReply, PageReply

__all__ = ["figures"]

_LEAST = 0.2
"""Seconds that a measurement goes on at least; of small sizes, many are taken."""
_LINEAR = 1.2
"""Up to here an exponent is called linear: ten times the objects also miss the caches more often.
The garbage collector, which walks what is alive again and again, is off, as in `timeit`."""


class _Listing(Scripted):
    """A listing of so many devices, made page by page."""

    def __init__(self, devices: int) -> None:
        pages = []
        for first in range(0, devices, 100):
            page = device_page(min(100, devices - first), first=first)
            pages.append(page.replace(b'"total": 100', b'"total": %d' % devices, 1))
        super().__init__(pages)


def _costs(sizes: list[int], cost: Callable[[int], float]) -> dict[int, float]:
    return {size: cost(size) for size in sizes}


def _seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds of a run, the best of three rounds."""
    best = float("inf")
    for _ in range(3):
        gc.collect()
        began, runs = process_time(), 0
        while process_time() - began < _LEAST / 3 or not runs:
            work()
            runs += 1
        best = min(best, (process_time() - began) / runs)
    return best


async def _walk(devices: int, transport: Scripted) -> None:
    async with GizwitsClient(CREDENTIALS, transport=transport, quota=Free()) as gizwits:
        number = 0
        async for _ in gizwits.devices.search():
            number += 1
        assert number == devices, (number, devices)


def _walked(devices: int) -> float:
    transport = _Listing(devices)
    return _seconds(lambda: asyncio.run(_walk(devices, transport)))


def _peak(devices: int) -> float:
    transport = _Listing(devices)
    tracemalloc.start()
    try:
        asyncio.run(_walk(devices, transport))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _decoded(page: Callable[[int], bytes], kind: type[object], records: int) -> float:
    body = page(records)
    return _seconds(lambda: decode_page(body, kind))


async def _at_once(callers: int) -> None:
    async with GizwitsClient(
        CREDENTIALS, transport=Scripted([b'{"did": "d"}']), quota=Free()
    ) as gizwits:
        calls: list[Awaitable[object]] = [gizwits.devices.detail("m") for _ in range(callers)]
        await asyncio.gather(*calls)


def figures(most: int = 100_000) -> list[Figure]:
    """Return the exponent between the two largest sizes of each kind of growth."""
    gc.collect()
    gc.disable()
    try:
        grown = _grown(most)
    finally:
        gc.enable()
    return [
        Figure(f"{what}, {min(costs):,} to {max(costs):,}: exponent", exponent(costs), _LINEAR)
        for what, costs in grown.items()
    ]


def _grown(most: int) -> dict[str, dict[int, float]]:
    decades = [10**power for power in range(1, 6) if 10**power <= most]
    return {
        "time over devices listed": _costs(decades[1:], _walked),
        "peak memory over devices listed": _costs(decades[1:], _peak),
        "time over records a page (devices)": _costs(
            decades[:4], partial(_decoded, device_page, PageReply[Device])
        ),
        "time over records a page (log)": _costs(
            decades[:4], partial(_decoded, log_page, LogReply[DataRecord])
        ),
        "time over concurrent callers": _costs(
            [1, *decades[:4]], lambda callers: _seconds(lambda: asyncio.run(_at_once(callers)))
        ),
        "time over waiting calls, to enter": _costs(
            decades[1:], lambda calls: wait_and_cancel(calls)[1]
        ),
        "time over waiting calls, to cancel": _costs(
            decades[1:], lambda calls: wait_and_cancel(calls)[2]
        ),
    }


if __name__ == "__main__":
    print(markdown(figures()))
