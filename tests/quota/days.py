"""Hours of a whole service in virtual time: bulk workers, people and crowds, restarts, one server."""

import asyncio
import random
from collections.abc import Callable, Sequence

from attrs import Factory, define

from gizwits_async.errors import ClientClosedError
from gizwits_async.options import Lane
from gizwits_async.quota import HourlyQuota
from tests.doubles import now
from tests.quota.servers import KINDS, Fixed, Server

Visits = tuple[Callable[[], float], Callable[[], int]]
"""Gives the seconds until the next visit, and how many people come at once."""


class FirstCall(Fixed):
    """A window that begins with the first call after the one before it has ended."""

    start = -1e9

    def roll(self, now: float) -> float:
        if now >= self.start + self.period:
            self.start, self.count = now, 0
        return 0.0

    def reset(self, now: float) -> float:
        self.roll(now)
        return self.start + self.period


class Lockout(Fixed):
    """Fixed windows; after a refusal everything is refused for a whole period."""

    locked_until = -1.0

    def call(self, now: float) -> tuple[dict[str, str], bool]:
        if now < self.locked_until:
            self.refused += 1
            return self.headers(now), True
        headers, refused = super().call(now)
        if refused:
            self.locked_until = now + self.period
        return headers, refused


SERVERS: dict[str, Callable[[], Server]] = {**KINDS, "first call": FirstCall, "lockout": Lockout}


@define
class Day:
    """What happened at the server, and how long people waited for their permits."""

    server: Server
    quotas: list[HourlyQuota]
    mute: bool = False
    chance: random.Random = Factory(lambda: random.Random(1))
    waits: list[tuple[float, float]] = Factory(list)
    """When an interactive call was made, and the seconds it waited."""

    async def call(self, lane: Lane, process: int = 0) -> None:
        """Make one call; it is made again if the process is restarted while it waits."""
        asked = now()
        while True:
            quota = self.quotas[process]
            try:
                await quota.acquire(lane)
            except ClientClosedError:
                await asyncio.sleep(0.001)
            else:
                break
        if lane is Lane.INTERACTIVE:
            self.waits.append((asked, now() - asked))
        journey = self.chance.uniform(0.05, 2.0)
        there = self.chance.uniform(0.0, journey)
        await asyncio.sleep(there)
        headers, refused = self.server.call(now())
        await asyncio.sleep(journey - there)
        if self.quotas[process] is quota:
            quota.observe({} if self.mute else headers, refused=refused)

    def waited(self, share: float, since: float = 0.0) -> float:
        """Return the wait that this share of the interactive calls did not exceed."""
        waits = sorted(wait for asked, wait in self.waits if asked >= since)
        return waits[min(len(waits) - 1, int(len(waits) * share))]


async def day(
    kind: str,
    make: Callable[[], HourlyQuota],
    seconds: float,
    *,
    visits: Sequence[Visits] = (),
    workers: int = 8,
    processes: int = 1,
    restart: float | None = None,
    mute: bool = False,
) -> Day:
    """Let a service run for so long; `make` starts a process, and does so again at a restart."""
    found = Day(SERVERS[kind](), [make() for _ in range(processes)], mute)

    async def work(process: int) -> None:
        while True:
            await found.call(Lane.BULK, process)

    async def come(pause: Callable[[], float], people: Callable[[], int]) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                await asyncio.sleep(pause())
                for _ in range(people()):
                    group.create_task(found.call(Lane.INTERACTIVE))

    async def restarts() -> None:
        while restart is not None:
            await asyncio.sleep(restart)
            old, found.quotas[0] = found.quotas[0], make()
            await old.aclose()

    tasks = [asyncio.create_task(work(number % processes)) for number in range(workers)]
    tasks += [asyncio.create_task(come(*visit)) for visit in visits]
    tasks.append(asyncio.create_task(restarts()))
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for quota in found.quotas:
        await quota.aclose()
    return found


def every(seconds: float, people: int) -> Visits:
    """Return visits of so many people at fixed times."""
    return lambda: seconds, lambda: people


def at_random(seconds: float, most: int, seed: int = 7) -> Visits:
    """Return visits of one to `most` people at random, on average so many seconds apart."""
    chance = random.Random(seed)
    return lambda: chance.expovariate(1 / seconds), lambda: chance.randint(1, most)
