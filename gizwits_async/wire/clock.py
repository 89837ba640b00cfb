"""The server's time, from our clock and its `Date` headers. Pure but for the two clocks."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from gizwits_async.models.times import epoch_of

__all__ = ["ServerClock"]


_REMEMBERED = 16
"""Replies of which the dates are kept."""


class ServerClock:
    """The server's time as an interval that each `Date` header narrows.

    `Date` has whole seconds, so one reply gives the time to within a second plus its travel time.
    Between replies the event loop's clock continues it, which NTP does not step. Nodes of one server
    may disagree: then the interval reaches from the one that is behind to the one that is ahead. Only
    the last 16 replies count, for the server's clock may have been set.
    """

    def __init__(
        self,
        *,
        wall: Callable[[], float] = time.time,
        loop_time: Callable[[], float] | None = None,
    ) -> None:
        self._wall = wall
        self._loop_time = loop_time
        self._bounds: deque[tuple[float, float]] = deque(maxlen=_REMEMBERED)
        """Earliest and latest server time by each of the last replies, less the loop's time."""

    @property
    def loop_time(self) -> float:
        """The monotonic clock of the event loop, in seconds."""
        if self._loop_time is None:
            return asyncio.get_running_loop().time()
        return self._loop_time()

    @property
    def known(self) -> bool:
        """Whether any reply had a `Date`."""
        return bool(self._bounds)

    def observe(self, date: str | None, *, sent: float, arrived: float) -> None:
        """Learn from the `Date` of a reply, with the loop times of its request and its arrival."""
        stamp = None if date is None else epoch_of(date)
        if stamp is not None:
            # Combined when the time is asked for, which is far rarer than a reply.
            self._bounds.append((stamp - arrived, stamp + 1 - sent))

    def now(self) -> float:
        """Return the server's time: that of our own clock, bounded by what replies have shown."""
        return min(max(self._wall(), self.earliest()), self.latest())

    def earliest(self) -> float:
        """Return the earliest time it can be at the server, in epoch seconds."""
        return self.loop_time + self._offset()[0] if self._bounds else self._wall()

    def latest(self) -> float:
        """Return the latest time it can be at the server, in epoch seconds."""
        return self.loop_time + self._offset()[1] if self._bounds else self._wall()

    def _offset(self) -> tuple[float, float]:
        """Return the earliest and the latest server time by the last replies, less the loop's time."""
        low, high = max(low for low, _ in self._bounds), min(high for _, high in self._bounds)
        # `low` after `high`: one node said that it is later already than another one knows.
        return min(low, high), max(low, high)
