"""Tells streamed responses that the server shuts down, so that they end and do not hold it up.

ASGI servers wait for open responses before they run the shutdown of the lifespan, which is therefore
too late: the signals themselves are observed.
"""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType
from weakref import WeakSet

__all__ = ["shutdown_event"]

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_Handler = Callable[[int, FrameType | None], object]

_open: dict[asyncio.AbstractEventLoop, set[asyncio.Event]] = {}
"""Events of the open responses in each event loop."""
_stopped: WeakSet[asyncio.AbstractEventLoop] = WeakSet()
"""Event loops whose server is stopping."""


@contextmanager
def shutdown_event() -> Iterator[asyncio.Event]:
    """Provide an event that is set when the process receives SIGTERM or SIGINT."""
    loop, event = asyncio.get_running_loop(), asyncio.Event()
    _open.setdefault(loop, set()).add(event)
    # At each response: the server sets its handlers after the app was imported, some of them after
    # the lifespan has started.
    _observe_signals()
    if loop in _stopped:
        event.set()  # Accepted just before the server closed its port.
    try:
        yield event
    finally:
        _open[loop].remove(event)
        if not _open[loop]:
            del _open[loop]


def _observe_signals() -> None:
    if current_thread() is not main_thread():
        return  # Python handles signals in the main thread only.
    for number in _SIGNALS:
        handler = signal.getsignal(number)
        if callable(handler) and not isinstance(handler, _Observed):
            signal.signal(number, _Observed(handler))


class _Observed:
    """A signal handler that sets the events, and calls the handler of the server."""

    def __init__(self, handler: _Handler) -> None:
        self._handler = handler

    def __call__(self, number: int, frame: FrameType | None) -> None:
        for loop in list(_open):
            if not loop.is_closed():
                loop.call_soon_threadsafe(_stop, loop)
        self._handler(number, frame)


def _stop(loop: asyncio.AbstractEventLoop) -> None:
    _stopped.add(loop)
    for event in _open.get(loop, ()):
        event.set()
