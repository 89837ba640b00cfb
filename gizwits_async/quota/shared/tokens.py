"""One token for many processes, on Valkey or Redis. Needs the extra `redis`."""

import asyncio
import json
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from gizwits_async.models.authorization import Token
from gizwits_async.options import Secret
from gizwits_async.quota.shared.connection import AWAY, Store

__all__ = ["SharedTokenStore"]

_log = logging.getLogger("gizwits_async.quota")

_DROP = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


class SharedTokenStore:
    """Keeps tokens for many processes, so that a whole fleet of workers logs in once.

    Never raises: with the store away there is no token, and every process logs in for itself.
    """

    def __init__(self, url: str, *, lock_life: float = 30.0) -> None:
        """Make a store.

        Args:
            url: As in `SharedQuota.from_url`.
            lock_life: Seconds after which the lock of a process that died is void.

        Raises:
            ValueError: The URL cannot be read.
        """
        url = Secret(url)
        self._store = Store(url)
        self._lock_life = lock_life

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Return the token store at this URL."""
        return cls(Secret(url))

    async def load(self, key: str) -> Token | None:
        """Return the token under `key`; None if there is none, or none that can be read."""
        try:
            found = json.loads(await self._store.client.get(_token_key(key)) or "null")
            token, expires_at = found["token"], found["expires_at"]
        except (*AWAY, RecursionError):
            return None
        if not isinstance(token, str) or not token or type(expires_at) is not int:
            return None
        return Token(token=token, expires_at=expires_at)

    async def save(self, key: str, token: Token) -> None:
        """Keep `token` under `key`; it is forgotten after eight days, a day after its end."""
        try:
            await self._store.client.set(_token_key(key), _written(token), ex=8 * 86_400)
        except AWAY as error:
            _log.debug("the token could not be shared: %s", type(error).__name__)

    async def discard(self, key: str, token: Token) -> None:
        """Forget the token under `key` if it is still this one."""
        try:
            await self._store.run(_DROP, [_token_key(key)], _written(token))
        except AWAY as error:
            _log.debug("the token could not be discarded: %s", type(error).__name__)

    @asynccontextmanager
    async def renewing(self, key: str) -> AsyncIterator[None]:
        """Hold this while a new token is fetched: one at a time, wherever the others run."""
        lock, mine = f"{_token_key(key)}:lock", secrets.token_hex(8)
        held = await self._lock(lock, mine)
        try:
            yield
        finally:
            if held:
                try:
                    await self._store.run(_DROP, [lock], mine)
                except AWAY as error:
                    _log.debug("the lock ends by itself: %s", type(error).__name__)

    async def aclose(self) -> None:
        """Give the connection back."""
        await self._store.aclose()

    async def _lock(self, lock: str, mine: str) -> bool:
        end = asyncio.get_running_loop().time() + self._lock_life
        try:
            while asyncio.get_running_loop().time() < end:
                life = int(self._lock_life * 1000)
                if await self._store.client.set(lock, mine, nx=True, px=life):
                    return True
                await asyncio.sleep(0.05)
        except AWAY as error:
            _log.debug("no lock to renew the token under: %s", type(error).__name__)
        return False


def _token_key(key: str) -> str:
    return f"gizwits_async:token:{key}"


def _written(token: Token) -> str:
    return json.dumps({"token": str(token.token), "expires_at": token.expires_at})
