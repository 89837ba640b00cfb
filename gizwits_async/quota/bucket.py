"""The token bucket of the quota: aiolimiter, and how many permits it holds. Never waits."""

from collections.abc import Callable

__all__ = ["Bucket", "fill_rate"]


def fill_rate(calls: int, period: float, burst: float, pad: float) -> float:
    """Return the permits a second for which `burst + rate * (period + pad) <= calls` holds.

    A bucket grants at most `burst + rate * t` permits in any `t`; `pad` is the longest time between
    a grant and the server's count of the call. So no server that counts windows of `period` can
    refuse a call.

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
    """A token bucket on the caller's clock: at most `burst + rate * t` permits in any `t`.

    `AsyncLimiter` decides. Kept beside it, because it does not tell: how long a wait is, a count
    that starts anywhere, and a negative count after calls that went ahead of the bucket.
    """

    latency = 0.0
    """Seconds that taking a permit may take. Above zero, every call goes through the dispatcher, so
    that a caller cancelled meanwhile loses no permit."""
    at_start = 0.0
    """Permits in the bucket of a new process."""

    def __init__(self, burst: float, rate: float, *, clock: Callable[[], float]) -> None:
        # Imported late: it reads the metadata of installed packages, a sixth of our import time.
        from aiolimiter import AsyncLimiter  # noqa: PLC0415

        self.burst = burst
        self.rate = rate
        self._clock = clock
        self._limiter: AsyncLimiter | None = None
        self._new_limiter = AsyncLimiter
        # A bucket fills along a straight line, so the time at which it was empty is its whole state.
        self._empty_at = clock()

    @property
    def permits(self) -> float:
        """Permits in the bucket, fractions included; a negative number is a debt."""
        return min(self.burst, (self._clock() - self._empty_at) * self.rate)

    def put(self, permits: float) -> None:
        """Set the number of permits in the bucket."""
        self._limiter = None  # AsyncLimiter cannot be set; a new one starts from this count
        self._empty_at = self._clock() - min(permits, self.burst) / self.rate

    async def take(self, reserve: float = 0.0) -> bool:
        """Take one permit if `reserve` permits then remain. Does not wait."""
        permits = self.permits
        if self._limiter is None:
            if permits < 1 + reserve:
                return False
            self._limiter = self._new_limiter(self.burst, self.burst / self.rate)
            await self._limiter.acquire(self.burst - permits)
        if not self._limiter.has_capacity(1 + reserve):
            return False
        await self._limiter.acquire()  # there is capacity, and no await in between: does not wait
        self._empty_at = self._clock() - (permits - 1) / self.rate
        return True

    def give_back(self) -> None:
        """Return a permit that was not used."""
        self.put(self.permits + 1)

    def wait_for(self, permits: float) -> float:
        """Return the seconds until so many permits have come (they may be more than a burst)."""
        return max(0.0, (permits - self.permits) / self.rate)

    def stop(self, seconds: float) -> None:
        """Make other processes pause; none shares this bucket."""

    async def aclose(self) -> None:
        """Release what is held; nothing here."""
