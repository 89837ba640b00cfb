"""The permits of one process: a token bucket (aiolimiter) beside a window of grants. Never waits."""

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING

from gizwits_async.quota.ledger import LEVEL, LEVEL_AT, SPAN, GrantCounter, Interactive
from gizwits_async.quota.limits import Limits

if TYPE_CHECKING:
    from aiolimiter import AsyncLimiter

__all__ = ["NO_NEED", "Bucket"]


NO_NEED = -inf
"""The need of a call for which the window alone decides."""


class Bucket:
    """A token bucket and a window of grants, both on the caller's clock.

    A permit may need permits in the bucket, room in the window, or both; it is taken from both. So
    interactive calls that go by the window alone leave a debt in the bucket, and bulk calls, which
    go by the bucket, slow down until it is paid.
    """

    shared = False
    """Whether other processes take permits from it."""
    latency = 0.0
    """Seconds that taking a permit may take. Above zero, every call goes through the dispatcher, so
    that a caller cancelled meanwhile loses no permit."""

    def __init__(
        self,
        limits: Limits,
        *,
        clock: Callable[[], float],
        share: int = 1,
        slots: int = 720,
        page: bytearray | None = None,
    ) -> None:
        """Make an empty bucket.

        Args:
            limits: The numbers of the quota.
            clock: Gives the time in seconds; it must not go back.
            share: Divisor of burst and rate.
            slots: Slots of a window; see `GrantCounter`.
            page: Where to keep the books; see `GrantCounter`.
        """
        self.burst = max(1.0, (limits.burst + limits.crowd) / share)
        """Most permits in the bucket."""
        self.time = clock
        self.counter = GrantCounter(limits.span, slots, page)
        self._rate = limits.careful_rate / share
        self._limiter: AsyncLimiter | None = None

    # What it holds.

    @property
    def rate(self) -> float:
        """Permits a second that flow into the bucket."""
        return self._rate

    @rate.setter
    def rate(self, rate: float) -> None:
        permits = self.permits
        self._rate = rate
        self.put(permits)

    @property
    def permits(self) -> float:
        """Permits in the bucket, fractions included; a negative number is a debt."""
        header = self.counter.header
        return min(self.burst, header[LEVEL] + (self.time() - header[LEVEL_AT]) * self._rate)

    @property
    def lowest(self) -> float:
        """The largest debt: it is paid back within a window, since older permits do not count.

        Without it, a server that reports a tiny limit would hold the next call for several windows.
        """
        return min(0.0, 1 - self._rate * self.counter.header[SPAN])

    @property
    def granted(self) -> int:
        """Permits granted since the beginning, by all who share the bucket."""
        return self.counter.granted

    @property
    def window(self) -> int:
        """Permits granted in the last window."""
        return self.counter.window(self.time())

    @property
    def two_windows(self) -> int:
        """Permits granted in the last two windows."""
        return self.counter.two_windows(self.time())

    @property
    def age(self) -> float:
        """Seconds for which all permits were counted."""
        # Where counting did not begin, `since` lies in the future, and nothing is known.
        return max(0.0, self.time() - self.counter.since)

    @property
    def interactive(self) -> Interactive:
        """Interactive calls of the last two windows."""
        return self.counter.interactive(self.time())

    @property
    def refused(self) -> bool:
        """Whether a process that shares the bucket was refused lately."""
        return False

    @property
    def left(self) -> int | None:
        """Calls left in the server's count, as a process that shares the bucket reported; or None."""
        return None

    # What is done with it.

    def begin(self, spent: int | None) -> None:
        """Start counting; `spent` are the calls of the last two windows, if known."""
        self.put(0.0)
        self.counter.begin(self.time(), spent)

    def put(self, permits: float) -> None:
        """Set the number of permits in the bucket."""
        self._limiter = None  # AsyncLimiter cannot be set; a new one starts from this count
        header = self.counter.header
        header[LEVEL] = max(self.lowest, min(permits, self.burst))
        header[LEVEL_AT] = self.time()

    def forgive(self) -> None:
        """Cancel a debt: the server's count, which it was about, has restarted."""
        self.put(max(0.0, self.permits))

    def follow_loop(self) -> None:
        """Continue in another event loop, to which AsyncLimiter would not follow."""
        self.put(self.permits)

    async def take(self, need: float, limit: float, *, interactive: bool) -> bool:
        """Take a permit if the bucket holds `need` and fewer than `limit` lie in the window.

        Args:
            need: Permits that the bucket must hold, the one that is taken included.
            limit: Grants in the window.
            interactive: Whether this is an interactive call that was not noted before.
        """
        now, permits = self.time(), self.permits
        if permits < need:
            return False
        if need < 1:
            return self.count(now, limit, interactive=interactive)
        if self.counter.window(now) >= limit or not await self._take_from_limiter(permits, need):
            return False
        return self.counter.add(now, limit, interactive=interactive)

    def count(self, now: float, limit: float = inf, *, interactive: bool) -> bool:
        """Take a permit for which the window alone decides, even if that leaves a debt.

        Args:
            now: Seconds of the bucket's clock.
            limit: Grants in the window.
            interactive: As in `take`.
        """
        if not self.counter.add(now, limit, interactive=interactive):
            return False
        header = self.counter.header
        permits = min(self.burst, header[LEVEL] + (now - header[LEVEL_AT]) * self._rate) - 1
        if permits < 0:
            permits = max(self.lowest, permits)
        header[LEVEL], header[LEVEL_AT] = permits, now
        self._limiter = None
        return True

    async def _take_from_limiter(self, permits: float, need: float) -> bool:
        limiter = self._limiter
        if limiter is None:
            # Imported late: it reads the metadata of installed packages, which takes 8 ms.
            from aiolimiter import AsyncLimiter  # noqa: PLC0415

            limiter = AsyncLimiter(self.burst, self.burst / self._rate)
            await limiter.acquire(self.burst - permits)
        if limiter.has_capacity(need):
            await limiter.acquire()  # there is capacity, and no await in between: does not wait
            self.put(permits - 1)
            self._limiter = limiter
            return True
        return False

    def note_interactive(self) -> None:
        """Note an interactive call that has to wait."""
        self.counter.note_interactive(self.time())

    def give_back(self) -> None:
        """Return a permit whose call was not sent."""
        self.put(self.permits + 1)
        self.counter.remove()

    def wait_for(self, need: float, limit: float, blocked: float = 0.0) -> float:
        """Return the seconds until a permit can be taken.

        Args:
            need: Permits that the bucket must hold (more than a burst: one after the other).
            limit: Grants that the window may hold, and one more.
            blocked: Seconds for which nothing is taken; the bucket fills meanwhile.
        """
        now = self.time()
        held = min(self.burst, self.permits + blocked * self._rate)
        wait = blocked + max(0.0, (need - held) / self._rate)
        excess = self.counter.window(now) - limit + 1
        return max(wait, self.counter.frees_in(int(excess), now)) if excess > 0 else wait

    def report(self, left: int, seconds: float) -> None:
        """Inform other processes of the server's count; none shares this bucket."""

    def stop(self, seconds: float) -> None:
        """Make other processes pause and be careful; none shares this bucket."""

    async def aclose(self) -> None:
        """Release what is held; nothing here."""
