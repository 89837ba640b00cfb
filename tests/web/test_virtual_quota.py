"""The quota of the pytest plugin: whatever holds a call back passes in virtual time."""

import asyncio

import pytest

from gizwits_async.options import Lane
from gizwits_async.testing.virtual import VirtualQuota, VirtualTime


def small_quota(calls: int) -> tuple[VirtualQuota, list[float]]:
    slept: list[float] = []
    time = VirtualTime(lambda _: None)

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        assert len(slept) < 1000, "the clock of the quota stands still"
        await time.sleep(seconds)

    return VirtualQuota(calls, sleep), slept


def test_a_refusal_of_an_earlier_event_loop_passes_in_virtual_time() -> None:
    """A test that calls `asyncio.run` twice does not hang in the second after a 5013 in the first."""
    quota, slept = small_quota(3_600_000)

    async def call(*, refused: bool) -> None:
        await quota.acquire()
        quota.observe({}, refused=refused)

    asyncio.run(call(refused=True))
    asyncio.run(call(refused=False))
    assert len(slept) == 1


@pytest.mark.parametrize("lane", Lane)
def test_waits_for_the_window_pass_in_virtual_time(lane: Lane) -> None:
    """A test of a service with a small quota waits for none of its hours."""
    quota, _ = small_quota(3_600_000)

    async def calls() -> None:
        for call in range(9):
            acquired = asyncio.ensure_future(quota.acquire(lane))
            for _ in range(1000):
                await asyncio.sleep(0)
            assert acquired.done(), f"call {call} waits in real time"
            acquired.result()
            left = {"x-ratelimit-limit": "3", "x-ratelimit-remaining": str(2 - call % 3)}
            quota.observe({**left, "x-ratelimit-reset": "3600"})

    asyncio.run(calls())
