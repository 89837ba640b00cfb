"""Replies that are no HTTP, cannot be unpacked or point elsewhere."""

import gzip
import tracemalloc

import pytest

from gizwits_async.errors import (
    InvalidResponseError,
    OutcomeUnknownError,
    ResponseTooLargeError,
    UnexpectedRedirectError,
)
from tests.faults.c0 import CANARIES, ECHO, LOGIN, failure
from tests.faults.wired import CALLS, WRITES, wired
from tests.wire.mischief import (
    BAD_CODINGS,
    NO_HTTP,
    bomb,
    encoded,
    says,
    writes,
)
from tests.wire.raw import Answer, raw_server

pytestmark = pytest.mark.jumping

both = pytest.mark.parametrize("borrowed", [False, True], ids=["own", "borrowed"])


@pytest.mark.fault("W13")
@both
async def test_a_gzip_bomb_is_cut_off(borrowed: bool) -> None:
    """256 MiB in 0.3 MB: too large at once, memory near the limit, the connection dropped."""
    body = bomb()
    async with wired(encoded("gzip", body), borrowed=borrowed, max_retries=3, timeout=20) as at:
        await at.client.authorization.create_token()
        before = at.server.connections
        tracemalloc.start(1)
        try:
            await failure(at.detail, ResponseTooLargeError)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 64 * 2**20, f"{peak / 2**20:.0f} MiB"
        assert len(at.calls) == 1
        await at.detail
        assert at.server.connections == before + 1


@pytest.mark.fault("W13")
@pytest.mark.parametrize("verb", WRITES)
async def test_a_write_that_is_answered_by_a_bomb_is_unknown(verb: str) -> None:
    """What the reply said of it will never be read; it is not sent again."""
    async with wired(
        encoded("gzip", gzip.compress(b" " * 5000)), max_response_bytes=1000, max_retries=3
    ) as at:
        error = await failure(CALLS[verb](at.client), OutcomeUnknownError)
        assert type(error.__cause__) is ResponseTooLargeError
        assert len(at.calls) == 1


@pytest.mark.fault("W14")
@both
@pytest.mark.parametrize(("coding", "body"), BAD_CODINGS.values(), ids=BAD_CODINGS)
async def test_what_cannot_be_unpacked_is_no_reply_of_the_api(
    coding: str, body: bytes, borrowed: bool
) -> None:
    """InvalidResponseError, not aiohttp's own "400"; asked for is gzip and nothing else."""
    async with wired(encoded(coding, body), borrowed=borrowed, max_retries=3) as at:
        error = await failure(at.detail, InvalidResponseError)
        ends = "the compression of the reply is broken", ": not an HTTP reply"
        assert str(error).endswith(ends)
        assert len(at.calls) == 1
        heads = [one.head.lower() for one in at.server.seen]
        assert all("\r\naccept-encoding: gzip\r\n" in head for head in heads)


@pytest.mark.fault("W14")
async def test_a_gzip_that_breaks_off_is_not_half_a_value() -> None:
    """Packed JSON without its end, though all bytes are there for HTTP: read again, once."""
    packed = gzip.compress(b'{"did": "half", "mac": "%b"}' % bytes(range(48, 90)), mtime=0)
    for size in (len(packed) - 12, 15, 5):
        cut = encoded("gzip", packed[:size])
        async with wired(cut, cut, max_retries=3) as at:
            await failure(at.detail, InvalidResponseError)
            assert len(at.calls) == 2


@pytest.mark.fault("W15")
@both
@pytest.mark.parametrize("text", NO_HTTP, ids=lambda text: repr(text[:30]))
async def test_what_is_no_http_is_no_reply_of_the_api(text: bytes, borrowed: bool) -> None:
    """InvalidResponseError and no ApiError: the server never said 400."""
    async with wired(writes(text), borrowed=borrowed, max_retries=3) as at:
        error = await failure(at.detail, InvalidResponseError)
        assert str(error).endswith(": not an HTTP reply")
        assert len(at.calls) == 1


@pytest.mark.fault("W14", "W15")
@pytest.mark.parametrize("verb", WRITES)
@pytest.mark.parametrize(
    "fault",
    [writes(NO_HTTP[1]), encoded("gzip", b"this is no gzip")],
    ids=["status line", "compression"],
)
async def test_a_write_answered_by_rubbish_is_unknown(fault: Answer, verb: str) -> None:
    """It may have been done; it is not sent again."""
    async with wired(fault, max_retries=3) as at:
        error = await failure(CALLS[verb](at.client), OutcomeUnknownError)
        assert type(error.__cause__) is InvalidResponseError
        assert len(at.calls) == 1


@pytest.mark.fault("W16")
@both
@pytest.mark.parametrize("at_login", [False, True], ids=["call", "login"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_refused_and_carries_nothing_along(
    status: int, at_login: bool, borrowed: bool
) -> None:
    """To another host: neither token, enterprise secret nor a login's body reach it."""
    async with raw_server(says(LOGIN)) as other:
        headers = (f"Location: {other.url}/steal?{ECHO.replace(' ', '&')}", f"X-Echo: {ECHO}")
        fault = says(ECHO.encode(), *headers, status=f"{status} Elsewhere")
        async with wired(fault, at_login=at_login, borrowed=borrowed, max_retries=3) as at:
            await failure(at.detail, UnexpectedRedirectError)
            assert (at.logins, len(at.calls)) == (1, 0 if at_login else 1)
        assert other.seen == []
        assert other.connections == 0


@pytest.mark.fault("W16")
async def test_nor_do_the_enterprises_own_headers_travel() -> None:
    """Aiohttp strips `Authorization` from a redirect, and would leave the secret's header on."""
    async with raw_server(says(LOGIN)) as other:
        fault = says(b"", f"Location: {other.url}/steal", status="307 Elsewhere")
        async with wired(fault, max_retries=3) as at:
            call = at.client.users.search_registered(appid="app").collect()
            await failure(call, UnexpectedRedirectError)
            assert CANARIES.enterprise_secret in at.calls[0].head, "it was there to be stolen"
        assert other.connections == 0


@pytest.mark.fault("W16")
@pytest.mark.parametrize("verb", WRITES)
async def test_a_redirected_write_was_not_done(verb: str) -> None:
    """A redirect means that nothing was done: a refusal, not an unknown outcome."""
    async with wired(says(b"", "Location: /v2", status="308 Elsewhere"), max_retries=3) as at:
        await failure(CALLS[verb](at.client), UnexpectedRedirectError)
        assert len(at.calls) == 1
