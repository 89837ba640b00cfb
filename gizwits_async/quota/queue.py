"""A queue of callers for places, and the pump that serves it. Knows nothing of quotas."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from gizwits_async.errors import ClientClosedError, GizwitsError

__all__ = ["Line"]

_SHORTEST_NAP = 2e-6
"""Seconds; no clock is finer, and a nap of nothing would spin."""


class Line:
    """First come, first served, but for one who is let ahead. The pump lives while somebody waits."""

    def __init__(
        self, take: Callable[[], Awaitable[float | None]], give_back: Callable[[], None]
    ) -> None:
        """Make a queue.

        Args:
            take: Takes a place and returns None, or the seconds after which to ask again.
            give_back: Takes back a place that nobody came for.
        """
        self._take = take
        self._give_back = give_back
        # Ordered, because a plain dict walks over the holes of all who left the front.
        self._waiting: OrderedDict[asyncio.Future[None], None] = OrderedDict()
        self._pump: asyncio.Task[None] | None = None
        self._nap: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    async def wait(
        self,
        limit: float | None = None,
        refusal: Callable[[], GizwitsError] | None = None,
        *,
        first: bool = False,
    ) -> None:
        """Wait for a place, at most `limit` seconds; then raise what `refusal` makes.

        Args:
            limit: Seconds; None waits as long as it takes.
            refusal: Makes the error to raise when they are over.
            first: Whether to stand before all who wait already.
        """
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        timer: asyncio.TimerHandle | None = None
        if limit is not None and refusal is not None:
            timer = loop.call_later(limit, self._turn_away, turn, refusal)
        self._waiting[turn] = None
        if first:
            self._waiting.move_to_end(turn, last=False)
        if self._pump is None or self._pump.done():
            self._pump = loop.create_task(self._serve(), name="gizwits_async quota pump")
            self._pump.add_done_callback(self._served)
        try:
            await turn
        except asyncio.CancelledError:
            # Cancelled between the grant and the waking: the place is there, its owner is not.
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._give_back()
            raise
        finally:
            if timer is not None:
                timer.cancel()
            self._leave(turn)

    def poke(self) -> None:
        """Look again now: something changed."""
        if self._nap is not None and not self._nap.done() and not self._nap.get_loop().is_closed():
            self._nap.set_result(None)

    def close(self) -> None:
        """Turn everybody away; the pump ends by itself."""
        while self._waiting:
            self._turn_away(next(iter(self._waiting)), _closed)

    def forget(self) -> None:
        """Drop callers and pump of an event loop that is no more."""
        self._waiting.clear()
        self._pump = self._nap = None

    def _turn_away(self, turn: asyncio.Future[None], error: Callable[[], GizwitsError]) -> None:
        if not turn.done() and not turn.get_loop().is_closed():
            turn.set_exception(error())
        self._leave(turn)

    def _leave(self, turn: asyncio.Future[None]) -> None:
        self._waiting.pop(turn, None)
        if not self._waiting:
            self.poke()  # so that the pump goes home with the last caller

    async def _serve(self) -> None:
        while self._waiting:
            delay = await self._take()
            if delay is not None:
                await self._rest(delay)
            elif (turn := self._next()) is not None:
                turn.set_result(None)
            else:
                self._give_back()

    def _served(self, pump: asyncio.Task[None]) -> None:
        if not pump.cancelled() and (error := pump.exception()) is not None:
            # A mistake of ours, or of what `take` calls: better told to all than waited on for ever.
            while (turn := self._next()) is not None:
                turn.set_exception(error)

    def _next(self) -> asyncio.Future[None] | None:
        while self._waiting:
            turn, _ = self._waiting.popitem(last=False)
            if not turn.done():  # cancelled in this very round of the loop
                return turn
        return None

    async def _rest(self, delay: float) -> None:
        loop = asyncio.get_running_loop()
        self._nap = loop.create_future()
        timer = loop.call_later(max(delay, _SHORTEST_NAP), self.poke)
        try:
            await self._nap
        finally:
            timer.cancel()
            self._nap = None


def _closed() -> GizwitsError:
    return ClientClosedError("the quota was closed while this call waited for a place")
