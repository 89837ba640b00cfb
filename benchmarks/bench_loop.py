"""The longest callback of work that should never hold the event loop: `python -m benchmarks.bench_loop`."""

import asyncio
import gc
from asyncio import events
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from time import thread_time
from typing import Any

from benchmarks.measure import Figure, markdown
from gizwits_async import Device, Page, Stream
from gizwits_async.fastapi import json_lines
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.memory import MemoryStore
from gizwits_async.scan.task import LogName
from gizwits_async.streams import Walk

__all__ = ["figures"]

_MOST = 5.0
"""Milliseconds of CPU that one callback may take."""
_RUN = "_run"
"""The method by which asyncio runs each callback; there is no public way to see them all."""
_PAGE = 100
_DAY = 86_400
_LOGS: tuple[LogName, ...] = ("data", "cmd")


class _Longest:
    seconds = 0.0


@contextmanager
def _watched() -> Iterator[_Longest]:
    """Measure each callback of asyncio in CPU of this thread; garbage collections count as they come."""
    longest, run = _Longest(), getattr(events.Handle, _RUN)

    def timed(handle: Any) -> None:
        began = thread_time()
        run(handle)
        longest.seconds = max(longest.seconds, thread_time() - began)

    setattr(events.Handle, _RUN, timed)
    try:
        yield longest
    finally:
        setattr(events.Handle, _RUN, run)


def _pages(devices: int) -> list[tuple[Device, ...]]:
    listed = [Device(did=f"{i:022d}", mac=f"{i:012X}", is_online=True) for i in range(devices)]
    return [tuple(listed[at : at + _PAGE]) for at in range(0, devices, _PAGE)]


async def _memory_store(pages: list[tuple[Device, ...]]) -> None:
    """Do what a scan does with its store, but for the calls: list, sum up, look what is due."""
    store, state = MemoryStore(), ScanState(product_key="bench", start=0, end=_DAY)
    await store.begin(state, again=False)
    for page in pages:
        await store.add(page, _LOGS, state)
        await asyncio.sleep(0)
    await store.remaining(_LOGS, _DAY, _DAY)
    for _ in pages:
        await asyncio.sleep(0)
        await store.due(_LOGS, _DAY, 50)


class _Ready(Stream[Device]):
    """A stream whose pages are there."""

    def __init__(self, pages: list[tuple[Device, ...]]) -> None:
        self._pages = pages

    def pages(self, resume: str | None = None) -> Walk[Page[Device]]:
        del resume
        return _ReadyPages(self._pages)


class _ReadyPages(Walk[Page[Device]]):
    def __init__(self, pages: list[tuple[Device, ...]]) -> None:
        super().__init__()
        self._left = iter(pages)

    async def _step(self) -> Page[Device]:
        for items in self._left:
            await asyncio.sleep(0)
            return Page(items, "token")
        raise StopAsyncIteration


async def _json_lines(pages: list[tuple[Device, ...]]) -> None:
    response = await json_lines(_Ready(pages))

    async def send(message: Any) -> None:
        del message
        await asyncio.sleep(0)

    async def receive() -> Any:
        await asyncio.Event().wait()

    await response({"type": "http", "asgi": {"spec_version": "2.4"}}, receive, send)


_WORK: dict[str, Callable[[list[tuple[Device, ...]]], Coroutine[Any, Any, None]]] = {
    "scan's work in the memory store": _memory_store,
    "`json_lines`": _json_lines,
}


def figures(devices: int = 100_000) -> list[Figure]:
    """Measure CPU of the loop's thread."""
    pages = _pages(devices)
    found = []
    for name, work in _WORK.items():
        gc.collect()
        with _watched() as longest:
            asyncio.run(work(pages))
        what = f"{name}, {devices:,} devices: longest callback"
        found.append(Figure(what, 1e3 * longest.seconds, _MOST, " ms"))
    return found


if __name__ == "__main__":
    print(markdown(figures()))
