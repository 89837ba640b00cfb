"""The aiohttp session of a client: borrowed, or opened in the event loop and process that uses it."""

import asyncio
import os
from typing import Any, TypeAlias

import aiohttp
from yarl import URL

from gizwits_async.errors import ArgumentError, ClientClosedError
from gizwits_async.options import Secret
from gizwits_async.wire.route import Route

__all__ = ["Session", "Sessions"]

Session: TypeAlias = aiohttp.ClientSession
"""The kind of session that a client borrows."""

_NO_SOCKS = "a SOCKS proxy needs an extra: pip install 'gizwits-async[socks]'"


class Sessions:
    """Provides the session of the running event loop, and closes what it opened."""

    def __init__(self, borrowed: Session | None, route: Route, *, keepalive: float) -> None:
        """Open nothing yet.

        Args:
            borrowed: A session to use instead of an own one.
            route: How own sessions reach the service.
            keepalive: Seconds after which own sessions do not use an idle connection again.

        Raises:
            ArgumentError: The borrowed session has an `auth`, or does not decompress.
        """
        if borrowed is not None and (
            getattr(borrowed, "auth", None) or not borrowed.auto_decompress
        ):
            raise ArgumentError(
                "the borrowed session must have no auth, which would collide with the token, and must"
                " decompress replies"
            )
        self.borrowed = borrowed
        self.own: Session | None = None
        self._route = route
        self._keepalive = keepalive
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = os.getpid()
        self._forked: list[Session] = []
        self._closed = False

    def ready(self) -> Session | None:
        """Return the session if there is one for this event loop; None if it must be opened."""
        if self._closed:
            raise ClientClosedError("this client is closed; open a new one")
        loop = asyncio.get_running_loop()
        if self.borrowed is not None:
            return self._still_usable(self.borrowed, loop)
        if self._loop is loop and self._pid == os.getpid():
            return self.own
        return None

    async def opened(self) -> Session:
        """Open a session for this event loop, and close one of an earlier loop."""
        loop = asyncio.get_running_loop()
        old = self._left_behind_in(loop)
        connector, settings = _connecting(self._route, self._keepalive)
        self._loop, self._pid = loop, os.getpid()
        session = self.own = Session(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), **settings
        )
        if old is not None:
            await old.close()
        return session

    async def aclose(self) -> None:
        """Close the own session; later calls of `ready` raise `ClientClosedError`."""
        self._closed = True
        session, self.own = self.own, None
        if session is not None and self._pid == os.getpid():
            await session.close()

    def _still_usable(self, session: Session, loop: asyncio.AbstractEventLoop) -> Session:
        if session.closed:
            raise ClientClosedError("the session that this client borrowed is closed")
        if self._pid != os.getpid() or getattr(session, "_loop", loop) is not loop:
            # Over a forked connection, one process would read replies to the other.
            raise ClientClosedError(
                "the session that this client borrowed belongs to another event loop or process"
            )
        return session

    def _left_behind_in(self, loop: asyncio.AbstractEventLoop) -> Session | None:
        """Part with a session of another loop or process; return it if it can be closed."""
        old, own_loop = self.own, self._loop
        if old is None or own_loop is None:
            return None
        if self._pid != os.getpid():
            # Not closed, for the parent uses its sockets; kept, for its finalizer would close them.
            self._forked.append(old)
            return None
        if own_loop is not loop and not own_loop.is_closed():
            raise ClientClosedError(
                "this client belongs to another event loop that is still open; make one client a loop"
            )
        return old


def _connecting(route: Route, keepalive: float) -> tuple[aiohttp.BaseConnector, dict[str, Any]]:
    """Return the connector of a session and its other settings.

    Raises:
        ImportError: The proxy is a SOCKS proxy and its extra is missing.
    """
    # The quota bounds the number of concurrent calls; a limit of the pool would add a hidden queue.
    settings: dict[str, Any] = {"limit": 0, "keepalive_timeout": keepalive}
    if route.tls is not None:
        settings["ssl"] = route.tls
    if route.proxy is None:
        return aiohttp.TCPConnector(**settings), {}
    proxy = URL(route.proxy)
    if not proxy.scheme.startswith("socks"):
        return aiohttp.TCPConnector(**settings), {"proxy": proxy}
    try:
        from aiohttp_socks import ProxyConnector  # noqa: PLC0415 - needs an extra
    except ModuleNotFoundError as error:
        raise ImportError(_NO_SOCKS) from error
    url = Secret(proxy.with_scheme("socks4" if proxy.scheme == "socks4" else "socks5"))
    return ProxyConnector.from_url(url, **settings), {}
