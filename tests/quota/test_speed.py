"""No time is wasted: steady use, short jobs, people behind a backlog, the cost of waiting."""

import asyncio
import random
import tracemalloc

import pytest

from gizwits_async.options import Lane
from gizwits_async.quota import HourlyQuota
from tests.doubles import now, virtually
from tests.quota.servers import EPOCH, KINDS, World, crowd


def world(quota: HourlyQuota, kind: str, **settings: object) -> World:
    """Return callers of `quota` at a server of that kind."""
    return World(
        quota.acquire,
        lambda headers, refused: quota.observe(headers, refused=refused),
        KINDS[kind](),
        **settings,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("kind", list(KINDS))
def test_people_and_jobs_at_every_server(kind):
    """More than an hour of backlog and people: no refusal, 95 % used, people wait < 4 s."""

    async def main():
        meeting = world(HourlyQuota(), kind, latency=(0.0, 10.0))
        people = asyncio.create_task(meeting.people(crowd(random.Random(2), 3500)))
        await asyncio.sleep(0)
        await meeting.bulk(4000)
        end = now()
        await people
        waits = sorted(meeting.waits[Lane.INTERACTIVE])
        used = sum(time <= end for time in meeting.ends)
        return (
            meeting.server.refused,
            used / (end - 19 - 10),
            waits[len(waits) * 99 // 100],
            waits[-1],
        )

    refused, use, p99, worst = virtually(main())
    assert refused == 0
    assert use >= 0.95  # the first hour, and a reserve for the people that were seen
    assert p99 < 3
    assert worst < 4


def test_twenty_thousand_calls_use_the_quota():
    """Bulk alone uses 98.5 % of the quota, its first hour of 95 % included."""

    async def main():
        quota = HourlyQuota()
        await asyncio.gather(*(quota.acquire(Lane.BULK) for _ in range(20_000)))
        return 20_000 / now()

    assert virtually(main()) >= 0.985


@pytest.mark.parametrize(
    ("kind", "lane"), [*((kind, Lane.BULK) for kind in KINDS), ("fixed, from 0", Lane.INTERACTIVE)]
)
def test_a_short_job_sprints_where_headers_allow_it(kind, lane):
    """500 calls of a fresh hour end in a minute with headers, in 546 without."""

    async def main(*, mute: bool) -> tuple[float, int]:
        meeting = world(HourlyQuota(), kind, mute=mute)
        await asyncio.gather(*(meeting.call(lane) for _ in range(500)))
        return now(), meeting.server.refused

    assert virtually(main(mute=False)) < (60, 0)
    slow, refused = virtually(main(mute=True))
    assert 505 < slow < 560
    assert refused == 0


@pytest.mark.parametrize("calls", [100, 700, 1000])
def test_the_time_of_a_job_is_known_before_it(calls):
    """A fresh quota tells within a tenth how long the eight workers of a scan take."""

    async def main() -> tuple[float, float]:
        quota = HourlyQuota(900, 900.0)
        meeting = world(quota, "fixed, from 0", latency=(0.05, 0.4))
        meeting.server = KINDS["fixed, from mid-hour"](900, 900.0)
        left = iter(range(calls))

        async def work() -> None:
            for _ in left:
                await meeting.call(Lane.BULK)

        await meeting.call()
        said, start = quota.snapshot().seconds_for(calls, EPOCH + now()), now()
        await asyncio.gather(*(work() for _ in range(8)))
        return said, now() - start

    said, took = virtually(main())
    assert said == pytest.approx(took, rel=0.1)


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_short_job_sprints_where_the_books_allow_it(kind):
    """500 calls end in a minute without headers if nothing was spent in the last two hours."""

    async def main() -> tuple[float, int]:
        meeting = world(HourlyQuota(spent=0), kind, mute=True)
        await asyncio.gather(*(meeting.call(Lane.BULK) for _ in range(500)))
        return now(), meeting.server.refused

    assert virtually(main()) < (60, 0)


@pytest.mark.parametrize(
    "kind", ["fixed, from mid-hour", "sliding, now + hour", "weighted, from 0"]
)
def test_a_sprinting_scan_leaves_room_for_people(kind):
    """Eight workers that sprint through an hour and more: no refusal, people wait < 4 s."""

    async def main():
        meeting = world(HourlyQuota(), kind)
        left = iter(range(4200))

        async def worker() -> None:
            for _ in left:
                await meeting.call(Lane.BULK)

        people = asyncio.create_task(meeting.people(crowd(random.Random(3), 5000)))
        await asyncio.gather(*(worker() for _ in range(8)))
        end = now()
        people.cancel()
        return meeting.server.refused, end, max(meeting.waits[Lane.INTERACTIVE])

    refused, end, worst = virtually(main())
    assert refused == 0
    assert end < 4200 / 0.85  # people take their part
    assert worst < 4


def test_strangers_on_a_fixed_window_cost_no_refusal():
    """Others spend 0.3 a second of the same quota: bulk slows down for them and for people."""

    async def main():
        meeting = world(HourlyQuota(), "fixed, from mid-hour")
        chance = random.Random(4)

        async def other_clients_rate() -> None:
            while True:
                await asyncio.sleep(chance.expovariate(0.3))
                refused = meeting.server.refused
                meeting.server.call(now())
                meeting.server.refused = refused

        others = asyncio.create_task(other_clients_rate())
        people = asyncio.create_task(meeting.people(crowd(random.Random(5), 9000)))
        await meeting.bulk(4500)
        others.cancel()
        people.cancel()
        return meeting.server.refused, max(meeting.waits[Lane.INTERACTIVE])

    refused, worst = virtually(main())
    assert refused == 0
    assert worst < 4


def test_people_do_not_wait_behind_a_hundred_thousand():
    """A backlog of 100,000 delays nobody while permits are free; a waiter costs under 5 kB."""

    async def main():
        quota = HourlyQuota()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        jobs = [asyncio.create_task(quota.acquire(Lane.BULK)) for _ in range(10_000)]
        await asyncio.sleep(0)
        each = (tracemalloc.get_traced_memory()[0] - before) / 10_000
        tracemalloc.stop()
        jobs += [asyncio.create_task(quota.acquire(Lane.BULK)) for _ in range(90_000)]
        waits = []
        for _ in range(50):
            await asyncio.sleep(20)
            asked = now()
            await quota.acquire()
            waits.append(now() - asked)
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        return each, max(waits)

    each, worst = virtually(main())
    assert each < 5000
    assert worst == 0


def test_a_grant_does_the_same_at_ten_and_at_twenty_thousand_waiters():
    """Rounds of the loop and looks at the bucket for a hundred grants do not grow."""

    async def steps(waiting: int) -> int:
        quota = HourlyQuota()
        jobs = [asyncio.create_task(quota.acquire(Lane.BULK)) for _ in range(waiting)]
        await asyncio.sleep(30)
        taken = 0
        take = quota._bucket.take

        async def counted(*terms: float, **more: bool) -> bool:
            nonlocal taken
            taken += 1
            return await take(*terms, **more)

        quota._bucket.take = counted
        loop = asyncio.get_running_loop()
        rounds = 0
        run_once = loop._run_once

        def once() -> None:
            nonlocal rounds
            rounds += 1
            run_once()

        loop._run_once = once
        await asyncio.sleep(100)
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        return taken + rounds

    few, many = virtually(steps(120)), virtually(steps(20_000))
    assert many <= few * 1.2
