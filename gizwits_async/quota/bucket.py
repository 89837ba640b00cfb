"""The token bucket that is the quota: aiolimiter, and how many places it holds. No waiting here."""

from collections.abc import Callable
from math import exp

from gizwits_async.options import Lane

__all__ = ["Bucket", "Ledger", "fill_rate"]

_SLOTS = 60
_MEMORY = 1 / 6
"""Of a period: how far back the demand of people is remembered."""


def fill_rate(calls: int, period: float, burst: int, pad: float) -> float:
    """Return the places a second with which `burst + rate * (period + pad) <= calls` holds.

    A bucket admits at most `burst + rate * t` calls in any `t`; `pad` is the longest time between
    our grant and the server's count. So no server that counts windows of `period` can refuse us.

    Raises:
        ValueError: No rate above zero is left; the message shows the inequality.
    """
    rate = (calls - burst) / (period + pad)
    if not rate > 0:
        raise ValueError(
            f"burst + rate * (period + pad) <= calls leaves nothing for the rate: "
            f"{burst} + rate * ({period:g} + {pad:g}) <= {calls}; "
            f"burst must be below {calls}, so that rate is positive"
        )
    return rate


class Bucket:
    """A token bucket on the caller's clock: at most `burst + rate * t` places in any `t`.

    `AsyncLimiter` decides; what it does not tell is kept beside it: how long a wait is, a count
    that starts anywhere, and one below zero after calls that went ahead of their time.
    """

    def __init__(self, burst: float, rate: float, *, clock: Callable[[], float]) -> None:
        # Its import reads the metadata of what is installed: a sixth of ours, so not before a client.
        from aiolimiter import AsyncLimiter  # noqa: PLC0415

        self.burst = burst
        self.rate = rate
        self._clock = clock
        self._limiter: AsyncLimiter | None = None
        self._new_limiter = AsyncLimiter
        # A bucket fills along a straight line, so the time of its last emptiness says it all.
        self._empty_at = clock()

    @property
    def places(self) -> float:
        """Places there are now, fractions included; below zero is a debt that time pays off."""
        return min(self.burst, (self._clock() - self._empty_at) * self.rate)

    def put(self, places: float) -> None:
        """Set the places there are."""
        self._limiter = None  # it has no way to be told; a new one starts from this count
        self._empty_at = self._clock() - min(places, self.burst) / self.rate

    async def take(self, reserve: float = 0.0) -> bool:
        """Take one place if `reserve` places then remain. Never suspends."""
        places = self.places
        if self._limiter is None:
            if places < 1 + reserve:
                return False
            self._limiter = self._new_limiter(self.burst, self.burst / self.rate)
            await self._limiter.acquire(self.burst - places)
        if not self._limiter.has_capacity(1 + reserve):
            return False
        await self._limiter.acquire()  # there is room and no await between: it does not wait
        self._empty_at = self._clock() - (places - 1) / self.rate
        return True

    def give_back(self) -> None:
        """Take back a place that was not used."""
        self.put(self.places + 1)

    def wait_for(self, places: float) -> float:
        """Return the seconds until there are so many places (more than a burst: taken in turn)."""
        return max(0.0, (places - self.places) / self.rate)


class Ledger:
    """How many places were granted: in all, in the last period, and to people of late."""

    def __init__(self, period: float) -> None:
        self.granted = 0
        """Places granted since the beginning."""
        self._slot = period / _SLOTS
        self._slots: dict[int, int] = {}
        self._fading = period * _MEMORY
        self._people, self._people_at = 0.0, 0.0

    def add(self, lane: Lane, now: float, places: int = 1) -> None:
        """Count places granted to `lane`; less than zero for one that was given back."""
        self.granted += places
        slot = int(now // self._slot)
        if slot not in self._slots:
            self._slots = {old: count for old, count in self._slots.items() if old > slot - _SLOTS}
        self._slots[slot] = self._slots.get(slot, 0) + places
        if lane is Lane.INTERACTIVE:
            self._people = self.demand(now) + places / self._fading
            self._people_at = now

    def recent(self, now: float) -> int:
        """Return the places granted in the last period, to a sixtieth of it."""
        oldest = int(now // self._slot) - _SLOTS
        return sum(count for slot, count in self._slots.items() if slot >= oldest)

    def demand(self, now: float) -> float:
        """Return the interactive places a second, a fading average."""
        return self._people * exp((self._people_at - now) / self._fading)
