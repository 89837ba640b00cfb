"""What a call needs before it is sent: a permit of the quota, and a valid token. Sends nothing."""

import asyncio
from contextlib import suppress
from functools import partial

from gizwits_async.models.authorization import Token
from gizwits_async.options import Lane, Options
from gizwits_async.wire.attempts import Attempt
from gizwits_async.wire.clock import ServerClock
from gizwits_async.wire.protocols import Quota, QuotaWithFront, QuotaWithRelease
from gizwits_async.wire.token import TokenSource

__all__ = ["Admission"]

_PERMIT_LIFE = 2.0
"""Seconds that a permit may be held before its call is sent; the `pad` of the quota allows for them."""

_MIN_POLL = 1.0
"""Seconds between two looks at what holds up a login, at least."""


class Admission:
    """Hands out permits, with a token or without."""

    def __init__(
        self,
        quota: Quota,
        tokens: TokenSource,
        clock: ServerClock,
        options: Options,
        *,
        ahead: bool,
    ) -> None:
        """Admit calls by these parts.

        Args:
            quota: Grants permits.
            tokens: Provides tokens.
            clock: Tells the age of a permit.
            options: Lane and longest wait.
            ahead: Whether to go before all callers that wait for a permit: for a login, whose token
                they need.
        """
        self._quota = quota
        self._tokens = tokens
        self._clock = clock
        self._lane = Lane.INTERACTIVE if ahead else options.lane
        self._max_wait = options.max_quota_wait
        self._acquire = (
            quota.acquire_first
            if ahead and isinstance(quota, QuotaWithFront)
            else partial(quota.acquire, options.lane, options.max_quota_wait)
        )

    async def permit(self, attempt: Attempt) -> float:
        """Acquire a permit, and return when, in event loop time.

        Each permit must be followed by one `observe` of the quota.
        """
        await self._acquire()
        granted = attempt.granted = self._clock.loop_time
        attempt.permits += 1
        return granted

    def release(self) -> None:
        """Give back the permit of a call that was never sent, which the server cannot have counted."""
        if isinstance(self._quota, QuotaWithRelease):
            self._quota.release(self._lane)
        else:
            self._quota.observe(None)

    async def token(self) -> None:
        """Wait for a token, but no longer than for a permit: `acquire` then says what is wrong."""
        if self._max_wait == 0:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._max_wait):
                await self._tokens.get()

    async def permit_and_token(self, attempt: Attempt) -> tuple[float, Token]:
        """Return a token, and the event loop time at which both it and a fresh permit were there."""
        if self._tokens.current(attempt.began) is None:
            # Fetch the token first: a permit would expire during the login.
            await self.token()
            attempt.began = self._clock.loop_time
        while True:
            await self._acquire()
            granted = attempt.granted = self._clock.loop_time
            attempt.permits += 1
            # Check the token after acquiring: the wait can take an hour and outlive it.
            token = self._tokens.current(granted)
            if token is not None:
                return granted, token
            try:
                token = await self._wait_for_token()
            except BaseException:
                self.release()
                raise
            now = self._clock.loop_time
            if now - granted <= _PERMIT_LIFE:
                return now, token
            self.release()  # The server would count the call too late.

    async def renewed(self) -> Token:
        """Return a new token, however long the present one is valid."""
        await self._tokens.forget()
        return await self._wait_for_token()

    async def _wait_for_token(self) -> Token:
        # A login that others need too waits for quota as long as it takes. A caller with a limit
        # checks from time to time whether the quota is what holds it up, and gets its error then.
        limit = self._max_wait
        if limit is None:
            return await self._tokens.get()
        while True:
            scope = asyncio.timeout(max(limit, _MIN_POLL))
            try:
                async with scope:
                    return await self._tokens.get()
            except TimeoutError:
                if not scope.expired():
                    raise
            if (self._quota.retry_after() or 0.0) > limit:
                await self._acquire()
                self.release()
