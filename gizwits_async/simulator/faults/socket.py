"""How the server sends a reply that a fault rule lets travel badly: on the socket, for real."""

import asyncio
import contextlib
import socket
import struct
from math import inf

from aiohttp import web

from gizwits_async.simulator.messages import Delivery, SimulatedReply

__all__ = ["carry_badly"]

_CHUNK = 2**16
_LINGER_NOT = struct.pack("ii", 1, 0)


async def carry_badly(
    request: web.Request, reply: SimulatedReply, way: Delivery
) -> web.StreamResponse:
    """Send a reply as its delivery says.

    Args:
        request: The request on whose connection it goes.
        reply: What there is to send.
        way: How it travels.
    """
    if way.wait == inf:
        # Until the caller hangs up, which cancels this handler, or the server ends.
        await asyncio.get_running_loop().create_future()
    await asyncio.sleep(way.wait)
    response = web.StreamResponse(status=reply.status or 200, headers=reply.headers)
    if way.reset:
        _reset(request)
        return response
    response.content_length = len(reply.body) + way.padding
    with contextlib.suppress(ConnectionError):
        await response.prepare(request)
        await _send(request, response, reply.body, way)
    return response


async def _send(
    request: web.Request, response: web.StreamResponse, body: bytes, way: Delivery
) -> None:
    if way.cut_at is not None:
        await response.write(body[: way.cut_at])
        if request.transport is not None:
            request.transport.close()
        return
    step = way.piece or max(1, len(body))
    for start in range(0, len(body), step):
        if start:
            await asyncio.sleep(way.pause)
        await response.write(body[start : start + step])
    left = way.padding
    while left > 0:
        await response.write(b" " * min(left, _CHUNK))
        left -= _CHUNK


def _reset(request: web.Request) -> None:
    transport = request.transport
    if transport is None:
        return
    sock = transport.get_extra_info("socket")
    if sock is not None:
        # Closed without lingering, the peer gets a reset and no orderly end.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    transport.abort()
