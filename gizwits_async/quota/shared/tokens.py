"""One login for many processes, by tokens in a file or on Valkey or Redis."""

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Self

from gizwits_async.models.authorization import Token
from gizwits_async.options import Secret
from gizwits_async.quota.shared.address import path_of, secret_of
from gizwits_async.quota.shared.file_tokens import FileTokens
from gizwits_async.wire.protocols import Checked

if TYPE_CHECKING:
    from gizwits_async.quota.shared.redis_tokens import RedisTokens
    from gizwits_async.quota.shared.servers import Client

__all__ = ["SharedTokenStore"]


class SharedTokenStore:
    """Keeps tokens for many processes, so that all workers together log in once.

    No method but `check` raises: while the store is away it holds no token, and each process logs in by itself.
    """

    def __init__(self, url: "str | Client", *, lock_life: float = 30.0) -> None:
        """Make a store; nothing is opened yet.

        Args:
            url: As in `SharedQuota`.
            lock_life: Seconds after which a login is waited for no longer.

        Raises:
            ValueError: The URL cannot be read.
            ImportError: The URL needs the extra `redis`.
        """
        url = secret_of(url)
        path = path_of(url) if isinstance(url, str) else None
        self._tokens = (
            _redis(url, lock_life) if path is None else FileTokens(path, lock_life=lock_life)
        )

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Return the token store at this URL."""
        url = Secret(url)  # rebound: a traceback shows the locals of this frame
        return cls(url)

    async def load(self, key: str) -> Token | None:
        """Return the token under `key`; None if there is none, or none that can be read."""
        return await self._tokens.load(key)

    async def save(self, key: str, token: Token) -> None:
        """Keep `token` under `key`."""
        await self._tokens.save(key, token)

    async def discard(self, key: str, token: Token) -> None:
        """Forget the token under `key` if it is still this one."""
        await self._tokens.discard(key, token)

    def renewing(self, key: str) -> AbstractAsyncContextManager[None]:
        """Hold the login lock of `key`: one process at a time fetches a new token."""
        return self._tokens.renewing(key)

    async def check(self) -> None:
        """Make sure that the server behind the URL accepts us; an outage is no error.

        Raises:
            QuotaStoreError: It refuses the password, a command, the database or the like.
        """
        if isinstance(self._tokens, Checked):
            await self._tokens.check()

    async def aclose(self) -> None:
        """Release what is held."""
        await self._tokens.aclose()


def _redis(url: "str | Client", lock_life: float) -> "RedisTokens":
    # Loaded late: needs the extra `redis`.
    from gizwits_async.quota.shared.redis_tokens import RedisTokens  # noqa: PLC0415

    return RedisTokens(url, lock_life=lock_life)
