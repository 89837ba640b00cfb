"""From the URL of a Valkey or Redis to a client of it: one server, behind Sentinels, or a cluster. No I/O.

```
redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]          also rediss://, unix://, valkey://, valkeys://
redis+sentinel://[USER:PASSWORD@]HOST[:PORT],.../NAME[/DATABASE]
redis+cluster://[USER:PASSWORD@]HOST[:PORT],...
```

Options stand behind a `?`, as in redis-py's own URLs; `sentinel_username` and `sentinel_password` are
those of the Sentinels.
"""

from contextlib import suppress
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import SSLConnection, parse_url
from redis.asyncio.lock import Lock
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

__all__ = ["MALFORMED", "Client", "Lock", "client_of", "close", "is_readable"]

Client: TypeAlias = Redis | RedisCluster
MALFORMED = (ValueError, TypeError, AttributeError, LookupError)
"""Raised by redis-py where a reply, or a URL, is none that a Redis would have."""

_SECONDS = 1.0
"""Limit of connecting, and of waiting for a reply."""
_PORT, _SENTINEL_PORT = 6379, 26379


def is_readable(url: str) -> bool:
    """Return whether a client can be made of a URL."""
    try:
        client = client_of(url)
        if isinstance(client, Redis):
            # Connects to nothing yet, but parses each part of the URL.
            client.connection_pool.make_connection()  # type: ignore[no-untyped-call]
    except MALFORMED:
        return False
    return True


def client_of(url: str) -> Client:
    """Return a client; nothing connects before its first call.

    Raises:
        ValueError: The URL cannot be read; redis-py raises others of `MALFORMED` too.
    """
    scheme, _, rest = url.partition("://")
    scheme = scheme.replace(
        "valkey", "redis", 1
    )  # redis-py does not know valkey:// and valkeys://.
    tls, kind = scheme.startswith("rediss"), scheme.partition("+")[2]
    if kind not in {"sentinel", "cluster"}:
        return Redis.from_url(f"{scheme}://{rest}", **_limits())
    where, mark, query = rest.partition("?")
    authority, _, path = where.partition("/")
    login, at, hosts = authority.rpartition("@")
    options: dict[str, Any] = {
        **parse_url(f"{'rediss' if tls else 'redis'}://{login}{at}host{mark}{query}"),
        **({"ssl": True} if tls else {}),
    }
    del options["host"]
    if options.pop("connection_class", SSLConnection) is not SSLConnection:
        raise ValueError("an option of the URL is not for this kind of server")
    if kind == "cluster":
        if path.strip("/"):
            raise ValueError("a cluster has one database only")
        nodes = [ClusterNode(host, port) for host, port in _addresses(hosts, _PORT)]
        return RedisCluster(startup_nodes=nodes, **options, **_limits(retries=True))
    name, _, database = path.partition("/")
    if not name:
        raise ValueError("the URL does not say the name under which the Sentinels know the server")
    return _behind_sentinels(hosts, unquote(name), {"db": int(database or 0), **options}, tls=tls)


async def close(client: Client) -> None:
    """Close a client of `client_of`, and its connections to Sentinels, which redis-py leaves open.

    A server that does not confirm the end of a connection in time is no error.
    """
    clients = [client]
    pool = getattr(client, "connection_pool", None)
    if isinstance(pool, SentinelConnectionPool):
        clients += pool.sentinel_manager.sentinels
    for each in clients:
        with suppress(RedisError, OSError):
            await each.aclose()


def _behind_sentinels(hosts: str, name: str, options: dict[str, Any], *, tls: bool) -> Redis:
    own = {
        key: options.pop(f"sentinel_{key}")
        for key in ("username", "password")
        if f"sentinel_{key}" in options
    }
    if tls:
        own |= {key: value for key, value in options.items() if key.startswith("ssl")}
    sentinels = Sentinel(  # type: ignore[no-untyped-call]
        _addresses(hosts, _SENTINEL_PORT), sentinel_kwargs={**own, **_limits()}
    )
    found: Redis = sentinels.master_for(name, **options, **_limits())
    return found


def _limits(*, retries: bool = False) -> dict[str, Any]:
    limits = {
        "decode_responses": True,
        "socket_timeout": _SECONDS,
        "socket_connect_timeout": _SECONDS,
    }
    # No retries: a caller that waits for a permit must learn at once that the store is away. Only a
    # cluster needs them, to follow a redirect to another node.
    return limits if retries else {**limits, "retry": Retry(NoBackoff(), 0)}


def _addresses(hosts: str, port: int) -> list[tuple[str, int]]:
    parts = [urlsplit(f"//{host}") for host in hosts.split(",")]
    if not all(part.hostname for part in parts):
        raise ValueError("the URL does not say where the servers are")
    return [(part.hostname or "", part.port or port) for part in parts]
