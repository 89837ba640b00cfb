"""The present of a simulated service whose callers bring no clock."""

import asyncio

__all__ = ["LoopClock"]


class LoopClock:
    """Epoch seconds that start at a given time and advance with the running event loop."""

    def __init__(self, start: float) -> None:
        self._now = start
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_time = 0.0

    def now(self) -> float:
        """Return the present, in epoch seconds; without a running loop, the latest one."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return self._now
        loop_time = loop.time()
        # The time between two loops does not count: virtual and real loops have different clocks.
        if loop is self._loop:
            self._now += loop_time - self._loop_time
        self._loop, self._loop_time = loop, loop_time
        return self._now
