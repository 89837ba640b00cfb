"""How long a scan pauses for errors that pass with time: a used-up quota or a rejected token."""

from collections.abc import Awaitable, Callable

from gizwits_async.errors import QuotaExceededError, QuotaWaitError, TokenRejectedError

__all__ = ["TRANSIENT", "Backoff"]

TRANSIENT = (QuotaExceededError, QuotaWaitError, TokenRejectedError)
"""Client-wide errors that pass with time."""
_QUOTA_PAUSE = 60.0
"""Seconds to wait for quota when the service does not say for how long."""
_MAX_REJECTIONS = 5
"""Rejections of a fresh token in a row, per caller, after which the scan stops."""
_REJECTION_PAUSE = 1.0
"""Seconds. Where a new token revokes the older ones, another process may just have fetched one."""


class Backoff:
    """Pauses for transient errors, and raises them when pausing is not allowed or does not help."""

    def __init__(
        self, sleep: Callable[[float], Awaitable[None]], *, callers: int, waits_for_quota: bool
    ) -> None:
        """Start without any rejection.

        Args:
            sleep: Waits for a number of seconds.
            callers: How many tasks share this instance: one revoked token fails all of them.
            waits_for_quota: Whether to wait for quota at all.
        """
        self._sleep = sleep
        self._callers = callers
        self._waits_for_quota = waits_for_quota
        self._rejections = 0

    def succeeded(self) -> None:
        """Note a successful call: the count of rejected tokens starts again."""
        self._rejections = 0

    async def pause(self, error: QuotaExceededError | QuotaWaitError | TokenRejectedError) -> None:
        """Wait until the call may be tried again, or raise the error."""
        if isinstance(error, TokenRejectedError):
            self._rejections += 1
            if self._rejections > _MAX_REJECTIONS * self._callers:
                raise error
            await self._sleep(_REJECTION_PAUSE)
        elif not self._waits_for_quota:
            raise error
        else:
            pause = _QUOTA_PAUSE if error.retry_after is None else max(1.0, error.retry_after)
            await self._sleep(pause)
