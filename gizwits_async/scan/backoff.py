"""How long a scan pauses for errors that pass with time: used-up quota, rejected token, outage."""

import asyncio
import logging
from math import isfinite

from gizwits_async.errors import (
    NotSentError,
    QuotaExceededError,
    QuotaWaitError,
    ServerError,
    TokenRejectedError,
)
from gizwits_async.scan.bulk_client import BulkClient
from gizwits_async.scan.settings import ScanSettings

__all__ = ["TRANSIENT", "Backoff"]

TRANSIENT = (QuotaExceededError, QuotaWaitError, TokenRejectedError)
"""Client-wide errors that pass with time."""
_QUOTA_PAUSE = 60.0
"""Seconds to wait for quota when the service does not say for how long."""
_MAX_REJECTIONS = 5
"""Rejections of a fresh token in a row, per caller, after which the scan stops."""
_REJECTION_PAUSE = 1.0
"""Seconds. Where a new token revokes the older ones, another process may just have fetched one."""
_LONGEST_PAUSE = 30.0
"""Seconds between two attempts in a long outage; they begin with a second."""
_GATEWAY_STATUS = frozenset({502, 503, 504})

_log = logging.getLogger("gizwits_async.scan")


class Backoff:
    """Pauses for transient errors, and raises them when pausing is not allowed or does not help."""

    def __init__(self, client: BulkClient, settings: ScanSettings, *, callers: int) -> None:
        """Start without any rejection.

        Args:
            client: Knows whether to wait for quota at all, and whether the run is to stop, which ends
                a pause.
            settings: How to sleep, and how long an outage may last.
            callers: How many tasks share this instance: one revoked token fails all of them.
        """
        self._sleep = client.stopping.pausing(settings.sleep)
        self._callers = callers
        self._waits_for_quota = client.waits_for_quota
        self._keep_trying = settings.keep_trying
        self._rejections = 0
        self._outage_began: float | None = None

    def succeeded(self) -> None:
        """Note a successful call: rejected tokens are counted anew, and an outage is over."""
        self._rejections = 0
        if self._outage_began is not None:
            seconds = asyncio.get_running_loop().time() - self._outage_began
            _log.warning("the service answers again, after %.0f s", seconds)
            self._outage_began = None

    async def outlast(self, error: Exception) -> bool:
        """Pause if the error is an outage, in which every call would fail.

        Returns:
            Whether the call may be tried again; False for an error that is no outage.

        Raises:
            GizwitsError: The outage has lasted longer than `keep_trying`.
        """
        if not self._keep_trying or not _is_outage(error):
            return False
        now = asyncio.get_running_loop().time()
        if self._outage_began is None:
            self._outage_began = now
            limit = f" for up to {self._keep_trying:.0f} s" if isfinite(self._keep_trying) else ""
            _log.warning("%s; trying again%s", error, limit)
        elif now - self._outage_began > self._keep_trying:
            raise error
        await self._sleep(min(_LONGEST_PAUSE, 1.0 + (now - self._outage_began)))
        return True

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


def _is_outage(error: Exception) -> bool:
    """Return whether an error says that nobody can reach the service at the moment."""
    if isinstance(error, ServerError):
        # Without an error code the answer is that of a gateway whose backend is down.
        return error.code is None and error.status in _GATEWAY_STATUS
    return isinstance(error, NotSentError)
