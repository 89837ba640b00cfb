"""Ctrl-C and SIGTERM: the first one lets a command save and close, the second ends it at once."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn, TypeVar

from gizwits_async.cli.exits import Exit

__all__ = ["Stopped", "awaited", "ends_on_sigterm"]

T = TypeVar("T")
_CODES = {signal.SIGINT: Exit.INTERRUPTED, signal.SIGTERM: Exit.TERMINATED}


class Stopped(Exception):  # noqa: N818 - the user asked for it
    """The command was stopped by a signal, and has closed all it had open."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.code = _CODES[signal.Signals(number)]
        """Exit code of the program."""


def ends_on_sigterm() -> None:
    """End the program on SIGTERM while it is still loading.

    Without a handler the first process of a container ignores the signal, and its stop takes as
    long as the container runtime is willing to wait.
    """
    if _has_default(signal.SIGTERM):
        signal.signal(signal.SIGTERM, _end)


def awaited(
    work: Coroutine[Any, Any, T],
    new_event_loop: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> T:
    """Run a command to its end, or until a signal has cancelled it and it has closed.

    Args:
        work: The command.
        new_event_loop: Makes its event loop; None makes one of asyncio.

    Raises:
        Stopped: A signal ended it.
    """
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        if threading.current_thread() is not threading.main_thread():
            return runner.run(work)
        loop = runner.get_loop()
        task = loop.create_task(work)
        received: list[int] = []

        def first(number: int, _frame: FrameType | None) -> None:
            received.append(number)
            for handled in _CODES:
                if signal.getsignal(handled) is first:
                    signal.signal(handled, _end)
            loop.call_soon_threadsafe(task.cancel)

        with _handled_by(first):
            try:
                return loop.run_until_complete(task)
            except asyncio.CancelledError:
                raise Stopped(received[0] if received else signal.SIGINT) from None


def _has_default(number: int) -> bool:
    # An ignored signal stays ignored: a shell ignores Ctrl-C for what it runs in the background.
    return signal.getsignal(number) in {signal.SIG_DFL, signal.default_int_handler, _end}


@contextmanager
def _handled_by(handler: Any) -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in _CODES if _has_default(number)}
    for number in before:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    # Committed transactions survive this as they survive `kill -9`.
    os.write(2, b"stopped without waiting; what was committed is saved\n")
    os._exit(_CODES[signal.Signals(number)])
