"""Causes of failed connections in words, without the class names of lower libraries."""

import asyncio
import errno
import socket
import ssl

import pytest

from gizwits_async.wire.causes import cause_of
from tests.faults.wired import CALLS, wired


def wrapped(inner: BaseException) -> Exception:
    """Return an error of a library that was caused by another."""
    error = RuntimeError("GET https://x/?token=secret")
    error.__cause__ = inner
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "connection refused"),
        (ConnectionResetError(errno.ECONNRESET, "x"), "connection reset by the other side"),
        (BrokenPipeError(errno.EPIPE, "x"), "connection closed by the other side"),
        (OSError(errno.ENETUNREACH, "x"), "network is unreachable"),
        (socket.gaierror(socket.EAI_NONAME, "x"), "no such host"),
        (socket.gaierror(socket.EAI_AGAIN, "x"), "host name not resolved"),
        (TimeoutError("x"), "timed out"),
        (ssl.SSLError(1, "x"), "TLS error: handshake failed"),
        (wrapped(ConnectionRefusedError(errno.ECONNREFUSED, "x")), "connection refused"),
        (wrapped(wrapped(TimeoutError())), "timed out"),
        (RuntimeError("token=secret"), "unknown cause"),
        (None, "unknown cause"),
    ],
)
def test_each_cause_has_its_words(error: BaseException | None, words: str) -> None:
    """A person on call reads what is wrong; text of the lower library is never passed on."""
    assert cause_of(error) == words


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://127.0.0.1:1", "no connection to 127.0.0.1:1: connection refused"),
        ("http://localhost:1", "no connection to localhost:1: connection refused"),
        ("https://host.invalid", "no connection to host.invalid:443: no such host"),
    ],
)
@pytest.mark.parametrize("borrowed", [False, True], ids=["own", "borrowed"])
async def test_a_call_that_is_not_sent_names_host_port_and_cause(
    url: str, message: str, borrowed: bool
) -> None:
    """The same words with a session of our own and with a borrowed one."""
    async with wired(elsewhere=url, borrowed=borrowed) as at:
        [error] = await asyncio.gather(CALLS["GET"](at.client), return_exceptions=True)
        assert str(error) == message
