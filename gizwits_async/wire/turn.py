"""A lock of one event loop at a time. No I/O."""

import asyncio

__all__ = ["Turn"]


class Turn:
    """Lets one task at a time do something; another event loop, once the first is over, has its own."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = asyncio.Lock()

    def here(self) -> asyncio.Lock:
        """Return the lock of the running event loop."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # A lock that two tasks of one loop met at refuses those of any other.
            self._loop, self._lock = loop, asyncio.Lock()
        return self._lock
