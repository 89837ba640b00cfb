"""A mapping for a whole fleet that is grown and walked in small steps, beside other work of the event loop."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable, Iterator, MutableMapping
from itertools import chain
from typing import TypeVar

__all__ = ["Sharded", "sliced"]

V = TypeVar("V")
T = TypeVar("T")

_SHARDS = 1024
_SLICE = 1000
"""Items that are worked through before other tasks of the event loop may run: about a millisecond."""


class Sharded(MutableMapping[str, V]):
    """A mapping of texts in no particular order, made of many small dicts.

    A dict copies its entries when it grows, and so does `list(mapping)`: with the devices of a large
    fleet, either takes 10 ms in one callback of the event loop.
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
        return chain.from_iterable(self._shards.values())

    def __len__(self) -> int:
        return sum(map(len, self._shards.values()))

    def clear(self) -> None:
        """Drop all entries; the inherited one searches for each of them."""
        self._shards.clear()

    async def empty(self) -> None:
        """Drop all entries in slices: to free 100,000 at once takes 10 ms."""
        dropped = 0
        while self._shards:
            dropped += len(self._shards.popitem()[1])
            if dropped >= _SLICE:
                await asyncio.sleep(0)
                dropped = 0

    async def walk(self) -> AsyncGenerator[tuple[str, V], None]:
        """Iterate in slices; entries may come and go meanwhile."""
        number = 0
        for shard in list(self._shards.values()):
            for item in list(shard.items()):
                yield item
            number += len(shard)
            if number >= _SLICE:
                await asyncio.sleep(0)
                number = 0


def _shard_of(key: str) -> int:
    # The upper bits: keys that share the lower ones would collide inside a dict.
    return (hash(key) >> 32) % _SHARDS


async def sliced(items: Iterable[T]) -> AsyncGenerator[T, None]:
    """Iterate over a copy of many items in slices."""
    for number, item in enumerate(list(items)):
        if number % _SLICE == _SLICE - 1:
            await asyncio.sleep(0)
        yield item
