"""Ctrl-C: the first one lets a command save and close, the second one ends it where it stands."""

import asyncio
import os
import signal
import threading
from collections.abc import Coroutine
from typing import Any, NoReturn, TypeVar

__all__ = ["INTERRUPTED", "awaited"]

T = TypeVar("T")
INTERRUPTED = 130
"""Exit code."""


def awaited(work: Coroutine[Any, Any, T]) -> T:
    """Run a command to its end, or until it was cancelled by a Ctrl-C and has closed.

    Raises:
        CancelledError: It was interrupted.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return asyncio.run(work)
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        task = loop.create_task(work)

        def pressed(*_: object) -> None:
            signal.signal(signal.SIGINT, _stop)
            loop.call_soon_threadsafe(task.cancel)

        try:
            signal.signal(signal.SIGINT, pressed)
            return loop.run_until_complete(task)
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _stop(*_: object) -> NoReturn:
    # A store that outlives `kill -9` outlives this too.
    os.write(2, b"stopped without waiting; what was committed is there\n")
    os._exit(INTERRUPTED)
