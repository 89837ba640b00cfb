"""Time-outs of one length for many: one timer of the event loop for all who are under way. No I/O."""

import asyncio
from collections import OrderedDict
from contextvars import Context
from types import TracebackType

__all__ = ["Alarm", "Limit"]


class Alarm:
    """Ends all that takes longer than so many seconds, each within its `Limit`.

    `asyncio.timeout` sets and cancels a timer each time, which costs an eighth of a call. Of limits
    of one length the first to begin is the first to end, so that one timer does for all.
    """

    def __init__(self, seconds: float, loop: asyncio.AbstractEventLoop) -> None:
        self.seconds = seconds
        self.loop = loop
        self.under_way: OrderedDict[Limit, None] = OrderedDict()
        """Who may still be too late, in the order in which they end."""
        # A timer keeps the context it is set in; of the first caller's all he holds would stay alive.
        self._context = Context()
        self.timer: asyncio.TimerHandle | None = None
        """Who is done leaves it: it is set anew when it rings."""
        self.retired = False
        """Whether nobody will begin here any more."""

    def arm(self, at: float) -> None:
        """Set the timer, to event loop time."""
        self.timer = self.loop.call_at(at, self._ring, context=self._context)

    def retire(self) -> None:
        """Take the timer away as soon as nobody is under way: nobody will begin here any more."""
        self.retired = True
        if self.timer is not None and not self.under_way:
            self.timer.cancel()
            self.timer = None

    def _ring(self) -> None:
        self.timer = None
        now = self.loop.time()
        while self.under_way:
            limit = next(iter(self.under_way))
            if limit.ends > now:
                self.arm(limit.ends)
                return
            del self.under_way[limit]
            limit.ring()


class Limit:
    """A context manager that raises TimeoutError if its body takes too long; used once."""

    __slots__ = ("_alarm", "_before", "_rang", "_task", "ends")

    def __init__(self, alarm: Alarm) -> None:
        self._alarm = alarm
        self._rang = False

    def ring(self) -> None:
        """Cancel the body: its time is over."""
        self._rang = True
        self._task.cancel()

    def __enter__(self) -> None:
        alarm = self._alarm
        task = asyncio.current_task(alarm.loop)
        if task is None:
            raise RuntimeError("a call must be awaited inside a task")
        self._task, self._before = task, task.cancelling()
        self.ends = alarm.loop.time() + alarm.seconds
        """When the time is over, in event loop time."""
        alarm.under_way[self] = None
        if alarm.timer is None:
            alarm.arm(self.ends)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        alarm = self._alarm
        alarm.under_way.pop(self, None)
        if alarm.retired:
            alarm.retire()
        if not self._rang:
            return
        # Whoever else cancelled meanwhile has cancelled: only our own cancellation is a time-out.
        alone = self._task.uncancel() <= self._before
        if alone and isinstance(error, asyncio.CancelledError):
            raise TimeoutError from error
