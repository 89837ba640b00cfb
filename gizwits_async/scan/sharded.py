"""A mapping for a whole fleet: grown, walked and freed in small steps, beside other work of the event loop."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable, Iterator, MutableMapping
from contextlib import suppress
from typing import Any, TypeVar

__all__ = ["SLICE", "Sharded", "free", "sliced"]

V = TypeVar("V")
T = TypeVar("T")

_SHARDS = 1024
SLICE = 1000
"""Items that are worked through before other tasks of the event loop may run: about a millisecond."""


class Sharded(MutableMapping[str, V]):
    """A mapping of texts in no particular order, made of many small dicts.

    A dict copies its entries when it grows, and so does `list(mapping)`; it frees all of them at once.
    With the devices of a large fleet, each of these takes 10 ms or more in one callback of the event loop.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._shards = defaultdict[int, dict[str, V]](dict)

    def __getitem__(self, key: str) -> V:
        return self._shards.get(_shard_of(key), {})[key]

    def __setitem__(self, key: str, value: V) -> None:
        self._shards[_shard_of(key)][key] = value

    def __delitem__(self, key: str) -> None:
        del self._shards.get(_shard_of(key), {})[key]

    def __iter__(self) -> Iterator[str]:
        # A generator, which keeps the mapping alive: freed in the middle of a loop, it would be emptied.
        for shard in self._shards.values():
            yield from shard

    def __len__(self) -> int:
        return sum(map(len, self._shards.values()))

    def __del__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Drop all entries; see `free`. The inherited one searches for each of them."""
        shards = list(self._shards.values())
        if count := len(self):
            free(shards, -(-SLICE * len(shards) // count))
        self._shards.clear()

    async def walk(self) -> AsyncGenerator[tuple[str, V], None]:
        """Iterate in slices; entries may come and go meanwhile."""
        number = 0
        for shard in list(self._shards.values()):
            for item in list(shard.items()):
                yield item
            number += len(shard)
            if number >= SLICE:
                await asyncio.sleep(0)
                number = 0


def _shard_of(key: str) -> int:
    # The upper bits: keys that share the lower ones would collide inside a dict.
    return (hash(key) >> 32) % _SHARDS


async def sliced(items: Iterable[T]) -> AsyncGenerator[T, None]:
    """Iterate over a copy of many items in slices."""
    for number, item in enumerate(list(items)):
        if number % SLICE == SLICE - 1:
            await asyncio.sleep(0)
        yield item


def free(parts: list[Any], step: int) -> None:
    """Free the parts of something large, so many in each iteration of the event loop that runs here.

    Without one, no other work waits, and the caller frees all of them by dropping the list.
    """
    with suppress(RuntimeError):
        loop = asyncio.get_running_loop()
        loop.call_soon(_free_step, loop, parts, step)


def _free_step(loop: asyncio.AbstractEventLoop, parts: list[Any], step: int) -> None:
    del parts[-step:]
    if parts:
        loop.call_soon(_free_step, loop, parts, step)
