"""Tokens and the login lock on Valkey or Redis. Needs the extra `redis`."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from gizwits_async.models.authorization import Token
from gizwits_async.quota.shared.address import secret_of
from gizwits_async.quota.shared.connection import AWAY, Store, check
from gizwits_async.quota.shared.refusals import refusal
from gizwits_async.quota.shared.servers import Client, Lock
from gizwits_async.quota.shared.token_text import read_token, write_token

__all__ = ["RedisTokens"]

_log = logging.getLogger("gizwits_async.quota")

_POLL = 0.05
"""Seconds between attempts to get the login lock."""
_DROP = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


class RedisTokens:
    """Keeps tokens for many processes, so that a whole fleet of workers logs in once.

    Never raises but in `check`: while the store is away it holds no token, and each process logs in by
    itself.
    """

    def __init__(self, url: str | Client, *, lock_life: float = 30.0) -> None:
        """Make a store.

        Args:
            url: As in `SharedQuota`.
            lock_life: Seconds after which the login lock of a process that died expires.

        Raises:
            ValueError: The URL cannot be read.
        """
        url = secret_of(url)
        self._store = Store(url)
        self._lock_life = lock_life
        self._reason: str | None = None

    async def load(self, key: str) -> Token | None:
        """Return the token under `key`; None if there is none, or none that can be read."""

        async def get(client: Client) -> str | bytes | None:
            found: str | bytes | None = await client.get(_token_key(key))
            return found

        try:
            text = await self._store.call(get)
        except AWAY as error:
            self._failed("no token could be read", error)
            return None
        return read_token(text)

    async def save(self, key: str, token: Token) -> None:
        """Keep `token` under `key` for eight days, a day longer than it is valid."""
        try:
            await self._save(key, token)
        except AWAY as error:
            self._failed("the token could not be shared", error)

    async def discard(self, key: str, token: Token) -> None:
        """Forget the token under `key` if it is still this one."""
        try:
            await self._store.run(_DROP, [_token_key(key)], write_token(token))
        except AWAY as error:
            self._failed("the token could not be discarded", error)

    @asynccontextmanager
    async def renewing(self, key: str) -> AsyncIterator[None]:
        """Hold the login lock of `key`: one process at a time fetches a new token."""
        lock: Lock | None = None
        try:
            async with self._store.reached() as client:
                lock = self._lock(client, key)
                if not await lock.acquire():
                    lock = None
        except AWAY as error:
            lock = None
            self._failed("no lock for the login", error)
        try:
            yield
        finally:
            if lock is not None:
                try:
                    await lock.release()
                except AWAY as error:
                    self._failed("the login lock will expire", error)
                finally:
                    await self._store.left(lock.redis)

    async def check(self) -> None:
        """Raise `QuotaStoreError` if the store refuses a setting."""

        async def use() -> None:
            key = f"check-{uuid4().hex}"  # Of its own: a lock that may not be released stays.
            async with self._store.reached() as client:
                lock = self._lock(client, key)
                await lock.acquire()
                await lock.release()
            token = Token(token=key, expires_at=0)
            await self._save(key, token)
            await self._store.run(_DROP, [_token_key(key)], write_token(token))

        await check(use, "login")

    async def aclose(self) -> None:
        """Close the connection."""
        await self._store.aclose()

    def _lock(self, client: Client, key: str) -> Lock:
        return Lock(
            client,
            f"{_token_key(key)}:lock",
            timeout=self._lock_life,
            blocking_timeout=self._lock_life,
            sleep=_POLL,
        )

    async def _save(self, key: str, token: Token) -> None:
        async def put(client: Client) -> None:
            await client.set(_token_key(key), write_token(token), ex=8 * 86_400)

        await self._store.call(put)

    def _failed(self, what: str, error: Exception) -> None:
        reason = refusal(error)
        if reason is None or reason == self._reason:
            _log.debug("%s: %s", what, type(error).__name__)
        else:  # Logged once: the setting stays wrong until it is changed.
            self._reason = reason
            _log.warning("%s: the server that keeps the shared login refuses: %s", what, reason)


def _token_key(key: str) -> str:
    return f"gizwits_async:token:{key}"
