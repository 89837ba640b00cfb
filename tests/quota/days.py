"""Hours of a whole service in virtual time: bulk workers, people and crowds, restarts, one server.

`test_days.py` checks what happens in them, and `benchmarks/bench_days.py` prints it.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from attrs import Factory, define

from gizwits_async.errors import ClientClosedError
from gizwits_async.options import Lane
from gizwits_async.quota import HourlyQuota, SharedQuota
from tests.doubles import now
from tests.quota.servers import KINDS, Fixed, Server

HOUR = 3600.0
FAIR = [kind for kind in KINDS if not kind.startswith("weighted")]
"""Servers that refuse nobody who keeps to the limit in any window."""
HONEST = [*(kind for kind in FAIR if kind != "token bucket"), "first call", "lockout"]
"""Servers with rate headers that mean what they say."""
Memory = Literal["lasting", "state", "none"]
"""Whether a process lasts, is restarted with the state of the one before, or without it."""
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


SERVERS: dict[str, Callable[..., Server]] = {**KINDS, "first call": FirstCall, "lockout": Lockout}


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
    limit: int = 3600,
) -> Day:
    """Let a service run for so long; `make` starts a process, and does so again at a restart."""
    found = Day(SERVERS[kind](limit), [make() for _ in range(processes)], mute)

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


def of_file(folder: Path) -> SharedQuota:
    """Return the quota in a file of this folder, on the clock of the virtual loop."""
    return SharedQuota.from_url(f"file://{folder}/quota", "eid", monotonic=now)


async def at_once(kind: str, quota: HourlyQuota, calls: int, *, mute: bool) -> Day:
    """Make interactive calls at once, in a new process."""
    found = Day(SERVERS[kind](), [quota], mute)
    await asyncio.gather(*(found.call(Lane.INTERACTIVE) for _ in range(calls)))
    return found


async def crowds(kind: str, *, mute: bool) -> Day:
    """Let crowds of 200 come every ten minutes beside a full bulk lane."""
    return await day(kind, HourlyQuota, 2.2 * HOUR, visits=[every(600, 200)], mute=mute)


async def whatever_comes(kind: str, memory: Memory, hours: float, folder: Path) -> Day:
    """Bulk, crowds of 1 to 300 at random, restarts every 15 minutes; no headers."""
    make = (lambda: of_file(folder)) if memory == "state" else HourlyQuota
    restart = None if memory == "lasting" else 900
    visits = [at_random(600, 300)]
    return await day(kind, make, hours * HOUR, visits=visits, restart=restart, mute=True)


async def honest_headers(kind: str, restart: float | None, limit: int = 3600) -> Day:
    """Eight bulk workers, a person every 30 s, twelve every 10 minutes, restarts."""
    hours = 4 if restart is None or restart > 900 else 2
    visits = [every(30, 1), every(600, 12)]
    seconds = hours * HOUR
    return await day(kind, HourlyQuota, seconds, visits=visits, restart=restart, limit=limit)


async def busy_people(kind: str, *, mute: bool) -> Day:
    """People at 0.67 calls a second beside a scan, and a crowd of 100 every ten minutes."""
    visits = [at_random(1.5, 1), every(600, 100)]
    return await day(kind, HourlyQuota, 4 * HOUR, visits=visits, mute=mute)


async def on_one_file(kind: str, calls: int, processes: int, folder: Path) -> tuple[int, float]:
    """Return the refusals of bulk calls of processes that share a file, and the use of the quota."""
    quotas = [of_file(folder) for _ in range(processes)]
    found = Day(SERVERS[kind](), list(quotas), mute=True)
    await asyncio.gather(*(found.call(Lane.BULK, number % processes) for number in range(calls)))
    for quota in quotas:
        await quota.aclose()
    return found.server.refused, calls / now()
