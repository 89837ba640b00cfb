"""Run a coroutine in virtual time, so that an hour of waiting takes no time."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import async_solipsism

T = TypeVar("T")


def virtually(main: Coroutine[Any, Any, T]) -> T:
    """Return what `main` returns, run in a loop whose clock jumps to the next timer."""
    with asyncio.Runner(loop_factory=async_solipsism.EventLoop) as runner:
        return runner.run(main)


def now() -> float:
    """Return the loop's time."""
    return asyncio.get_running_loop().time()
