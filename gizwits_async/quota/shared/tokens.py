"""One login for many processes: where a shared token store is found, and how a token is written."""

import json
from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager

from gizwits_async.models.authorization import Token
from gizwits_async.options import Secret
from gizwits_async.quota.shared.address import path_of

__all__ = ["SharedTokenStore", "read_token", "write_token"]


class SharedTokenStore(ABC):
    """Keeps tokens for many processes, so that all workers together log in once.

    No method raises: while the store is away it holds no token, and each process logs in by itself.
    """

    @staticmethod
    def from_url(url: str) -> "SharedTokenStore":
        """Return the token store at this URL.

        Args:
            url: As in `SharedQuota.from_url`.

        Raises:
            ValueError: The URL cannot be read.
        """
        url = Secret(url)
        path = path_of(url)
        if path is not None:
            from gizwits_async.quota.shared.file_tokens import FileTokenStore  # noqa: PLC0415

            return FileTokenStore(path)
        # Loaded late: needs the extra `redis`.
        from gizwits_async.quota.shared.redis_tokens import RedisTokenStore  # noqa: PLC0415

        return RedisTokenStore(url)

    @abstractmethod
    async def load(self, key: str) -> Token | None:
        """Return the token under `key`; None if there is none, or none that can be read."""

    @abstractmethod
    async def save(self, key: str, token: Token) -> None:
        """Keep `token` under `key`."""

    @abstractmethod
    async def discard(self, key: str, token: Token) -> None:
        """Forget the token under `key` if it is still this one."""

    @abstractmethod
    def renewing(self, key: str) -> AbstractAsyncContextManager[None]:
        """Hold the login lock of `key`: one process at a time fetches a new token."""

    @abstractmethod
    async def aclose(self) -> None:
        """Release what is held."""


def read_token(text: str | bytes | None) -> Token | None:
    """Return the token that was written as this text; None if it is none."""
    try:
        found = json.loads(text or "null")
        token, expires_at = found["token"], found["expires_at"]
    except (ValueError, TypeError, LookupError, RecursionError):
        return None
    if not isinstance(token, str) or not token or type(expires_at) is not int:
        return None
    return Token(token=token, expires_at=expires_at)


def write_token(token: Token) -> str:
    """Return the token as text."""
    return json.dumps({"token": str(token.token), "expires_at": token.expires_at})
