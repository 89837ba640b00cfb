"""One valid token for many callers: fetched once, renewed early, never used again after a refusal."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from hashlib import sha256

from attrs import define, field

from gizwits_async.errors import ClientClosedError, GizwitsError, InvalidResponseError
from gizwits_async.models.authorization import Token
from gizwits_async.options import Credentials
from gizwits_async.wire.clock import ServerClock
from gizwits_async.wire.protocols import TokenStore

__all__ = ["MemoryTokenStore", "TokenSource", "token_key"]

_RENEW_EARLY = 600.0
"""Seconds before its end at which a token is renewed."""
_MAX_EXPIRY = 10**12
"""Epoch seconds beyond the life of any token."""
_LEAST_LIFE = 60.0
"""Seconds for which a fresh token is used whatever its date: with a wrong clock, every call would be a
login otherwise. If it really has expired, the service refuses it and it is renewed."""


def token_key(base_url: str, credentials: Credentials) -> str:
    """Return the key under which a token is stored; a hash, since others may read the store."""
    parts = (
        base_url,
        credentials.enterprise_id,
        credentials.enterprise_secret,
        credentials.product_key,
        credentials.product_secret,
    )
    return sha256("\0".join(parts).encode()).hexdigest()


def _sendable(token: Token) -> bool:
    # In a header, aiohttp refuses line breaks with a bare ValueError, and sends other characters raw.
    text = token.token
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


class MemoryTokenStore:
    """Tokens of one process."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}

    async def load(self, key: str) -> Token | None:
        """Return the token under `key`, if any."""
        return self._tokens.get(key)

    async def save(self, key: str, token: Token) -> None:
        """Keep `token` under `key`."""
        self._tokens[key] = token

    async def discard(self, key: str, token: Token) -> None:
        """Forget the token under `key` if it is still this one."""
        if self._tokens.get(key) == token:
            del self._tokens[key]

    @asynccontextmanager
    async def renewing(self, key: str) -> AsyncIterator[None]:
        """Lock nothing: inside one process the token source allows one renewal at a time."""
        del key
        yield


@define(eq=False)
class _Renewal:
    """A login under way, and the futures of the callers that wait for it."""

    task: asyncio.Task[Token]
    waiting: dict[asyncio.Future[Token | BaseException], None] = field(factory=dict)


class TokenSource:
    """The current token of one product."""

    def __init__(
        self,
        *,
        key: str,
        login: Callable[[], Awaitable[Token]],
        store: TokenStore,
        clock: ServerClock,
    ) -> None:
        self._key = key
        self._login = login
        self._store = store
        self._clock = clock
        self._current: Token | None = None
        self._refused: Token | None = None
        self._good_until = 0.0
        self._renewal: _Renewal | None = None
        self._closed = False

    def current(self, now: float) -> Token | None:
        """Return the token at hand if it should be accepted `now` (event loop time)."""
        return None if self._closed or now >= self._good_until else self._current

    async def get(self) -> Token:
        """Return a token that should be accepted; many callers share one renewal."""
        token = self.current(self._clock.loop_time)
        return await self._joined() if token is None else token

    async def forget(self) -> None:
        """Drop the current token, however long it is valid: the next `get` fetches a new one."""
        if self._current is not None:
            await self.invalidate(self._current)

    async def invalidate(self, token: Token) -> None:
        """Forget `token` if it is still the current one: a late refusal must not cost a new login."""
        if self._current == token:
            self._current = None
        self._refused = token  # The store may be slow to discard it, or unreachable.
        await self._store.discard(self._key, token)

    async def aclose(self) -> None:
        """End a renewal under way; later calls raise `ClientClosedError`."""
        self._closed = True
        if self._renewal is not None and not self._renewal.task.get_loop().is_closed():
            self._renewal.task.cancel()
            await asyncio.wait([self._renewal.task])

    def _is_closed(self) -> bool:
        return self._closed

    async def _joined(self) -> Token:
        if self._is_closed():
            raise ClientClosedError("this client is closed; open a new one")
        loop = asyncio.get_running_loop()
        renewal = self._renewal
        if renewal is None or renewal.task.get_loop() is not loop:
            # A task of its own: the first caller may be cancelled while others wait.
            renewal = self._renewal = _Renewal(loop.create_task(self._renew()))
            renewal.task.add_done_callback(partial(self._renewed, renewal))
        # Not `asyncio.shield`: removing a cancelled waiter from the task's callbacks is O(n).
        waiter: asyncio.Future[Token | BaseException] = loop.create_future()
        renewal.waiting[waiter] = None
        try:
            outcome = await waiter
        finally:
            renewal.waiting.pop(waiter, None)
        if isinstance(outcome, Token):
            return outcome
        # Each waiter raises its own copy: a shared error would collect all their tracebacks.
        raise outcome.copy() if isinstance(outcome, GizwitsError) else outcome

    def _renewed(self, renewal: _Renewal, task: asyncio.Task[Token]) -> None:
        if self._renewal is renewal:
            self._renewal = None  # A failure is not kept: the next caller tries again.
        outcome: Token | BaseException
        if task.cancelled():
            outcome = ClientClosedError("the client was closed while a token was fetched")
        else:
            outcome = task.exception() or task.result()
        for waiter in renewal.waiting:
            if not waiter.done():
                waiter.set_result(outcome)

    async def _renew(self) -> Token:
        if (token := await self._stored()) is not None:
            return token
        async with self._store.renewing(self._key):
            if (token := await self._stored()) is not None:
                return token  # Another process was faster.
            token = await self._login()
            if not _sendable(token):
                raise InvalidResponseError("the token is not visible ASCII characters")
            self._adopt(token, least=_LEAST_LIFE)
            await self._store.save(self._key, token)
        return token

    async def _stored(self) -> Token | None:
        token = await self._store.load(self._key)
        if token is None or token == self._refused or not _sendable(token):
            return None
        if self._remaining(token) <= 0:
            return None
        self._adopt(token, least=0.0)
        return token

    def _remaining(self, token: Token) -> float:
        # A store may return any integer, and a large one does not fit a float.
        expires_at = max(-_MAX_EXPIRY, min(token.expires_at, _MAX_EXPIRY))
        return expires_at - self._clock.latest() - _RENEW_EARLY

    def _adopt(self, token: Token, *, least: float) -> None:
        self._current = token
        self._good_until = self._clock.loop_time + max(self._remaining(token), least)
