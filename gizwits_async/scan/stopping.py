"""Ends a run of a scan early: no further call is made, and the calls under way are finished."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Self, TypeVar

from gizwits_async.errors import ArgumentError

__all__ = ["Stopped", "Stopping"]

T = TypeVar("T")


class Stopped(Exception):  # noqa: N818 - the caller asked for it
    """The scan was asked to stop before this call was made."""


class Stopping:
    """Whether a run was asked to stop: by its caller, or by the time that it may take.

    Each call of a scan passes `before`, and each of its pauses `sleep`. Both end with `Stopped` from
    then on, while a call that was sent is answered and stored. As a context manager it keeps the
    time of the run.
    """

    def __init__(self, asked: asyncio.Event | None = None, seconds: float | None = None) -> None:
        """Prepare; the time runs from the beginning of the `with` block.

        Args:
            asked: Set by the caller to stop the run.
            seconds: After how long it stops by itself; None: not at all.

        Raises:
            ArgumentError: The seconds are not positive.
        """
        if seconds is not None and not seconds > 0:
            raise ArgumentError(f"seconds must be positive, not {seconds}")
        self._asked, self._seconds = asked, seconds
        self._over = asyncio.Event()
        self._following: asyncio.Future[None] | None = None

    @property
    def is_set(self) -> bool:
        """Whether the run is to stop."""
        return self._over.is_set() or (self._asked is not None and self._asked.is_set())

    async def __aenter__(self) -> Self:
        if self._asked is not None:
            self._following = asyncio.ensure_future(self._follow(self._asked))
        if self._seconds is not None:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._over.set)
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._seconds is not None:
            self._timer.cancel()
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait({self._following})

    async def _follow(self, asked: asyncio.Event) -> None:
        await asked.wait()
        self._over.set()

    async def before(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for what a call needs before it is sent, such as a permit.

        Raises:
            Stopped: The run stops; the wait was cancelled.
        """
        if self.is_set:
            work.close()
            raise Stopped
        if self._asked is None and self._seconds is None:
            return await work
        waiting = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self._over.wait())
        try:
            await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            if not waiting.done():
                waiting.cancel()
        await asyncio.wait({waiting})
        if waiting.cancelled():
            raise Stopped
        return waiting.result()

    def pausing(
        self, sleep: Callable[[float], Awaitable[None]]
    ) -> Callable[[float], Awaitable[None]]:
        """Return a sleep that ends with `Stopped` as soon as the run is to stop."""

        async def pause(seconds: float) -> None:
            async def work() -> None:
                await sleep(seconds)

            await self.before(work())

        return pause
