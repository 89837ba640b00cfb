"""The quota of one process: permits, two lanes and what the server reports, put together."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import NoReturn

from gizwits_async.errors import ClientClosedError, QuotaWaitError
from gizwits_async.options import BULK, INTERACTIVE, Lane, QuotaSnapshot
from gizwits_async.quota.bucket import NO_NEED, Bucket
from gizwits_async.quota.in_flight import InFlight
from gizwits_async.quota.limits import Limits, pad_for
from gizwits_async.quota.local_state import LocalState
from gizwits_async.quota.loop_clock import LoopClock
from gizwits_async.quota.queue import FairQueue
from gizwits_async.quota.server_view import ServerView
from gizwits_async.quota.terms import Terms
from gizwits_async.quota.waits import HoldLog, Wait

__all__ = ["HourlyQuota", "pad_for"]

MAX_WAITING = 200_000
"""Most callers in a lane, over two days of the default quota; a further call is refused at once."""


class HourlyQuota:
    """Keeps calls within the hourly quota, and serves interactive calls before bulk ones.

    A server refuses no call while fewer than `calls` permits were granted in any `period + pad`
    seconds. Interactive calls may use all of that at once. Bulk calls go by a token bucket, and
    leave a reserve as large as the bursts of interactive calls that were seen lately.

    One quota belongs to one enterprise id and one event loop at a time; share it between clients.
    """

    _remembered = False

    def __init__(
        self,
        calls: int = 3600,
        period: float = 3600.0,
        *,
        burst: int = 24,
        reserve: int = 18,
        pad: float = 12.0,
        initial: int | None = None,
        sprint: bool = True,
        spent: int | None = None,
    ) -> None:
        """Make a quota; it needs no event loop before the first `acquire`.

        Args:
            calls: Calls the server allows in a period.
            period: Seconds.
            burst: Bulk calls that may go at once after a rest.
            reserve: Permits of the burst that bulk calls leave to interactive ones.
            pad: Longest time in seconds between a permit and the server's count of the call:
                `Options.timeout` and two more.
            initial: Calls that may go at once while nothing is known of what was spent before:
                interactive ones, and two of bulk; by default 60, or a twentieth of a small quota.
            sprint: Whether bulk may go faster while most of a period is known to be unused.
            spent: Calls that were made in the last two periods, if that is known.

        Raises:
            ValueError: The numbers do not fit together; the message names numbers that would.
        """
        limits = Limits(
            calls=calls, period=period, burst=burst, reserve=reserve, pad=pad, initial=initial,
            remembered=self._remembered,
        )  # fmt: skip
        self.calls = calls
        self.period = period
        self.reserve = reserve
        self._spent = spent
        self._clock = LoopClock()
        self._bucket = self._new_bucket(limits)
        self._view = ServerView(calls=calls, period=period, pad=pad, reserve=reserve, sprint=sprint)
        self._terms = Terms(limits=limits, sprint=sprint, bucket=self._bucket, view=self._view)
        self._queues = {lane: self._queue(lane) for lane in Lane}
        self._in_flight = InFlight(pad)
        self._next_ahead = dict.fromkeys(Lane, 0.0)
        """When the next call of each lane may go ahead of the bucket."""
        self._bulk_served, self._hold_log, self._closed = 0.0, HoldLog(), False

    @property
    def rate(self) -> float:
        """Permits a second that flow into the bucket."""
        return self._bucket.rate

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
        if type(lane) is not Lane:
            lane = Lane(lane)
        loop = asyncio.get_running_loop()
        if self._closed or loop is not self._clock.loop:
            self._bind(loop)
        bucket, in_flight = self._bucket, self._in_flight
        if self._queues[lane].waiting or bucket.latency:
            await self._wait(lane, max_wait)
            return
        if lane is INTERACTIVE and not bucket.shared:
            now = self._clock.now()
            if in_flight:
                self._expire(now)
            # As `_take` does for a call that the server's count admits, in fewer steps: most calls.
            if self._view.admits(now, len(in_flight)):
                bucket.count(now, interactive=True)
                in_flight.append(now)
                if self._hold_log.held:
                    self._hold_log.end(lane)
                return
        if await self._take(lane, interactive=lane is INTERACTIVE) is None:
            self._hold_log.end(lane)
        else:
            await self._wait(lane, max_wait)

    async def _wait(self, lane: Lane, max_wait: float | None) -> None:
        """Wait in the queue of the lane for a permit; see `acquire`."""
        queue = self._queues[lane]
        if lane is INTERACTIVE:
            self._bucket.note_interactive()
        if len(queue) >= MAX_WAITING:
            raise self._refusal(lane, f"{MAX_WAITING} calls are waiting already")
        if lane is BULK and not queue.waiting:
            self._bulk_served = self._clock()  # the queue was empty: the floor counts from here
        if not self._hold_log.count(lane):
            self._hold_log.begin(lane, self._expected(lane))
        if max_wait is None:
            await queue.wait()
            return
        if self._expected(lane).seconds > max_wait:
            raise self._refusal(lane)
        await queue.wait(max(max_wait, self._bucket.latency), partial(self._refusal, lane))

    async def acquire_first(self) -> None:
        """Wait for an interactive permit at the front of the queue: for a login all others need.

        Raises:
            ClientClosedError: See `acquire`.
        """
        self._bind(asyncio.get_running_loop())
        queue = self._queues[INTERACTIVE]
        if self._bucket.latency or queue.waiting or await self._take(INTERACTIVE) is not None:
            await queue.wait(first=True)

    def observe(self, headers: Mapping[str, str] | None, *, refused: bool = False) -> None:
        """Take note of the outcome of a call: once for each permit that was granted.

        Args:
            headers: The reply's headers under lower-case names; None when no reply came.
            refused: Whether the reply was a 5013.
        """
        now = self._clock.now()
        view, bucket, in_flight = self._view, self._bucket, self._in_flight
        granted_at = in_flight.popleft() if headers is not None and in_flight else now
        if in_flight:
            self._expire(now)
        restored = view.restored
        if view.observe(headers, now, granted_at=granted_at, refused=refused):
            view.measure(now, in_flight=len(in_flight), granted=bucket.granted)
        if view.restored > restored:
            bucket.forgive()
        if bucket.shared and view.live(now):
            bucket.report(view.left or 0, (view.reset_at or now) - now)
        if refused:
            bucket.stop(self.retry_after() or 0.0)
        for queue in self._queues.values():
            if queue.waiting:
                queue.wake()

    def release(self, lane: Lane = Lane.INTERACTIVE) -> None:
        """Take back a permit whose call was never sent, instead of `observe`.

        Args:
            lane: The lane that it was acquired in.
        """
        del lane
        self._give_back()

    def snapshot(self) -> QuotaSnapshot:
        """Return what is known of the quota now, and its source."""
        now = self._state(self._clock())
        return self._terms.snapshot(
            now,
            next_in={lane: self._expected(lane).seconds for lane in Lane},
            waiting={lane: len(queue) for lane, queue in self._queues.items()},
        )

    def retry_after(self) -> float | None:
        """Return the seconds for which a refusal or the server's count holds calls back."""
        return self._view.blocked_for(INTERACTIVE, self._state(self._clock())) or None

    async def aclose(self) -> None:
        """Raise `ClientClosedError` in all waiting calls, and grant no more permits."""
        self._closed = True
        for queue in self._queues.values():
            queue.close()
        await self._bucket.aclose()

    def __reduce__(self) -> NoReturn:
        # A copy would count from zero: the same permits would be granted twice.
        raise TypeError("a quota cannot be pickled: processes share a `SharedQuota`")

    def _new_bucket(self, limits: Limits) -> Bucket:
        return Bucket(limits, clock=self._clock)

    def _queue(self, lane: Lane) -> FairQueue:
        # Calls that waited were noted when they came, unless the bucket notes them itself.
        noted = lane is BULK or not self._bucket.latency
        return FairQueue(partial(self._take, lane, interactive=not noted), self._give_back)

    def _give_back(self) -> None:
        self._in_flight.undo()
        self._bucket.give_back()
        for queue in self._queues.values():
            queue.wake()

    def _bind(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._closed:
            raise ClientClosedError("the quota was closed")
        if (before := self._clock.loop) is loop:
            return
        self._clock.follow(loop)
        for queue in self._queues.values():
            queue.forget()
        if before is None:
            self._bucket.begin(self._spent)
        else:
            self._bucket.follow_loop()

    async def _take(self, lane: Lane, *, interactive: bool = False) -> float | None:
        """Take a permit and return None, or return the seconds after which to try again."""
        now = self._clock()
        self._expire(now)
        if not self._view.roomy(len(self._in_flight)):
            blocked = self._view.blocked_for(lane, self._state(now))
            if blocked > 0:
                return blocked
        need, limit = self._terms.for_lane(
            lane, now=now, in_flight=len(self._in_flight), bulk_due=self._bulk_due(now)
        )
        if not await self._bucket.take(need, limit, interactive=interactive):
            delay = await self._go_ahead(lane, need, limit)
            if delay is not None:
                return delay
        self._in_flight.append(now)
        if lane is BULK:
            self._bulk_served = now
        return None

    def _bulk_due(self, now: float) -> bool:
        return self._terms.bulk_due(now, len(self._queues[BULK]), self._bulk_served)

    async def _go_ahead(self, lane: Lane, need: float, limit: float) -> float | None:
        """Take a permit that the bucket does not hold; else return when to try again."""
        now = self._state(self._clock())
        wait = self._bucket.wait_for(need, limit)
        due = self._bulk_served + self._terms.floor_interval
        if lane is BULK and now.time < due:
            wait = min(wait, due - now.time)
        spacing = self._terms.spacing(lane, now)
        if spacing is None:
            return min(wait, self.period / 60) if now.debt else wait
        # One by one in a sprint; afterwards interactive calls may still come in small bursts.
        burst = self._bucket.burst - 1 if now.debt and lane is INTERACTIVE else 0
        early = self._next_ahead[lane] - burst * spacing - now.time
        if early > 0:
            return min(wait, early)
        if not await self._bucket.take(NO_NEED, limit, interactive=False):
            return wait
        self._next_ahead[lane] = max(self._next_ahead[lane], now.time) + spacing
        return None

    def _expire(self, now: float) -> None:
        while self._in_flight.expire(now):
            self._view.spend(now)

    def _state(self, now: float) -> LocalState:
        self._expire(now)
        waiting, served = len(self._queues[BULK]), self._bulk_served
        return self._terms.state(now, self._in_flight, waiting=waiting, bulk_granted_at=served)

    def _expected(self, lane: Lane) -> Wait:
        """Return how long one more caller of this lane would have to wait, and why."""
        now, ahead = self._state(self._clock()), len(self._queues[INTERACTIVE])
        return self._terms.expected(lane, now, ahead=ahead, next_ahead=self._next_ahead[lane])

    def _refusal(self, lane: Lane, why: str | None = None) -> QuotaWaitError:
        wait = self._expected(lane)
        return QuotaWaitError(why or wait.describe(), retry_after=wait.seconds)
