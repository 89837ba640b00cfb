"""Deadlines: one for all the calls inside a `with`, and the limits of single calls and pauses."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from math import isnan
from typing import TypeVar

from gizwits_async.errors import ArgumentError, TimedOutError

__all__ = ["deadline", "due", "in_time", "lift_deadline", "rest"]

T = TypeVar("T")

_DUE: ContextVar[float | None] = ContextVar("gizwits_async deadline", default=None)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Bound everything awaited of a client inside: quota, token, retries, reading, whole walks.

    ```python
    with deadline(3.0):
        detail = await gizwits.devices.detail(mac)
        latest = await gizwits.devices.data_log(detail.did).first()
    ```

    A call that is not done by then raises `TimedOutError`, or `OutcomeUnknownError` if it is a write
    that may have been sent; a call that begins later fails at once. Other code inside is unaffected.
    Tasks started inside are bound too. Of several deadlines the earliest counts, `Options.deadline`
    included.

    Args:
        seconds: Seconds from now. Zero or less is allowed: the rest of a budget may be used up.

    Raises:
        ArgumentError: Not a number of seconds.
        RuntimeError: No event loop runs.
    """
    given: object = seconds
    if not isinstance(given, int | float) or isinstance(given, bool) or isnan(given):
        raise ArgumentError(f"a deadline is a number of seconds, not {seconds!r}")
    moment, outer = asyncio.get_running_loop().time() + seconds, _DUE.get()
    token = _DUE.set(moment if outer is None else min(moment, outer))
    try:
        yield
    finally:
        # A generator closed by the garbage collector ends in another context: nothing to undo.
        with suppress(ValueError):
            _DUE.reset(token)


def lift_deadline() -> None:
    """Lift the deadline for the rest of this task: for work that other callers wait for as well."""
    # Not undone: the task has its own context, and may be ended where it could not undo this.
    _DUE.set(None)


def due(limit: float | None, now: float) -> float | None:
    """Return by when a call that begins `now` must be done, in event loop time; None if there is no limit.

    Args:
        limit: Seconds that its own options allow.
        now: Event loop time.
    """
    around = _DUE.get()
    if limit is None:
        return around
    return now + limit if around is None else min(around, now + limit)


async def in_time(what: str, limit: float | None, work: Callable[[], Awaitable[T]]) -> T:
    """Await `work()` within `limit` seconds and the `deadline` around it.

    Args:
        what: Names the work in the message.
        limit: Seconds; None for no limit but the deadline.
        work: What is to be awaited.

    Raises:
        TimedOutError: Time ran out. A `TimeoutError` of other origin passes unchanged.
    """
    now = asyncio.get_running_loop().time()
    moment = due(limit, now)
    if moment is None:
        return await work()
    scope = asyncio.timeout_at(moment)
    try:
        # An expired scope cancels only where the work first waits: a request might still be sent.
        if moment > now:
            async with scope:
                return await work()
    except TimeoutError:
        if not scope.expired():
            raise
    raise TimedOutError(f"{what}: not done within its deadline")


async def rest(what: str, seconds: float, sleep: Callable[[float], Awaitable[None]]) -> None:
    """Sleep between two calls of a walk, but not beyond a `deadline` around it.

    Args:
        what: Names the walk in the message.
        seconds: Length of the pause.
        sleep: `Service.sleep`.

    Raises:
        TimedOutError: The deadline comes before the end of the pause.
    """
    # `Options.deadline` bounds single calls, so it does not apply to the pause between them.
    now = asyncio.get_running_loop().time()
    moment = due(None, now)
    left = seconds if moment is None else max(0.0, moment - now)
    await sleep(min(seconds, left))
    if left < seconds:
        raise TimedOutError(f"{what}: its deadline came before its next call")
