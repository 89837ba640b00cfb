"""Seven kinds of server that count calls, and a world in which callers meet one of them."""

import asyncio
import random
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from email.utils import formatdate
from math import inf

from attrs import Factory, define

from gizwits_async.options import Lane

EPOCH = 1_800_000_000.0


class Server(ABC):
    """Counts calls and refuses those beyond the limit; all times in seconds of the loop."""

    def __init__(self, limit: int = 3600, period: float = 3600.0, anchor: float = 0.0) -> None:
        self.limit, self.period, self.anchor = limit, period, anchor
        self.clock = EPOCH
        self.refused = self.counted = 0

    @abstractmethod
    def used(self, now: float) -> float:
        """Return how much of the limit is used."""

    @abstractmethod
    def charge(self, now: float) -> None:
        """Count one call."""

    @abstractmethod
    def reset(self, now: float) -> float:
        """Return when the server would say that it starts anew."""

    def call(self, now: float) -> tuple[dict[str, str], bool]:
        """Return the headers, and whether the call was refused."""
        refused = self.used(now) + 1 > self.limit
        if refused:
            self.refused += 1
        else:
            self.charge(now)
            self.counted += 1
        return self.headers(now), refused

    def headers(self, now: float) -> dict[str, str]:
        """Return what the server says now."""
        return {
            "date": formatdate(self.clock + now, usegmt=True),
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(max(0, int(self.limit - self.used(now)))),
            "x-ratelimit-reset": str(int(self.clock + self.reset(now))),
        }


class Fixed(Server):
    """A count that starts anew at each multiple of the period after the anchor."""

    index = -1
    count = before = 0

    def roll(self, now: float) -> float:
        """Open the window of `now`, and return how much of it has passed."""
        position = (now - self.anchor) / self.period
        index = int(position // 1)
        if index > self.index:
            self.before = self.count if index == self.index + 1 else 0
            self.index, self.count = index, 0
        return position - index

    def used(self, now):
        self.roll(now)
        return self.count

    def charge(self, now):
        self.roll(now)
        self.count += 1

    def reset(self, now):
        self.roll(now)
        return self.anchor + (self.index + 1) * self.period


class Weighted(Fixed):
    """Two windows, the former by the part of it that is not yet an hour old."""

    def used(self, now):
        passed = self.roll(now)
        return self.count + self.before * (1 - passed)


class Sliding(Server):
    """A log of the calls of the last period; Reset is when the oldest falls out."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.log: deque[float] = deque()

    def used(self, now):
        while self.log and self.log[0] <= now - self.period:
            self.log.popleft()
        return len(self.log)

    def charge(self, now):
        self.log.append(now)

    def reset(self, now):
        return (self.log[0] if self.log else now) + self.period


class SlidingLater(Sliding):
    """A log whose Reset is always a whole period away."""

    def reset(self, now):
        return now + self.period


class Tokens(Server):
    """A token bucket of the whole limit; Reset is when it would be full."""

    level = 0.0
    at = 0.0

    def used(self, now):
        self.level = max(0.0, self.level - (now - self.at) * self.limit / self.period)
        self.at = now
        return self.level

    def charge(self, now):
        self.used(now)
        self.level += 1

    def reset(self, now):
        return now + self.used(now) * self.period / self.limit


KINDS: Mapping[str, Callable[..., Server]] = {
    "fixed, from 0": Fixed,
    "fixed, from mid-hour": lambda limit=3600, period=3600.0: Fixed(limit, period, -period * 0.37),
    "sliding, oldest": Sliding,
    "sliding, now + hour": SlidingLater,
    "weighted, from 0": Weighted,
    "weighted, from mid-hour": lambda limit=3600, period=3600.0: Weighted(
        limit, period, -period * 0.37
    ),
    "token bucket": Tokens,
}


@define
class World:
    """Callers, latencies and a server, in one loop."""

    acquire: Callable[[Lane], Awaitable[None]]
    observe: Callable[[Mapping[str, str] | None, bool], None]
    server: Server
    chance: random.Random = Factory(lambda: random.Random(1))
    latency: tuple[float, float] = (0.05, 2.0)
    mute: bool = False
    """Whether the server sends no headers of the quota."""
    waits: dict[Lane, list[float]] = Factory(lambda: {lane: [] for lane in Lane})
    ends: list[float] = Factory(list)
    in_flight: int = 0
    in_flight_at_refusal: int = 0
    """Calls in flight when the first refusal of a period was heard of."""
    refused_at: float = -inf

    async def call(self, lane: Lane = Lane.INTERACTIVE) -> None:
        """Make one call: wait for a permit, travel, be counted, come back."""
        loop = asyncio.get_running_loop()
        asked = loop.time()
        await self.acquire(lane)
        self.waits[lane].append(loop.time() - asked)
        self.in_flight += 1
        try:
            await self.travel()
        finally:
            self.in_flight -= 1

    async def travel(self) -> None:
        """Be counted after a part of the journey, and observed at its end."""
        loop = asyncio.get_running_loop()
        journey = self.chance.uniform(*self.latency)
        there = self.chance.uniform(0, journey)
        await asyncio.sleep(there)
        headers, refused = self.server.call(loop.time())
        await asyncio.sleep(journey - there)
        if refused and loop.time() > self.refused_at + self.server.period:
            self.refused_at = loop.time()
            self.in_flight_at_refusal += self.in_flight
        self.observe({} if self.mute else headers, refused)
        self.ends.append(loop.time())

    async def bulk(self, calls: int) -> None:
        """Let `calls` callers wait in the bulk lane at once."""
        async with asyncio.TaskGroup() as group:
            for _ in range(calls):
                group.create_task(self.call(Lane.BULK))

    async def people(self, moments: Iterable[tuple[float, int]]) -> None:
        """Make bursts of interactive calls: pairs of (pause before, calls)."""
        async with asyncio.TaskGroup() as group:
            for pause, burst in moments:
                await asyncio.sleep(pause)
                for _ in range(burst):
                    group.create_task(self.call())


def crowd(chance: random.Random, seconds: float) -> list[tuple[float, int]]:
    """Return interactive demand of about 0.1 a second, single calls and bursts of up to 12."""
    moments, total = [], 0.0
    while total < seconds:
        pause = chance.expovariate(1 / 20)
        total += pause
        moments.append((pause, 1 if chance.random() < 0.85 else chance.randint(2, 12)))
    return moments
