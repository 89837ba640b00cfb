"""The longest callback of work that should never hold the event loop: `python -m benchmarks loop`.

In CPU of the loop's thread, garbage collections included. What the process held before is frozen: a
full collection of the modules of this program takes 20 ms by itself. Of two runs the shorter one counts,
since other programs lengthen single callbacks by emptying the caches.
"""

import asyncio
from asyncio import events
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import thread_time
from typing import Any

from attrs import evolve

from benchmarks.bench_export import DEVICES, fill
from benchmarks.client import CREDENTIALS, Free, QuietFleet
from benchmarks.measure import Figure, heap_frozen, markdown
from benchmarks.served import served
from gizwits_async import Device, GizwitsClient, Page, Session, Stream
from gizwits_async.fastapi import json_lines
from gizwits_async.scan import FleetScan, ScanStore, Since, SqlStore
from gizwits_async.scan.export import export
from gizwits_async.scan.store.memory import MemoryStore
from gizwits_async.streams import Walk

__all__ = ["figures"]

_MOST = 5.0
"""Milliseconds of CPU that one callback may take."""
_RUN = "_run"
"""The method by which asyncio runs each callback; there is no public way to see them all."""
_PAGE = 100
_DAY = 86_400
_SMALL = 100


class _Longest:
    seconds = 0.0


@contextmanager
def _watched() -> Iterator[_Longest]:
    """Measure each callback of asyncio; garbage collections count as they come."""
    longest, run = _Longest(), getattr(events.Handle, _RUN)

    def timed(handle: Any) -> None:
        began = thread_time()
        run(handle)
        longest.seconds = max(longest.seconds, thread_time() - began)

    with heap_frozen():
        setattr(events.Handle, _RUN, timed)
        try:
            yield longest
        finally:
            setattr(events.Handle, _RUN, run)


async def _scan(store: ScanStore, devices: int) -> None:
    """Read one log of each device."""
    transport = QuietFleet(devices)
    async with GizwitsClient(CREDENTIALS, transport=transport, quota=Free()) as gizwits:
        scan = FleetScan(gizwits, store, start=Since(_DAY), logs=["online"])
        report = await scan.run()
    assert report.devices == devices, report


async def _export(store: Path, out: Path) -> None:
    await export(store, out, logs=["data"])


async def _tenants(base: str, tenants: int) -> float:
    """Return the longest callback while many enterprises call, each with a quota of its own.

    They have logged in before, and 50 calls are made at a time: what a program holds open by itself,
    such as 500 requests at once, is a full collection of that size.
    """
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(Session())
        clients = []
        for number in range(tenants):
            own = evolve(CREDENTIALS, enterprise_id=f"e{number}", product_key=f"p{number}")
            gizwits = GizwitsClient(own, base_url=base, session=session)
            clients.append(await stack.enter_async_context(gizwits))
            await gizwits.devices.detail("m")
        jobs = iter(clients * 10)

        async def work() -> None:
            for gizwits in jobs:
                await gizwits.devices.detail("m")

        with _watched() as longest:
            await asyncio.gather(*(work() for _ in range(50)))
        return 1e3 * longest.seconds


class _Ready(Stream[Device]):
    """A stream whose pages are there."""

    def __init__(self, devices: int) -> None:
        self._devices = devices

    def pages(self, resume: str | None = None) -> Walk[Page[Device]]:
        """Return all pages."""
        del resume
        return _ReadyPages(range(0, self._devices, _PAGE))


class _ReadyPages(Walk[Page[Device]]):
    def __init__(self, firsts: range) -> None:
        super().__init__()
        self._left = iter(firsts)

    async def _step(self) -> Page[Device]:
        for first in self._left:
            await asyncio.sleep(0)
            return Page(tuple(map(_device, range(first, first + _PAGE))), "token")
        raise StopAsyncIteration


def _device(number: int) -> Device:
    return Device(did=f"{number:022d}", mac=f"{number:012X}", is_online=True)


async def _json_lines(devices: int) -> None:
    response = await json_lines(_Ready(devices))

    async def send(message: Any) -> None:
        del message
        await asyncio.sleep(0)

    async def receive() -> Any:
        await asyncio.Event().wait()

    await response({"type": "http", "asgi": {"spec_version": "2.4"}}, receive, send)


def _longest(work: Callable[[int], Coroutine[Any, Any, None]], size: int) -> float:
    """Return milliseconds, after a small run that loads what is loaded on first use."""
    asyncio.run(work(_SMALL))
    found = []
    for _ in range(2):
        with _watched() as longest:
            asyncio.run(work(size))
        found.append(1e3 * longest.seconds)
    return min(found)


def figures(devices: int = 100_000, *, records: int = 200_000, tenants: int = 500) -> list[Figure]:
    """Measure each kind of work in its size."""
    found = []

    def add(what: str, work: Callable[[int], Coroutine[Any, Any, None]], size: int) -> None:
        name = f"{what.format(f'{size:,}')}: longest callback"
        found.append(Figure(name, _longest(work, size), _MOST, " ms"))

    with TemporaryDirectory() as name, served() as base:
        folder, numbers = Path(name), count()
        for size in {_SMALL, records}:
            asyncio.run(fill(folder / f"{size}.db", max(size, DEVICES)))
        add("a scan of {} devices in memory", lambda n: _scan(MemoryStore(), n), devices)
        add(
            "a scan of {} devices into SQLite",
            lambda n: _scan(SqlStore(folder / f"scan{next(numbers)}.db"), n),
            devices // 10,
        )
        add(
            "an export of {} records to Parquet",
            lambda n: _export(folder / f"{n}.db", folder / f"lake{next(numbers)}"),
            records,
        )
        add("`json_lines` of {} devices", _json_lines, devices)
        calling = min(asyncio.run(_tenants(base, tenants)) for _ in range(2))
        what = f"{tenants} tenants, 50 calls at a time: longest callback"
        found.append(Figure(what, calling, _MOST, " ms"))
    return found


if __name__ == "__main__":
    print(markdown(figures()))
