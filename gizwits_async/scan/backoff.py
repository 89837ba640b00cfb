"""What a scan waits out, and for how long: a used-up quota, a token that others ended. No SQL."""

from collections.abc import Awaitable, Callable

from gizwits_async.errors import QuotaExceededError, QuotaWaitError, TokenRejectedError

__all__ = ["TRANSIENT", "Backoff"]

TRANSIENT = (QuotaExceededError, QuotaWaitError, TokenRejectedError)
"""What passes by itself."""
_PAUSE = 60.0
"""Seconds to wait when the quota is used up and nobody says for how long."""
_MOST_REJECTED = 5
"""How often in a row each caller's token may be refused, though it was new, before the scan stops."""
_REJECTED_PAUSE = 1.0
"""Seconds. Where a new token ends the old ones, another process may just have fetched one."""


class Backoff:
    """Waits out what passes, and tells what does not."""

    def __init__(
        self, sleep: Callable[[float], Awaitable[None]], *, callers: int, none: bool
    ) -> None:
        """Make it.

        Args:
            sleep: Waits for some seconds.
            callers: How many of them wait by it: they fail together.
            none: Whether the client was told not to wait for quota.
        """
        self._sleep = sleep
        self._callers = callers
        self._none = none
        self._rejected = 0

    def reward(self) -> None:
        """Take note that a call brought something."""
        self._rejected = 0

    async def wait_out(
        self, error: QuotaExceededError | QuotaWaitError | TokenRejectedError
    ) -> None:
        """Pause, or raise the error if it is not to be waited for, or does not pass after all."""
        if isinstance(error, TokenRejectedError):
            self._rejected += 1
            if self._rejected > _MOST_REJECTED * self._callers:
                raise error
            await self._sleep(_REJECTED_PAUSE)
        elif self._none:
            raise error
        else:
            await self._sleep(_PAUSE if error.retry_after is None else max(1.0, error.retry_after))
