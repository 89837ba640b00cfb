"""Time limits of exchanges: they end as `asyncio.timeout` would end them, by one timer."""

import asyncio
import gc
import weakref
from contextvars import ContextVar
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from gizwits_async.wire.time_limit import SharedTimer
from tests.doubles import virtual, virtually


@frozen
class Work:
    """Work that begins at a second and takes some, under a limit; perhaps cancelled from outside."""

    begins: int
    takes: int
    limit: int
    cancelled_after: int | None
    outer_limit: int | None


WORK = st.builds(
    Work,
    begins=st.integers(0, 8),
    takes=st.integers(0, 9),
    limit=st.integers(1, 9),
    cancelled_after=st.none() | st.integers(0, 9),
    outer_limit=st.none() | st.integers(1, 9),
)


async def by_asyncio(seconds: float, work: Any) -> Any:
    async with asyncio.timeout(seconds):
        return await work


async def outcomes(within: Any, works: list[Work]) -> list[tuple[str, float, int]]:
    """Return how each ended, when, and how many requests to cancel were left over."""
    loop = asyncio.get_running_loop()

    async def one(work: Work) -> tuple[str, float, int]:
        await asyncio.sleep(work.begins)
        task, ended = asyncio.current_task(), "done"
        assert task is not None
        if work.cancelled_after is not None:
            loop.call_later(work.cancelled_after + 0.5, task.cancel)
        outer = None if work.outer_limit is None else work.outer_limit + 0.25
        try:
            async with asyncio.timeout(outer):
                await within(work.limit + 0.125, asyncio.sleep(work.takes))
        except (TimeoutError, asyncio.CancelledError) as error:
            ended = type(error).__name__
        return ended, loop.time(), task.cancelling()

    return await asyncio.gather(*map(one, works))


@settings(max_examples=60)
@given(st.lists(WORK, min_size=1, max_size=6))
def test_work_ends_as_under_a_timer_of_its_own(works: list[Work]) -> None:
    """Outcome, time and cancellations are those of `asyncio.timeout`, also inside another limit."""
    found = virtually(outcomes(SharedTimer().within, works))
    assert found == virtually(outcomes(by_asyncio, works))


@virtual
async def test_a_cancellation_at_the_moment_of_the_limit_passes() -> None:
    """The caller's wish to stop is not turned into an error that would be handled by a retry."""
    timer, loop = SharedTimer(), asyncio.get_running_loop()
    task = asyncio.ensure_future(timer.within(1.0, asyncio.sleep(9)))
    loop.call_at(loop.time() + 1.0, task.cancel)
    await asyncio.wait([task])
    assert task.cancelled()


@virtual
async def test_work_that_ends_despite_its_limit_gives_its_result() -> None:
    """A library that swallows the cancellation leaves no request to cancel behind for the caller."""

    async def stubborn() -> str:
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            await asyncio.sleep(1)
        return "done"

    assert await SharedTimer().within(1.0, stubborn()) == "done"
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


@virtual
async def test_work_that_is_done_in_time_shares_one_timer() -> None:
    """Timers of their own would cost each call a twentieth of its CPU time."""
    timer, loop = SharedTimer(), asyncio.get_running_loop()
    armed: list[float] = []
    call_at = loop.call_at
    loop.call_at = lambda when, *args, **more: (armed.append(when), call_at(when, *args, **more))[1]  # type: ignore[method-assign,assignment,misc]
    for _ in range(100):
        await timer.within(10.0, asyncio.sleep(0))
    assert armed == [10.0]
    await asyncio.sleep(11)
    assert armed == [10.0, 11.0], "nothing is under way: only the sleep armed a timer"


def test_another_event_loop_has_its_own_limits() -> None:
    """A client that is used by one `asyncio.run` after another keeps its time limits."""
    timer = SharedTimer()

    async def limited() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            await timer.within(5.0, asyncio.sleep(9))
        except TimeoutError:
            return loop.time() - began
        raise AssertionError("the limit did not hold")

    assert [virtually(limited()) for _ in range(2)] == [5.0, 5.0]


@virtual
async def test_the_timer_keeps_nothing_of_a_call_that_is_over() -> None:
    """What a caller keeps in context variables is freed although later calls are under way."""
    timer, variable = SharedTimer(), ContextVar[object]("variable")

    async def call() -> "weakref.ref[object]":
        value = type("Value", (), {})()
        variable.set(value)
        await timer.within(2.0, asyncio.sleep(1))
        return weakref.ref(value)

    async def calls(begin: float) -> None:
        await asyncio.sleep(begin)
        for _ in range(5):
            await timer.within(2.0, asyncio.sleep(1.5))

    others = [asyncio.create_task(calls(begin)) for begin in (0.5, 1.0)]
    value = await asyncio.create_task(call())
    await asyncio.sleep(3)
    gc.collect()
    assert value() is None
    await asyncio.wait(others)


@virtual
async def test_a_closed_timer_leaves_nothing_in_the_loop() -> None:
    """Test suites that look for lingering timers find none after a client was closed."""
    timer, loop = SharedTimer(), asyncio.get_running_loop()
    await timer.within(10.0, asyncio.sleep(0))
    timer.close()
    assert not [handle for handle in loop._scheduled if not handle.cancelled()]  # type: ignore[attr-defined]
    with pytest.raises(TimeoutError):
        await timer.within(1.0, asyncio.sleep(9))
