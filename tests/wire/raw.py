"""A loopback server that speaks raw bytes, for what no HTTP library would send."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from attrs import define, field

Answer = Callable[["Exchange"], Awaitable[None]]


@define
class Exchange:
    """One request as it was read, and the socket to answer on."""

    head: str
    body: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def write(self, data: bytes | str) -> None:
        self.writer.write(data.encode() if isinstance(data, str) else data)

    def say(self, body: bytes, *headers: str, status: str = "200 OK") -> None:
        """Answer as a well-bred server."""
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
        self.write("\r\n".join(lines) + "\r\n\r\n")
        self.write(body)

    def reset(self) -> None:
        """Drop the connection with RST."""
        raw: socket.socket = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def close(self) -> None:
        """Drop the connection in good order."""
        self.writer.close()


@define
class RawServer:
    """What was asked, and where to ask."""

    url: str = ""
    seen: list[Exchange] = field(factory=list)
    connections: int = 0

    @property
    def heads(self) -> str:
        return "\n".join(f"{one.head}\n{one.body.decode()}" for one in self.seen)


@asynccontextmanager
async def raw_server(
    answer: Answer, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[RawServer]:
    """Serve every request by `answer`, which may close the connection; else it is kept alive."""
    server = RawServer()
    tasks: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        try:
            while not writer.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = 0
                for line in head.split("\r\n"):
                    name, _, value = line.partition(":")
                    length = int(value) if name.lower() == "content-length" else length
                one = Exchange(head, await reader.readexactly(length), reader, writer)
                server.seen.append(one)
                await answer(one)
                if not writer.is_closing():
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(converse(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listener = await asyncio.start_server(accept, "127.0.0.1", 0, limit=2**20, ssl=tls)
    server.url = f"{'https' if tls else 'http'}://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
