"""Run a coroutine in virtual time, so that an hour of waiting takes no time."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import async_solipsism

T = TypeVar("T")


class Loop(async_solipsism.EventLoop):
    """A loop whose clock jumps, and goes on by a microsecond in each round.

    aiolimiter sets timers for "now" when rounding leaves it a hair short of a place; where time
    stands still between timers that would go on for ever.
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


def virtually(
    main: Coroutine[Any, Any, T],
    loop: Callable[[], asyncio.AbstractEventLoop] = async_solipsism.EventLoop,
) -> T:
    """Return what `main` returns, run in a loop whose clock jumps to the next timer."""
    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(main)


def now() -> float:
    """Return the loop's time."""
    return asyncio.get_running_loop().time()
