"""Tokens and the login lock on Valkey or Redis. Needs the extra `redis`."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gizwits_async.models.authorization import Token
from gizwits_async.options import Secret
from gizwits_async.quota.shared.connection import AWAY, Store
from gizwits_async.quota.shared.token_text import read_token, write_token

__all__ = ["RedisTokens"]

_log = logging.getLogger("gizwits_async.quota")

_POLL = 0.05
"""Seconds between attempts to get the login lock."""
_DROP = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


class RedisTokens:
    """Keeps tokens for many processes, so that a whole fleet of workers logs in once.

    Never raises: while the store is away it holds no token, and each process logs in by itself.
    """

    def __init__(self, url: str, *, lock_life: float = 30.0) -> None:
        """Make a store.

        Args:
            url: As in `SharedQuota.from_url`.
            lock_life: Seconds after which the login lock of a process that died expires.

        Raises:
            ValueError: The URL cannot be read.
        """
        url = Secret(url)
        self._store = Store(url)
        self._lock_life = lock_life

    async def load(self, key: str) -> Token | None:
        """Return the token under `key`; None if there is none, or none that can be read."""
        try:
            text = await self._store.client.get(_token_key(key))
        except AWAY:
            return None
        return read_token(text)

    async def save(self, key: str, token: Token) -> None:
        """Keep `token` under `key` for eight days, a day longer than it is valid."""
        try:
            await self._store.client.set(_token_key(key), write_token(token), ex=8 * 86_400)
        except AWAY as error:
            _log.debug("the token could not be shared: %s", type(error).__name__)

    async def discard(self, key: str, token: Token) -> None:
        """Forget the token under `key` if it is still this one."""
        try:
            await self._store.run(_DROP, [_token_key(key)], write_token(token))
        except AWAY as error:
            _log.debug("the token could not be discarded: %s", type(error).__name__)

    @asynccontextmanager
    async def renewing(self, key: str) -> AsyncIterator[None]:
        """Hold the login lock of `key`: one process at a time fetches a new token."""
        lock = self._store.client.lock(
            f"{_token_key(key)}:lock",
            timeout=self._lock_life,
            blocking_timeout=self._lock_life,
            sleep=_POLL,
        )
        held = False
        try:
            held = await lock.acquire()
        except AWAY as error:
            _log.debug("no lock for the login: %s", type(error).__name__)
        try:
            yield
        finally:
            if held:
                try:
                    await lock.release()
                except AWAY as error:
                    _log.debug("the login lock will expire: %s", type(error).__name__)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._store.aclose()


def _token_key(key: str) -> str:
    return f"gizwits_async:token:{key}"
