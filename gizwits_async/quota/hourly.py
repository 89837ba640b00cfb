"""The quota of one process: permits, two lanes and what the server reports, put together."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import NoReturn

from gizwits_async.errors import ClientClosedError, QuotaWaitError
from gizwits_async.options import BULK, INTERACTIVE, Lane, QuotaSnapshot
from gizwits_async.quota.bucket import Bucket
from gizwits_async.quota.grants import Grants
from gizwits_async.quota.in_flight import InFlight
from gizwits_async.quota.limits import Limits, pad_for
from gizwits_async.quota.loop_clock import LoopClock
from gizwits_async.quota.server_view import ServerView
from gizwits_async.quota.terms import Terms
from gizwits_async.quota.waits import HoldLog

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
            calls=calls,
            period=period,
            burst=burst,
            reserve=reserve,
            pad=pad,
            initial=initial,
            remembered=self._remembered,
        )
        if spent is not None and not spent >= 0:
            raise ValueError(f"spent must not be negative, not {spent!r}")
        self.calls = calls
        self.period = period
        self.reserve = reserve
        self._spent = spent
        self._clock = LoopClock()
        self._bucket = self._new_bucket(limits)
        self._view = ServerView(calls=calls, period=period, pad=pad, reserve=reserve, sprint=sprint)
        self._terms = Terms(limits=limits, sprint=sprint, bucket=self._bucket, view=self._view)
        self._in_flight = InFlight(pad)
        self._grants = Grants(
            clock=self._clock,
            bucket=self._bucket,
            view=self._view,
            terms=self._terms,
            in_flight=self._in_flight,
        )
        self._queues = self._grants.queues
        self._hold_log, self._closed = HoldLog(), False

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
            now = self._clock()
            if in_flight:
                self._grants.expire(now)
            # Most calls end here. `Grants.take` would grant them as well, in more steps.
            if self._view.admits(now, len(in_flight)):
                bucket.count(now, interactive=True)
                in_flight.append(now)
                if self._hold_log.held:
                    self._hold_log.end(lane)
                return
        if await self._grants.take(lane, interactive=lane is INTERACTIVE) is None:
            self._hold_log.end(lane)
        else:
            await self._wait(lane, max_wait)

    async def _wait(self, lane: Lane, max_wait: float | None) -> None:
        """Wait in the queue of the lane for a permit; see `acquire`."""
        queue, grants = self._queues[lane], self._grants
        if lane is INTERACTIVE:
            self._bucket.note_interactive()
        if len(queue) >= MAX_WAITING:
            raise self._refusal(lane, f"{MAX_WAITING} calls are waiting already")
        if lane is BULK and not queue.waiting:
            grants.bulk_served = self._clock()  # the queue was empty: the floor counts from here
        if not self._hold_log.count(lane):
            self._hold_log.begin(lane, grants.expected(lane))
        if max_wait is None:
            await queue.wait()
            return
        if grants.expected(lane).seconds > max_wait:
            raise self._refusal(lane)
        await queue.wait(max(max_wait, self._bucket.latency), partial(self._refusal, lane))

    async def acquire_first(self) -> None:
        """Wait for an interactive permit at the front of the queue: for a login all others need.

        Raises:
            ClientClosedError: See `acquire`.
        """
        self._bind(asyncio.get_running_loop())
        queue, grants = self._queues[INTERACTIVE], self._grants
        if self._bucket.latency or queue.waiting or await grants.take(INTERACTIVE) is not None:
            await queue.wait(first=True)

    def observe(self, headers: Mapping[str, str] | None, *, refused: bool = False) -> None:
        """Take note of the outcome of a call: once for each permit that was granted.

        Args:
            headers: The reply's headers under lower-case names; None when no reply came.
            refused: Whether the reply was a 5013.
        """
        now = self._clock()
        view, bucket, in_flight = self._view, self._bucket, self._in_flight
        granted_at = in_flight.popleft() if headers is not None and in_flight else now
        if in_flight:
            self._grants.expire(now)
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
        self._grants.give_back()

    def snapshot(self) -> QuotaSnapshot:
        """Return what is known of the quota now, and its source."""
        grants = self._grants
        return self._terms.snapshot(
            grants.state(self._clock()),
            next_in={lane: grants.expected(lane).seconds for lane in Lane},
            waiting={lane: len(queue) for lane, queue in self._queues.items()},
        )

    def retry_after(self) -> float | None:
        """Return the seconds for which a refusal or the server's count holds calls back."""
        return self._view.blocked_for(INTERACTIVE, self._grants.state(self._clock())) or None

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

    def _refusal(self, lane: Lane, why: str | None = None) -> QuotaWaitError:
        wait = self._grants.expected(lane)
        return QuotaWaitError(why or wait.describe(), retry_after=wait.seconds)
