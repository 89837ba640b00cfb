"""A first-come-first-served queue of callers, and the task that serves it. Knows nothing of quotas."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from gizwits_async.errors import ClientClosedError, GizwitsError

__all__ = ["FairQueue"]

_SHORTEST_DELAY = 2e-6
"""Seconds. A delay of zero would make the dispatcher spin: no clock is finer than this."""


class FairQueue:
    """Callers that wait for a permit, served in order. The dispatcher runs while any of them waits."""

    def __init__(
        self, take: Callable[[], Awaitable[float | None]], give_back: Callable[[], None]
    ) -> None:
        """Make an empty queue.

        Args:
            take: Takes a permit and returns None, or returns the seconds after which to try again.
            give_back: Returns a permit whose caller was cancelled.
        """
        self._take = take
        self._give_back = give_back
        # OrderedDict: finding the first key of a dict is O(n) after many deletions at its front.
        self.waiting: OrderedDict[asyncio.Future[None], None] = OrderedDict()
        """The callers, first come first. Others only ask whether there are any: faster than `len`."""
        self._dispatcher: asyncio.Task[None] | None = None
        self._timer: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self.waiting)

    async def wait(
        self,
        limit: float | None = None,
        refusal: Callable[[], GizwitsError] | None = None,
        *,
        first: bool = False,
    ) -> None:
        """Wait for a permit, at most `limit` seconds; then raise the error that `refusal` makes.

        Args:
            limit: Seconds; None waits as long as it takes.
            refusal: Makes the error to raise when they are over.
            first: Whether to join at the front of the queue.
        """
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        timeout: asyncio.TimerHandle | None = None
        if limit is not None and refusal is not None:
            timeout = loop.call_later(limit, self._turn_away, waiter, refusal)
        self.waiting[waiter] = None
        if first:
            self.waiting.move_to_end(waiter, last=False)
        if self._dispatcher is None or self._dispatcher.done():
            self._dispatcher = loop.create_task(
                self._serve(), name="gizwits_async quota dispatcher"
            )
            self._dispatcher.add_done_callback(self._dispatcher_ended)
        try:
            await waiter
        except asyncio.CancelledError:
            # Cancelled after the permit was granted and before this task resumed.
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._give_back()
            raise
        finally:
            if timeout is not None:
                timeout.cancel()
            self._remove(waiter)

    def wake(self) -> None:
        """Let the dispatcher try again now, because something changed."""
        timer = self._timer
        if timer is not None and not timer.done() and not timer.get_loop().is_closed():
            timer.set_result(None)

    def close(self) -> None:
        """Raise `ClientClosedError` in all callers; the dispatcher ends by itself."""
        while self.waiting:
            self._turn_away(next(iter(self.waiting)), _closed)

    def forget(self) -> None:
        """Drop the callers and the dispatcher of an event loop that was closed."""
        self.waiting.clear()
        self._dispatcher = self._timer = None

    def _turn_away(self, waiter: asyncio.Future[None], error: Callable[[], GizwitsError]) -> None:
        if not waiter.done() and not waiter.get_loop().is_closed():
            waiter.set_exception(error())
        self._remove(waiter)

    def _remove(self, waiter: asyncio.Future[None]) -> None:
        self.waiting.pop(waiter, None)
        if not self.waiting:
            self.wake()  # so that the dispatcher ends with the last caller

    async def _serve(self) -> None:
        while self.waiting:
            delay = await self._take()
            if delay is not None:
                await self._sleep(delay)
            elif (waiter := self._next()) is not None:
                waiter.set_result(None)
            else:
                self._give_back()

    def _dispatcher_ended(self, dispatcher: asyncio.Task[None]) -> None:
        if not dispatcher.cancelled() and (error := dispatcher.exception()) is not None:
            # A defect in `take`: raise it in every caller, or they would wait for ever.
            while (waiter := self._next()) is not None:
                waiter.set_exception(error)

    def _next(self) -> asyncio.Future[None] | None:
        while self.waiting:
            waiter, _ = self.waiting.popitem(last=False)
            if not waiter.done():  # it may have been cancelled in this iteration of the loop
                return waiter
        return None

    async def _sleep(self, delay: float) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.create_future()
        handle = loop.call_later(max(delay, _SHORTEST_DELAY), self.wake)
        try:
            await self._timer
        finally:
            handle.cancel()
            self._timer = None


def _closed() -> GizwitsError:
    return ClientClosedError("the quota was closed while this call waited for a permit")
