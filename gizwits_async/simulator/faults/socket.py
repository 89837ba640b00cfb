"""Sends replies that a fault rule disturbs: resets, cuts and delays on the real socket."""

import asyncio
import contextlib
import socket
import struct
from math import inf

from aiohttp import web

from gizwits_async.simulator.messages import Delivery, SimulatedReply

__all__ = ["send_faulty"]

_CHUNK = 2**16
_NO_LINGER = struct.pack("ii", 1, 0)


async def send_faulty(
    request: web.Request, reply: SimulatedReply, delivery: Delivery
) -> web.StreamResponse:
    """Send a reply in the way that its delivery prescribes.

    Args:
        request: The request to answer.
        reply: Status, headers and body.
        delivery: How to send them.
    """
    if delivery.wait == inf:
        # Ends when the caller disconnects, which cancels this handler, or when the server closes.
        await asyncio.get_running_loop().create_future()
    await asyncio.sleep(delivery.wait)
    response = web.StreamResponse(status=reply.status or 200, headers=reply.headers)
    if delivery.reset:
        _reset(request)
        return response
    response.content_length = len(reply.body) + delivery.padding
    with contextlib.suppress(ConnectionError):
        await response.prepare(request)
        await _send(request, response, reply.body, delivery)
    return response


async def _send(
    request: web.Request, response: web.StreamResponse, body: bytes, delivery: Delivery
) -> None:
    if delivery.cut_at is not None:
        await response.write(body[: delivery.cut_at])
        if request.transport is not None:
            request.transport.close()
        return
    step = delivery.piece or max(1, len(body))
    for start in range(0, len(body), step):
        if start:
            await asyncio.sleep(delivery.pause)
        await response.write(body[start : start + step])
    left = delivery.padding
    while left > 0:
        await response.write(b" " * min(left, _CHUNK))
        left -= _CHUNK


def _reset(request: web.Request) -> None:
    transport = request.transport
    if transport is None:
        return
    sock = transport.get_extra_info("socket")
    if sock is not None:
        # Without lingering, closing sends RST in place of FIN.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
