"""What the server reports of the quota, learned from its replies. Pure: no clock, no I/O."""

from collections.abc import Mapping
from math import inf

from attrs import define, evolve, field, frozen

from gizwits_async.quota.headers import Reading, read

__all__ = ["ServerCount"]

_SECOND = 1 / 3600
"""Of a period: the shortest time between two measurements of other clients."""
_MINUTE = 1 / 60
"""Of a period: the first pause after a refusal, and the shortest time to measure a rate over."""


@frozen(kw_only=True)
class _Sample:
    time: float
    used: int
    """Calls that other clients used: what Remaining fell by, less our own (plus a constant)."""


@define(kw_only=True)
class ServerCount:
    """What is known of the server's count of calls; see `ServerView` for what follows from it."""

    calls: int
    """Calls in a period, as configured."""
    period: float
    """Seconds."""
    pad: float
    """Longest time in seconds between a permit and the server's count of the call."""
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

    @property
    def limit(self) -> int:
        """Calls in a period: as the server reports, or as configured."""
        return self.calls if self.last.limit is None else self.last.limit

    def live(self, now: float) -> bool:
        """Whether the count that the server reported is still current."""
        return self.left is not None and self.reset_at is not None and now < self.reset_at

    def pause(self, now: float) -> float:
        """Return the seconds for which a refusal blocks both lanes."""
        return 0.0 if self.closed_until is None else max(0.0, self.closed_until - now)

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
            and reading.resets_at is not None  # else its Reset counts from this reply
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
