"""What the quota says of its waits: in errors by cause, in snapshots, in the log."""

import asyncio
import logging
from contextlib import suppress

import pytest

from gizwits_async.errors import QuotaWaitError
from gizwits_async.options import Lane
from gizwits_async.quota import HourlyQuota
from gizwits_async.quota.waits import Wait
from tests.doubles import now, virtually


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (Wait(seconds=3.2), "too many at once, next permit in 3 s"),
        (Wait(seconds=0.4, used_up=True), "too many at once, next permit in 0.4 s"),
        (Wait(seconds=300.0, used_up=True), "the hour is used up until 14:05 UTC"),
        (Wait(seconds=300.0, used_up=True, period=60.0), "the quota of 60 s is used up until"),
        (Wait(seconds=60.0, refused=True), "the service refused (5013), next attempt in 60 s"),
    ],
)
def test_a_wait_is_described_by_its_cause(wait, words):
    """A used-up hour, too many at once and a refusal are three things."""
    assert wait.describe(lambda: 14 * 3600.0).startswith(words)


def test_a_refused_quota_says_so():
    """While a refusal blocks calls, the error names it and not the hour."""

    async def main():
        quota = HourlyQuota()
        await quota.acquire()
        quota.observe({}, refused=True)
        with pytest.raises(QuotaWaitError, match="the service refused") as refusal:
            await quota.acquire(max_wait=1)
        return refusal.value.retry_after

    assert virtually(main()) == pytest.approx(60, abs=0.1)


def test_a_snapshot_shows_the_waits():
    """It has the next permit and the waiting calls of each lane, and the reserve in force."""

    async def main():
        quota = HourlyQuota(spent=3600)
        task = asyncio.create_task(quota.acquire(Lane.BULK))
        await asyncio.sleep(1)
        seen = quota.snapshot()
        task.cancel()
        return seen

    seen = virtually(main())
    assert seen.remaining == 0
    assert seen.waiting == {Lane.INTERACTIVE: 0, Lane.BULK: 1}
    assert 3600 <= seen.next_in[Lane.INTERACTIVE] <= 3630
    assert seen.next_in[Lane.BULK] >= seen.next_in[Lane.INTERACTIVE]
    assert seen.reserve == 0


@pytest.mark.parametrize(
    ("spent", "people", "lane"),
    [
        (None, 0, Lane.BULK),
        (None, 3, Lane.BULK),
        (None, 30, Lane.BULK),
        (None, 70, Lane.BULK),
        (None, 70, Lane.INTERACTIVE),
        (0, 300, Lane.BULK),
        (0, 3000, Lane.BULK),
        (0, 3600, Lane.BULK),
        (0, 3600, Lane.INTERACTIVE),
        (3000, 100, Lane.BULK),
    ],
)
def test_a_call_goes_when_the_snapshot_says(spent, people, lane):
    """`next_in` and `retry_after` are the time at which the next call of the lane gets its permit."""

    async def main():
        quota = HourlyQuota(spent=spent)
        with suppress(QuotaWaitError):
            for _ in range(people):
                await quota.acquire(max_wait=0)
                quota.observe({})
        said, refused = quota.snapshot().next_in[lane], None
        if said:
            with pytest.raises(QuotaWaitError) as refusal:
                await quota.acquire(lane, max_wait=0)
            refused = refusal.value.retry_after
        start = now()
        await quota.acquire(lane)
        return said, refused or said, now() - start

    said, refused, took = virtually(main())
    assert refused == pytest.approx(said)
    assert took == pytest.approx(said, abs=1.1)


def test_a_released_permit_can_be_taken_again():
    """A call that was not sent costs nothing, neither in the window nor in flight."""

    async def main():
        quota = HourlyQuota(spent=3599)
        for _ in range(3):
            await quota.acquire(max_wait=0)
            quota.release()
        await quota.acquire(max_wait=0)
        with pytest.raises(QuotaWaitError):
            await quota.acquire(max_wait=0)
        return len(quota._in_flight)

    assert virtually(main()) == 1


def test_the_log_says_when_calls_are_held_back_and_when_not(caplog):
    """One line when interactive calls begin to wait for more than a second, one when that ends."""

    async def main():
        quota = HourlyQuota()
        await asyncio.gather(*(quota.acquire() for _ in range(70)))
        await asyncio.sleep(100)
        await quota.acquire()
        await quota.acquire()

    with caplog.at_level(logging.WARNING, "gizwits_async.quota"):
        virtually(main())
    begin, end = (record.getMessage() for record in caplog.records)
    assert begin.startswith("quota: interactive calls have to wait: too many at once")
    assert end == "quota: interactive calls go at once again; 10 had to wait"
