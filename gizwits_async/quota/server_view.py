"""What the server reports of the quota, and what follows from it. Pure: no clock, no I/O."""

from collections.abc import Mapping
from typing import Self

from attrs import evolve, field, frozen

from gizwits_async.options import Lane
from gizwits_async.quota.headers import Reading, read

__all__ = ["LocalState", "ServerView"]

_MINUTE = 1 / 60
"""Of a period: the first pause after a refusal, and the shortest time to measure a rate over."""
_RECHECK = 1 / 360
"""Of a period: when to send the next call where permits come back one by one."""
_SPRINT = 0.1
"""Of the mean spacing between calls: the spacing in a sprint."""


@frozen(kw_only=True)
class LocalState:
    """The state of this process at one moment."""

    time: float
    """Seconds of the quota's clock."""
    in_flight: int = 0
    """Permits granted whose calls the server may not have counted yet."""
    counted_by: float = 0.0
    """When the oldest of them must have been counted."""
    granted: int = 0
    """Permits granted since the beginning."""
    demand: float = 0.0
    """Interactive permits a second, recently."""
    waiting: int = 0
    """Calls that wait in the bulk lane."""
    debt: bool = False
    """Whether calls went ahead of the bucket, which has not caught up yet."""
    bulk_granted_at: float = 0.0
    """When the last bulk permit was granted."""


@frozen(kw_only=True)
class _Sample:
    time: float
    used: int
    """Calls that other clients used: what Remaining fell by, less our own (plus a constant)."""


@frozen(kw_only=True)
class ServerView:
    """What is known of the server's count: it may block calls, or let them go ahead of the bucket."""

    calls: int
    period: float
    pad: float
    reserve: int
    sprint: bool = True
    last: Reading = field(factory=Reading)
    """The newest reading."""
    left: int | None = None
    """Calls left by the newest reading, less those without a reading since; None if unknown."""
    left_at: float = 0.0
    reset_at: float | None = None
    """When the server's count resets, by the last usable Reset."""
    window_ends_at: float = 0.0
    """The same by the first reading of this window; in a fixed window both stay equal."""
    sliding: bool = False
    """The server does not count fixed windows: its Reset moves, or passes without a restart of the count."""
    since: float | None = None
    """When the first reading came."""
    restored: int = 0
    """How often the server's count was seen to restart."""
    other_clients_rate: float = 0.0
    """Calls a second that other clients use of the same quota, as far as measured."""
    samples: tuple[_Sample, ...] = field(default=(), repr=False)
    closed_until: float | None = None
    """End of the pause after a refusal; None once a call succeeded again."""
    refusals: int = 0
    """Pauses in a row, each of which ended in another refusal."""
    refusal_count: int = 0
    """Refusals ever, concurrent ones counted once. Above zero, other clients may use the quota."""

    @property
    def longest(self) -> float:
        """Seconds; nothing blocks calls for longer."""
        return self.period + self.pad

    # Updates.

    def observe(
        self,
        headers: Mapping[str, str] | None,
        now: LocalState,
        *,
        granted_at: float = 0.0,
        refused: bool = False,
    ) -> Self:
        """Return the view after a reply (None: none came) to a call granted at `granted_at`."""
        if headers is None:
            return self
        reading = read(headers, calls=self.calls, longest=self.longest)
        view = self._learn(reading, now)
        if refused:
            return view._refuse(now.time, granted_at)  # noqa: SLF001 - the same class
        if view.half_open and view.pause(now.time) == 0:
            return evolve(view, closed_until=None, refusals=0)
        return view

    def spend(self, now: float) -> Self:
        """Return the view after a call that was counted, but whose reply had no usable headers."""
        if self.left is None or not self.live(now):
            return self
        return evolve(self, left=self.left - 1)

    def _learn(self, reading: Reading, now: LocalState) -> Self:
        new, old = reading.resets_at, self.last.resets_at
        order = 0.0 if new is None or old is None or self.left is None else new - old
        if order < 0:
            return self  # a reply of a later window arrived before this one
        if reading.reset_in is None or reading.remaining is None:
            over = self.left is not None and not self.live(now.time)
            view = evolve(self, left=None) if over else self.spend(now.time)
            if reading.reset_in is None:
                return view
            return evolve(view, reset_at=now.time + reading.reset_in)
        reset_at = now.time + reading.reset_in
        if new is not None and new == old and self.reset_at is not None:
            reset_at = min(reset_at, self.reset_at)  # the fastest reply is the most exact
        view = evolve(self, reset_at=reset_at)
        turned = (
            self.left is not None
            and now.time >= self.window_ends_at - self.pad  # Reset is rounded up, and arrives late
            and reset_at > self.window_ends_at + self.pad
        )
        later = order > 0
        # Replies overtake each other: within one Reset the lowest count is the newest, as long as
        # an older reply can still be on its way.
        stale = self.left is None or now.time - self.left_at > self.pad
        if not (turned or later or stale) and reading.remaining > (self.left or 0):
            return evolve(view, last=evolve(reading, remaining=self.last.remaining))
        view = evolve(view, last=reading, left=reading.remaining, left_at=now.time)
        return view._judge(self, now, turned=turned)._measure(now, turned=turned)  # noqa: SLF001

    def _judge(self, before: "ServerView", now: LocalState, *, turned: bool) -> Self:
        """Return the view with an updated judgement of how the server counts."""
        reset_at, left, limit = self.reset_at or now.time, self.left or 0, self.limit
        if before.left is None:
            since = now.time if self.since is None else self.since
            return evolve(self, window_ends_at=reset_at, since=since)
        if not turned:
            moved = reset_at > before.window_ends_at + self.pad
            return evolve(self, sliding=True, window_ends_at=reset_at) if moved else self
        # At the end of a fixed window all of its calls are free again. One that was hardly used
        # proves nothing.
        used = limit - before.left
        proof = used > limit // 10 and now.time - before.window_ends_at < self.period * _MINUTE
        sliding = self.sliding or (proof and left - before.left < used / 2)
        whole = not sliding and left >= limit * 9 // 10
        return evolve(
            self, window_ends_at=reset_at, sliding=sliding, restored=self.restored + whole
        )

    def _measure(self, now: LocalState, *, turned: bool) -> Self:
        """Return the view with an updated rate of other clients."""
        if self.sliding:  # calls that leave the window would look like a negative rate
            return evolve(self, other_clients_rate=0.0, samples=())
        # Calls in flight may be counted already: the rate comes out too low, never too high.
        mark = _Sample(time=now.time, used=-(self.left or 0) - now.granted)
        start = evolve(mark, used=mark.used + now.in_flight)
        if turned or not self.samples:
            return evolve(self, samples=(start,))
        if len(self.samples) == 1 or now.time - self.samples[1].time > self.period / 12:
            samples = (*self.samples[-1:], start)
        else:
            samples = self.samples
        past = now.time - samples[0].time
        if past < self.period * _MINUTE:
            return evolve(self, samples=samples)
        return evolve(
            self, samples=samples, other_clients_rate=max(0.0, (mark.used - samples[0].used) / past)
        )

    def _refuse(self, now: float, granted_at: float) -> Self:
        until = self.reset_at if self.reset_at is not None and self.reset_at > now else None
        again = self.closed_until is not None and granted_at >= self.closed_until
        first = self.closed_until is None
        refusals = self.refusals + (first or again)
        refusal_count = self.refusal_count + (first or again)
        if until is None:
            if not (first or again):  # it was already in flight when the pause began
                return self
            until = now + min(self.longest, self.period * _MINUTE * 2.0 ** min(refusals - 1, 32))
        until = max(until, self.closed_until or 0.0)
        return evolve(self, closed_until=until, refusals=refusals, refusal_count=refusal_count)

    # Conclusions.

    @property
    def limit(self) -> int:
        """Calls in a period: as the server reports, or as configured."""
        return self.calls if self.last.limit is None else self.last.limit

    def pause(self, now: float) -> float:
        """Return the seconds for which a refusal blocks both lanes."""
        return 0.0 if self.closed_until is None else max(0.0, self.closed_until - now)

    @property
    def half_open(self) -> bool:
        """Whether no call has succeeded since a refusal: one is sent to try, not a burst."""
        return self.closed_until is not None

    def live(self, now: float) -> bool:
        """Whether the count that the server reported is still current."""
        return self.left is not None and self.reset_at is not None and now < self.reset_at

    def headroom(self, now: LocalState) -> int:
        """Return the calls that are left when all calls in flight have been counted."""
        return (self.left or 0) - now.in_flight

    @property
    def _margin(self) -> int:
        """Calls that bulk leaves in the server's count; more after each refusal."""
        return min(self.reserve * (1 + self.refusal_count), max(self.reserve, self.limit // 20))

    def blocked_for(self, lane: Lane, now: LocalState) -> float:
        """Return the seconds for which this lane is blocked, whatever the bucket holds."""
        pause = self.pause(now.time)
        if pause > 0:
            return pause
        if self.half_open:
            return max(0.0, now.counted_by - now.time) if now.in_flight else 0.0
        if not self.live(now.time) or self.left is None or self.reset_at is None:
            return 0.0
        bulk = lane is Lane.BULK
        # Without other clients the bucket keeps us below the limit, and no margin is needed.
        crowded = self.other_clients_rate > 0 or self.sliding or now.debt
        if self.headroom(now) <= (self._margin if bulk and crowded else 0):
            if now.in_flight:
                return max(0.0, now.counted_by - now.time)
            if self.sliding:  # permits come back one by one: one call is sent to check
                return max(0.0, self.left_at + self.period * _RECHECK - now.time)
            return self.reset_at - now.time
        if bulk and self.other_clients_rate > 0 and not self.sliding:
            return max(0.0, now.bulk_granted_at + self._spacing_until_reset(lane, now) - now.time)
        return 0.0

    def spacing(self, lane: Lane, now: LocalState) -> float | None:
        """Return the seconds between calls that may go ahead of the bucket; None if none may.

        Only where headers report enough room, and never while half open.
        """
        if self.half_open or self.left is None or self.reset_at is None:
            return None
        if not self.live(now.time):
            # The window in which calls went ahead is over: one call is sent to check.
            return 0.0 if now.debt and not now.in_flight else None
        mean = self.period / self.calls
        room = self.headroom(now) - self._claims(lane, now)
        half = min(self.limit, self.calls) // 2
        # A backlog that a sprint cannot finish gains nothing from it, and would take later calls' room.
        short = lane is Lane.INTERACTIVE or now.waiting <= room - half
        proven = self.sliding and self.since is not None and now.time > self.since + self.period
        if self.sprint and not proven and room > half and short:
            return mean * _SPRINT
        if not now.debt or room < 1:
            return None
        if self.sliding:
            return mean * 2
        return max(mean * _SPRINT, self._spacing_until_reset(lane, now))

    def _claims(self, lane: Lane, now: LocalState) -> float:
        """Return the calls that other clients and lanes will need before the reset."""
        left = 0.0 if self.reset_at is None else self.reset_at - now.time
        if self.sliding:  # permits of calls that went ahead come back a period later
            left = self.period if now.debt else 0.0
        if lane is Lane.BULK:
            return self._margin + (self.other_clients_rate + now.demand) * left
        return self.other_clients_rate * left

    def _spacing_until_reset(self, lane: Lane, now: LocalState) -> float:
        """Return the spacing in seconds with which the remaining calls last until the reset."""
        left = max(0.0, (self.reset_at or now.time) - now.time)
        room = self.headroom(now) - self._claims(lane, now)
        # With no room now, some appears as the time in which others could use it gets shorter.
        return left / room if room >= 1 else max(left / 10, self.period * _RECHECK)
