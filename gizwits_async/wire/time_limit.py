"""Time limits of exchanges: one timer for all that are under way. Sends nothing."""

import asyncio
from collections.abc import Coroutine
from contextvars import Context
from math import inf
from typing import Any, TypeVar

__all__ = ["SharedTimer"]

T = TypeVar("T")


class SharedTimer:
    """Ends coroutines that take too long, as `asyncio.timeout` does, by one timer for all of them.

    A timer for each is made, queued, cancelled and taken out of the queue again: a twentieth of the CPU
    time of a call. This one is left to run when a coroutine is done in time. When it fires, it is armed
    again for the earliest limit of the coroutines that are under way then, if there are any.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._fires_at = inf
        self._handle: asyncio.TimerHandle | None = None
        self._limits: dict[object, tuple[float, asyncio.Task[Any]]] = {}
        """Coroutine -> by when it must be done, in event loop time, and the task that awaits it."""

    async def within(self, seconds: float, work: Coroutine[Any, Any, T]) -> T:
        """Await `work`, which must be done within so many seconds.

        Raises:
            TimeoutError: It was not, and was cancelled.
        """
        loop = asyncio.get_running_loop()
        task: Any = asyncio.current_task(loop)  # Never None: only tasks await.
        due, cancelling = loop.time() + seconds, task.cancelling()
        if loop is not self._loop:
            # Whatever a client awaited in another loop has ended with that loop.
            self._disarm()
            self._loop = loop
            self._limits.clear()
        self._limits[work] = due, task
        if due < self._fires_at:
            self._arm(loop, due)
        try:
            return await work
        except asyncio.CancelledError:
            # A cancellation by the caller at the same moment takes precedence, as in asyncio.
            if work not in self._limits and task.cancelling() <= cancelling + 1:
                raise TimeoutError from None
            raise
        finally:
            if self._limits.pop(work, None) is None:
                task.uncancel()

    def _arm(self, loop: asyncio.AbstractEventLoop, moment: float) -> None:
        self._disarm()
        self._fires_at = moment
        # An empty context: that of a call, and all that its caller keeps there, would outlive the call.
        self._handle = loop.call_at(moment, self._fire, loop, moment, context=Context())

    def _disarm(self) -> None:
        handle, self._handle, self._fires_at = self._handle, None, inf
        if handle is not None:
            handle.cancel()

    def close(self) -> None:
        """Leave no timer behind, if nothing is under way."""
        if not self._limits:
            self._disarm()

    def _fire(self, loop: asyncio.AbstractEventLoop, moment: float) -> None:
        self._handle, self._fires_at = None, inf
        for work, (due, task) in list(self._limits.items()):
            if due <= moment:
                del self._limits[work]
                task.cancel()
        if self._limits:
            self._arm(loop, min(due for due, _ in self._limits.values()))
