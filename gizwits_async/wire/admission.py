"""What a call needs before it leaves: a place in the quota, and a token that is good. Nothing is sent."""

import asyncio
from contextlib import suppress
from functools import partial

from gizwits_async.models.authorization import Token
from gizwits_async.options import Options
from gizwits_async.wire.clock import ServerClock
from gizwits_async.wire.protocols import Quota, QuotaWithFront
from gizwits_async.wire.report import Attempt
from gizwits_async.wire.token import TokenSource

__all__ = ["Admission"]

_FRESH = 2.0
"""Seconds that a place may be held before its call is sent: `pad` of the quota counts on it."""

_LOOK = 1.0
"""Seconds after which to look what holds up a login, at the soonest."""


class Admission:
    """Hands out places, with a token or without."""

    def __init__(
        self,
        quota: Quota,
        tokens: TokenSource,
        clock: ServerClock,
        options: Options,
        *,
        ahead: bool,
    ) -> None:
        """Make it.

        Args:
            quota: Where the places come from.
            tokens: Where the token comes from.
            clock: Tells how old a place is.
            options: Which lane to stand in, and how long.
            ahead: Whether to go before all who wait for a place: they wait for what this one fetches.
        """
        self._quota = quota
        self._tokens = tokens
        self._clock = clock
        self._max_wait = options.max_quota_wait
        self._acquire = (
            quota.acquire_first
            if ahead and isinstance(quota, QuotaWithFront)
            else partial(quota.acquire, options.lane, options.max_quota_wait)
        )

    async def place(self, so_far: Attempt) -> float:
        """Take a place, and return when, in event loop time. Each wants one `observe` of the quota."""
        await self._acquire()
        granted = so_far.granted = self._clock.loop_time
        so_far.places += 1
        return granted

    async def token(self) -> None:
        """Wait for a token, but no longer than for a place: then the quota says how things are."""
        if self._max_wait == 0:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._max_wait):
                await self._tokens.get()

    async def place_and_token(self, so_far: Attempt) -> tuple[float, Token]:
        """Take a place that is fresh when the token is there; return when both are, and the token."""
        if self._tokens.current(so_far.began) is None:
            # Who has no token would only grow old in his place.
            await self.token()
            so_far.began = self._clock.loop_time
        while True:
            await self._acquire()
            granted = so_far.granted = self._clock.loop_time
            so_far.places += 1
            # Looked at last: a wait for a place can last an hour, and a token end meanwhile.
            token = self._tokens.current(granted)
            if token is not None:
                return granted, token
            try:
                token = await self._patiently()
            except BaseException:
                self._quota.observe(None)
                raise
            now = self._clock.loop_time
            if now - granted <= _FRESH:
                return now, token
            self._quota.observe(None)  # Spent: the server would count it too late.

    async def renewed(self) -> Token:
        """Return a new token, whatever the one at hand is good for."""
        await self._tokens.forget()
        return await self._patiently()

    async def _patiently(self) -> Token:
        # A login that others wait for too waits for the quota as long as it takes. Who may not do
        # so looks now and then whether the service holds it up, and lets the quota say it.
        limit = self._max_wait
        if limit is None:
            return await self._tokens.get()
        while True:
            scope = asyncio.timeout(max(limit, _LOOK))
            try:
                async with scope:
                    return await self._tokens.get()
            except TimeoutError:
                if not scope.expired():
                    raise
            if (self._quota.retry_after() or 0.0) > limit:
                await self._acquire()
                self._quota.observe(None)
