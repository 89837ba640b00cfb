"""What follows from the server's count: which calls wait, and which go ahead. Pure: no clock, no I/O."""

from attrs import define

from gizwits_async.options import BULK, INTERACTIVE, SPRINT, Lane
from gizwits_async.quota.local_state import LocalState
from gizwits_async.quota.server_count import ServerCount

__all__ = ["ServerView"]

_RECHECK = 1 / 360
"""Of a period: when to send the next call where permits come back one by one."""
_BULK_RECHECK = 1 / 60
"""The same for bulk calls beside interactive ones, whose reserve they would use up."""


@define(kw_only=True)
class ServerView(ServerCount):
    """The server's count, by which calls are blocked, or may go ahead of the bucket."""

    reserve: int
    """Calls that bulk leaves in the server's count at least."""
    sprint: bool = True
    """Whether bulk may go faster while most of a period is known to be unused."""

    @property
    def half_open(self) -> bool:
        """Whether no call has succeeded since a refusal: one is sent to try, not a burst."""
        return self.closed_until is not None

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
                pause = self.period * (_BULK_RECHECK if bulk and now.reserve else _RECHECK)
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
