"""On which terms a call gets its permit: by the bucket, by the window, or ahead of the bucket."""

from collections.abc import Mapping
from math import ceil, inf

from attrs import evolve, frozen

from gizwits_async.options import BULK, INTERACTIVE, SPRINT, Lane, QuotaSnapshot
from gizwits_async.quota.bucket import NO_NEED, Bucket
from gizwits_async.quota.in_flight import InFlight
from gizwits_async.quota.limits import Limits
from gizwits_async.quota.local_state import LocalState
from gizwits_async.quota.server_view import ServerView
from gizwits_async.quota.waits import Wait

__all__ = ["Terms"]

_BULK_CREDIT = 2
"""Bulk calls that a process may make at once while it does not know what was spent before."""
_CREDIT_LIFE = 1 / 12
"""Of a period: when a new process has paid back its credit."""
_FLOOR = 60
"""Under endless interactive demand, bulk still gets one permit in this many."""
_FEW = 2
"""Interactive calls of two windows that are no sign of users: logins and the like."""
_SPARE = 1.25
"""Of the largest burst of interactive calls seen lately: the reserve that bulk leaves."""
_UNLIMITED = 10**9


@frozen(kw_only=True)
class Terms:
    """The rules of one quota. They look at bucket and view, and change only the bucket's rate."""

    limits: Limits
    sprint: bool
    """Whether bulk may go ahead of the bucket."""
    bucket: Bucket
    view: ServerView

    @property
    def limit(self) -> int:
        """Calls of a period: the smaller of the configured and the server's limit."""
        reported = self.view.last.limit
        return self.limits.calls if reported is None else min(self.limits.calls, reported)

    @property
    def careful(self) -> bool:
        """Whether a server refused one of our calls: it may allow no bursts."""
        return self.view.refusal_count > 0 or self.bucket.refused

    @property
    def interactive_reserve(self) -> int:
        """Calls of a window that bulk leaves to interactive ones, by those that were seen lately."""
        seen = self.bucket.interactive
        if seen.calls <= _FEW:
            return 0
        wanted = ceil(seen.burst * _SPARE + seen.rate * self.limits.period / 60)
        return min(max(self.limits.credit, wanted), self.limit // 3)

    @property
    def floor_interval(self) -> float:
        """Seconds after which bulk gets a permit however many interactive calls wait."""
        return _FLOOR / self.bucket.rate

    def bulk_due(self, now: float, waiting: int, granted_at: float) -> bool:
        """Whether bulk calls wait, and none got a permit for `floor_interval`: since `granted_at`."""
        return waiting > 0 and now >= granted_at + self.floor_interval

    def state(
        self, now: float, in_flight: InFlight, *, waiting: int, bulk_granted_at: float
    ) -> LocalState:
        """Return the state of this process; see `LocalState`."""
        bucket = self.bucket
        return LocalState(
            time=now,
            granted=bucket.granted,
            demand=bucket.interactive.rate,
            in_flight=len(in_flight),
            counted_by=in_flight.counted_by(now),
            waiting=waiting,
            reserve=self.interactive_reserve,
            covered=bucket.age >= bucket.counter.span,
            debt=bucket.permits <= -1,
            bulk_granted_at=bulk_granted_at,
        )

    def for_lane(
        self, lane: Lane, *, now: float, in_flight: int, bulk_due: bool, credit: bool = True
    ) -> tuple[float, float]:
        """Return what a permit needs: permits in the bucket, and a limit of grants in the window.

        Args:
            lane: The lane of the call.
            now: Seconds of the quota's clock.
            in_flight: Calls that the server may not have counted yet.
            bulk_due: See `bulk_due`.
            credit: Whether a new process has its credit.
        """
        # Bulk that is due goes on the terms of interactive calls, which leave one permit to it.
        if lane is INTERACTIVE and self._server_decides(now, in_flight):
            most = self.limit if self.bucket.shared else _UNLIMITED
            return NO_NEED + bulk_due, most - bulk_due
        limit, careful = self.limit, self.careful
        known = self._set_rate(limit, careful=careful)
        need = self._need(INTERACTIVE if bulk_due else lane, known=known, careful=careful)
        if need > NO_NEED and not credit:
            need = 1.0
        if lane is INTERACTIVE:
            return need + bulk_due, limit - bulk_due
        if bulk_due:
            return need, limit
        reserve = self.interactive_reserve
        if need == NO_NEED:
            need = 1.0 + self.limits.reserve
        elif need >= 1:
            # Where the window does not decide yet, a crowd has to find its permits in the bucket.
            crowd = self.bucket.burst - self.limits.burst if reserve else 0.0
            need += self.limits.reserve + max(0.0, crowd)
        return need, limit - reserve

    def _set_rate(self, limit: int, *, careful: bool) -> bool:
        """Set rate and burst of the bucket; return whether the counted window decides alone."""
        bucket, limits = self.bucket, self.limits
        counter = bucket.counter
        known = not careful and bucket.age >= counter.span
        rate = limits.calls / (counter.span + counter.slot) if known else limits.careful_rate
        rate *= limit / limits.calls
        # A server that refused a call may allow no crowd.
        bucket.burst = limits.burst + (0 if careful else limits.crowd)
        if rate != bucket.rate:
            bucket.rate = rate
        return known

    def _need(self, lane: Lane, *, known: bool, careful: bool) -> float:
        """Return the permits that the bucket must hold, the one that is taken included."""
        if known:
            return NO_NEED
        if careful:
            return 1.0
        # Borrowed from what the bucket gets in the first minutes (of bulk: seconds), and paid back
        # by their end: a new process need not wait, and restarts add nothing.
        credit, life = self._credit(lane)
        return 1.0 - max(0.0, credit * (1 - self.bucket.age / life))

    def _credit(self, lane: Lane) -> tuple[int, float]:
        """Return the calls that a new process may make at once, and the seconds to pay them back."""
        if lane is INTERACTIVE:
            return self.limits.credit, self.limits.period * _CREDIT_LIFE
        credit = min(_BULK_CREDIT, self.limits.credit)
        return credit, max(credit, 1) / self.bucket.rate

    def expected(self, lane: Lane, state: LocalState, *, ahead: int, next_ahead: float) -> Wait:
        """Return how long one more call would have to wait, and why.

        Args:
            lane: The lane of the call.
            state: The state of the process.
            ahead: Interactive calls that get their permits before it.
            next_ahead: When the next call of the lane may go ahead of the bucket.
        """
        blocked = self.view.blocked_for(lane, state)
        ahead += state.waiting if lane is BULK else 0
        bulk_due = self.bulk_due(state.time, state.waiting, state.bulk_granted_at)
        need, limit = self.for_lane(
            lane, now=state.time, in_flight=state.in_flight, bulk_due=bulk_due
        )
        wait = self.bucket.wait_for(need + ahead, limit - ahead, blocked)
        if wait > 0 and NO_NEED < need < 1:
            # The credit shrinks while the call waits; at the end of its life there is none.
            credit, life = self._credit(INTERACTIVE if bulk_due else lane)
            gain, left = self.bucket.rate - credit / life, life - self.bucket.age
            soon = wait * self.bucket.rate / gain if gain > 0 else inf
            if soon > left:
                need, limit = self.for_lane(
                    lane, now=state.time, in_flight=state.in_flight, bulk_due=bulk_due, credit=False
                )
                soon = max(left, self.bucket.wait_for(need + ahead, limit - ahead, blocked))
            wait = soon
        if lane is BULK and not bulk_due:
            wait = min(wait, self._floor(state, blocked))
        spacing = self.spacing(lane, state)
        if spacing is not None:
            # Ahead of the bucket, but not of the window: see `Grants._go_ahead`.
            early = blocked + max(0.0, next_ahead - state.time) + ahead * spacing
            wait = min(wait, max(early, self.bucket.wait_for(NO_NEED, limit - ahead, blocked)))
        return Wait(
            seconds=wait,
            refused=self.view.half_open and blocked > 0,
            used_up=blocked > 0 or self.bucket.window + ahead >= limit,
            period=self.limits.period,
        )

    def _floor(self, state: LocalState, blocked: float) -> float:
        """Return the seconds until one more bulk call gets its permit because it is due."""
        since = state.bulk_granted_at if state.waiting else state.time
        due = since + self.floor_interval * (1 + state.waiting) - state.time
        need, limit = self.for_lane(BULK, now=state.time, in_flight=state.in_flight, bulk_due=True)
        return max(due, self.bucket.wait_for(need, limit, blocked))

    def _server_decides(self, now: float, in_flight: int) -> bool:
        """Whether the server's count replaces our own."""
        bucket, view = self.bucket, self.view
        if not bucket.shared:
            return view.admits(now, in_flight)
        left = view.left if view.live(now) else bucket.left
        if left is None or self.careful:
            return False
        # Processes that share a bucket read the same count, and may go by it at the same time: only
        # where their own books do not go back far enough, and most of the quota is left.
        return bucket.age < bucket.counter.span and left - in_flight > self.limit // 2

    def spacing(self, lane: Lane, state: LocalState) -> float | None:
        """Return the seconds between calls that may go ahead of the bucket; None if none may."""
        bucket, view = self.bucket, self.view
        if not bucket.shared:
            spacing = view.spacing(lane, state)
            if spacing is not None or view.live(state.time):
                return spacing
        if lane is INTERACTIVE or not self.sprint or self.careful or state.reserve:
            return None
        # What was granted in two windows and this backlog stay within half of the limit: no server
        # that counts fixed, sliding or weighted windows can refuse them.
        room = self.limit // 2 - max(1, state.waiting)
        if room < 0 or bucket.age < 2 * bucket.counter.span or bucket.two_windows > room:
            return None
        return self.limits.period / self.limits.calls * SPRINT

    def snapshot(
        self, state: LocalState, *, next_in: Mapping[Lane, float], waiting: Mapping[Lane, int]
    ) -> QuotaSnapshot:
        """Return what is known of the quota now, and its source.

        Args:
            state: The state of the process.
            next_in: Seconds that one more call of each lane would have to wait.
            waiting: Calls that wait in each lane.
        """
        view, live, calls = self.view, self.view.live(state.time), self.limits.calls
        left = max(0, view.headroom(state) if live else calls - self.bucket.window)
        return QuotaSnapshot(
            limit=view.limit if live else calls,
            remaining=left,
            sprint=self._sprint_calls(state, left),
            resets_at=view.last.resets_at if live else None,
            period=self.limits.period,
            source="server" if live else "local",
            next_in=next_in,
            waiting=waiting,
            reserve=state.reserve,
        )

    def _sprint_calls(self, state: LocalState, remaining: int) -> int:
        """Return how many of the remaining calls bulk may make in a sprint that begins now."""
        spacing = self.spacing(BULK, evolve(state, waiting=0))
        mean = self.limits.period / self.limit
        sprints = spacing is not None and 0 < spacing <= mean * SPRINT
        return max(0, remaining - self.limit // 2) if sprints else 0
