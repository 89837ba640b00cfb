"""What servers, proxies and cables do to a reply: answers for `raw_server`."""

import asyncio
import gzip
import zlib
from functools import cache

from tests.wire.raw import Answer, Exchange

HALF = b'{"did": "half"}'
"""JSON that parses, and is not what the whole reply would have said."""
_HEAD = b"HTTP/1.1 200 OK\r\n"


async def reset(one: Exchange) -> None:
    one.reset()


async def close(one: Exchange) -> None:
    one.close()


async def half_a_header(one: Exchange) -> None:
    one.write(_HEAD + b"Content-Le")
    await one.writer.drain()
    one.close()


async def reset_in_the_body(one: Exchange) -> None:
    one.write(_HEAD + b"Content-Length: 100\r\n\r\n" + HALF)
    await one.writer.drain()
    await asyncio.sleep(0.05)
    one.reset()


async def too_short(one: Exchange) -> None:
    one.write(_HEAD + b"Content-Length: 100\r\n\r\n" + HALF)
    one.close()


async def unfinished_chunks(one: Exchange) -> None:
    one.write(_HEAD + b"Transfer-Encoding: chunked\r\n\r\nf\r\n" + HALF + b"\r\n")
    one.close()


async def bad_chunk(one: Exchange) -> None:
    one.write(_HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + HALF + b"\r\n0\r\n\r\n")


async def bad_chunk_later(one: Exchange) -> None:
    one.write(_HEAD + b"Transfer-Encoding: chunked\r\n\r\nf\r\n" + HALF + b"\r\n")
    await one.writer.drain()
    await asyncio.sleep(0.05)
    one.write("zz\r\n{}\r\n")


UNANSWERED = [reset, close, half_a_header]
"""The connection breaks before the headers are complete."""
CUT_SHORT = [reset_in_the_body, too_short, unfinished_chunks]
"""It breaks within the body."""
BAD_CHUNKS = [bad_chunk, bad_chunk_later]


async def stall_at_once(_: Exchange) -> None:
    await asyncio.sleep(30)


async def stall_after_headers(one: Exchange) -> None:
    one.write(_HEAD + b"Content-Length: 10\r\n\r\n{")
    await one.writer.drain()
    await asyncio.sleep(30)


async def drip(one: Exchange) -> None:
    one.write(_HEAD + b"Content-Length: 1000\r\n\r\n")
    for _ in range(1000):
        one.write(b" ")
        await one.writer.drain()
        await asyncio.sleep(0.02)


async def drip_headers(one: Exchange) -> None:
    for byte in _HEAD + b"X: " + b"x" * 1000:
        one.write(bytes([byte]))
        await one.writer.drain()
        await asyncio.sleep(0.02)


SLOW = [stall_at_once, stall_after_headers, drip, drip_headers]


def says(body: bytes, *headers: str, status: str = "200 OK") -> Answer:
    """Return an answer that is good HTTP."""

    async def answer(one: Exchange) -> None:
        one.say(body, *headers, status=status)

    return answer


def encoded(coding: str, body: bytes) -> Answer:
    """Return an answer whose body is said to be packed so."""
    return says(body, f"Content-Encoding: {coding}")


def writes(text: bytes) -> Answer:
    """Return an answer of these bytes, after which the connection ends."""

    async def answer(one: Exchange) -> None:
        one.write(text)
        await one.writer.drain()
        one.close()

    return answer


MEGA = 2**20


@cache
def bomb() -> bytes:
    """Return a small gzip that unpacks to 256 MiB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = b" " * MEGA
    return b"".join(packer.compress(piece) for _ in range(256)) + packer.flush()


BAD_CODINGS = {
    "no gzip": ("gzip", b"this is no gzip"),
    "gzip, then garbage": ("gzip", gzip.compress(b"x" * 500, mtime=0)[:30] + b"garbage" * 9),
    "no deflate": ("deflate", b"\xff\xff\xff\xff"),
    "br": ("br", b"\x0b\x02\x80[]\x03"),
    "zstd": ("zstd", b"\x28\xb5\x2f\xfd\x04\x00"),
}
"""Coding and body of replies that cannot be unpacked, or not without a library of its own."""

NO_HTTP = [
    b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    b"HTTP/1.1 OK 200\r\n\r\n",
    b"GARBAGE\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nbad header line\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    b"\x16\x03\x01\x02\x00\r\n\r\n",
]
