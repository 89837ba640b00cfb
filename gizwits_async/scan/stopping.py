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
        self._over = False
        self._waits: set[asyncio.Timeout] = set()
        self._following: asyncio.Future[None] | None = None

    @property
    def is_set(self) -> bool:
        """Whether the run is to stop."""
        return self._over or (self._asked is not None and self._asked.is_set())

    async def __aenter__(self) -> Self:
        if self._asked is not None:
            self._following = asyncio.ensure_future(self._follow(self._asked))
        if self._seconds is not None:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._end)
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._seconds is not None:
            self._timer.cancel()
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait({self._following})

    async def _follow(self, asked: asyncio.Event) -> None:
        await asked.wait()
        self._end()

    def _end(self) -> None:
        self._over, waits = True, self._waits
        self._waits = set()
        for wait in waits:
            wait.reschedule(asyncio.get_running_loop().time())

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
        # In the task of the caller: a task for the work and one that watches would cost more than
        # the quota itself.
        wait = asyncio.timeout(None)
        try:
            async with wait:
                self._waits.add(wait)
                try:
                    return await work
                finally:
                    self._waits.discard(wait)
        except TimeoutError:
            if not wait.expired():
                raise
        raise Stopped

    def pausing(
        self, sleep: Callable[[float], Awaitable[None]]
    ) -> Callable[[float], Awaitable[None]]:
        """Return a sleep that ends with `Stopped` as soon as the run is to stop."""

        async def pause(seconds: float) -> None:
            async def work() -> None:
                await sleep(seconds)

            await self.before(work())

        return pause
