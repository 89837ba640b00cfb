"""A whole listing, record by record, over the least there is: `python -m benchmarks.bench_stream`."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import orjson

from benchmarks.client import client
from benchmarks.measure import Figure, markdown, over, table, turns
from benchmarks.served import FIRST, PAGES, served
from gizwits_async import GizwitsClient, LogStream, Page, Stream
from gizwits_async.models.devices import DataRecord
from gizwits_async.streams import Walk

__all__ = ["count", "figures", "log"]

_RECORDS = 100 * PAGES


def log(gizwits: GizwitsClient) -> LogStream[DataRecord]:
    """Return the log that the server holds, and nothing more."""
    return gizwits.devices.data_log("d", start=FIRST - _RECORDS + 1, end=FIRST + 1)


async def count(items: AsyncIterator[object]) -> None:
    """Walk to the end, and see that all came."""
    number = 0
    async for _ in items:
        number += 1
    assert number == _RECORDS, number


async def _floor(session: aiohttp.ClientSession, url: str, step: str) -> AsyncGenerator[Any, None]:
    headers = {"Authorization": "token t"}
    at = 0
    while at < PAGES:
        asked = {step: str(at * (100 if step == "skip" else 1))} if at else {}
        async with session.get(url, params=asked, headers=headers) as response:
            for one in orjson.loads(await response.read())["objects"]:
                yield one
        at += 1


async def _wire(repeat: int) -> dict[str, dict[str, list[float]]]:
    found = {}
    with served() as base:
        async with aiohttp.ClientSession() as session, client(base) as ours:
            search, data = f"{base}/devices/search", f"{base}/d/data"
            streams: dict[str, tuple[str, str, Callable[[], Stream[Any]]]] = {
                "devices": (search, "skip", ours.devices.search),
                "log": (data, "context", lambda: log(ours)),
            }
            for name, (url, step, stream) in streams.items():

                def least(url: str = url, step: str = step) -> Awaitable[None]:
                    return count(_floor(session, url, step))

                def walk(stream: Callable[[], Stream[Any]] = stream) -> Awaitable[None]:
                    return count(aiter(stream()))

                found[name] = await turns(
                    {"aiohttp + orjson dicts + one generator": least, "gizwits_async": walk},
                    repeat=repeat,
                )
    return found


class _ReadyPages(Walk[Page[int]]):
    """A walk over pages that cost nothing."""

    def __init__(self, pages: list[Page[int]]) -> None:
        super().__init__()
        self._left = iter(pages)

    async def _step(self) -> Page[int]:
        for page in self._left:
            return page
        raise StopAsyncIteration


class _Ready(Stream[int]):
    """A stream whose pages cost nothing, so that only the way from page to item is measured."""

    def __init__(self, pages: int) -> None:
        self._pages = [Page(tuple(range(100)), None) for _ in range(pages)]

    def pages(self, resume: str | None = None) -> Walk[Page[int]]:
        del resume
        return _ReadyPages(self._pages)


async def _items(repeat: int, pages: int) -> dict[str, list[float]]:
    stream = _Ready(pages)

    async def plain() -> AsyncGenerator[int, None]:
        for number in range(100 * pages):
            yield number

    async def by_plain_generator() -> None:
        async for _ in plain():
            pass

    async def by_item() -> None:
        async for _ in stream:
            pass

    async def by_page() -> None:
        async for page in stream.pages():
            for _ in page.items:
                pass

    return await turns(
        {"plain async generator": by_plain_generator, "stream": by_item, "pages()": by_page},
        repeat=repeat,
    )


def figures(repeat: int = 150, *, pages: int = 1000, show: bool = False) -> list[Figure]:
    """Measure CPU of this process."""
    wire = asyncio.run(_wire(repeat))
    items = asyncio.run(_items(repeat, pages))
    floor = "aiohttp + orjson dicts + one generator"
    if show:
        for name, found in wire.items():
            print(table(f"CPU a page, {name}", found, floor, unit=PAGES), "\n")
        print(table("CPU a record", items, "plain async generator", unit=100 * pages), "\n")
    return [
        *(
            Figure(
                f"whole path a page ({name}), record by record, over {floor}",
                over(found, "gizwits_async", floor),
                1.4,
            )
            for name, found in wire.items()
        ),
        Figure(
            "item stream over one plain async generator",
            over(items, "stream", "plain async generator"),
            1.1,
        ),
        Figure(
            "`stream.pages()` and a plain loop, over the item stream",
            over(items, "pages()", "stream"),
            0.25,
        ),
    ]


if __name__ == "__main__":
    print(markdown(figures(show=True)))
