"""The connection to a shared Valkey or Redis; fails fast. Needs the extra `redis`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisClusterException, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from gizwits_async.errors import QuotaStoreError
from gizwits_async.options import Secret
from gizwits_async.quota.shared.refusals import NoScriptsError, refusal
from gizwits_async.quota.shared.servers import MALFORMED, Client, client_of, close, is_readable

__all__ = ["AWAY", "SILENT", "Store", "check"]

T = TypeVar("T")
AWAY = (RedisError, RedisClusterException, OSError, TimeoutError, *MALFORMED)
"""Raised by redis-py while the store cannot be used."""
SILENT = (TimeoutError, RedisTimeoutError)
"""Of these, raised where the store does not answer at all."""
_SECONDS = 2.0
"""Limit of a call, the search for the server by Sentinels or in a cluster included."""


class Store:
    """A connection to the store, one for each event loop; fails within two seconds."""

    def __init__(self, where: str | Client) -> None:
        """Name the store; nothing connects.

        Args:
            where: Its URL, see `servers.py`; or a client, which stays its owner's to close.

        Raises:
            ValueError: The URL cannot be read.
        """
        self._url: Secret | None = None
        self._client: Client | None = None
        if isinstance(where, str):
            if not is_readable(where):
                del where  # it may hold a password, and tracebacks show locals
                raise ValueError("the URL of the store cannot be read by redis-py")
            self._url = Secret(where)
        else:
            self._client = where
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def client(self) -> Client:
        """The client of the running event loop; its calls raise one of `AWAY`."""
        if self._closed:
            # A request that closing cut off must not open another connection, which none would close.
            raise RedisConnectionError("the store was closed")
        loop = asyncio.get_running_loop()
        if self._url is not None and (self._client is None or self._loop is not loop):
            self._loop, self._client = loop, client_of(self._url)
        if self._client is None:
            raise AssertionError("unreachable")
        return self._client

    @asynccontextmanager
    async def reached(self) -> AsyncIterator[Client]:
        """Give the client; a server that refuses is looked for anew by the next call.

        After a managed failover the name leads to another server, while the old one keeps its
        connections and refuses on them for ever.
        """
        client = self.client
        try:
            yield client
        except ResponseError:
            if isinstance(client, Redis):  # A cluster's client follows its servers by itself.
                await client.connection_pool.disconnect(inuse_connections=False)
            raise
        finally:
            await self.left(client)

    async def left(self, client: Client) -> None:
        """Close a client that was used while, or after, the store was closed.

        redis-py closes no connection that was being opened when its client was closed, and opens one for
        each call after that.
        """
        if self._closed and self._url is not None:
            await close(client)

    async def call(self, work: Callable[[Client], Awaitable[T]]) -> T:
        """Make a call; raises one of `AWAY`."""
        async with asyncio.timeout(_SECONDS), self.reached() as client:
            return await work(client)

    async def run(self, script: str, keys: list[str], *arguments: float | str) -> list[object]:
        """Run a Lua script and return its reply. EVAL: a few hundred bytes need no script cache."""

        async def evaluate(client: Client) -> object:
            return await client.eval(script, len(keys), *keys, *map(str, arguments))

        reply = await self.call(evaluate)
        if reply is None:
            return []
        if not isinstance(reply, list):
            raise NoScriptsError("the store does not run our scripts")
        return [part.decode() if isinstance(part, bytes) else part for part in reply]

    async def aclose(self) -> None:
        """Close the connection, unless the caller passed the client in."""
        self._closed = True
        if self._client is not None and self._loop is asyncio.get_running_loop():
            client, self._client = self._client, None
            await close(client)


async def check(work: Callable[[], Awaitable[object]], what: str) -> None:
    """Try what is needed of a store, and raise an error if its server refuses that.

    Args:
        work: Uses the store; raises one of `AWAY`.
        what: What the store keeps, for the message.

    Raises:
        QuotaStoreError: It refuses; an outage is no error, since it passes.
    """
    found: str | None = None
    for _attempt in range(2):  # The first may have met a server that was replaced.
        try:
            await work()
        except AWAY as error:
            found = refusal(error)
        else:
            return
    if found is not None:  # Outside the handler: the driver's frames hold the password.
        raise QuotaStoreError(f"the server that keeps the shared {what} refuses: {found}")
