"""Event loops that do not wait for time: one without sockets, one over real sockets."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, TypeVar

import async_solipsism

__all__ = ["JumpingLoop", "VirtualLoop", "now", "virtual", "virtually"]

T = TypeVar("T")


class VirtualLoop(async_solipsism.EventLoop):
    """A loop whose clock jumps to the next timer, and advances by a microsecond each iteration.

    aiolimiter sets timers for "now" when rounding leaves it a fraction short of a permit; with a clock
    that stands still between timers, that would loop forever.
    """

    def __init__(self) -> None:
        super().__init__()
        clock = self._selector.clock
        advance = clock.advance
        clock.advance = lambda delta: advance(max(delta, clock.resolution))

    def _run_once(self) -> None:
        clock = self._selector.clock
        clock.advance(clock.resolution)
        super()._run_once()  # type: ignore[misc]


class _Selector(selectors.DefaultSelector):  # type: ignore[valid-type,misc]
    """Waits for sockets as usual; for timers only as long as loopback may need to deliver a byte."""

    now = 0.0
    """The loop's time, in seconds."""

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        # Poll once more without waiting: a process that was stopped meanwhile sees its timeout expire.
        ready = super().select(min(timeout, 0.02)) or super().select(0)
        if not ready:
            self.now += timeout
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """A loop over real sockets whose clock stands still while there is I/O, and jumps when idle.

    A slow machine therefore never causes a time-out. Client and server must share this loop: the
    pending work of another process or thread is invisible to it, and its clock would jump past it.
    """

    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now


def virtually(
    main: Coroutine[Any, Any, T],
    loop: Callable[[], asyncio.AbstractEventLoop] = async_solipsism.EventLoop,
) -> T:
    """Return the result of `main`, run on a loop whose clock jumps to the next timer."""
    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(main)


def virtual(test: Callable[..., Any]) -> Callable[..., None]:
    """Run an async test by `virtually`."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        virtually(test(*args, **kwargs))

    return run


def now() -> float:
    """Return the running loop's time."""
    return asyncio.get_running_loop().time()
