"""Forecasts after a reset, readings without a date, and what a quota is begun with."""

import asyncio
from unittest.mock import patch

import pytest

from gizwits_async.errors import QuotaWaitError
from gizwits_async.options import Lane
from gizwits_async.quota import HourlyQuota
from gizwits_async.quota.server_view import ServerView
from tests.doubles import virtual


@virtual
async def test_after_a_reset_the_forecast_names_the_wait_for_our_own_window() -> None:
    """`Retry-After: 0` would make callers of a web app come back at once, for most of an hour."""
    quota = HourlyQuota(20, 3600.0, burst=2, reserve=1)
    headers = {
        "date": "Thu, 01 Jan 1970 00:50:00 GMT",
        "x-ratelimit-limit": "20",
        "x-ratelimit-reset": "3600",
    }
    for call in range(20):
        await quota.acquire()
        quota.observe({**headers, "x-ratelimit-remaining": str(19 - call)})
    await asyncio.sleep(700)
    wait = quota.snapshot().next_in[Lane.INTERACTIVE]
    with pytest.raises(QuotaWaitError) as refused:
        await quota.acquire(max_wait=60.0)
    assert refused.value.retry_after == wait
    began = asyncio.get_running_loop().time()
    await quota.acquire()
    assert asyncio.get_running_loop().time() - began == pytest.approx(wait, abs=1.0)


def test_a_reset_without_a_date_counts_from_each_reply() -> None:
    """Equal texts of two replies mean two moments where Reset is a number of seconds from now."""
    view = ServerView(calls=3600, period=3600.0, pad=12.0, reserve=18)
    for now in (0.0, 50.0, 100.0):
        view.observe({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "60"}, now)
    assert view.live(now=150.0)


def test_more_than_nothing_cannot_be_left_unspent() -> None:
    """A negative number of calls would be granted on top of the quota."""
    with pytest.raises(ValueError, match="spent"):
        HourlyQuota(spent=-100)


@virtual
async def test_a_clock_that_is_replaced_while_the_loop_runs_is_followed() -> None:
    """Virtual clocks of tests are put in place after a fixture has made the first call."""
    quota, loop = (
        HourlyQuota(60, 60.0, burst=2, reserve=1, initial=0, pad=1.0),
        asyncio.get_running_loop(),
    )
    await quota.acquire()
    later = loop.time() + 100.0
    with patch.object(loop, "time", lambda: later):
        assert quota.snapshot().next_in[Lane.INTERACTIVE] == 0
