"""Why a call waits for the quota, in words: for `QuotaWaitError` and for the log."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

from attrs import frozen

from gizwits_async.options import Lane

__all__ = ["HoldLog", "Wait"]

_log = logging.getLogger("gizwits_async.quota")
_HOUR = 3600.0
_LONG = 60.0
"""Seconds: a longer wait for room in the window is named by its end, a shorter one by its length."""
_HELD = 1.0
"""Seconds a call waits before the log says that the quota holds calls back."""


@frozen(kw_only=True)
class Wait:
    """How long a call would wait for its permit, and why."""

    seconds: float
    refused: bool = False
    """The server refused a call, and no call has succeeded since."""
    used_up: bool = False
    """The server's count, or our own, has reached the limit."""
    period: float = _HOUR
    """Seconds of a period."""

    def describe(self, clock: Callable[[], float] = time.time) -> str:
        """Return the cause and the end of the wait as one clause."""
        length = f"{self.seconds:.0f} s" if self.seconds >= 1 else f"{self.seconds:.1f} s"
        if self.refused:
            return f"the service refused (5013), next attempt in {length}"
        if self.used_up and self.seconds > _LONG:
            end = datetime.fromtimestamp(clock() + self.seconds, UTC)
            period = "hour" if self.period == _HOUR else f"quota of {self.period:g} s"
            return f"the {period} is used up until {end:%H:%M} UTC"
        return f"too many at once, next permit in {length}"


class HoldLog:
    """Logs once when the quota begins to hold a lane back for more than a second, and when it ends."""

    def __init__(self) -> None:
        self.held: dict[Lane, int] = {}
        """How many calls had to wait in each lane that is held back."""

    def count(self, lane: Lane) -> bool:
        """Count a call that has to wait, if the lane is held back already."""
        held = lane in self.held
        if held:
            self.held[lane] += 1
        return held

    def begin(self, lane: Lane, wait: Wait) -> None:
        """Note that a call of `lane` has to wait for so long."""
        if wait.seconds > _HELD:
            self.held[lane] = 1
            _log.log(_level(lane), "quota: %s calls have to wait: %s", lane, wait.describe())

    def end(self, lane: Lane) -> None:
        """Note that a call of `lane` got its permit at once."""
        if count := self.held.pop(lane, 0):
            _log.log(_level(lane), "quota: %s calls go at once again; %d had to wait", lane, count)


def _level(lane: Lane) -> int:
    # A bulk job always waits for its quota; that interactive calls do is worth a warning.
    return logging.WARNING if lane is Lane.INTERACTIVE else logging.INFO
