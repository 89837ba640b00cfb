"""How cost grows with size; an exponent of 1 is linear: `python -m benchmarks.bench_growth`."""

import asyncio
import gc
import tracemalloc
from collections.abc import Awaitable, Callable
from functools import partial
from time import process_time

from benchmarks.bench_waiting import wait_and_cancel
from benchmarks.client import CREDENTIALS, Free, QuietFleet, Scripted
from benchmarks.measure import Figure, exponent, markdown
from benchmarks.pages import device_page, log_page
from gizwits_async import GizwitsClient
from gizwits_async.models.decoder import decode_page
from gizwits_async.models.devices import DataRecord, Device
from gizwits_async.models.page import LogReply, PageReply
from gizwits_async.scan import FleetScan, ScanProgress, Since
from gizwits_async.simulator import Fleet, SimulatedCloud, SimulatorTransport

__all__ = ["figures"]

_LEAST = 0.2
"""Seconds that a measurement goes on at least; of small sizes, many are taken."""
_LINEAR = 1.2
_LISTING = 1.1
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


async def _scan_listing(devices: int) -> None:
    """List a fleet as a scan does, into memory, and stop before its logs."""
    stop = asyncio.Event()

    def stop_when_listed(progress: ScanProgress) -> None:
        if progress.devices == devices:
            stop.set()

    transport = QuietFleet(devices)
    async with GizwitsClient(CREDENTIALS, transport=transport, quota=Free()) as gizwits:
        scan = FleetScan(gizwits, start=Since(86_400), logs=["data"])
        report = await scan.run(stop_when_listed, stop=stop)
    assert report.devices == devices, report


def _scan_listed(devices: int) -> float:
    return _seconds(lambda: asyncio.run(_scan_listing(devices)))


def _simulator_listed(devices: int) -> float:
    cloud = SimulatedCloud(Fleet.generate(devices, 1), quota=10**9)

    async def walk() -> None:
        transport = SimulatorTransport(cloud)
        async with GizwitsClient(cloud.credentials, transport=transport, quota=Free()) as gizwits:
            number = 0
            async for page in gizwits.devices.search(show_disabled=True).pages():
                number += len(page.items)
            assert number == devices, (number, devices)

    return _seconds(lambda: asyncio.run(walk()))


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
    """Return the exponent between two sizes, a hundredfold apart, of each kind of growth."""
    gc.collect()
    gc.disable()
    try:
        grown = _grown(most)
    finally:
        gc.enable()
    return [
        Figure(
            f"{what}, {min(costs):,} to {max(costs):,}: exponent",
            exponent(costs),
            _LISTING if "listing" in what else _LINEAR,
        )
        for what, costs in grown.items()
    ]


def _grown(most: int) -> dict[str, dict[int, float]]:
    few, many = [most // 1000, most // 10], [most // 100, most]
    return {
        "time over devices listed": _costs(many, _walked),
        "time over devices of a scan's listing": _costs(many, _scan_listed),
        "time over devices of the simulator's listing": _costs(many, _simulator_listed),
        "peak memory over devices listed": _costs(many, _peak),
        "time over records a page (devices)": _costs(
            few, partial(_decoded, device_page, PageReply[Device])
        ),
        "time over records a page (log)": _costs(
            few, partial(_decoded, log_page, LogReply[DataRecord])
        ),
        "time over concurrent callers": _costs(
            few, lambda callers: _seconds(lambda: asyncio.run(_at_once(callers)))
        ),
        "time over waiting calls, to enter": _costs(many, lambda calls: wait_and_cancel(calls)[1]),
        "time over waiting calls, to cancel": _costs(many, lambda calls: wait_and_cancel(calls)[2]),
    }


if __name__ == "__main__":
    print(markdown(figures()))
