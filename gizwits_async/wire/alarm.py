"""Time-outs of one length for many: one timer of the event loop for all who are under way. No I/O."""

import asyncio
from collections import OrderedDict
from types import TracebackType
from typing import Self

__all__ = ["Alarm"]


class Alarm:
    """Ends what takes longer than some seconds, as `asyncio.timeout` does.

    That sets and cancels a timer each time, which costs an eighth of a call. Of limits of one length
    the first to begin is the first to end, so that one timer, for the first, does for all.
    """

    def __init__(self, seconds: float, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._seconds = seconds
        self._under_way: OrderedDict[_Limit, None] = OrderedDict()
        self._armed = False

    def limit(self) -> "_Limit":
        """Return a context manager that raises TimeoutError if its body takes too long."""
        return _Limit(self)

    def begin(self, limit: "_Limit") -> float:
        """Take in a limit that begins now, and return when it ends, in event loop time."""
        ends = self.loop.time() + self._seconds
        self._under_way[limit] = None
        if not self._armed:
            self._arm(ends)
        return ends

    def done(self, limit: "_Limit") -> None:
        """Take out a limit; the timer stays, and is set anew when it rings."""
        self._under_way.pop(limit, None)

    def _arm(self, at: float) -> None:
        self._armed = True
        self.loop.call_at(at, self._ring)

    def _ring(self) -> None:
        self._armed = False
        now = self.loop.time()
        while self._under_way:
            limit = next(iter(self._under_way))
            if limit.ends > now:
                self._arm(limit.ends)
                return
            del self._under_way[limit]
            limit.ring()


class _Limit:
    """One body of code that may take so long; used once."""

    __slots__ = ("_alarm", "_before", "_rang", "_task", "ends")

    def __init__(self, alarm: Alarm) -> None:
        self._alarm = alarm
        self._rang = False

    def ring(self) -> None:
        """Cancel the body: its time is over."""
        self._rang = True
        self._task.cancel()

    def __enter__(self) -> Self:
        task = asyncio.current_task(self._alarm.loop)
        if task is None:
            raise RuntimeError("a call must be awaited inside a task")
        self._task, self._before = task, task.cancelling()
        self.ends = self._alarm.begin(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._alarm.done(self)
        if not self._rang:
            return
        # Whoever else cancelled meanwhile has cancelled: only our own cancellation is a time-out.
        alone = self._task.uncancel() <= self._before
        if alone and isinstance(error, asyncio.CancelledError):
            raise TimeoutError from error
