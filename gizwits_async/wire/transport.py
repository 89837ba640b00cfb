"""One HTTP exchange over aiohttp: sent once, not redirected, read under a limit. No retry here."""

import asyncio
import os
from collections.abc import Mapping
from functools import lru_cache
from math import inf
from typing import TypeAlias

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError
from attrs import field, frozen
from yarl import URL

from gizwits_async.errors import (
    ClientClosedError,
    GizwitsError,
    InvalidResponseError,
    NoReplyError,
    NotSentError,
    ResponseTooLargeError,
    TimedOutError,
)

__all__ = ["HttpReply", "HttpTransport", "Session"]

Session: TypeAlias = aiohttp.ClientSession
"""The kind of session that a client borrows."""

_OF_INTEREST = tuple(
    (name, name.lower())
    for name in ("Date", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
)


@frozen
class HttpReply:
    """A whole reply."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    """Not in the repr: a reply may hold a token, and stands in the locals of many a traceback."""


class _SentTwiceError(aiohttp.ClientError):
    """aiohttp was about to send the request a second time."""


class _Once:
    """A client middleware that lets one wire request through.

    aiohttp sends GET, PUT and DELETE again by itself when a kept-alive connection turns out dead.
    That would spend quota uncounted and could do a write twice. Middlewares run once an attempt,
    and are the public place to stop it, on a borrowed session as well.
    """

    sent = False

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if self.sent:
            raise _SentTwiceError
        self.sent = True
        return await handler(request)


class HttpTransport:
    """The wire, over a session of its own or a borrowed one."""

    def __init__(self, base_url: str, session: aiohttp.ClientSession | None = None) -> None:
        if session is not None and (getattr(session, "auth", None) or not session.auto_decompress):
            raise ValueError(
                "the session to borrow must have no auth, which the token's header would meet, and"
                " decompress replies"
            )
        self._base = base_url.rstrip("/")
        self._borrowed = session
        self._own: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = os.getpid()
        self._forked: list[aiohttp.ClientSession] = []
        self._closed = False

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
            NotSentError: No connection was made.
            TimedOutError: No whole reply within `timeout` seconds.
            NoReplyError: The connection broke.
            ResponseTooLargeError: More than `max_bytes` after decompression.
            InvalidResponseError: What came is not HTTP, or its compression is broken.
        """
        session = self._usable() or await self._opened()
        failure: GizwitsError | asyncio.CancelledError
        try:
            async with asyncio.timeout(timeout):
                url = URL(self._base + target, encoded=True)
                return await _exchange(
                    session,
                    method,
                    url,
                    headers,
                    body,
                    limits=_limits(timeout),
                    max_bytes=max_bytes,
                )
        # aiohttp's errors carry the URL, the query and the token: only their class is told on.
        # They are raised below and not here, for the context of an error is kept even "from None",
        # and with it the locals of all frames that it came through: headers, chunks of the body.
        except asyncio.CancelledError as error:
            failure = asyncio.CancelledError(*error.args)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            failure = NotSentError(f"no connection to {self._host}: {type(error).__name__}")
        except aiohttp.ClientHttpProxyError as error:
            # The tunnel was refused, so that nothing went through it.
            failure = NotSentError(f"no connection to {self._host}: {type(error).__name__}")
        except aiohttp.ServerFingerprintMismatch:
            failure = NotSentError(f"no connection to {self._host}: not its certificate")
        except aiohttp.ClientResponseError as error:
            # Its "status 400" is made up by aiohttp: the server said nothing of the kind.
            failure = InvalidResponseError(f"not an HTTP reply: {type(error).__name__}")
        except aiohttp.ClientPayloadError as error:
            failure = (
                InvalidResponseError("the body's compression is broken")
                if isinstance(error.__cause__, ContentEncodingError)
                else NoReplyError("the connection broke inside the body")
            )
        except TimeoutError:
            failure = TimedOutError(f"no whole reply from {self._host} within {timeout:g} s")
        except (aiohttp.ClientError, OSError) as error:
            failure = NoReplyError(f"the connection broke: {type(error).__name__}")
        except ResponseTooLargeError as error:
            failure = error.copy()
        raise failure

    async def aclose(self) -> None:
        """Close the session if it is our own. Later calls raise `ClientClosedError`."""
        self._closed = True
        session, self._own = self._own, None
        if session is not None and self._pid == os.getpid():
            await session.close()

    @property
    def _host(self) -> str:
        return URL(self._base).host or "the server"

    def _usable(self) -> aiohttp.ClientSession | None:
        """Return the session if it can be used here and now; None if one must be opened."""
        if self._closed:
            raise ClientClosedError("this client is closed; open a new one")
        loop = asyncio.get_running_loop()
        if self._borrowed is not None:
            return self._still_usable(self._borrowed, loop)
        if self._loop is loop and self._pid == os.getpid():
            return self._own
        return None

    async def _opened(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        old = self._left_behind_in(loop)
        self._loop, self._pid = loop, os.getpid()
        session = self._own = aiohttp.ClientSession(
            # The quota bounds what runs at once; a pool limit would only hide its queue.
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        if old is not None:
            await old.close()
        return session

    def _still_usable(
        self, session: aiohttp.ClientSession, loop: asyncio.AbstractEventLoop
    ) -> aiohttp.ClientSession:
        if session.closed:
            raise ClientClosedError("the session that this client borrowed is closed")
        if self._pid != os.getpid() or getattr(session, "_loop", loop) is not loop:
            # Over a forked connection one process reads the other's replies.
            raise ClientClosedError(
                "the session that this client borrowed belongs to another event loop or process"
            )
        return session

    def _left_behind_in(self, loop: asyncio.AbstractEventLoop) -> aiohttp.ClientSession | None:
        """Part with a session of another loop or process; return it if it can be closed."""
        old, own_loop = self._own, self._loop
        if old is None or own_loop is None:
            return None
        if self._pid != os.getpid():
            # Not closed: the sockets are the parent's too. Kept, for collecting it would close it.
            self._forked.append(old)
            return None
        if own_loop is not loop and not own_loop.is_closed():
            raise ClientClosedError(
                "this client belongs to another event loop that is still open; make one client a loop"
            )
        return old


@lru_cache(maxsize=16)
def _limits(seconds: float) -> aiohttp.ClientTimeout:
    # What waits for a name, a connection or a place in a borrowed pool has sent nothing; cut early,
    # it may be tried again. Not `total`: where it meets a cancellation, aiohttp swallows that one.
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
    # Apart from `send`, whose frame is in the traceback of what it raises, with all its locals.
    response = await session.request(
        method,
        url,
        headers=headers,
        data=body,
        raise_for_status=False,  # A borrowed session may have it on; the body says more.
        allow_redirects=False,  # They would carry the secrets to another host.
        timeout=limits,
        # Innermost, so that a borrowed session's own middlewares cannot send twice.
        middlewares=(*getattr(session, "_middlewares", ()), _Once()),
    )
    content, chunks, size = response.content, [], 0
    told, found = {}, response.headers
    for name, low in _OF_INTEREST:
        if name in found:
            told[low] = found[name]
    try:
        # In chunks, since a small body can unpack to gigabytes.
        while not content.at_eof():
            chunk = await content.readany()
            size += len(chunk)
            if size > max_bytes:
                raise ResponseTooLargeError(f"the reply is longer than {max_bytes} bytes")
            chunks.append(chunk)
    finally:
        # With the last byte aiohttp closes it by itself, and gives its connection back.
        if not response.closed:
            response.close()
    return HttpReply(response.status, told, chunks[0] if len(chunks) == 1 else b"".join(chunks))
