"""Permits, lanes, waits and cancellation of the quota, in virtual time."""

import asyncio
import gc
from itertools import pairwise
from typing import ClassVar

import async_solipsism
import pytest

from gizwits_async.errors import ClientClosedError, QuotaWaitError
from gizwits_async.options import Lane
from gizwits_async.quota import HourlyQuota, hourly
from gizwits_async.quota.queue import FairQueue
from tests.doubles import now, virtually

RATE = (3600 - 24 - 60 - 90) / 3612
"""Permits a second of a new process, which does not know what was spent before it."""
CREDIT = 60
"""Interactive calls that it may make at once."""
PAYING = RATE - CREDIT / 300
"""Permits a second while it pays its credit back."""
NO_CREDIT = (3600 - 2 * 24) / 3612
"""Permits a second of a process without credit."""


async def full(**settings: object) -> HourlyQuota:
    """Return a quota that has rested until its bucket was full."""
    quota = HourlyQuota(**{"initial": 0, **settings})  # type: ignore[arg-type]
    await quota.acquire()
    quota.observe(None)
    await asyncio.sleep(1000)
    return quota


async def granted_at(quota: HourlyQuota, lane: Lane = Lane.INTERACTIVE) -> float:
    """Take a permit and say when it came."""
    await quota.acquire(lane)
    quota.observe(None)
    return now()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"calls": 0}, "calls must be positive, not 0"),
        ({"period": -1.0}, "period must be positive, not -1.0"),
        ({"burst": 0, "reserve": 0}, "burst must be positive, not 0"),
        ({"pad": -1.0}, "pad must not be negative, not -1.0"),
        ({"reserve": -1}, "reserve must not be negative, not -1"),
        ({"reserve": 24}, "reserve=23 is the most that fits"),
        ({"initial": -1}, "initial must not be negative, not -1"),
        ({"calls": 24}, r"24 \+ rate \* \(3600 \+ 12\) <= 24; burst must be below 24"),
        ({"period": float("nan")}, "period must be positive"),
        ({"period": float("inf")}, "period must be at most 1,000,000,000"),
        ({"calls": 10**400}, "calls must be at most 1,000,000,000"),
        ({"calls": 10**400, "burst": 10**399}, "calls must be at most"),
        ({"calls": 100, "burst": 10**400}, "burst must be at most"),
        ({"pad": 10**400}, "pad must be at most"),
    ],
)
def test_settings_that_do_not_fit_are_refused_where_they_are_made(settings, words):
    """A quota that could be refused, or never grant, is a ValueError that says what would fit."""
    with pytest.raises(ValueError, match=words):
        HourlyQuota(**settings)


def test_a_new_process_leaves_room_for_a_crowd_and_for_the_credit_of_the_next():
    """Burst, crowd, credit and what flows in during a window are exactly the calls of a period."""
    quota = HourlyQuota()
    assert 24 + 90 + CREDIT + quota.rate * 3612 == pytest.approx(3600)


def test_a_process_that_knows_the_last_window_uses_99_percent():
    """The window is exact by then, so the bucket needs no room for a burst."""

    async def main():
        quota = HourlyQuota(spent=0)
        await granted_at(quota, Lane.BULK)
        return quota.rate

    assert virtually(main()) >= 0.99


def test_a_new_process_has_credit_and_pays_it_back():
    """60 interactive calls go at once, the next ones a little slower than the bucket fills."""

    async def main():
        quota = HourlyQuota()
        return [await granted_at(quota) for _ in range(CREDIT + 500)]

    times = virtually(main())
    assert times[CREDIT - 1] == 0
    assert times[CREDIT:][:2] == pytest.approx([1 / PAYING, 2 / PAYING], abs=0.1)
    assert times[-1] == pytest.approx((CREDIT + 500) / RATE, abs=0.01)


def test_credit_lapses_when_it_would_be_paid_back():
    """After a rest there are burst and crowd, and no credit beside it: restarts must add nothing."""

    async def main():
        quota = HourlyQuota()
        await quota.acquire()
        await asyncio.sleep(1000)
        return [await granted_at(quota) for _ in range(116)]

    assert [time for time in virtually(main()) if time == 1000] == [1000] * 114


def test_the_window_alone_decides_where_all_is_known():
    """Interactive calls go at once up to the limit of the window, and then as it frees."""

    async def main():
        quota = HourlyQuota(spent=3000)
        times = [await granted_at(quota) for _ in range(601)]
        return times[599], times[600]

    last, next_ = virtually(main())
    assert last == 0
    assert 3612 <= next_ <= 3612 + 2 * 3612 / 240


@pytest.mark.fault("Q3")
def test_bulk_leaves_the_reserve_to_interactive():
    """Bulk takes what is above the reserve; the reserved permits are there for interactive calls."""

    async def main():
        quota = await full()
        start = now()
        jobs = [asyncio.create_task(granted_at(quota, Lane.BULK)) for _ in range(30)]
        await asyncio.sleep(0.01)
        at_once = sum(job.done() for job in jobs)
        people = [await granted_at(quota) - start for _ in range(18)]
        nineteenth = await granted_at(quota) - start
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        return at_once, max(people), nineteenth

    at_once, slowest, nineteenth = virtually(main())
    assert at_once == 6
    assert slowest < 0.02
    assert 0.9 < nineteenth < 1.1


def test_first_come_first_served():
    """Callers of a lane are served in the order in which they came."""

    async def main():
        quota = HourlyQuota()
        order: list[int] = []

        async def call(number: int) -> None:
            await quota.acquire()
            order.append(number)

        await asyncio.gather(*(call(number) for number in range(40)))
        return order

    assert virtually(main()) == list(range(40))


@pytest.mark.parametrize("lane", list(Lane))
def test_steady_rate_is_the_rate_of_the_bucket(lane):
    """A backlog goes at exactly the rate, in either lane."""

    async def main():
        quota = HourlyQuota()
        await asyncio.gather(*(granted_at(quota, lane) for _ in range(1000)))
        return now()

    assert virtually(main()) == pytest.approx(1000 / RATE, abs=61)


@pytest.mark.fault("Q3")
def test_a_floor_keeps_bulk_from_starving():
    """Where interactive demand never ends, bulk still gets one permit in sixty."""

    async def main():
        quota = HourlyQuota()
        people = [asyncio.create_task(quota.acquire()) for _ in range(3000)]
        times = [await granted_at(quota, Lane.BULK) for _ in range(20)]
        for person in people:
            person.cancel()
        await asyncio.gather(*people, return_exceptions=True)
        return times

    times = virtually(main())
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert max(gaps) < 65
    assert min(gaps[1:]) > 59


class TestMaxWait:
    """A caller that cannot wait gets its error early, with the right time to try again."""

    def test_refuses_before_waiting_when_the_wait_is_known(self):
        """A wait known to be longer is refused at once, and costs no permit."""

        async def main():
            quota = await full()
            waiting = [asyncio.create_task(quota.acquire()) for _ in range(34)]
            await asyncio.sleep(0)
            start = now()
            with pytest.raises(QuotaWaitError, match="too many at once, next permit in 11 s"):
                await quota.acquire(max_wait=5)
            assert now() == start
            await asyncio.gather(*waiting)
            return now() - start

        assert virtually(main()) == pytest.approx(10 / NO_CREDIT, abs=0.01)

    @pytest.mark.parametrize("lane", list(Lane))
    def test_retry_after_is_the_wait_of_one_who_does_wait(self, lane):
        """`retry_after` is the wait of a caller that does wait, to within a second."""

        async def main():
            quota = await full()
            waiting = [asyncio.create_task(quota.acquire(lane)) for _ in range(100)]
            await asyncio.sleep(0)
            start = now()
            with pytest.raises(QuotaWaitError) as refusal:
                await quota.acquire(lane, max_wait=0)
            took = await granted_at(quota, lane) - start
            await asyncio.gather(*waiting)
            return refusal.value.retry_after, took

        promised, took = virtually(main())
        assert promised == pytest.approx(took, abs=1)

    def test_gives_up_when_the_time_is_over(self):
        """A wait that grew, because others overtook, ends when max_wait is over."""

        async def main():
            quota = await full()
            bulk = [asyncio.create_task(quota.acquire(Lane.BULK)) for _ in range(6)]
            await asyncio.gather(*bulk)
            start = now()
            waiter = asyncio.create_task(quota.acquire(Lane.BULK, max_wait=3))
            await asyncio.sleep(0)
            people = [asyncio.create_task(quota.acquire()) for _ in range(30)]
            with pytest.raises(QuotaWaitError) as refusal:
                await waiter
            gave_up = now() - start
            await asyncio.gather(*people)
            return gave_up, refusal.value.retry_after

        gave_up, retry_after = virtually(main())
        assert gave_up == pytest.approx(3, abs=0.001)
        assert retry_after > 20

    def test_zero_takes_a_place_that_is_free(self):
        """max_wait=0 is no refusal where a permit is there."""

        async def main():
            quota = await full()
            start = now()
            await quota.acquire(max_wait=0)
            return now() - start

        assert virtually(main()) == 0

    def test_a_full_queue_refuses(self, monkeypatch):
        """The queue is bounded; the error of a further caller says when to try again."""
        monkeypatch.setattr(hourly, "MAX_WAITING", 5)

        async def main():
            quota = HourlyQuota(initial=0)
            waiting = [asyncio.create_task(quota.acquire()) for _ in range(5)]
            await asyncio.sleep(0)
            with pytest.raises(QuotaWaitError, match="5 calls are waiting") as refusal:
                await quota.acquire()
            await asyncio.gather(*waiting)
            return refusal.value.retry_after

        assert virtually(main()) == pytest.approx(6 / NO_CREDIT, abs=0.01)


def test_a_pump_that_trips_hangs_nobody():
    """A defect where permits are taken is raised in all waiting callers; later ones are served."""
    answers = iter([KeyError("mine"), None])

    async def take() -> float | None:
        await asyncio.sleep(1)
        answer = next(answers)
        if answer is not None:
            raise answer
        return None

    async def main() -> list[object]:
        line = FairQueue(take, lambda: None)
        waiting = [asyncio.create_task(line.wait()) for _ in range(3)]
        found = await asyncio.gather(*waiting, return_exceptions=True)
        await line.wait()
        return [type(one) for one in found]

    assert virtually(main()) == [KeyError] * 3


class TestCancellation:
    """A caller who goes away costs nobody anything."""

    @pytest.mark.fault("Q4")
    def test_a_cancelled_waiter_costs_nothing(self):
        """Ten thousand cancelled callers leave the bucket as it was."""

        async def main():
            quota = HourlyQuota(initial=0)
            waiting = [asyncio.create_task(quota.acquire()) for _ in range(10_000)]
            await asyncio.sleep(0)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            return await granted_at(quota)

        assert virtually(main()) == pytest.approx(1 / NO_CREDIT, abs=1e-3)

    @pytest.mark.fault("Q4")
    def test_cancelled_between_grant_and_waking_gives_the_place_back(self):
        """A permit granted to a caller cancelled in the same round goes to the next."""

        async def main():
            quota = HourlyQuota(initial=0)
            task = asyncio.create_task(quota.acquire())
            await asyncio.sleep(0.5)
            line = quota._queues[Lane.INTERACTIVE]
            next_turn = line._next

            def next_but_cancelled() -> object:
                asyncio.get_running_loop().call_soon(task.cancel)
                return next_turn()

            line._next = next_but_cancelled
            with pytest.raises(asyncio.CancelledError):
                await task
            line._next = next_turn
            assert quota._bucket.permits == pytest.approx(1, abs=1e-3)
            return await granted_at(quota)

        assert virtually(main()) == pytest.approx(1 / NO_CREDIT, abs=1e-3)

    def test_no_pump_is_left_when_the_last_caller_left(self):
        """With nobody waiting there is no task that could be destroyed pending."""

        async def main():
            quota = HourlyQuota(initial=0)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await quota.acquire()
            await asyncio.sleep(0)
            return len(asyncio.all_tasks())

        assert virtually(main()) == 1

    def test_a_forgotten_quota_warns_of_nothing(self, recwarn):
        """A loop closed over waiting callers and dispatcher leaves no warning behind."""
        quota = HourlyQuota(initial=0)

        async def main():
            task = asyncio.create_task(quota.acquire(Lane.BULK))
            await asyncio.sleep(0.1)
            del task

        virtually(main())
        gc.collect()
        assert not list(recwarn)


class TestLoops:
    """One event loop at a time, one after the other as many as one likes."""

    def test_reused_after_its_loop_was_closed(self):
        """Another asyncio.run goes on where the count stood: no fresh start."""
        quota = HourlyQuota(initial=2)
        virtually(quota.acquire())
        virtually(quota.acquire())
        assert virtually(granted_at(quota)) == pytest.approx(1 / NO_CREDIT, abs=0.02)

    def test_a_rest_between_two_loops_counts(self):
        """Loops share the monotonic clock, so time between them fills the bucket."""
        quota = HourlyQuota(initial=0)

        async def later(start: float) -> float:
            await asyncio.sleep(start - now())
            return await granted_at(quota) - start

        assert virtually(later(0)) == pytest.approx(1 / NO_CREDIT, abs=0.01)
        clock = async_solipsism.EventLoop()
        clock._selector.clock.advance(1000)
        with asyncio.Runner(loop_factory=lambda: clock) as runner:
            assert runner.run(later(1000)) == 0

    def test_two_live_loops_are_refused(self):
        """A second event loop beside an open one is refused."""
        quota = HourlyQuota()
        first = async_solipsism.EventLoop()
        try:
            first.run_until_complete(quota.acquire())
            with pytest.raises(ClientClosedError, match="another event loop"):
                virtually(quota.acquire())
        finally:
            first.close()

    def test_waiters_get_the_error_when_it_closes(self):
        """aclose turns the waiting away, and no more are let in; twice is once."""

        async def main():
            quota = HourlyQuota(initial=0)
            waiting = [asyncio.create_task(quota.acquire(lane)) for lane in [*Lane, *Lane]]
            await asyncio.sleep(0.1)
            await quota.aclose()
            await quota.aclose()
            results = await asyncio.gather(*waiting, return_exceptions=True)
            assert [type(result) for result in results] == [ClientClosedError] * 4
            with pytest.raises(ClientClosedError, match="closed"):
                await quota.acquire()
            return len(asyncio.all_tasks())

        assert virtually(main()) == 1


class TestRefused:
    """After a 5013 nobody goes before the reset, and then one goes first to look."""

    HEADERS: ClassVar = {
        "date": "Thu, 01 Jan 2026 00:00:00 GMT",
        "x-ratelimit-limit": "3600",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": "1767226500",  # 900 s later
    }

    @pytest.mark.fault("Q1")
    def test_waits_for_the_reset(self):
        """Both lanes stand until the server's reset, by the server's own clock."""

        async def main():
            quota = HourlyQuota()
            await quota.acquire()
            quota.observe(self.HEADERS, refused=True)
            assert quota.retry_after() == pytest.approx(901)
            with pytest.raises(QuotaWaitError) as refusal:
                await quota.acquire(max_wait=60)
            assert refusal.value.retry_after == pytest.approx(901)

            async def answered(lane: Lane) -> float:
                await quota.acquire(lane)
                quota.observe({})
                return now()

            return await asyncio.gather(*(answered(lane) for lane in Lane))

        assert virtually(main()) == pytest.approx([901, 901], abs=0.1)

    @pytest.mark.fault("Q1")
    def test_pauses_grow_without_a_reset(self):
        """Without headers the pauses double, and none is longer than period + pad."""

        async def main():
            quota = HourlyQuota()
            pauses, last = [], 0.0
            for _ in range(9):
                await quota.acquire()
                pauses.append(now() - last)
                last = now()
                quota.observe({}, refused=True)
            return pauses[1:]

        assert virtually(main()) == pytest.approx(
            [60, 120, 240, 480, 960, 1920, 3612, 3612], abs=0.01
        )

    def test_one_goes_first(self):
        """After the pause a single call looks; only when it got through do the others follow."""

        async def main():
            quota = await full()
            await quota.acquire()
            quota.observe({}, refused=True)
            start = now()
            tasks = [asyncio.create_task(quota.acquire()) for _ in range(10)]
            await asyncio.sleep(61)
            assert sum(task.done() for task in tasks) == 1
            quota.observe({}, refused=False)
            await asyncio.sleep(0.01)
            assert sum(task.done() for task in tasks) == 10
            assert quota.retry_after() is None
            return now() - start

        assert virtually(main()) < 62

    def test_a_lost_look_is_tried_again(self):
        """A look whose outcome never comes stops the lanes for no longer than pad."""

        async def main():
            quota = await full()
            await quota.acquire()
            quota.observe({}, refused=True)
            start = now()
            await quota.acquire()
            await quota.acquire()
            return now() - start

        assert virtually(main()) == pytest.approx(72, abs=0.1)

    def test_refusals_of_one_moment_are_one_refusal(self):
        """Ten calls under way that all come back refused make one pause, not ten."""

        async def main():
            quota = await full()
            for _ in range(10):
                await quota.acquire()
            for _ in range(10):
                quota.observe({}, refused=True)
            return quota.retry_after()

        assert virtually(main()) == pytest.approx(60)


def test_closing_in_the_moment_of_a_cancellation_harms_nobody():
    """A caller who was cancelled a moment before, and is still in line, is simply let go."""

    async def main():
        quota = HourlyQuota(initial=0)
        callers = [asyncio.ensure_future(quota.acquire()) for _ in range(3)]
        await asyncio.sleep(0.01)
        callers[0].cancel()
        await quota.aclose()
        return await asyncio.gather(*callers, return_exceptions=True)

    first, *others = virtually(main())
    assert isinstance(first, asyncio.CancelledError)
    assert [type(one) for one in others] == [ClientClosedError] * 2
