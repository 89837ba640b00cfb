"""The connection to a shared Valkey or Redis; fails fast. Needs the extra `redis`."""

import asyncio

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from gizwits_async.options import Secret

__all__ = ["AWAY", "SILENT", "Store"]

_MALFORMED = (ValueError, TypeError, AttributeError, LookupError)
"""Raised by redis-py where a reply, or a URL, is none that a Redis would have."""
AWAY = (RedisError, OSError, TimeoutError, *_MALFORMED)
"""Raised by redis-py while the store cannot be used."""
SILENT = (TimeoutError, RedisTimeoutError)
"""Of these, raised where the store does not answer at all."""


def _readable(url: str) -> bool:
    try:
        # Connects to nothing yet, but parses each part of the URL.
        Redis.from_url(url).connection_pool.make_connection()  # type: ignore[no-untyped-call]
    except _MALFORMED:
        return False
    return True


class Store:
    """A connection to the store, one for each event loop; fails within a second."""

    def __init__(self, url: str) -> None:
        if url.startswith("valkey"):  # valkey:// and valkeys://, which redis-py does not know
            url = Secret(f"redis{url.removeprefix('valkey')}")
        if not _readable(url):
            del url  # it may hold a password, and tracebacks show locals
            raise ValueError("the URL of the store cannot be read by redis-py")
        self._url = Secret(url)
        self._client: Redis | None = None
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def client(self) -> Redis:
        """The client of the running event loop; its calls raise one of `AWAY`."""
        if self._closed:
            # A request that closing cut off must not open another connection, which none would close.
            raise RedisConnectionError("the store was closed")
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            self._loop = loop
            # No retries: a caller that waits for a permit must learn at once that the store is away.
            self._client = Redis.from_url(
                self._url,
                decode_responses=True,
                socket_timeout=1.0,
                socket_connect_timeout=1.0,
                retry=Retry(NoBackoff(), 0),
            )
        return self._client

    async def run(self, script: str, keys: list[str], *arguments: float | str) -> list[object]:
        """Run a Lua script and return its reply. EVAL: a few hundred bytes need no script cache."""
        reply = await self.client.eval(script, len(keys), *keys, *map(str, arguments))
        if reply is None:
            return []
        if not isinstance(reply, list):
            raise TypeError("the store does not run our scripts")
        return reply

    async def aclose(self) -> None:
        """Close the connection."""
        self._closed = True
        if self._client is not None and self._loop is asyncio.get_running_loop():
            client, self._client = self._client, None
            await client.aclose()
