"""The server's time, from our clock and its `Date` headers. Pure but for the two clocks."""

import asyncio
import time
from collections.abc import Callable

from gizwits_async.models.times import epoch_of

__all__ = ["ServerClock"]


class ServerClock:
    """The server's time as an interval that each `Date` header narrows.

    `Date` has whole seconds, so one reply gives the time to within a second plus its travel time.
    Between replies the event loop's clock continues it, which NTP does not step.
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
        low, high = stamp - arrived, stamp + 1 - sent
        if self._offset is not None:
            narrowed = max(low, self._offset[0]), min(high, self._offset[1])
            if narrowed[0] <= narrowed[1]:
                low, high = narrowed
            # Otherwise a clock was set, or the machine was suspended: start over.
        self._offset = low, high

    def now(self) -> float:
        """Return the server's time: that of our own clock, bounded by what replies have told."""
        return min(max(self._wall(), self.earliest()), self.latest())

    def earliest(self) -> float:
        """Return the earliest time it can be at the server, in epoch seconds."""
        return self._wall() if self._offset is None else self.loop_time + self._offset[0]

    def latest(self) -> float:
        """Return the latest time it can be at the server, in epoch seconds."""
        return self._wall() if self._offset is None else self.loop_time + self._offset[1]
