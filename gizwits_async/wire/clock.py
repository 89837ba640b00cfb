"""The server's time, from our clock and its `Date` headers. Pure but for the two clocks."""

import asyncio
import time
from collections.abc import Callable

from gizwits_async.models.times import epoch_of

__all__ = ["ServerClock"]


_REMEMBERED = 8
"""Replies after which the oldest ones begin to be forgotten."""
_UNKNOWN = (float("-inf"), float("inf"))


class ServerClock:
    """The server's time as an interval that each `Date` header narrows.

    `Date` has whole seconds, so one reply gives the time to within a second plus its travel time.
    Between replies the event loop's clock continues it, which NTP does not step. Nodes of one server
    may disagree: then the interval reaches from the one that is behind to the one that is ahead. After
    8 to 16 replies the older ones are forgotten, for the server's clock may have been set.
    """

    def __init__(
        self,
        *,
        wall: Callable[[], float] = time.time,
        loop_time: Callable[[], float] | None = None,
    ) -> None:
        self._wall = wall
        self._loop_time = loop_time
        self._offset: tuple[float, float] | None = None
        """Earliest and latest server time, less the loop's time."""
        self._older = self._recent = _UNKNOWN
        self._count = 0

    @property
    def loop_time(self) -> float:
        """The monotonic clock of the event loop, in seconds."""
        if self._loop_time is None:
            return asyncio.get_running_loop().time()
        return self._loop_time()

    @property
    def known(self) -> bool:
        """Whether any reply had a `Date`."""
        return self._offset is not None

    def observe(self, date: str | None, *, sent: float, arrived: float) -> None:
        """Learn from the `Date` of a reply, with the loop times of its request and its arrival."""
        stamp = None if date is None else epoch_of(date)
        if stamp is None:
            return
        if self._count == _REMEMBERED:
            self._older, self._recent, self._count = self._recent, _UNKNOWN, 0
        low, high = self._recent
        self._recent = max(low, stamp - arrived), min(high, stamp + 1 - sent)
        self._count += 1
        low, high = max(self._recent[0], self._older[0]), min(self._recent[1], self._older[1])
        # `low` after `high`: one node said that it is later already than another one knows.
        self._offset = min(low, high), max(low, high)

    def now(self) -> float:
        """Return the server's time: that of our own clock, bounded by what replies have shown."""
        return min(max(self._wall(), self.earliest()), self.latest())

    def earliest(self) -> float:
        """Return the earliest time it can be at the server, in epoch seconds."""
        return self._wall() if self._offset is None else self.loop_time + self._offset[0]

    def latest(self) -> float:
        """Return the latest time it can be at the server, in epoch seconds."""
        return self._wall() if self._offset is None else self.loop_time + self._offset[1]
