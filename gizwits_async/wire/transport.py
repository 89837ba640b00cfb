"""One HTTP exchange over aiohttp: sent once, not redirected, read under a limit. No retry here."""

import asyncio
from collections.abc import Awaitable, Mapping
from functools import lru_cache
from math import inf

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError
from attrs import field, frozen
from multidict import istr
from yarl import URL

from gizwits_async.errors import (
    GizwitsError,
    InvalidResponseError,
    NoReplyError,
    NotSentError,
    ResponseTooLargeError,
    TimedOutError,
)
from gizwits_async.wire.causes import cause_of
from gizwits_async.wire.route import Route
from gizwits_async.wire.sessions import Session, Sessions
from gizwits_async.wire.time_limit import SharedTimer

__all__ = ["HttpReply", "HttpTransport", "http_transports"]

_DIRECT = Route()
_COMMAND_KEEPALIVE = 1.0
"""Seconds after which commands do not use an idle connection again: the other side may be closing it,
and then it is unknown whether the command was executed."""
_PROXY_AUTH = 407
_SOCKS = ("aiohttp_socks", "python_socks")
_KEPT_HEADERS = tuple(
    (istr(name), name.lower())
    for name in (
        *("Date", "Retry-After"),
        *("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"),
    )
)


@frozen(slots=False)  # made once a call: see `Request`
class HttpReply:
    """A whole reply."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    """Not in the repr: a reply may hold a token, and is a local of frames that tracebacks show."""


class _SentTwiceError(aiohttp.ClientError):
    """aiohttp was about to send the request a second time."""


class _Once:
    """A client middleware that adds our headers, and lets one wire request through.

    aiohttp silently repeats GET, PUT and DELETE when a kept-alive connection turns out to be closed.
    That would spend quota uncounted, and could do a write twice. Middlewares run once an attempt and
    are the public way to stop it, on borrowed sessions too.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers
        self._sent = False

    def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> Awaitable[aiohttp.ClientResponse]:
        if self._sent:
            raise _SentTwiceError
        self._sent = True
        # Only here: a session that trusts the environment looks for an account of the service in
        # `.netrc`, and refuses to send that beside a header of ours. aiohttp would also copy each twice.
        request.headers.pop("Authorization", None)
        request.headers.update(self._headers)
        return handler(request)


class HttpTransport:
    """HTTP over a session of its own, or a borrowed one."""

    def __init__(
        self,
        base_url: str,
        session: Session | None = None,
        *,
        route: Route = _DIRECT,
        keepalive: float = 15.0,
    ) -> None:
        """Open nothing yet.

        Args:
            base_url: Where all targets are.
            session: A session to borrow; it brings its own route.
            route: How an own session reaches the service.
            keepalive: Seconds after which an own session does not use an idle connection again.

        Raises:
            ArgumentError: The session cannot be borrowed.
        """
        self._base = base_url.rstrip("/")
        self._route = route
        self._sessions = Sessions(session, route, keepalive=keepalive)
        self._timer = SharedTimer()

    async def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        timeout: float,  # noqa: ASYNC109 - the limit of this one exchange, reading included
        max_bytes: int,
    ) -> HttpReply:
        """Send one request and return its whole reply, whatever its status.

        Raises:
            NotSentError: No connection was made, or the proxy refused.
            TimedOutError: No complete reply within `timeout` seconds.
            NoReplyError: The connection broke.
            ResponseTooLargeError: More than `max_bytes` after decompression.
            InvalidResponseError: The reply is not HTTP, or its compression is broken.
        """
        session = self._sessions.ready() or await self._sessions.opened()
        failure: GizwitsError | asyncio.CancelledError
        try:
            url = URL(self._base + target, encoded=True)
            limits = _limits(timeout)
            exchange = _exchange(
                session, method, url, headers, body, limits=limits, max_bytes=max_bytes
            )
            reply = await self._timer.within(timeout, exchange)
            if reply.status != _PROXY_AUTH or self._route.proxy is None:
                return reply
            failure = self._refused_by_proxy(reply.status)
        # Raised below and not here: an error keeps its context even "from None", and with it the
        # locals of all frames that it passed: headers, chunks of the body.
        except asyncio.CancelledError as error:
            failure = asyncio.CancelledError(*error.args)
        except Exception as error:  # noqa: BLE001 - proxies raise errors of many kinds
            failure = self._translated(error, timeout)
        raise failure

    async def aclose(self) -> None:
        """Close the session if it is our own. Later calls raise `ClientClosedError`."""
        await self._sessions.aclose()
        self._timer.close()

    def _translated(self, error: Exception, timeout: float) -> GizwitsError:
        """Return our error for one of aiohttp's, which would show the URL, the query and the token."""
        if isinstance(error, GizwitsError):
            return error.copy()
        if (not_sent := self._not_sent(error)) is not None:
            return not_sent
        match error:
            case aiohttp.ClientResponseError():
                # Its "status 400" is made up by aiohttp, not sent by the server.
                return InvalidResponseError(f"{self._host}: not an HTTP reply")
            case aiohttp.ClientPayloadError():
                if isinstance(error.__cause__, ContentEncodingError):
                    return InvalidResponseError("the compression of the reply is broken")
                return NoReplyError(f"the connection to {self._host} broke inside the body")
            case TimeoutError():
                return TimedOutError(f"no complete reply from {self._host} within {timeout:g} s")
            case aiohttp.ServerDisconnectedError() | _SentTwiceError():
                return NoReplyError(f"{self._host} closed the connection without a reply")
            case aiohttp.ClientError() | OSError():
                return NoReplyError(f"the connection to {self._host} broke: {cause_of(error)}")
        raise error

    def _not_sent(self, error: Exception) -> NotSentError | None:
        match error:
            case aiohttp.ClientProxyConnectionError():
                return NotSentError(f"no connection to proxy {self._route.via}: {cause_of(error)}")
            case aiohttp.ClientConnectorError() if self._route.is_proxy(error.host, error.port):
                # The name of the proxy was not found.
                return NotSentError(f"no connection to proxy {self._route.via}: {cause_of(error)}")
            case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
                return NotSentError(f"no connection to {self._host}: {cause_of(error)}")
            case aiohttp.ClientHttpProxyError():
                return self._refused_by_proxy(error.status)
            case aiohttp.ServerFingerprintMismatch():
                return NotSentError(f"no connection to {self._host}: not the pinned certificate")
            case _ if type(error).__module__.startswith(_SOCKS):
                cause = cause_of(error)
                return NotSentError(f"no connection through proxy {self._route.via}: {cause}")
        return None

    def _refused_by_proxy(self, status: int) -> NotSentError:
        cause = "credentials not accepted" if status == _PROXY_AUTH else "connection refused"
        via = self._route.via or "of the session"
        return NotSentError(f"no connection through proxy {via}: {cause} [HTTP {status}]")

    @property
    def _host(self) -> str:
        url = URL(self._base)
        return f"{url.host_subcomponent}:{url.port}"


def http_transports(
    base_url: str, session: Session | None, *, route: Route
) -> tuple[HttpTransport, HttpTransport]:
    """Return the transport of calls, and that of commands; see `HttpTransport`."""
    return (
        HttpTransport(base_url, session, route=route),
        HttpTransport(base_url, session, route=route, keepalive=_COMMAND_KEEPALIVE),
    )


@lru_cache(maxsize=16)
def _limits(seconds: float) -> aiohttp.ClientTimeout:
    # A call that still waits for a name, a connection or a slot of a borrowed pool has sent nothing: cut
    # early, it may be repeated. Not `total`, whose expiry makes aiohttp swallow a cancellation.
    return aiohttp.ClientTimeout(total=None, connect=seconds / 2, ceil_threshold=inf)


async def _exchange(
    session: aiohttp.ClientSession,
    method: str,
    url: URL,
    headers: Mapping[str, str],
    body: bytes | None,
    *,
    limits: aiohttp.ClientTimeout,
    max_bytes: int,
) -> HttpReply:
    # Apart from `send`, whose frame and locals are part of the traceback of what it raises.
    response = await session.request(
        method,
        url,
        data=body,
        raise_for_status=False,  # A borrowed session may set it, but the body says more.
        allow_redirects=False,  # They would take the secrets to another host.
        timeout=limits,
        # Innermost, so that the middlewares of a borrowed session cannot send twice.
        middlewares=(*getattr(session, "_middlewares", ()), _Once(headers)),
    )
    content, chunks, size = response.content, [], 0
    kept, found = {}, response.headers
    for name, low in _KEPT_HEADERS:
        text = found.get(name)
        if text is not None:
            kept[low] = text
    try:
        # In chunks: a small body can decompress to gigabytes.
        while not content.at_eof():
            chunk = await content.readany()
            size += len(chunk)
            if size > max_bytes:
                raise ResponseTooLargeError(f"the reply is longer than {max_bytes} bytes")
            chunks.append(chunk)
    finally:
        # After the last byte aiohttp has closed it and returned its connection by itself.
        if not response.closed:
            response.close()
    return HttpReply(response.status, kept, chunks[0] if len(chunks) == 1 else b"".join(chunks))
