"""The quota of one process: a token bucket, two lanes and what the server reports, put together."""

import asyncio
from collections import deque
from collections.abc import Mapping
from functools import partial
from typing import NoReturn

from gizwits_async.errors import ClientClosedError, QuotaWaitError
from gizwits_async.options import Lane, QuotaSnapshot
from gizwits_async.quota.bucket import Bucket, fill_rate
from gizwits_async.quota.ledger import GrantCounter
from gizwits_async.quota.loop_clock import LoopClock
from gizwits_async.quota.queue import FairQueue
from gizwits_async.quota.server_view import LocalState, ServerView

__all__ = ["HourlyQuota", "pad_for"]

MAX_WAITING = 200_000
"""Most callers in a lane, over two days of the default quota; a further call is refused at once."""
_FLOOR = 60
"""Under endless interactive demand, bulk still gets one permit in this many."""
_LARGEST = 10**9
"""Upper bound of calls and seconds: keeps the arithmetic exact enough and in range."""
_COUNT_LATE = 2.0
"""Seconds beyond its time-out after which a call that hung may still be counted by the server."""


def pad_for(timeout: float) -> float:
    """Return the `pad` for calls with this time-out: a call that hangs may be counted that late."""
    return max(12.0, timeout + _COUNT_LATE)


class HourlyQuota:
    """Keeps calls within the hourly quota, and serves interactive calls before bulk ones.

    One quota belongs to one enterprise id and one event loop at a time; share it between clients.
    """

    def __init__(
        self,
        calls: int = 3600,
        period: float = 3600.0,
        *,
        burst: int = 24,
        reserve: int = 18,
        pad: float = 12.0,
        initial: int = 2,
        sprint: bool = True,
        bucket: Bucket | None = None,
        clock: LoopClock | None = None,
    ) -> None:
        """Make a quota; it needs no event loop before the first `acquire`.

        Args:
            calls: Calls the server allows in a period.
            period: Seconds.
            burst: Calls that may go at once after a rest.
            reserve: Permits of the burst that bulk calls leave to interactive ones.
            pad: Longest time in seconds between a permit and the server's count of the call:
                `Options.timeout` and two more.
            initial: Permits at the start, borrowed from the first ones that the bucket will get.
            sprint: Whether to go faster while the server reports that most of a period is unused.
            bucket: The bucket that permits come from; by default one of this process.
            clock: The clock of `bucket`.

        Raises:
            ValueError: The numbers do not fit together; the message names numbers that would.
        """
        _check(calls, period, burst=burst, reserve=reserve, pad=pad, initial=initial)
        self.calls = calls
        self.period = period
        self.reserve = reserve
        self.rate = fill_rate(calls, period, burst, pad)
        """Permits a second."""
        self._pad = pad
        self._clock = clock or LoopClock()
        self._initial = initial
        self._initial_until = 0.0
        self._bucket = bucket or Bucket(burst, self.rate, clock=self._clock)
        self._view = ServerView(calls=calls, period=period, pad=pad, reserve=reserve, sprint=sprint)
        self._queues = {lane: self._queue(lane) for lane in Lane}
        self._in_flight: deque[float] = deque()
        """When each permit was granted whose call has no outcome yet."""
        self._ledger = GrantCounter(period)
        self._next_ahead = dict.fromkeys(Lane, 0.0)
        """When the next call of each lane may go ahead of the bucket."""
        self._bulk_served = 0.0
        self._closed = False

    async def acquire(self, lane: Lane = Lane.INTERACTIVE, max_wait: float | None = None) -> None:
        """Wait for a permit, and take it. Each permit needs one `observe`; a cancelled wait none.

        Args:
            lane: Priority lane.
            max_wait: Seconds to wait at most; None waits as long as it takes.

        Raises:
            QuotaWaitError: The wait is known to be longer (at once), or became so; or the queue
                is full.
            ClientClosedError: The quota was closed, or another running event loop uses it.
        """
        lane = Lane(lane)
        self._bind(asyncio.get_running_loop())
        queue = self._queues[lane]
        if not self._bucket.latency and not queue and await self._take(lane) is None:
            return
        if len(queue) >= MAX_WAITING:
            raise self._refusal(lane, f"{MAX_WAITING} calls are waiting already")
        if lane is Lane.BULK and not queue:
            self._bulk_served = self._clock()  # the queue was empty: the floor counts from here
        if max_wait is None:
            await queue.wait()
            return
        if self._expected(lane) > max_wait:
            raise self._refusal(lane, f"more than {max_wait:g} s")
        limit = max(max_wait, self._bucket.latency)
        await queue.wait(limit, partial(self._refusal, lane, f"more than {max_wait:g} s"))

    async def acquire_first(self) -> None:
        """Wait for an interactive permit at the front of the queue: for a login all others need.

        Raises:
            ClientClosedError: See `acquire`.
        """
        self._bind(asyncio.get_running_loop())
        queue = self._queues[Lane.INTERACTIVE]
        if self._bucket.latency or queue or await self._take(Lane.INTERACTIVE) is not None:
            await queue.wait(first=True)

    def observe(self, headers: Mapping[str, str] | None, *, refused: bool = False) -> None:
        """Take note of the outcome of a call: once for each permit that was granted.

        Args:
            headers: The reply's headers under lower-case names; None when no reply came.
            refused: Whether the reply was a 5013.
        """
        granted_at = now = self._clock()
        if headers is not None and self._in_flight:
            granted_at = self._in_flight.popleft()
        # A call without a reply may still be counted: it stays in flight until `pad` has passed.
        restored = self._view.restored
        self._view = self._view.observe(
            headers, self._state(now), granted_at=granted_at, refused=refused
        )
        if self._view.restored > restored and self._bucket.permits < 0:
            self._bucket.put(0.0)  # the debt belongs to the window that has ended
        if refused:
            self._bucket.stop(self.retry_after() or 0.0)
        self._wake()

    def release(self, lane: Lane = Lane.INTERACTIVE) -> None:
        """Take back a permit whose call was never sent, in place of `observe`.

        Args:
            lane: The lane that it was acquired in.
        """
        self._give_back(Lane(lane))

    def snapshot(self) -> QuotaSnapshot:
        """Return what is known of the quota now, and its source."""
        now = self._state(self._clock())
        view = self._view
        if not view.live(now.time):
            used = self._ledger.recent(now.time)
            left = max(0, self.calls - used)
            return QuotaSnapshot(limit=self.calls, remaining=left, period=self.period)
        return QuotaSnapshot(
            limit=view.limit,
            remaining=max(0, view.headroom(now)),
            resets_at=view.last.resets_at,
            period=self.period,
            source="server",
        )

    def retry_after(self) -> float | None:
        """Return the seconds for which a refusal or the server's count holds calls back."""
        return self._view.blocked_for(Lane.INTERACTIVE, self._state(self._clock())) or None

    async def aclose(self) -> None:
        """Raise `ClientClosedError` in all waiting calls, and grant no more permits."""
        self._closed = True
        for queue in self._queues.values():
            queue.close()
        await self._bucket.aclose()

    def __reduce__(self) -> NoReturn:
        # A copy would count from zero: the same permits would be granted twice.
        raise TypeError(
            "a quota counts for one process and cannot be pickled; processes share `SharedQuota`"
        )

    def _queue(self, lane: Lane) -> FairQueue:
        return FairQueue(partial(self._take, lane), partial(self._give_back, lane))

    def _bind(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._closed:
            raise ClientClosedError("the quota was closed")
        before = self._clock.loop
        if before is loop:
            return
        permits, seen = self._bucket.permits, self._clock()
        self._clock.follow(loop)
        for queue in self._queues.values():
            queue.forget()
        if before is None:
            self._bucket.put(self._bucket.at_start)
            self._initial_until = self._clock() + self._initial / self.rate
        else:
            # The count goes on: an event loop a call must not mean a fresh start a call.
            self._bucket.put(permits + (self._clock() - seen) * self.rate)

    async def _take(self, lane: Lane) -> float | None:
        """Take a permit and return None, or return the seconds after which to try again."""
        now = self._state(self._clock())
        blocked = self._view.blocked_for(lane, now)
        if blocked > 0:
            return blocked
        if not (await self._bucket.take(self._need(lane) - 1) or self._borrow()):
            delay = self._go_ahead(lane, now)
            if delay is not None:
                return delay
        self._in_flight.append(now.time)
        self._ledger.add(lane, now.time)
        if lane is Lane.BULK:
            self._bulk_served = now.time
        return None

    def _go_ahead(self, lane: Lane, now: LocalState) -> float | None:
        """Take a permit that the bucket does not hold; else return when to try again."""
        wait = self._bucket.wait_for(self._need(lane))
        if lane is Lane.BULK and now.time < self._bulk_due:
            wait = min(wait, self._bulk_due - now.time)
        spacing = self._view.spacing(lane, now)
        if spacing is None:
            return min(wait, self.period / 60) if now.debt else wait
        # One by one in a sprint; afterwards interactive calls may still come in small bursts.
        burst = self._bucket.burst - 1 if now.debt and lane is Lane.INTERACTIVE else 0
        early = self._next_ahead[lane] - burst * spacing - now.time
        if early > 0:
            return min(wait, early)
        self._next_ahead[lane] = max(self._next_ahead[lane], now.time) + spacing
        self._bucket.put(self._bucket.permits - 1)
        return None

    def _borrow(self) -> bool:
        # The first permits of a new process are taken from those of the next seconds: it need not
        # wait, and a hundred restarts still add nothing.
        if self._initial <= 0 or self._clock() >= self._initial_until:
            return False
        self._initial -= 1
        self._bucket.put(self._bucket.permits - 1)
        return True

    def _give_back(self, lane: Lane) -> None:
        if self._in_flight:
            self._in_flight.pop()
        self._ledger.add(lane, self._clock(), -1)
        self._bucket.give_back()
        self._wake()

    def _state(self, now: float) -> LocalState:
        while self._in_flight and self._in_flight[0] <= now - self._pad:
            self._in_flight.popleft()
            self._view = self._view.spend(now)
        return LocalState(
            time=now,
            in_flight=len(self._in_flight),
            counted_by=self._in_flight[0] + self._pad if self._in_flight else now,
            granted=self._ledger.granted,
            demand=self._ledger.demand(now),
            waiting=len(self._queues[Lane.BULK]),
            debt=self._bucket.permits <= -1,
            bulk_granted_at=self._bulk_served,
        )

    def _need(self, lane: Lane) -> int:
        """Return how many permits the bucket must hold for one of this lane to be taken."""
        due = len(self._queues[Lane.BULK]) > 0 and self._clock() >= self._bulk_due
        if lane is Lane.BULK:
            return 1 if due else 1 + self.reserve
        return 2 if due else 1

    @property
    def _bulk_due(self) -> float:
        return self._bulk_served + _FLOOR / self.rate

    def _expected(self, lane: Lane) -> float:
        """Return the least seconds that one more caller of this lane would have to wait."""
        now = self._state(self._clock())
        ahead = len(self._queues[Lane.INTERACTIVE])
        if lane is Lane.BULK:
            ahead += len(self._queues[Lane.BULK])
        blocked = self._view.blocked_for(lane, now)
        # The bucket fills while calls are blocked, but not above its burst.
        filled = min(self._bucket.burst, self._bucket.permits + blocked * self.rate)
        wait = max(0.0, (ahead + self._need(lane) - filled) / self.rate)
        spacing = self._view.spacing(lane, now)
        if spacing is not None:
            wait = min(wait, max(0.0, self._next_ahead[lane] - now.time) + ahead * spacing)
        return blocked + wait

    def _refusal(self, lane: Lane, why: str) -> QuotaWaitError:
        wait = self._expected(lane)
        return QuotaWaitError(
            f"no permit in the quota: {why}; expected in {wait:.0f} s", retry_after=wait
        )

    def _wake(self) -> None:
        for queue in self._queues.values():
            queue.wake()


def _check(
    calls: int, period: float, *, burst: int, reserve: int, pad: float, initial: int
) -> None:
    for name, number in (("calls", calls), ("period", period), ("burst", burst)):
        if not number > 0:
            raise ValueError(f"{name} must be positive, not {number!r}")
    for name, number in (("reserve", reserve), ("pad", pad), ("initial", initial)):
        if not number >= 0:
            raise ValueError(f"{name} must not be negative, not {number!r}")
    numbers = {"calls": calls, "period": period, "burst": burst, "pad": pad}
    for name, number in numbers.items():
        if number > _LARGEST:
            raise ValueError(f"{name} must be at most {_LARGEST:,}")
    if reserve >= burst:
        raise ValueError(
            f"reserve must be below burst, or bulk calls would never go: reserve={reserve}, "
            f"burst={burst}; reserve={burst - 1} is the most that fits"
        )
    if initial > burst:
        raise ValueError(f"initial must be at most burst, but {initial} > {burst}")
