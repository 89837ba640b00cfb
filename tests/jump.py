"""An event loop over real sockets whose clock jumps: where nothing but time is awaited, it passes at once."""

import asyncio
import selectors
from typing import Any


class _Selector(selectors.DefaultSelector):  # type: ignore[valid-type,misc]
    """Waits for sockets as ever; for time only as long as loopback may need to bring a byte."""

    now = 0.0
    """The loop's time, in seconds."""

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        # Once more without waiting: a process that was stopped meanwhile is told that time is over.
        ready = super().select(min(timeout, 0.02)) or super().select(0)
        if not ready:
            self.now += timeout
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """Time stands still while anything moves, so that no busy machine is too slow for a time-out.

    For tests whose servers live in the same loop: what another process or a thread is about to do
    cannot be seen, and time would pass it by.
    """

    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now
