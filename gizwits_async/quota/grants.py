"""Grants the permits of a quota: from the bucket, or ahead of it where the server's count allows."""

from functools import partial

from attrs import define, field

from gizwits_async.options import BULK, INTERACTIVE, Lane
from gizwits_async.quota.bucket import NO_NEED, Bucket
from gizwits_async.quota.in_flight import InFlight
from gizwits_async.quota.local_state import LocalState
from gizwits_async.quota.loop_clock import LoopClock
from gizwits_async.quota.queue import FairQueue
from gizwits_async.quota.server_view import ServerView
from gizwits_async.quota.terms import Terms
from gizwits_async.quota.waits import Wait

__all__ = ["Grants"]


@define(kw_only=True, eq=False)
class Grants:
    """Grants permits by the terms of a quota, at once or to the queue of a lane."""

    clock: LoopClock
    bucket: Bucket
    view: ServerView
    terms: Terms
    in_flight: InFlight
    bulk_served: float = 0.0
    """When bulk got its last permit, or began to wait for one."""
    next_ahead: dict[Lane, float] = field(factory=lambda: dict.fromkeys(Lane, 0.0))
    """When the next call of each lane may go ahead of the bucket."""
    queues: dict[Lane, FairQueue] = field(init=False)
    """The calls that wait in each lane."""

    @queues.default
    def _queues(self) -> dict[Lane, FairQueue]:
        return {lane: self._queue(lane) for lane in Lane}

    def _queue(self, lane: Lane) -> FairQueue:
        # Calls that waited were noted when they came, unless the bucket notes them itself.
        noted = lane is BULK or not self.bucket.latency
        return FairQueue(partial(self.take, lane, interactive=not noted), self.give_back)

    async def take(self, lane: Lane, *, interactive: bool = False) -> float | None:
        """Take a permit and return None, or return the seconds after which to try again."""
        now = self.clock()
        self.expire(now)
        if not self.view.roomy(len(self.in_flight)):
            blocked = self.view.blocked_for(lane, self.state(now))
            if blocked > 0:
                return blocked
        need, limit = self.terms.for_lane(
            lane, now=now, in_flight=len(self.in_flight), bulk_due=self._bulk_due(now)
        )
        if not await self.bucket.take(need, limit, interactive=interactive):
            delay = await self._go_ahead(lane, need, limit)
            if delay is not None:
                return delay
        self.in_flight.append(now)
        if lane is BULK:
            self.bulk_served = now
        return None

    def _bulk_due(self, now: float) -> bool:
        return self.terms.bulk_due(now, len(self.queues[BULK]), self.bulk_served)

    async def _go_ahead(self, lane: Lane, need: float, limit: float) -> float | None:
        """Take a permit that the bucket does not hold; else return when to try again."""
        now = self.state(self.clock())
        wait = self.bucket.wait_for(need, limit)
        due = self.bulk_served + self.terms.floor_interval
        if lane is BULK and now.time < due:
            wait = min(wait, due - now.time)
        spacing = self.terms.spacing(lane, now)
        if spacing is None:
            return min(wait, self.terms.limits.period / 60) if now.debt else wait
        # One by one in a sprint; afterwards interactive calls may still come in small bursts.
        burst = self.bucket.burst - 1 if now.debt and lane is INTERACTIVE else 0
        early = self.next_ahead[lane] - burst * spacing - now.time
        if early > 0:
            return min(wait, early)
        if not await self.bucket.take(NO_NEED, limit, interactive=False):
            return wait
        self.next_ahead[lane] = max(self.next_ahead[lane], now.time) + spacing
        return None

    def expire(self, now: float) -> None:
        """Count the calls without an outcome that the server must have counted by `now`."""
        while self.in_flight.expire(now):
            self.view.spend(now)

    def state(self, now: float) -> LocalState:
        """Return the state of this process; see `LocalState`."""
        self.expire(now)
        waiting, served = len(self.queues[BULK]), self.bulk_served
        return self.terms.state(now, self.in_flight, waiting=waiting, bulk_granted_at=served)

    def expected(self, lane: Lane) -> Wait:
        """Return how long one more caller of this lane would have to wait, and why."""
        now, ahead = self.state(self.clock()), len(self.queues[INTERACTIVE])
        return self.terms.expected(lane, now, ahead=ahead, next_ahead=self.next_ahead[lane])

    def give_back(self) -> None:
        """Take back a permit whose call was not sent."""
        self.in_flight.undo()
        self.bucket.give_back()
        for queue in self.queues.values():
            queue.wake()
