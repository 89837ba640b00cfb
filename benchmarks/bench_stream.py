"""A whole listing, record by record, over the least there is: `python -m benchmarks.bench_stream`."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

from benchmarks.measure import Figure, markdown, over, table, turns
from benchmarks.peers import FLOOR, HANDWRITTEN, LISTINGS, OURS, PYDANTIC_PEER, jobs_of, walks
from benchmarks.served import PAGES, served
from gizwits_async import Page, Stream
from gizwits_async.streams import Walk

__all__ = ["figures"]

_FLOORS = 1.8
"""At most this over a floor without quota, retries or checks."""
_TARGETS = {
    ("devices", HANDWRITTEN): 1.45,
    ("log", HANDWRITTEN): 1.25,
    ("devices", PYDANTIC_PEER): 1.0,
    ("log", PYDANTIC_PEER): 1.0,
}


async def _wire(repeat: int) -> dict[str, dict[str, list[float]]]:
    async with AsyncExitStack() as stack:
        base = stack.enter_context(served())
        jobs = await jobs_of(stack, base, peers=False)
        return {name: await turns(walks(jobs, name), repeat=repeat) for name in LISTINGS}


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


def figures(repeat: int = 40, *, pages: int = 1000, show: bool = False) -> list[Figure]:
    """Measure CPU of this process."""
    wire = asyncio.run(_wire(repeat))
    items = asyncio.run(_items(repeat, pages))
    if show:
        for name, found in wire.items():
            print(table(f"CPU a page, {name}", found, FLOOR, unit=PAGES), "\n")
        print(table("CPU a record", items, "plain async generator", unit=100 * pages), "\n")
    return [
        *(
            Figure(
                f"{name}, record by record, over {other}",
                over(found, OURS, other),
                _TARGETS.get((name, other), _FLOORS),
            )
            for name, found in wire.items()
            for other in found
            if other != OURS
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
