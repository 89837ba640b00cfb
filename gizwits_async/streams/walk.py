"""Walk: an async iterator that goes on after a time-out or cancellation around `anext`. No I/O of its own."""

import asyncio
from abc import ABC, abstractmethod
from typing import Generic, Self, TypeVar

__all__ = ["Walk"]

T = TypeVar("T")


class Walk(ABC, Generic[T]):
    """One iteration over a stream, with the position in the object.

    An async generator ends when an exception passes through it, so that after a time-out around
    `anext` the next `anext` would say that the stream is over. A walk goes on where the last value
    that it returned left off, also after an error. Tasks may share a walk: each value goes to one of
    them.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._closed = False

    def __aiter__(self) -> Self:
        """Return the walk itself: a second `async for` goes on where the first one stopped."""
        return self

    async def __anext__(self) -> T:
        """Return the next value.

        Raises:
            StopAsyncIteration: The stream is over, or the walk was closed.
        """
        await self._lock.acquire()  # Not `async with`, which costs two more coroutines.
        try:
            if self._closed:
                raise StopAsyncIteration
            return await self._step()
        finally:
            self._lock.release()

    async def aclose(self) -> None:
        """End the walk, wait for a step of another task, and release what the walk holds."""
        self._closed = True
        async with self._lock:
            await self._release()

    @abstractmethod
    async def _step(self) -> T:
        """Return the next value; called by one task at a time.

        Where it may be cancelled, its state must allow the next call to go on. From the change of
        state that counts the value as delivered to the return, it must not await.

        Raises:
            StopAsyncIteration: There is no further value.
        """

    async def _release(self) -> None:
        """Release what the walk holds between two steps; nothing by default."""
