"""What the server reports of the quota, and what follows from it. Pure: no clock, no I/O."""

from collections.abc import Mapping
from math import inf

from attrs import define, evolve, field, frozen

from gizwits_async.options import BULK, INTERACTIVE, SPRINT, Lane
from gizwits_async.quota.headers import Reading, read
from gizwits_async.quota.local_state import LocalState

__all__ = ["ServerView"]

_SECOND = 1 / 3600
"""Of a period: the shortest time between two measurements of other clients."""
_MINUTE = 1 / 60
"""Of a period: the first pause after a refusal, and the shortest time to measure a rate over."""
_RECHECK = 1 / 360
"""Of a period: when to send the next call where permits come back one by one."""


@frozen(kw_only=True)
class _Sample:
    time: float
    used: int
    """Calls that other clients used: what Remaining fell by, less our own (plus a constant)."""


@define(kw_only=True)
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
    measure_at: float = 0.0
    """When to measure that rate again; never where the server's window slides."""
    closed_until: float | None = None
    """End of the pause after a refusal; None once a call succeeded again."""
    refusals: int = 0
    """Pauses in a row, each of which ended in another refusal."""
    refusal_count: int = 0
    """Refusals ever, concurrent ones counted once. Above zero, other clients may use the quota."""

    # Updates.

    def observe(
        self,
        headers: Mapping[str, str] | None,
        now: float,
        *,
        granted_at: float = 0.0,
        refused: bool = False,
    ) -> bool:
        """Learn from a reply (None: none came) to a call granted at `granted_at`.

        Return whether it is time to `measure`.
        """
        if headers is None:
            return False
        reading, remaining = read(
            headers, self.last, calls=self.calls, longest=self.period + self.pad
        )
        before, newest = self.left, True
        if (
            reading is self.last
            and before is not None
            and remaining is not None
            and remaining <= before
        ):
            self.left, self.left_at = remaining, now  # all else is as in the reply before
        else:
            newest = self._learn(reading, remaining, now)
        if refused:
            self._refuse(now, granted_at)
        elif self.closed_until is not None and self.pause(now) == 0:
            self.closed_until, self.refusals = None, 0
        return newest and now >= self.measure_at

    def spend(self, now: float) -> None:
        """Count a call that the server counted, but whose reply had no usable headers."""
        if self.left is not None and self.live(now):
            self.left -= 1

    def _learn(self, reading: Reading, remaining: int | None, now: float) -> bool:
        """Take over a reading; return False if it is incomplete, or older than the last one."""
        before = self.left
        new, old = reading.resets_at, self.last.resets_at
        order = 0.0 if new is None or old is None or before is None else new - old
        if order < 0:
            return False  # a reply of a later window arrived before this one
        if reading.reset_in is None or remaining is None:
            if before is not None and not self.live(now):
                self.left = None
            self.spend(now)
            if reading.reset_in is not None:
                self.reset_at = now + reading.reset_in
                self.last = evolve(self.last, texts=())  # so that the next reply corrects it
            return False
        reset_at, known = now + reading.reset_in, self.reset_at
        if known is not None and known < reset_at and new is not None and new == old:
            reset_at = known  # the fastest reply is the most exact
        self.reset_at = reset_at
        moved = before is None or reset_at > self.window_ends_at + self.pad
        # Reset is rounded up, and arrives late.
        restarted = moved and before is not None and now >= self.window_ends_at - self.pad
        # Replies overtake each other: within one Reset the lowest count is the newest, as long as
        # an older reply can still be on its way.
        newest = restarted or order > 0 or now - self.left_at > self.pad
        if before is not None and remaining > before and not newest:
            return False
        self.left, self.left_at, self.last = remaining, now, reading
        if moved:
            self._judge(before, reset_at, now, restarted=restarted)
        return True

    def _judge(self, before: int | None, reset_at: float, now: float, *, restarted: bool) -> None:
        """Judge how the server counts by a Reset that moved; `before` calls were left until then."""
        ended, self.window_ends_at = self.window_ends_at, reset_at
        if before is None:
            self.since = now if self.since is None else self.since
            return
        if not restarted:
            self._slide()
            return
        # At the end of a fixed window all of its calls are free again. One that was hardly used
        # proves nothing.
        left = self.left or 0
        used = self.limit - before
        proof = used > self.limit // 10 and now - ended < self.period * _MINUTE
        if proof and left - before < used / 2:
            self._slide()
        if not self.sliding:
            self.restored += left >= self.limit * 9 // 10
            self.samples, self.measure_at = (), now

    def _slide(self) -> None:
        # Calls that leave a sliding window would look like a negative rate of other clients.
        self.sliding, self.other_clients_rate, self.measure_at = True, 0.0, inf

    def measure(self, now: float, *, in_flight: int, granted: int) -> None:
        """Measure what other clients use, by the newest reading; see `LocalState`."""
        self.measure_at = now + self.period * _SECOND
        # Calls in flight may be counted already: the rate is never too high.
        used = -(self.left or 0) - granted
        start = _Sample(time=now, used=used + in_flight)
        if not self.samples:
            self.samples = (start,)
        elif len(self.samples) == 1 or now - self.samples[1].time > self.period / 12:
            self.samples = (*self.samples[-1:], start)
        past = now - self.samples[0].time
        if past >= self.period * _MINUTE:
            self.other_clients_rate = max(0.0, (used - self.samples[0].used) / past)

    def _refuse(self, now: float, granted_at: float) -> None:
        until = self.reset_at if self.reset_at is not None and self.reset_at > now else None
        new = self.closed_until is None or granted_at >= self.closed_until
        refusals = self.refusals + new
        if until is None:
            if not new:  # it was already in flight when the pause began
                return
            longest = self.period + self.pad  # Nothing blocks calls for longer.
            until = now + min(longest, self.period * _MINUTE * 2.0 ** min(refusals - 1, 32))
        self.closed_until = max(until, self.closed_until or 0.0)
        self.refusals = refusals
        self.refusal_count += new

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

    def admits(self, now: float, in_flight: int) -> bool:
        """Whether the server's count alone lets an interactive call go: then nothing blocks it."""
        left, reset_at = self.left, self.reset_at
        return (
            left is not None
            and reset_at is not None
            and now < reset_at
            and left > in_flight
            and self.refusal_count == 0
        )

    def headroom(self, now: LocalState) -> int:
        """Return the calls that are left when all calls in flight have been counted."""
        return (self.left or 0) - now.in_flight

    def _margin(self, reserve: int) -> int:
        """Calls that bulk leaves in the server's count; more after each refusal."""
        careful = min(self.reserve * (1 + self.refusal_count), max(self.reserve, self.limit // 20))
        return max(reserve, careful)

    def roomy(self, in_flight: int) -> bool:
        """Whether no lane can be blocked: no pause, and far more is left than any margin."""
        if self.closed_until is not None:
            return False
        left = self.left
        return left is None or (
            self.other_clients_rate == 0 and not self.sliding and left - in_flight > self.limit // 3
        )

    def blocked_for(self, lane: Lane, now: LocalState) -> float:
        """Return the seconds for which this lane is blocked, whatever the bucket holds."""
        if pause := self.pause(now.time):
            return pause
        if self.half_open:
            return max(0.0, now.counted_by - now.time) if now.in_flight else 0.0
        if not self.live(now.time) or self.left is None or self.reset_at is None:
            return 0.0
        bulk = lane is BULK
        # A lone client with bulk calls only stays below the limit by its bucket, without a margin.
        crowded = self.other_clients_rate > 0 or self.sliding or now.debt or now.reserve > 0
        if self.headroom(now) <= (self._margin(now.reserve) if bulk and crowded else 0):
            if now.in_flight:
                return max(0.0, now.counted_by - now.time)
            if self.sliding:  # permits come back one by one: one call is sent to check
                # Seldom by bulk, which would use up the reserve.
                pause = self.period * (_MINUTE if bulk and now.reserve else _RECHECK)
                return max(0.0, self.left_at + pause - now.time)
            return self.reset_at - now.time
        paced = self.other_clients_rate > 0 or (now.reserve > 0 and not now.covered)
        if bulk and paced and not self.sliding:
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
        mean = self.period / min(self.limit, self.calls)
        room = self.headroom(now) - self._claims(lane, now)
        half = min(self.limit, self.calls) // 2
        # A backlog that a sprint cannot finish would take later calls' room. None beside users.
        short = lane is INTERACTIVE or (now.waiting <= room - half and not now.reserve)
        proven = self.sliding and self.since is not None and now.time > self.since + self.period
        if self.sprint and not proven and room > half and short:
            return mean * SPRINT
        if not now.debt or room < 1:
            return None
        if self.sliding:
            return mean * 2
        return max(mean * SPRINT, self._spacing_until_reset(lane, now))

    def _claims(self, lane: Lane, now: LocalState) -> float:
        """Return the calls that other clients and lanes will need before the reset."""
        left = 0.0 if self.reset_at is None else self.reset_at - now.time
        if self.sliding:  # permits of calls that went ahead come back a period later
            left = self.period if now.debt else 0.0
        if lane is BULK:
            return self._margin(now.reserve) + (self.other_clients_rate + now.demand) * left
        return self.other_clients_rate * left

    def _spacing_until_reset(self, lane: Lane, now: LocalState) -> float:
        """Return the spacing in seconds with which the remaining calls last until the reset."""
        left = max(0.0, (self.reset_at or now.time) - now.time)
        room = self.headroom(now) - self._claims(lane, now)
        # With no room now, some appears as the time in which others could use it gets shorter.
        return left / room if room >= 1 else max(left / 10, self.period * _RECHECK)
