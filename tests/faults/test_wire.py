"""Faults of connections: whatever happens, one request a permit and one known outcome."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gizwits_async import Options
from gizwits_async.errors import (
    GizwitsError,
    InvalidResponseError,
    NoReplyError,
    NotSentError,
    OutcomeUnknownError,
    TimedOutError,
)
from tests.faults.c0 import LOGIN, assert_c0, failure
from tests.faults.wired import CALLS, GOOD, WRITES, wired
from tests.wire.mischief import (
    BAD_CHUNKS,
    BAD_CODINGS,
    CUT_SHORT,
    NO_HTTP,
    SLOW,
    UNANSWERED,
    bad_chunk_later,
    drip,
    encoded,
    reset,
    reset_in_the_body,
    stall_after_headers,
    stall_at_once,
    too_short,
    writes,
)
from tests.wire.raw import Answer, Exchange, raw_server

pytestmark = pytest.mark.jumping

both = pytest.mark.parametrize("borrowed", [False, True], ids=["own", "borrowed"])
named = {"ids": lambda f: f.__name__}


@pytest.mark.fault("W2", "W3")
@both
@pytest.mark.parametrize("fault", CUT_SHORT, **named)
async def test_a_body_that_breaks_off_is_read_again_whole(fault: Answer, borrowed: bool) -> None:
    """The half that parses is no value; a GET is repeated, with one permit for each wire request."""
    async with wired(fault, fault, borrowed=borrowed, max_retries=3) as at:
        assert (await at.detail).did == "d"
        assert len(at.calls) == 3
        assert len(at.pauses) == 2
        assert at.quota.taken == 3 + 1


@pytest.mark.fault("W2", "W3")
@pytest.mark.parametrize("verb", WRITES)
@pytest.mark.parametrize("fault", CUT_SHORT, **named)
async def test_a_write_whose_reply_breaks_off_is_sent_once(fault: Answer, verb: str) -> None:
    """The outcome is unknown, whatever half a reply says; the write is not repeated."""
    async with wired(fault, max_retries=3) as at:
        error = await failure(CALLS[verb](at.client), OutcomeUnknownError)
        assert type(error.__cause__) is NoReplyError
        assert len(at.calls) == 1


@pytest.mark.fault("W3")
@pytest.mark.parametrize("fault", BAD_CHUNKS, **named)
async def test_broken_chunks_are_no_reply(fault: Answer) -> None:
    """Chunks that cannot be parsed end in an error, whatever came before them."""
    async with wired(fault, timeout=0.5) as at:
        with pytest.raises((NoReplyError, InvalidResponseError)) as caught:
            await at.detail
        assert_c0(caught.value)
        assert len(at.calls) == 1


@pytest.mark.fault("W4")
@both
@pytest.mark.parametrize("verb", CALLS)
@pytest.mark.parametrize("fault", UNANSWERED, **named)
async def test_a_kept_connection_that_dies_costs_one_wire_request(
    fault: Answer, verb: str, borrowed: bool
) -> None:
    """Aiohttp would silently repeat GET, PUT and DELETE: one request for one permit."""
    own_command = verb != "GET" and not borrowed
    async with wired(fine, fault, borrowed=borrowed) as at:
        await CALLS[verb](at.client)
        kind = NoReplyError if verb == "GET" else OutcomeUnknownError
        await failure(CALLS[verb](at.client), kind)
        assert len(at.calls) == 2
        assert at.server.connections == 1 + own_command, "it used the kept connection"


@pytest.mark.fault("W4")
@pytest.mark.parametrize("fault", UNANSWERED, **named)
async def test_a_read_goes_again_by_our_own_policy(fault: Answer) -> None:
    """The repetition is seen: a pause before it, a permit for it."""
    async with wired(fault, max_retries=1) as at:
        assert (await at.detail).did == "d"
        assert len(at.calls) == 2
        assert [0.25 <= pause <= 0.5 for pause in at.pauses] == [True]


@pytest.mark.fault("W5")
@both
@pytest.mark.parametrize("fault", SLOW, **named)
async def test_no_slowness_outlasts_the_timeout(fault: Answer, borrowed: bool) -> None:
    """The limit is on the whole reply, so that a drip of bytes does not extend it."""
    async with wired(fault, borrowed=borrowed) as at:
        await at.client.authorization.create_token()
        loop = asyncio.get_running_loop()
        began = loop.time()
        await failure(CALLS["GET"](at.client.with_options(timeout=0.3)), TimedOutError)
        assert loop.time() - began == pytest.approx(0.3)
        assert len(at.calls) == 1


@pytest.mark.fault("W5")
async def test_there_is_always_a_limit_and_the_callers_own_stays_his() -> None:
    """No setting means no limit; and an outer time-out is never turned into an error of ours."""
    assert 0 < Options().timeout <= 30
    for bad in (None, 0, float("nan")):
        with pytest.raises(ValueError, match="timeout"):
            Options(timeout=bad)  # type: ignore[arg-type]
    async with wired(stall_after_headers) as at:
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.2):
                await at.detail
        assert not isinstance(caught.value, GizwitsError)


async def interim(one: Exchange) -> None:
    one.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
    one.say(b'{"did": "d"}')


async def until_the_end(one: Exchange) -> None:
    one.write('HTTP/1.0 200 OK\r\n\r\n{"did": "d"}')
    await one.writer.drain()
    one.close()


async def closing(one: Exchange) -> None:
    one.say(b'{"did": "d"}', "Connection: close")
    await one.writer.drain()
    one.close()


async def bodiless(one: Exchange) -> None:
    one.write("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n")


@pytest.mark.fault("W20")
@both
@pytest.mark.parametrize("fault", [interim, until_the_end, closing], **named)
async def test_odd_but_honest_replies_are_read(fault: Answer, borrowed: bool) -> None:
    """Interim replies, a body that ends with the connection, a connection closed each time."""
    async with wired(fault, fault, borrowed=borrowed) as at:
        for _ in range(2):
            assert (await at.detail).did == "d"
        assert len(at.calls) == 2


@pytest.mark.fault("W20")
async def test_a_204_that_claims_a_body_leaves_no_trace() -> None:
    """As after HEAD, there is none whatever the length says; the next reply is the next one."""
    async with wired(bodiless) as at:
        await at.client.devices.control("d", attrs={"switch": True})
        assert (await at.detail).did == "d"
        assert len(at.calls) == 2


@pytest.mark.fault("W20")
@both
async def test_a_thousand_calls_leave_no_socket(borrowed: bool) -> None:
    """Interim, closed, cut and reset ones one after the other; at the end one connection a caller at most."""
    kinds: list[Answer] = [interim, closing, too_short, until_the_end, reset, reset_in_the_body]

    async def answer(one: Exchange) -> None:
        if "access_token" in one.head:
            one.say(LOGIN, status="201 Created")
        else:
            await kinds[len(server.seen) % len(kinds)](one)

    async with (
        raw_server(answer) as server,
        wired(elsewhere=server.url, borrowed=borrowed) as at,
    ):
        await at.client.authorization.create_token()
        ended: list[object] = []
        for _ in range(50):
            crowd = [CALLS["GET"](at.client) for _ in range(20)]
            ended += await asyncio.gather(*crowd, return_exceptions=True)
            assert at.connections_out() == 0
        assert at.quota.taken == at.quota.observed == 1001
        # A request on a connection that is just being closed does not arrive.
        assert 900 < len(server.seen) <= 1001
        lost = [end for end in ended if isinstance(end, BaseException)]
        assert {type(error) for error in lost} == {NoReplyError}
        assert 400 < len(lost) < 600
        for error in lost[:20]:
            assert_c0(error)
        transport: Any = at.client._gateway.service.transport
        pool = (transport._sessions.borrowed or transport._sessions.own).connector._conns
        assert sum(map(len, pool.values())) <= 20


async def fine(exchange: Exchange) -> None:
    """Answer well."""
    exchange.say(GOOD, "Content-Type: application/json")


@asynccontextmanager
async def listening(answer: bytes) -> AsyncIterator[int]:
    """Give the port of a server that says this to whatever comes first, and hangs up."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.fault("W1")
@both
@pytest.mark.parametrize("verb", CALLS)
@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{gone}",
        "https://host.invalid",
        "https://127.0.0.1:{alert}",
        "https://127.0.0.1:{plain}",
    ],
    ids=["refused", "no such host", "TLS refuses", "no TLS"],
)
async def test_without_a_connection_nothing_was_sent(url: str, verb: str, borrowed: bool) -> None:
    """NotSentError for every verb, so that any call is repeated, up to the last retry."""
    async with (
        listening(b"\x15\x03\x03\x00\x02\x02\x28") as alert,
        listening(b"HTTP/1.1 400 Bad Request\r\n\r\n") as plain,
    ):
        async with listening(b"") as gone:
            pass
        there = url.format(gone=gone, alert=alert, plain=plain)
        async with wired(elsewhere=there, borrowed=borrowed, max_retries=2) as at:
            error = await failure(CALLS[verb](at.client), NotSentError)
            assert "no connection to" in str(error)
            assert len(at.pauses) == 2
            assert at.quota.taken == at.quota.observed == 3, (
                "the login's; the call took none without a token"
            )


@pytest.mark.fault("W1")
@pytest.mark.parametrize("verb", WRITES)
async def test_a_write_with_its_token_in_hand_goes_again_too(verb: str) -> None:
    """The port closes after the login: each attempt is NotSentError, and promises: not done."""
    async with wired(max_retries=2) as at:
        await at.client.authorization.create_token()
        async with listening(b"") as gone:
            pass
        transport: Any = at.client._gateway.service.command_transport
        here, transport._base = transport._base, f"http://127.0.0.1:{gone}"
        await failure(CALLS[verb](at.client), NotSentError)
        transport._base = here
        assert (len(at.pauses), at.calls) == (2, [])
        at.idle += 3


ANYTHING = [
    *UNANSWERED,
    *CUT_SHORT,
    *BAD_CHUNKS,
    stall_at_once,
    drip,
    *map(writes, NO_HTTP),
    *(encoded(*one) for one in BAD_CODINGS.values()),
]


@pytest.mark.fault("W2", "W3", "W4", "W5", "W14", "W15")
@both
async def test_a_login_that_breaks_is_an_error_and_is_not_remembered(borrowed: bool) -> None:
    """W2 to W15 at the token's own call: every waiter gets an error of ours, the next call a token."""
    for fault in ANYTHING:
        slow = fault in {*SLOW, bad_chunk_later}
        limit = 0.8 if slow else 5.0  # A call after it has to end in time, on a busy machine too.
        async with wired(fault, at_login=True, borrowed=borrowed, timeout=limit) as at:
            crowd = [CALLS["GET"](at.client) for _ in range(3)]
            ended = await asyncio.gather(*crowd, return_exceptions=True)
            assert len({str(one) for one in ended}) == 1
            for error in ended:
                assert_c0(error)  # type: ignore[arg-type]
            assert (at.logins, at.calls) == (1, [])
