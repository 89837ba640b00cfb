"""A monotonic clock that survives event loops: a quota may be used in several, one after the other."""

import asyncio

from gizwits_async.errors import ClientClosedError

__all__ = ["LoopClock"]


class LoopClock:
    """Seconds by the clock of the latest event loop; never goes back when the loop changes."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        """The event loop whose time it shows."""
        self._offset = 0.0

    def __call__(self) -> float:
        """Return the time in seconds; zero before the first event loop."""
        # Not a bound `loop.time`: virtual clocks of tests replace that while the loop runs.
        loop = self.loop
        return 0.0 if loop is None else loop.time() + self._offset

    def follow(self, loop: asyncio.AbstractEventLoop) -> None:
        """Show the time of `loop` from now on.

        All real loops share one monotonic clock, so a pause between two of them counts. A virtual
        loop may start at zero: then time goes on from where the loop before stopped.

        Raises:
            ClientClosedError: The current loop is another one and still open.
        """
        if self.loop is not None and self.loop is not loop and not self.loop.is_closed():
            raise ClientClosedError(
                "this quota is in use by another event loop that is still open: "
                "use a client and a quota in one loop at a time"
            )
        self._offset = max(self._offset, self() - loop.time())
        self.loop = loop
