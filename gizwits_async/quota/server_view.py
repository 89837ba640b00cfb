"""What the server says of the quota, and what follows from it. Pure: no clock, no I/O."""

from collections.abc import Mapping
from typing import Self

from attrs import evolve, field, frozen

from gizwits_async.options import Lane
from gizwits_async.quota.headers import Reading, read

__all__ = ["Now", "ServerView"]

_MINUTE = 1 / 60
"""Of a period: the first pause after a refusal, and the shortest time a rate is measured over."""
_LOOK = 1 / 360
"""Of a period: how soon to look again where places come back one by one."""
_SPRINT = 0.1
"""Of the mean distance between calls: how close they may follow each other in a sprint."""


@frozen(kw_only=True)
class Now:
    """Our own side of the matter at one moment."""

    time: float
    """Seconds of the quota's own clock."""
    flying: int = 0
    """Places granted whose calls the server may not have counted yet."""
    landed_by: float = 0.0
    """When the oldest of them must have been counted."""
    granted: int = 0
    """Places granted in all."""
    demand: float = 0.0
    """Interactive places a second, of late."""
    waiting: int = 0
    """Calls that wait in the bulk lane."""
    debt: bool = False
    """Whether calls went ahead of the bucket and it has not yet caught up."""
    paced_at: float = 0.0
    """When the last bulk place was granted."""


@frozen(kw_only=True)
class _Mark:
    time: float
    used: int
    """Remaining, counted downwards, less what we used ourselves: what strangers used."""


@frozen(kw_only=True)
class ServerView:
    """What is known of the server's count. It may slow calls down, or let them go ahead of time."""

    calls: int
    period: float
    pad: float
    reserve: int
    sprint: bool = True
    last: Reading = field(factory=Reading)
    """The newest reading."""
    left: int | None = None
    """Calls left by the newest reading, less what was spent unseen since; None if unknown."""
    left_at: float = 0.0
    reset_at: float | None = None
    """When the last usable Reset comes."""
    turn_at: float = 0.0
    """The same, kept from the first reading on: a window that is fixed keeps to it."""
    moving: bool = False
    """The server counts no fixed windows: its Reset moves, or passes without a new start."""
    since: float | None = None
    """When the first reading came."""
    restored: int = 0
    """How often the count was seen to start anew."""
    strangers: float = 0.0
    """Calls a second that others spend of the same quota, as far as that shows."""
    marks: tuple[_Mark, ...] = field(default=(), repr=False)
    closed_until: float | None = None
    """End of the pause after a refusal; None once a call got through again."""
    refusals: int = 0
    """Pauses in a row that ended in another refusal."""
    scars: int = 0
    """Refusals ever, those of one moment counted once: somebody else is at the same quota."""

    @property
    def longest(self) -> float:
        """Seconds; no gate is longer."""
        return self.period + self.pad

    # What is learnt.

    def observe(
        self,
        headers: Mapping[str, str] | None,
        now: Now,
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
        if view.doubtful and view.pause(now.time) == 0:
            return evolve(view, closed_until=None, refusals=0)
        return view

    def spend(self, now: float) -> Self:
        """Return the view after a call that was counted, but told us nothing."""
        if self.left is None or not self.live(now):
            return self
        return evolve(self, left=self.left - 1)

    def _learn(self, reading: Reading, now: Now) -> Self:
        new, old = reading.resets_at, self.last.resets_at
        order = 0.0 if new is None or old is None or self.left is None else new - old
        if order < 0:
            return self  # overtaken by a reply of a later window
        if reading.reset_in is None or reading.remaining is None:
            over = self.left is not None and not self.live(now.time)
            view = evolve(self, left=None) if over else self.spend(now.time)
            if reading.reset_in is None:
                return view
            return evolve(view, reset_at=now.time + reading.reset_in)
        reset_at = now.time + reading.reset_in
        if new is not None and new == old and self.reset_at is not None:
            reset_at = min(reset_at, self.reset_at)  # the reply that was fastest knows best
        view = evolve(self, reset_at=reset_at)
        turned = (
            self.left is not None
            and now.time >= self.turn_at - self.pad  # it was rounded up, and heard of late
            and reset_at > self.turn_at + self.pad
        )
        later = order > 0
        # Replies overtake each other: within one Reset the lowest count is the newest, for as
        # long as one from before it can still be on its way.
        stale = self.left is None or now.time - self.left_at > self.pad
        if not (turned or later or stale) and reading.remaining > (self.left or 0):
            return evolve(view, last=evolve(reading, remaining=self.last.remaining))
        view = evolve(view, last=reading, left=reading.remaining, left_at=now.time)
        return view._judge(self, now, turned=turned)._measure(now, turned=turned)  # noqa: SLF001

    def _judge(self, before: "ServerView", now: Now, *, turned: bool) -> Self:
        """Return the view with its opinion of how the server counts."""
        reset_at, left, limit = self.reset_at or now.time, self.left or 0, self.limit
        if before.left is None:
            since = now.time if self.since is None else self.since
            return evolve(self, turn_at=reset_at, since=since)
        if not turned:
            moved = reset_at > before.turn_at + self.pad
            return evolve(self, moving=True, turn_at=reset_at) if moved else self
        # A window that was used and comes to its end gives back what was used. A little used
        # one proves nothing.
        used = limit - before.left
        proof = used > limit // 10 and now.time - before.turn_at < self.period * _MINUTE
        moving = self.moving or (proof and left - before.left < used / 2)
        whole = not moving and left >= limit * 9 // 10
        return evolve(self, turn_at=reset_at, moving=moving, restored=self.restored + whole)

    def _measure(self, now: Now, *, turned: bool) -> Self:
        """Return the view with its opinion of what others spend."""
        if self.moving:  # what falls off the far end of the window looks like negative strangers
            return evolve(self, strangers=0.0, marks=())
        # All that is in the air may be counted already: strangers come out too few, not too many.
        mark = _Mark(time=now.time, used=-(self.left or 0) - now.granted)
        start = evolve(mark, used=mark.used + now.flying)
        if turned or not self.marks:
            return evolve(self, marks=(start,))
        if len(self.marks) == 1 or now.time - self.marks[1].time > self.period / 12:
            marks = (*self.marks[-1:], start)
        else:
            marks = self.marks
        past = now.time - marks[0].time
        if past < self.period * _MINUTE:
            return evolve(self, marks=marks)
        return evolve(self, marks=marks, strangers=max(0.0, (mark.used - marks[0].used) / past))

    def _refuse(self, now: float, granted_at: float) -> Self:
        until = self.reset_at if self.reset_at is not None and self.reset_at > now else None
        again = self.closed_until is not None and granted_at >= self.closed_until
        first = self.closed_until is None
        refusals = self.refusals + (first or again)
        scars = self.scars + (first or again)
        if until is None:
            if not (first or again):  # one of those that were under way when the pause began
                return self
            until = now + min(self.longest, self.period * _MINUTE * 2.0 ** min(refusals - 1, 32))
        until = max(until, self.closed_until or 0.0)
        return evolve(self, closed_until=until, refusals=refusals, scars=scars)

    # What follows.

    @property
    def limit(self) -> int:
        """Calls in a period: the server's word, or ours."""
        return self.calls if self.last.limit is None else self.last.limit

    def pause(self, now: float) -> float:
        """Return the seconds for which a refusal holds everybody back."""
        return 0.0 if self.closed_until is None else max(0.0, self.closed_until - now)

    @property
    def doubtful(self) -> bool:
        """Whether a pause was begun and no call has got through since: send one, not a burst."""
        return self.closed_until is not None

    def live(self, now: float) -> bool:
        """Whether the count that the server told is still the present one."""
        return self.left is not None and self.reset_at is not None and now < self.reset_at

    def headroom(self, now: Now) -> int:
        """Return the calls that are left when all that is under way has been counted."""
        return (self.left or 0) - now.flying

    @property
    def _margin(self) -> int:
        """Calls that bulk leaves in the server's count; each refusal makes it more careful."""
        return min(self.reserve * (1 + self.scars), max(self.reserve, self.limit // 20))

    def gate(self, lane: Lane, now: Now) -> float:
        """Return the seconds for which this lane must not go, whatever the bucket holds."""
        pause = self.pause(now.time)
        if pause > 0:
            return pause
        if self.doubtful:
            return max(0.0, now.landed_by - now.time) if now.flying else 0.0
        if not self.live(now.time) or self.left is None or self.reset_at is None:
            return 0.0
        bulk = lane is Lane.BULK
        # Alone we cannot run out, by the inequality; the margin is for when we are not.
        crowded = self.strangers > 0 or self.moving or now.debt
        if self.headroom(now) <= (self._margin if bulk and crowded else 0):
            if now.flying:
                return max(0.0, now.landed_by - now.time)
            if self.moving:  # places come back one by one: one call goes to look
                return max(0.0, self.left_at + self.period * _LOOK - now.time)
            return self.reset_at - now.time
        if bulk and self.strangers > 0 and not self.moving:
            return max(0.0, now.paced_at + self._distance(lane, now) - now.time)
        return 0.0

    def ahead(self, lane: Lane, now: Now) -> float | None:
        """Return how far apart, in seconds, calls may go that the bucket has no place for.

        None: not at all. Only with headers that tell of enough room, and never while in doubt.
        """
        if self.doubtful or self.left is None or self.reset_at is None:
            return None
        if not self.live(now.time):
            # The window that was used ahead of time is over: one call goes to look.
            return 0.0 if now.debt and not now.flying else None
        mean = self.period / self.calls
        room = self.headroom(now) - self._claims(lane, now)
        half = min(self.limit, self.calls) // 2
        # A backlog that no sprint can finish gains nothing, and takes from those who come later.
        short = lane is Lane.INTERACTIVE or now.waiting <= room - half
        proven = self.moving and self.since is not None and now.time > self.since + self.period
        if self.sprint and not proven and room > half and short:
            return mean * _SPRINT
        if not now.debt or room < 1:
            return None
        if self.moving:
            return mean * 2
        return max(mean * _SPRINT, self._distance(lane, now))

    def _claims(self, lane: Lane, now: Now) -> float:
        """Return the calls that others will want before the reset."""
        left = 0.0 if self.reset_at is None else self.reset_at - now.time
        if self.moving:  # what went ahead comes back a period later
            left = self.period if now.debt else 0.0
        if lane is Lane.BULK:
            return self._margin + (self.strangers + now.demand) * left
        return self.strangers * left

    def _distance(self, lane: Lane, now: Now) -> float:
        """Return the seconds between calls with which what is left lasts until the reset."""
        left = max(0.0, (self.reset_at or now.time) - now.time)
        room = self.headroom(now) - self._claims(lane, now)
        # With no room now there is some when less time is left for others to use it.
        return left / room if room >= 1 else max(left / 10, self.period * _LOOK)
