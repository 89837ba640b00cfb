"""Many calls over a few workers: the windows of a scan, over the same calls by hand: `python -m benchmarks jobs`.

By hand means what a program would write that needs no store: eight workers over one iterator of devices, with
the same client. The service is in this process and costs nothing; so this is what a scan itself takes.
"""

import asyncio
import tracemalloc
from collections.abc import Awaitable, Callable

from benchmarks.client import CREDENTIALS, Free, QuietFleet
from benchmarks.measure import Figure, markdown, over, turns
from gizwits_async import GizwitsClient
from gizwits_async.scan import FleetScan

__all__ = ["figures"]

_DAY = 86_400
_WORKERS = 8


def _dids(windows: int) -> list[str]:
    return [f"{number:022d}" for number in range(windows)]


async def _scan(gizwits: GizwitsClient, windows: int, end: int) -> None:
    dids = _dids(windows)
    scan = FleetScan(
        gizwits, devices=dids, logs=["online"], start=end - _DAY, end=end, skip="never",
        concurrency=_WORKERS,
    )  # fmt: skip
    report = await scan.run()
    assert report.windows == windows, report


async def _by_hand(gizwits: GizwitsClient, windows: int, end: int) -> None:
    dids = iter(_dids(windows))

    async def work() -> None:
        for did in dids:
            async for page in gizwits.devices.online_log(did, start=end - _DAY, end=end).pages():
                assert not page.items

    await asyncio.gather(*(work() for _ in range(_WORKERS)))


async def _ratio(windows: int, repeat: int) -> float:
    async with GizwitsClient(CREDENTIALS, transport=QuietFleet(0), quota=Free()) as gizwits:
        end = int(gizwits.server_time()) - _DAY
        candidates: dict[str, Callable[[], Awaitable[None]]] = {
            "scan": lambda: _scan(gizwits, windows, end),
            "by hand": lambda: _by_hand(gizwits, windows, end),
        }
        return over(await turns(candidates, repeat=repeat), "scan", "by hand")


def _peak(windows: int) -> int:
    async def run() -> None:
        async with GizwitsClient(CREDENTIALS, transport=QuietFleet(0), quota=Free()) as gizwits:
            await _scan(gizwits, windows, int(gizwits.server_time()) - _DAY)

    tracemalloc.start()
    try:
        asyncio.run(run())
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def figures(repeat: int = 7, *, windows: int = 2_000) -> list[Figure]:
    """Measure CPU by turns, and peaks of memory."""
    _peak(100)
    each = (_peak(2 * windows) - _peak(windows)) / windows
    return [
        Figure(
            f"{windows:,} windows of a scan over the same calls by {_WORKERS} workers by hand",
            asyncio.run(_ratio(windows, repeat)),
            1.5,
        ),
        Figure("memory of a scan for each window that waits", each / 1000, 1, " kB"),
    ]


if __name__ == "__main__":
    print(markdown(figures()))
