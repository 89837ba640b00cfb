"""Virtual time for tests: sleeps and waits for quota advance it at once, and no test waits."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping

from gizwits_async.models.times import LOG_LIFE
from gizwits_async.options import Lane
from gizwits_async.quota import HourlyQuota

__all__ = ["VirtualQuota", "VirtualTime"]

_MAX_REFUSALS = 3
"""Refusals in a row that a call waits for: a service that refuses all calls has no end of them."""
_BURST = 10_000


class VirtualTime:
    """The wall clock plus all sleeps; the running event loop's clock is advanced alike."""

    def __init__(self, moved: Callable[[int], None]) -> None:
        """Make a virtual time.

        Args:
            moved: Called with the seconds by which a test set the wall clock to another date.
        """
        self._moved = moved
        self._seen = _wall()
        self._slept = 0.0

    def now(self) -> float:
        """Return the present, in epoch seconds."""
        seen = _wall()
        # A step by which all logs of the service expire is a test that set another date.
        if not 0 <= seen - self._seen <= LOG_LIFE:
            self._moved(round(seen - self._seen))
        self._seen = seen
        return seen + self._slept

    async def sleep(self, seconds: float) -> None:
        """Advance the time, so that all time-outs and pauses up to then end, and let tasks run."""
        if seconds > 0:
            _advance(asyncio.get_running_loop(), seconds)
            self._slept += seconds
        # The event loop runs timers that are due now between the two.
        await asyncio.sleep(0)
        await asyncio.sleep(0)


def _wall() -> float:
    # Not `time.time()`: freezegun leaves that alone in modules whose names start with "gi".
    return dt.datetime.now(dt.UTC).timestamp()


def _advance(loop: asyncio.AbstractEventLoop, seconds: float) -> None:
    if not isinstance(loop.time, _AdvancedTime):
        loop.time = _AdvancedTime(loop.time)  # type: ignore[method-assign]
    loop.time.seconds += seconds


class _AdvancedTime:
    """Replaces `loop.time`, which decides when timers are due."""

    def __init__(self, original: Callable[[], float]) -> None:
        self._original = original
        self.seconds = 0.0

    def __call__(self) -> float:
        return self._original() + self.seconds


class VirtualQuota(HourlyQuota):
    """A quota whose waits pass in virtual time."""

    def __init__(self, calls: int, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Make a quota.

        Args:
            calls: Calls an hour.
            sleep: Advances the virtual time.
        """
        super().__init__(calls, burst=_BURST, initial=_BURST)
        self._sleep = sleep
        self._refusals = 0

    async def acquire(self, lane: Lane = Lane.INTERACTIVE, max_wait: float | None = None) -> None:
        """Take a permit; see `HourlyQuota.acquire`."""
        # First: the clock of a loop that was closed does not advance.
        self._bind(asyncio.get_running_loop())
        if self._refusals >= _MAX_REFUSALS:
            self._refusals, max_wait = 0, 0.0
        lane = Lane(lane)
        while (wait := self._grants.expected(lane).seconds) > 0:
            if max_wait is not None and wait > max_wait:
                break
            await self._sleep(wait)
        await super().acquire(lane, max_wait)

    async def acquire_first(self) -> None:
        """Take a permit for a login; see `HourlyQuota.acquire_first`."""
        await self.acquire()

    def observe(self, headers: Mapping[str, str] | None, *, refused: bool = False) -> None:
        """Take note of the outcome of a call; see `HourlyQuota.observe`."""
        self._refusals = self._refusals + 1 if refused else 0
        super().observe(headers, refused=refused)
