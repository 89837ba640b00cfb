"""One HTTP exchange on real sockets: whatever a server does, one request and one known end."""

import asyncio
import gzip
import resource
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver
from aioresponses import aioresponses

from gizwits_async.errors import (
    GizwitsError,
    InvalidResponseError,
    NoReplyError,
    NotSentError,
    ResponseTooLargeError,
    TimedOutError,
)
from gizwits_async.wire.transport import HttpReply, HttpTransport
from tests.wire.mischief import (
    BAD_CHUNKS,
    BAD_CODINGS,
    CUT_SHORT,
    MEGA,
    NO_HTTP,
    SLOW,
    UNANSWERED,
    bomb,
    close,
    reset,
    stall_at_once,
    too_short,
    writes,
)
from tests.wire.raw import Exchange, raw_server

pytestmark = pytest.mark.jumping

Send = Callable[..., Awaitable[HttpReply]]


@pytest.fixture(params=["own", "borrowed"])
async def open_transport(
    request: pytest.FixtureRequest,
) -> AsyncIterator[Callable[[str], HttpTransport]]:
    """Make transports of both kinds, and close what they leave."""
    made: list[HttpTransport] = []
    session = aiohttp.ClientSession() if request.param == "borrowed" else None

    def make(url: str) -> HttpTransport:
        made.append(HttpTransport(url, session))
        return made[-1]

    yield make
    for transport in made:
        await transport.aclose()
    if session is not None:
        assert not session.closed
        await session.close()


async def send(
    transport: HttpTransport,
    method: str = "GET",
    target: str = "/x",
    body: bytes | None = None,
    *,
    timeout: float = 2.0,  # noqa: ASYNC109
    max_bytes: int = MEGA,
) -> HttpReply:
    return await transport.send(
        method, target, {"Accept-Encoding": "gzip"}, body, timeout=timeout, max_bytes=max_bytes
    )


def json_reply(one: Exchange) -> None:
    one.say(b'{"a": 1}', "Content-Type: application/json", "X-RateLimit-Remaining: 7")


async def test_a_plain_reply_comes_whole(open_transport: Any) -> None:
    """Status, the headers of interest under lower-case names, and the body."""

    async def answer(one: Exchange) -> None:
        one.say(b"[]", "Date: x", "x-ratelimit-LIMIT: 9", "Set-Cookie: a=b", status="418 Teapot")

    async with raw_server(answer) as server:
        found = await send(open_transport(server.url), "PUT", "/a%20b?c=%2F", b"{}")
        assert found == HttpReply(418, {"date": "x", "x-ratelimit-limit": "9"}, b"[]")
        assert server.seen[0].head.startswith("PUT /a%20b?c=%2F HTTP/1.1\r\n")
        assert server.seen[0].body == b"{}"
        await send(open_transport(server.url))
        assert "a=b" not in server.heads


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("answer", [*UNANSWERED, *CUT_SHORT], ids=lambda f: f.__name__)
async def test_a_connection_that_breaks_is_no_reply_after_one_request(
    open_transport: Any, method: str, answer: Any
) -> None:
    """NoReplyError, never a partial body, one request on the wire."""
    async with raw_server(answer) as server:
        with pytest.raises(NoReplyError) as caught:
            await send(open_transport(server.url), method, "/x?product_secret=canary")
        assert len(server.seen) == 1
        assert "canary" not in str(caught.value)
        assert caught.value.__context__ is None


@pytest.mark.parametrize("answer", BAD_CHUNKS, ids=lambda f: f.__name__)
async def test_broken_chunks_never_give_a_body(open_transport: Any, answer: Any) -> None:
    """One of our errors, however the parser reports it."""
    async with raw_server(answer) as server:
        with pytest.raises((NoReplyError, InvalidResponseError)):
            await send(open_transport(server.url), timeout=0.5)
        assert len(server.seen) == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
@pytest.mark.parametrize("drop", [close, reset], ids=lambda f: f.__name__)
async def test_a_dead_kept_connection_is_not_silently_sent_over_again(
    open_transport: Any, method: str, drop: Any
) -> None:
    """Aiohttp would repeat GET, PUT and DELETE: there is exactly one wire request a permit."""

    async def answer(one: Exchange) -> None:
        if len(server.seen) == 1:
            json_reply(one)
        else:
            await drop(one)

    async with raw_server(answer) as server:
        transport = open_transport(server.url)
        await send(transport)
        with pytest.raises(NoReplyError):
            await send(transport, method)
        assert len(server.seen) == 2
        assert server.connections == 1, "the second call went over the kept connection"


async def test_a_borrowed_sessions_own_middleware_cannot_send_twice_either() -> None:
    """A retrying middleware of the caller would spend quota uncounted, and do a write twice."""
    seen: list[str] = []

    async def stubborn(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        seen.append(request.method)
        response = await handler(request)
        return response if response.status < 500 else await handler(request)

    async def answer(one: Exchange) -> None:
        one.say(b"", status="503 Busy")

    async with (
        raw_server(answer) as server,
        aiohttp.ClientSession(middlewares=[stubborn]) as session,
    ):
        with pytest.raises(NoReplyError):
            await send(HttpTransport(server.url, session), "POST")
        assert (len(server.seen), seen) == (1, ["POST"])


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temp", "308 P"])
async def test_a_redirect_is_not_followed_and_no_secret_travels(
    open_transport: Any, status: str
) -> None:
    """Neither header nor body reach the other host."""

    async def elsewhere(one: Exchange) -> None:
        json_reply(one)

    async with raw_server(elsewhere) as other:

        async def answer(one: Exchange) -> None:
            one.say(b"", f"Location: {other.url}/steal", status=status)

        async with raw_server(answer) as server:
            found = await open_transport(server.url).send(
                "POST",
                "/token",
                {"X-Gizwits-Enterprise-Secret": "canary", "Authorization": "token canary"},
                b'{"product_secret": "canary"}',
                timeout=2,
                max_bytes=MEGA,
            )
            assert found.status == int(status[:3])
            assert len(server.seen) == 1
        assert other.seen == []


@pytest.mark.parametrize("answer", SLOW, ids=lambda f: f.__name__)
async def test_time_runs_out_however_slowly_it_comes(open_transport: Any, answer: Any) -> None:
    """The time-out covers headers and body, drips too; and the outer clock stays the caller's."""
    async with raw_server(answer) as server:
        transport = open_transport(server.url)
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(TimedOutError):
            await send(transport, timeout=0.3)
        assert loop.time() - began == pytest.approx(0.3)
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.2):
                await send(transport, timeout=5)
        assert not isinstance(caught.value, GizwitsError)


async def nothing(one: Exchange) -> None:
    json_reply(one)


async def test_refused_and_unknown_hosts_were_not_sent_to(open_transport: Any) -> None:
    """NotSentError, so that any call may go again."""
    async with raw_server(nothing) as server:
        gone = server.url
    for url in (gone, "http://host.invalid"):
        with pytest.raises(NotSentError) as caught:
            await send(open_transport(url), "POST", "/x?s=canary", timeout=5)
        assert "canary" not in str(caught.value)


async def test_a_server_that_speaks_no_tls_was_not_sent_to(open_transport: Any) -> None:
    """A failed handshake carries no request."""
    async with raw_server(nothing) as server:
        with pytest.raises(NotSentError):
            await send(open_transport(server.url.replace("http:", "https:")), timeout=1)
        assert server.seen == []


async def test_a_name_that_never_resolves_was_not_sent() -> None:
    """A control that timed out in name resolution may be repeated: nothing was sent."""

    class Hanging(AbstractResolver):
        async def resolve(self, *_: Any, **__: Any) -> Any:
            await asyncio.sleep(30)

        async def close(self) -> None:
            pass

    connector = aiohttp.TCPConnector(resolver=Hanging())
    async with aiohttp.ClientSession(connector=connector) as session:
        with pytest.raises(NotSentError):
            await send(HttpTransport("http://slow.invalid", session), "POST", timeout=0.4)


async def test_a_full_pool_was_not_sent() -> None:
    """A borrowed session whose connections are all taken has sent nothing for us."""
    async with raw_server(stall_at_once) as server:
        connector = aiohttp.TCPConnector(limit=1)
        async with aiohttp.ClientSession(connector=connector) as session:
            transport = HttpTransport(server.url, session)
            first = asyncio.ensure_future(send(transport, timeout=2))
            await asyncio.sleep(0.1)
            with pytest.raises(NotSentError):
                await send(transport, "POST", timeout=0.4)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
        assert len(server.seen) == 1


async def test_a_gzip_bomb_is_cut_off(open_transport: Any) -> None:
    """ResponseTooLargeError, and nothing near its size in memory."""
    body = bomb()
    assert len(body) < MEGA

    async def answer(one: Exchange) -> None:
        one.say(body, "Content-Encoding: gzip")

    async with raw_server(answer) as server:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(ResponseTooLargeError):
            await send(open_transport(server.url), max_bytes=16 * MEGA, timeout=20)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown < 200 * 1024, f"{grown // 1024} MiB more than before"


@pytest.mark.parametrize("size", [99, 100, 101])
async def test_the_limit_is_exact_and_counts_unpacked_bytes(open_transport: Any, size: int) -> None:
    """At most max_bytes, after decompression."""
    body = gzip.compress(b"x" * size)

    async def answer(one: Exchange) -> None:
        one.say(body, "Content-Encoding: gzip")

    async with raw_server(answer) as server:
        transport = open_transport(server.url)
        if size > 100:
            with pytest.raises(ResponseTooLargeError):
                await send(transport, max_bytes=100)
        else:
            assert (await send(transport, max_bytes=100)).body == b"x" * size


@pytest.mark.parametrize(("encoding", "body"), BAD_CODINGS.values(), ids=BAD_CODINGS)
async def test_broken_compression_is_never_a_value(
    open_transport: Any, encoding: str, body: bytes
) -> None:
    """An error of ours, and never aiohttp's made-up status 400."""

    async def answer(one: Exchange) -> None:
        one.say(body, f"Content-Encoding: {encoding}")

    async with raw_server(answer) as server:
        with pytest.raises(InvalidResponseError):
            await send(open_transport(server.url))
        assert len(server.seen) == 1


@pytest.mark.parametrize("text", NO_HTTP, ids=lambda t: repr(t[:40]))
async def test_what_is_no_http_is_an_invalid_response(open_transport: Any, text: bytes) -> None:
    """An InvalidResponseError and no API error: the server never said 400."""
    async with raw_server(writes(text)) as server:
        with pytest.raises(InvalidResponseError) as caught:
            await send(open_transport(server.url))
        assert str(caught.value).endswith(": not an HTTP reply")
        assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "label", ["text/plain", "application/octet-stream", "text/html; charset=utf-16", "x"]
)
async def test_the_content_type_decides_on_nothing(open_transport: Any, label: str) -> None:
    """The bytes of the body are returned whatever the Content-Type says."""

    async def answer(one: Exchange) -> None:
        one.say("设备".encode(), f"Content-Type: {label}")

    async with raw_server(answer) as server:
        assert (await send(open_transport(server.url))).body == "设备".encode()


async def test_interim_replies_and_closed_connections_are_fine(open_transport: Any) -> None:
    """100 Continue before the reply; a body that ends with the connection."""

    async def answer(one: Exchange) -> None:
        one.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n")
        one.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"a": 1}')
        await one.writer.drain()
        one.close()

    async with raw_server(answer) as server:
        transport = open_transport(server.url)
        for _ in range(3):
            assert (await send(transport)).body == b'{"a": 1}'


async def test_a_thousand_calls_leak_no_socket(open_transport: Any) -> None:
    """After good, refused and broken exchanges every connection is returned or closed."""
    kinds = [nothing, close, nothing, too_short, nothing]

    async def answer(one: Exchange) -> None:
        await kinds[len(server.seen) % len(kinds)](one)

    def sockets() -> int:
        return sum(
            "socket" in str(fd.readlink())
            for fd in Path("/proc/self/fd").iterdir()
            if fd.is_symlink()
        )

    async with raw_server(answer) as server:
        transport = open_transport(server.url)
        before = sockets()
        for _ in range(20):
            await asyncio.gather(*(send(transport) for _ in range(50)), return_exceptions=True)
        assert len(server.seen) == 1000
        for _ in range(100):  # A busy machine takes its time to close what was cut.
            if sockets() - before <= 2 * 50:
                break
            await asyncio.sleep(0.05)
        assert sockets() - before <= 2 * 50


async def test_many_at_once_are_not_queued_behind_a_pool(open_transport: Any) -> None:
    """The quota bounds what runs at once: an own session has no second queue."""
    gate = asyncio.Event()

    async def answer(one: Exchange) -> None:
        await gate.wait()
        json_reply(one)

    async with raw_server(answer) as server:
        transport = open_transport(server.url)
        calls = [asyncio.ensure_future(send(transport, timeout=10)) for _ in range(90)]
        for _ in range(100):  # Until all have arrived; a queue would hold some back for ever.
            if len(server.seen) == 90:
                break
            await asyncio.sleep(0.05)
        assert len(server.seen) == 90
        gate.set()
        assert {(await call).status for call in calls} == {200}


async def test_an_untrusted_certificate_was_not_sent_to() -> None:
    """TLS failures of a borrowed session's own rules are reported alike."""

    class Refusing(aiohttp.TCPConnector):
        async def connect(self, req: Any, *_: Any, **__: Any) -> Any:
            key = req.connection_key
            raise aiohttp.ClientConnectorCertificateError(key, ssl.CertificateError("canary"))

    async with aiohttp.ClientSession(connector=Refusing()) as session:
        with pytest.raises(NotSentError) as caught:
            await send(HttpTransport("https://x.invalid", session))
        assert "canary" not in str(caught.value)


async def test_a_plain_mock_is_enough_for_users(mocked: aioresponses) -> None:
    """Tests of users may replace the service by aioresponses."""
    mocked.get("https://x.invalid/x", payload={"a": 1}, headers={"Date": "now"})
    mocked.get("https://x.invalid/x", status=500, body="no")
    mocked.get("https://x.invalid/x", exception=aiohttp.ServerDisconnectedError())
    transport = HttpTransport("https://x.invalid")
    found = await send(transport)
    assert (found.status, found.body, found.headers) == (200, b'{"a": 1}', {"date": "now"})
    assert (await send(transport)).status == 500
    with pytest.raises(NoReplyError):
        await send(transport)
    await transport.aclose()
