"""SIGTERM and SIGINT as an event, for as long as a worker runs."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["stopped_by_signals"]


@contextmanager
def stopped_by_signals(stopping: asyncio.Event) -> Iterator[None]:
    """Set the event at SIGTERM and SIGINT, where this thread may handle signals."""
    loop, handled = asyncio.get_running_loop(), list[signal.Signals]()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, stopping.set)
            handled.append(number)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)
