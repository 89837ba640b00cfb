"""A monotonic clock that survives event loops: a quota may be used in several, one after the other."""

import asyncio

from gizwits_async.errors import ClientClosedError

__all__ = ["LoopClock"]


class LoopClock:
    """Seconds by the clock of the current event loop; never goes back when the loop changes."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._offset = 0.0
        self._latest = 0.0

    def __call__(self) -> float:
        """Return the time in seconds; it stands still while no loop is open."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            now = loop.time() + self._offset
            self._latest = max(self._latest, now)
        return self._latest

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop whose time it shows."""
        return self._loop

    def follow(self, loop: asyncio.AbstractEventLoop) -> None:
        """Show the time of `loop` from now on.

        All real loops share one monotonic clock, so a pause between two of them counts. A virtual
        loop may start at zero: then time goes on from the latest value.

        Raises:
            ClientClosedError: The current loop is another one and still open.
        """
        if self._loop is not None and self._loop is not loop and not self._loop.is_closed():
            raise ClientClosedError(
                "this quota is in use by another event loop that is still open: "
                "use a client and a quota in one loop at a time"
            )
        self._offset = max(self._offset, self._latest - loop.time())
        self._loop = loop
