"""A server in a process of its own that answers from memory, so that only the client costs us CPU."""

import asyncio
import json
import multiprocessing
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from multiprocessing.connection import Connection

from benchmarks.pages import device_page, log_page

__all__ = ["FIRST", "PAGES", "QUOTA", "served"]

PAGES = 20
"""Pages of 100 that each listing has."""
FIRST = int(time.time()) // 86_400 * 86_400 - 86_400
"""Second of the newest record of the log, within its 30 days; it has one a second."""
QUOTA = 10_000_000
"""Calls an hour that the server allows, so that no benchmark has to wait; each reply says so."""
_DETAIL = json.dumps({
    "did": "d" * 22, "mac": "ACCF23000001", "product_key": "bench", "is_online": True,
    "is_disabled": False, "type": "normal",
}).encode()  # fmt: skip
_ASKED = re.compile(rb"[?&](skip|page|context)=(\d+)")
_AGENT = re.compile(rb"user-agent: *([^\r]*)", re.IGNORECASE)
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_TOKEN = json.dumps({"token": "t" * 32, "expire_at": 4_000_000_000}).encode()


def _page(body: bytes, **meta: object) -> bytes:
    page = json.loads(body)
    page["meta"].update(meta)
    return json.dumps(page).encode()


def _devices() -> list[bytes]:
    return [
        _page(device_page(first=100 * number), total=100 * PAGES, skip=100 * number)
        for number in range(PAGES)
    ]


def _logs() -> list[bytes]:
    return [
        _page(
            log_page(first=FIRST - 100 * number),
            total=100 * PAGES,
            context=str(number + 1) if number + 1 < PAGES else None,
        )
        for number in range(PAGES)
    ]


class _Canned(asyncio.Protocol):
    def __init__(self, replies: dict[bytes, list[bytes]], calls: Counter[bytes]) -> None:
        self._replies = replies
        self._calls = calls
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n") + 4) > 3:  # noqa: PLR2004
            head = self._received[:end]
            length = _LENGTH.search(head)
            whole = end + (int(length[1]) if length else 0)
            if len(self._received) < whole:
                return
            self._received = self._received[whole:]
            agent = _AGENT.search(head)
            self._transport.write(self._reply(head.split(b" ", 2)[1], agent[1] if agent else b""))

    def _reply(self, target: bytes, agent: bytes) -> bytes:
        path = target.partition(b"?")[0].rpartition(b"/")[2]
        asked = _ASKED.search(target)
        name, number = (asked[1], int(asked[2])) if asked else (b"", 0)
        number = {b"skip": number // 100, b"page": number - 1}.get(name, number)
        pages = self._replies.get(path, [b"{}"])
        body = pages[number] if number < len(pages) else b'{"objects": []}'
        link = b""
        if number + 1 < len(pages):  # As GitHub's API tells its clients of the next page.
            port: int = self._transport.get_extra_info("sockname")[1]
            base = b"http://127.0.0.1:%d%b" % (port, target.partition(b"?")[0])
            link = b'Link: <%b?page=%d>; rel="next"\r\n' % (base, number + 2)
        self._calls[agent] += 1
        now = int(time.time())
        return (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: %b\r\n%b"
            b"X-RateLimit-Limit: %d\r\nX-RateLimit-Remaining: %d\r\nX-RateLimit-Reset: %d\r\n"
            b"Content-Length: %d\r\n\r\n%b"
            % (formatdate(now, usegmt=True).encode(), link, QUOTA, QUOTA - self._calls[agent],
               now // 3600 * 3600 + 3600, len(body), body)
        )  # fmt: skip


def _serve(port_pipe: Connection) -> None:
    async def run() -> None:
        replies = {
            b"search": _devices(), b"data": _logs(), b"access_token": [_TOKEN],
            b"device_detail": [_DETAIL],
        }  # fmt: skip
        calls: Counter[bytes] = Counter()  # of each client, as if each had a quota of its own
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Canned(replies, calls), "127.0.0.1", 0)
        port_pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@contextmanager
def served() -> Iterator[str]:
    """Serve while the block runs; gives the base URL."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        if not ours.poll(20):
            raise RuntimeError("the server did not start")
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()
