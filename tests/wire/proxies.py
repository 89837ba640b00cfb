"""Proxies on loopback: HTTP with CONNECT and plain forwarding, and SOCKS5."""

import asyncio
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from ssl import SSLContext
from urllib.parse import urlsplit

from attrs import define, field

__all__ = ["Proxy", "forwarding", "http_proxy", "socks_proxy"]

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@define
class Proxy:
    """Where a proxy listens, and what it was asked for."""

    port: int = 0
    asked: list[str] = field(factory=list)
    """First lines of the requests, or targets of SOCKS connections."""


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with suppress(ConnectionError):
            while chunk := await reader.read(65_536):
                writer.write(chunk)
                await writer.drain()
    finally:
        writer.close()


async def _tunnel(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int
) -> None:
    there, back = await asyncio.open_connection(host, port)
    try:
        await asyncio.gather(_pump(reader, back), _pump(there, writer))
    finally:  # A pump that was cancelled before it began closes nothing.
        back.close()


async def _message(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """Read the head of an HTTP message, and its body by `Content-Length`."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    found = re.search(r"content-length: *(\d+)", head, re.IGNORECASE)
    return head, await reader.readexactly(int(found[1]) if found else 0)


@asynccontextmanager
async def _listening(
    talk: Talk, proxy: Proxy, tls: SSLContext | None = None
) -> AsyncIterator[Proxy]:
    tasks: set[asyncio.Task[None]] = set()

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await talk(reader, writer)
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(guarded(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def forwarding(host: str, port: int, tls: SSLContext) -> AsyncIterator[int]:
    """Serve by TLS what another port serves without; yield the port."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _tunnel(reader, writer, host, port)

    async with _listening(talk, Proxy(), tls) as front:
        yield front.port


@asynccontextmanager
async def http_proxy(
    account: tuple[str, str] | None = None, tls: SSLContext | None = None
) -> AsyncIterator[Proxy]:
    """Run a proxy that tunnels by CONNECT and forwards plain requests.

    Args:
        account: User and password that it wants; others get status 407.
        tls: Makes it an https proxy.
    """
    proxy = Proxy()
    key = None if account is None else b64encode(":".join(account).encode()).decode()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, body = await _message(reader)
            first, *lines = head.split("\r\n")
            proxy.asked.append(first)
            if key is not None and f"Proxy-Authorization: Basic {key}" not in lines:
                writer.write(b"HTTP/1.1 407 Unauthorized\r\nContent-Length: 0\r\n\r\n")
                return
            verb, target, version = first.split(" ")
            if verb == "CONNECT":
                host, _, port = target.rpartition(":")
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await _tunnel(reader, writer, host, int(port))
                return
            url = urlsplit(target)
            path = f"{url.path}?{url.query}" if url.query else url.path
            kept = [line for line in lines if not line.startswith("Proxy-")]
            there, back = await asyncio.open_connection(url.hostname, url.port)
            back.write("\r\n".join([f"{verb} {path} {version}", *kept]).encode() + body)
            answer = await _message(there)
            back.close()
            writer.write(answer[0].encode() + answer[1])

    async with _listening(talk, proxy, tls):
        yield proxy


@asynccontextmanager
async def socks_proxy(account: tuple[str, str] | None = None) -> AsyncIterator[Proxy]:
    """Run a SOCKS5 proxy (RFC 1928, 1929) that resolves names by itself."""
    proxy = Proxy()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x02" if account else b"\x05\x00")
        if account is not None:
            given = []
            await reader.readexactly(1)
            for _ in range(2):
                [length] = await reader.readexactly(1)
                given.append((await reader.readexactly(length)).decode())
            writer.write(b"\x01\x00" if tuple(given) == account else b"\x01\x01")
            if tuple(given) != account:
                return
        _, _, _, kind = await reader.readexactly(4)
        length = 4 if kind == 1 else (await reader.readexactly(1))[0]
        address = await reader.readexactly(length)
        host = ".".join(map(str, address)) if kind == 1 else address.decode()
        port = int.from_bytes(await reader.readexactly(2))
        proxy.asked.append(f"{host}:{port}")
        writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        await _tunnel(reader, writer, host, port)

    async with _listening(talk, proxy):
        yield proxy
