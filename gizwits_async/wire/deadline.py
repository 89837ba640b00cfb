"""By when a caller wants to be done: one moment for all the calls inside a `with`. No I/O."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from math import isnan

from gizwits_async.errors import ArgumentError

__all__ = ["deadline", "due", "lift_deadline"]

_DUE: ContextVar[float | None] = ContextVar("gizwits_async deadline", default=None)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Bound all that is awaited of a client inside: quota, token, retries, reading, whole walks.

    ```python
    with deadline(3.0):
        detail = await gizwits.devices.detail(mac)
        latest = await gizwits.devices.data_log(detail.did).first()
    ```

    A call that is not done by then raises `TimedOutError`, or `OutcomeUnknownError` if it is a write
    that may have left; so does, at once, a call that begins later. Other code inside is not touched.
    Tasks that are started inside are bound too. Of several deadlines the earliest counts,
    `Options.deadline` among them.

    Args:
        seconds: Seconds from now; what is left of some budget, so it may be zero or less.

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
        # A generator that the garbage collector closes ends in another context: nothing to undo.
        with suppress(ValueError):
            _DUE.reset(token)


def lift_deadline() -> None:
    """Lift the deadline for the rest of this task: for work that others wait for as well."""
    # Not undone: a task has its context to itself, and may be ended where it could not undo it.
    _DUE.set(None)


def due(limit: float | None, now: float) -> float | None:
    """Return by when a call that begins `now` must be done, in event loop time; None: whenever.

    Args:
        limit: Seconds it may take by its own options.
        now: Event loop time.
    """
    around = _DUE.get()
    if limit is None:
        return around
    return now + limit if around is None else min(around, now + limit)
