"""The quota of one process: a bucket, two lanes and the server's word, put together."""

import asyncio
from collections import deque
from collections.abc import Mapping
from functools import partial
from typing import NoReturn

from gizwits_async.errors import ClientClosedError, QuotaWaitError
from gizwits_async.options import Lane, QuotaSnapshot
from gizwits_async.quota.bucket import Bucket, Ledger, fill_rate
from gizwits_async.quota.queue import Line
from gizwits_async.quota.server_view import Now, ServerView

__all__ = ["HourlyQuota", "pad_for"]

MAX_WAITING = 200_000
"""Callers a lane holds: beyond it (over two days of the default quota) a call is refused at once."""
_FLOOR = 60
"""Where interactive demand never ends, bulk still gets one place in so many."""
_MOST = 10**9
"""Of calls and seconds: more than any process makes or lives, and few enough to reckon with."""
_COUNT_LATE = 2.0
"""Seconds beyond its time-out after which a call that hung may still be counted by the server."""


def pad_for(timeout: float) -> float:
    """Return the `pad` that covers calls with this time-out: one that hangs is counted that late."""
    return max(12.0, timeout + _COUNT_LATE)


class HourlyQuota:
    """How often one may call: never refused, never idle, people before jobs.

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
    ) -> None:
        """Make a quota; it needs no event loop before the first `acquire`.

        Args:
            calls: Calls the server allows in a period.
            period: Seconds.
            burst: Calls that may go at once after a rest.
            reserve: Places of the burst that bulk calls leave to interactive ones.
            pad: Longest seconds between a place and the server's count of the call:
                `Options.timeout` and two more.
            initial: Places at the start, on account of the first that the bucket will get.
            sprint: Whether to go faster while the server says that most of the period is unused.

        Raises:
            ValueError: The numbers do not fit together; the message says why and what would.
        """
        _check(calls, period, burst=burst, reserve=reserve, pad=pad, initial=initial)
        self.calls = calls
        self.period = period
        self.reserve = reserve
        self.rate = fill_rate(calls, period, burst, pad)
        """Places a second."""
        self._pad = pad
        self._loop: asyncio.AbstractEventLoop | None = None
        self._shift = 0.0
        self._seen = 0.0
        self._advance = initial
        self._advance_until = 0.0
        self._bucket = Bucket(burst, self.rate, clock=self._now)
        self._view = ServerView(calls=calls, period=period, pad=pad, reserve=reserve, sprint=sprint)
        self._lines = {lane: self._line(lane) for lane in Lane}
        self._flying: deque[float] = deque()  # when each place without an outcome was granted
        self._ledger = Ledger(period)
        self._paced = dict.fromkeys(Lane, 0.0)
        self._bulk_served = 0.0
        self._closed = False
        self._first_places = 0.0
        # Seconds that a place may take which is there; above zero, every call goes through the
        # pump, so that a call cancelled meanwhile loses none.
        self._asking = 0.0

    async def acquire(self, lane: Lane = Lane.INTERACTIVE, max_wait: float | None = None) -> None:
        """Wait for a place, and take it. Each place wants one `observe`; a cancelled wait none.

        Args:
            lane: Which queue to stand in.
            max_wait: Seconds to wait at most; None waits as long as it takes.

        Raises:
            QuotaWaitError: The wait is known to be longer (at once), or became so; or the queue
                is full.
            ClientClosedError: The quota was closed, or serves another running event loop.
        """
        lane = Lane(lane)
        self._bind(asyncio.get_running_loop())
        line = self._lines[lane]
        if not self._asking and not line and await self._take(lane) is None:
            return
        if len(line) >= MAX_WAITING:
            raise self._refusal(lane, f"{MAX_WAITING} calls are waiting already")
        if lane is Lane.BULK and not line:
            self._bulk_served = self._now()  # nobody waited: the floor counts from here
        if max_wait is None:
            await line.wait()
            return
        if self._expected(lane) > max_wait:
            raise self._refusal(lane, f"more than {max_wait:g} s")
        limit = max(max_wait, self._asking)
        await line.wait(limit, partial(self._refusal, lane, f"more than {max_wait:g} s"))

    async def acquire_first(self) -> None:
        """Wait for an interactive place before all who wait already: for a login that they need.

        Raises:
            ClientClosedError: See `acquire`.
        """
        self._bind(asyncio.get_running_loop())
        line = self._lines[Lane.INTERACTIVE]
        if self._asking or line or await self._take(Lane.INTERACTIVE) is not None:
            await line.wait(first=True)

    def observe(self, headers: Mapping[str, str] | None, *, refused: bool = False) -> None:
        """Take in what came of a place: once for each that was granted.

        Args:
            headers: The reply's headers under lower-case names; None when no reply came.
            refused: Whether the reply was a 5013.
        """
        granted_at = now = self._now()
        if headers is not None and self._flying:
            granted_at = self._flying.popleft()
        # Without a reply the call may still be counted: it stays under way until that is over.
        restored = self._view.restored
        self._view = self._view.observe(
            headers, self._situation(now), granted_at=granted_at, refused=refused
        )
        if self._view.restored > restored and self._bucket.places < 0:
            self._bucket.put(0.0)  # what went ahead was counted in the window that is over
        self._poke()

    def snapshot(self) -> QuotaSnapshot:
        """Return what is known of the quota now, and from where."""
        now = self._situation(self._now())
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
        return self._view.gate(Lane.INTERACTIVE, self._situation(self._now())) or None

    async def aclose(self) -> None:
        """Turn all waiting calls away with `ClientClosedError`, and take no more."""
        self._closed = True
        for line in self._lines.values():
            line.close()

    def __reduce__(self) -> NoReturn:
        # The copy would count from the beginning: the same calls would be spent twice.
        raise TypeError(
            "a quota counts for one process and cannot be pickled; processes share `SharedQuota`"
        )

    def _line(self, lane: Lane) -> Line:
        return Line(partial(self._take, lane), partial(self._give_back, lane))

    def _now(self) -> float:
        if self._loop is not None and not self._loop.is_closed():
            self._seen = max(self._seen, self._loop.time() + self._shift)
        return self._seen

    def _bind(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._closed:
            raise ClientClosedError("the quota was closed")
        if self._loop is loop:
            return
        if self._loop is not None and not self._loop.is_closed():
            raise ClientClosedError(
                "this quota serves another event loop that is still open: "
                "use a client and a quota in one loop at a time"
            )
        places, seen = self._bucket.places, self._seen
        # The count goes on where it stood, or a loop a call would be a fresh start a call.
        # Loops share one clock but for virtual ones; ours must not go back.
        self._shift = max(self._shift, seen - loop.time())
        fresh, self._loop = self._loop is None, loop
        for line in self._lines.values():
            line.forget()
        self._bucket.put(self._first_places if fresh else places + (self._now() - seen) * self.rate)
        if fresh:
            self._advance_until = self._now() + self._advance / self.rate

    async def _take(self, lane: Lane) -> float | None:
        """Take a place and return None, or return the seconds after which to ask again."""
        now = self._situation(self._now())
        gate = self._view.gate(lane, now)
        if gate > 0:
            return gate
        if not (await self._bucket.take(self._need(lane) - 1) or self._borrow()):
            delay = self._go_ahead(lane, now)
            if delay is not None:
                return delay
        self._flying.append(now.time)
        self._ledger.add(lane, now.time)
        if lane is Lane.BULK:
            self._bulk_served = now.time
        return None

    def _go_ahead(self, lane: Lane, now: Now) -> float | None:
        """Take a place that the bucket does not have; else return when to ask again."""
        wait = self._bucket.wait_for(self._need(lane))
        if lane is Lane.BULK and now.time < self._bulk_due:
            wait = min(wait, self._bulk_due - now.time)
        distance = self._view.ahead(lane, now)
        if distance is None:
            return min(wait, self.period / 60) if now.debt else wait
        # In a sprint one by one; afterwards people may still come in small crowds.
        crowd = self._bucket.burst - 1 if now.debt and lane is Lane.INTERACTIVE else 0
        early = self._paced[lane] - crowd * distance - now.time
        if early > 0:
            return min(wait, early)
        self._paced[lane] = max(self._paced[lane], now.time) + distance
        self._bucket.put(self._bucket.places - 1)
        return None

    def _borrow(self) -> bool:
        # The first places of a new process are taken from those that the next seconds bring:
        # so that it need not wait, and a hundred restarts still give nothing extra.
        if self._advance <= 0 or self._now() >= self._advance_until:
            return False
        self._advance -= 1
        self._bucket.put(self._bucket.places - 1)
        return True

    def _give_back(self, lane: Lane) -> None:
        if self._flying:
            self._flying.pop()
        self._ledger.add(lane, self._now(), -1)
        self._bucket.give_back()
        self._poke()

    def _situation(self, now: float) -> Now:
        while self._flying and self._flying[0] <= now - self._pad:
            self._flying.popleft()
            self._view = self._view.spend(now)
        return Now(
            time=now,
            flying=len(self._flying),
            landed_by=self._flying[0] + self._pad if self._flying else now,
            granted=self._ledger.granted,
            demand=self._ledger.demand(now),
            waiting=len(self._lines[Lane.BULK]),
            debt=self._bucket.places <= -1,
            paced_at=self._bulk_served,
        )

    def _need(self, lane: Lane) -> int:
        """Return how many places there must be for one of this lane to be taken."""
        due = len(self._lines[Lane.BULK]) > 0 and self._now() >= self._bulk_due
        if lane is Lane.BULK:
            return 1 if due else 1 + self.reserve
        return 2 if due else 1

    @property
    def _bulk_due(self) -> float:
        return self._bulk_served + _FLOOR / self.rate

    def _expected(self, lane: Lane) -> float:
        """Return the least seconds that one more caller of this lane would have to wait."""
        now = self._situation(self._now())
        ahead = len(self._lines[Lane.INTERACTIVE])
        if lane is Lane.BULK:
            ahead += len(self._lines[Lane.BULK])
        gate = self._view.gate(lane, now)
        # A gate lets the bucket fill, but not beyond its brim.
        filled = min(self._bucket.burst, self._bucket.places + gate * self.rate)
        wait = max(0.0, (ahead + self._need(lane) - filled) / self.rate)
        distance = self._view.ahead(lane, now)
        if distance is not None:
            wait = min(wait, max(0.0, self._paced[lane] - now.time) + ahead * distance)
        return gate + wait

    def _refusal(self, lane: Lane, why: str) -> QuotaWaitError:
        wait = self._expected(lane)
        return QuotaWaitError(
            f"no place in the quota: {why}; expected in {wait:.0f} s", retry_after=wait
        )

    def _poke(self) -> None:
        for line in self._lines.values():
            line.poke()


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
        if number > _MOST:
            raise ValueError(f"{name} must be at most {_MOST:,}")
    if reserve >= burst:
        raise ValueError(
            f"reserve must be below burst, or bulk calls would never go: reserve={reserve}, "
            f"burst={burst}; reserve={burst - 1} is the most that fits"
        )
    if initial > burst:
        raise ValueError(f"initial must be at most burst, but {initial} > {burst}")
