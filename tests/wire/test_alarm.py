"""One timer for many time-outs of one length: each ends when `asyncio.timeout` would end it."""

import asyncio
import gc
import weakref
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from contextvars import ContextVar
from types import TracebackType
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gizwits_async.wire.alarm import Alarm, Limit
from tests.doubles import virtually

SECONDS = 10.0


class ByAlarm:
    """A limit as an asynchronous context manager, to stand where `asyncio.timeout` does."""

    def __init__(self, alarm: Alarm) -> None:
        self._limit = Limit(alarm)

    async def __aenter__(self) -> None:
        self._limit.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._limit.__exit__(kind, error, trace)


Scope = Callable[[], AbstractAsyncContextManager[Any]]


async def _one(scope: Scope, begins: float, lasts: float, cancelled: float | None) -> str:
    """Return how a body that begins and lasts so long ends, and when."""
    loop = asyncio.get_running_loop()

    async def body() -> None:
        async with scope():
            await asyncio.sleep(lasts)

    await asyncio.sleep(begins)
    task = asyncio.create_task(body())
    if cancelled is not None:
        loop.call_later(cancelled, task.cancel)
    try:
        await task
    except TimeoutError:
        how = "too late"
    except asyncio.CancelledError:
        how = "cancelled"
    else:
        how = "done"
    return f"{how} at {loop.time():.3f}"


async def _all(
    make: Callable[[], Scope], bodies: list[tuple[float, float, float | None]]
) -> list[str]:
    scope = make()
    return await asyncio.gather(*(_one(scope, *body) for body in bodies))


def _ours() -> Scope:
    alarm = Alarm(SECONDS, asyncio.get_running_loop())
    return lambda: ByAlarm(alarm)


def _theirs() -> Scope:
    return lambda: asyncio.timeout(SECONDS)


# Never two things of one body at the same moment: which comes first then is nobody's promise.
eighths = st.integers(0, 240).map(lambda n: n / 8)
bodies = st.lists(
    st.tuples(
        eighths, eighths.map(lambda s: s + 1 / 64), st.none() | eighths.map(lambda s: s + 1 / 32)
    ),
    max_size=12,
)


@given(bodies)
def test_each_ends_as_asyncio_timeout_would_end_it(
    bodies: list[tuple[float, float, float | None]],
) -> None:
    """P2: done, too late or cancelled, and at the same moment, however many overlap."""
    assert virtually(_all(_ours, bodies)) == virtually(_all(_theirs, bodies))


def test_one_timer_does_for_all_who_are_under_way() -> None:
    """That is what it is for: a call must not set and cancel a timer of its own."""

    async def many() -> None:
        loop = asyncio.get_running_loop()
        alarm = Alarm(SECONDS, loop)
        with patch.object(loop, "call_at", wraps=loop.call_at) as timers:
            for _ in range(1000):
                with Limit(alarm):
                    pass
        assert timers.call_count == 1
        assert not alarm.under_way

    virtually(many())


def test_an_alarm_that_rang_for_nobody_is_set_again() -> None:
    """Its timer outlives the last call; after it rang in vain the next call sets a new one."""

    async def twice() -> None:
        alarm = Alarm(SECONDS, asyncio.get_running_loop())
        for _ in range(2):
            with Limit(alarm):
                pass
            await asyncio.sleep(3 * SECONDS)
            assert alarm.timer is None
            with pytest.raises(TimeoutError), Limit(alarm):
                await asyncio.sleep(2 * SECONDS)

    virtually(twice())


def test_a_cancellation_from_outside_at_the_same_moment_is_kept() -> None:
    """P1: both cancel in one round of the loop; whoever cancelled the task has cancelled it."""

    async def both() -> None:
        alarm = Alarm(SECONDS, asyncio.get_running_loop())

        async def body() -> None:
            with Limit(alarm):
                await asyncio.Event().wait()

        task = asyncio.create_task(body())
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_at(next(iter(alarm.under_way)).ends, task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task

    virtually(both())


def test_an_error_of_the_body_is_not_called_a_time_out() -> None:
    """What it raised on its way out, when its time was over, stays what it is."""

    async def failing() -> None:
        alarm = Alarm(SECONDS, asyncio.get_running_loop())
        task = asyncio.current_task()

        async def breaks() -> None:
            with Limit(alarm):
                try:
                    await asyncio.Event().wait()
                finally:
                    raise KeyError("broken while it was cleaned up")

        with pytest.raises(KeyError):
            await breaks()
        assert task is not None
        assert task.cancelling() == 0
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await asyncio.Event().wait()  # The task can be cancelled, and go on, as ever.

    virtually(failing())


def test_the_timer_keeps_nothing_of_the_caller_alive() -> None:
    """Else what the first request of a busy web process holds would stay for as long as it is busy."""

    class Held:
        pass

    async def busy() -> None:
        alarm, request = Alarm(SECONDS, asyncio.get_running_loop()), ContextVar[Held]("request")
        held = Held()
        alive = weakref.ref(held)

        async def first(held: Held) -> None:
            request.set(held)
            with Limit(alarm):
                await asyncio.sleep(1)

        call = asyncio.create_task(first(held))
        await call
        del held, call
        for _ in range(5):
            with Limit(alarm):
                await asyncio.sleep(SECONDS - 1)
        gc.collect()
        assert alarm.timer is not None
        assert alive() is None

    virtually(busy())


def test_a_retired_alarm_still_ends_who_is_under_way_and_then_leaves_no_timer() -> None:
    """Calls with ever new time-outs must not leave a timer each."""

    async def retired() -> None:
        alarm = Alarm(SECONDS, asyncio.get_running_loop())

        async def body(seconds: float) -> None:
            with Limit(alarm):
                await asyncio.sleep(seconds)

        late, done = (asyncio.create_task(body(seconds)) for seconds in (2 * SECONDS, 1.0))
        await asyncio.sleep(0)
        alarm.retire()
        await done
        with pytest.raises(TimeoutError):
            await late
        assert alarm.timer is None
        with Limit(alarm):
            timer = alarm.timer
        assert timer is not None
        assert timer.cancelled()
        with pytest.raises(TimeoutError):
            await body(2 * SECONDS)  # Whoever begins here in spite of that is timed all the same.

    virtually(retired())


def test_outside_of_a_task_there_is_nobody_to_cancel() -> None:
    """As with `asyncio.timeout`: a callback of the loop cannot be timed."""

    async def called_back() -> None:
        loop = asyncio.get_running_loop()
        alarm, failed = Alarm(SECONDS, loop), loop.create_future()

        def call() -> None:
            try:
                with Limit(alarm):
                    failed.set_result(None)
            except RuntimeError as error:
                failed.set_result(error)

        loop.call_soon(call)
        assert isinstance(await failed, RuntimeError)

    virtually(called_back())
