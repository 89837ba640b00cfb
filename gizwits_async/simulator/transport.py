"""A client transport that calls the simulated service in the same process, without sockets."""

import asyncio
from collections.abc import Callable, Mapping
from enum import StrEnum
from math import inf

from attrs import evolve

from gizwits_async.errors import (
    ClientClosedError,
    NoReplyError,
    NotSentError,
    ResponseTooLargeError,
    TimedOutError,
)
from gizwits_async.simulator.cloud import SimulatedCloud
from gizwits_async.simulator.messages import SimulatedReply, SimulatedRequest

__all__ = ["Fate", "SimulatorTransport"]

Latency = float | Callable[[SimulatedRequest], float]


class Fate(StrEnum):
    """How one request is delivered."""

    DELIVER = "deliver"
    """The request arrives, and so does the reply."""
    NOT_SENT = "not sent"
    """The request is not sent: the service never sees it."""
    REPLY_LOST = "reply lost"
    """The service handles the request, and the reply is lost."""
    STALL_BEFORE = "stall before"
    """The request stalls until the time-out and never arrives."""
    STALL_AFTER = "stall after"
    """The service handles the request, and the reply stalls until the time-out."""


class SimulatorTransport:
    """Sends calls to a simulated service without sockets, in real or virtual time."""

    def __init__(
        self,
        cloud: SimulatedCloud,
        *,
        clock: Callable[[], float] | None = None,
        latency: Latency = 0.0,
        reply_latency: Latency = 0.0,
        fates: Callable[[SimulatedRequest, int], Fate] | None = None,
        peer: str = "127.0.0.1",
    ) -> None:
        """Make a transport.

        Args:
            cloud: The service.
            clock: Epoch seconds; None: starts at the fleet's `now` on the first call and advances
                with the event loop's time, virtual or real.
            latency: Seconds until a request arrives: a number, or a function of the request.
            reply_latency: Seconds until the reply arrives: a number, or a function of the request.
            fates: Chooses how each request is delivered; called with the request and its number,
                counted from 1.
            peer: Caller's address as the service sees it.
        """
        self._cloud = cloud
        self._clock = clock
        self._latency, self._reply_latency = latency, reply_latency
        self._fates = fates
        self._peer = peer
        self._began: float | None = None
        self.sent = 0
        """Number of requests passed to `send`."""
        self.closed = False

    def now(self) -> float:
        """Return the caller's present, in epoch seconds."""
        if self._clock is not None:
            return self._clock()
        time = asyncio.get_running_loop().time()
        if self._began is None:
            self._began = time
        return self._cloud.fleet.now + time - self._began

    async def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        timeout: float,  # noqa: ASYNC109 - the signature of the client's transports
        max_bytes: int,
    ) -> SimulatedReply:
        """Return the reply to one request.

        Args:
            method: Verb.
            target: Quoted path, with `?query` if there is one.
            headers: Header fields.
            body: Body; None if there is none.
            timeout: Seconds until `TimedOutError`.
            max_bytes: Maximum length of the body.

        Raises:
            ClientClosedError: The transport was closed.
            NotSentError: `fates` chose so.
            NoReplyError: `fates` or a fault rule chose so.
            TimedOutError: No reply within `timeout`.
            ResponseTooLargeError: The body is longer than `max_bytes`.
        """
        if self.closed:
            raise ClientClosedError("this client is closed; open a new one")
        self.sent += 1
        request = SimulatedRequest(
            method=method, target=target, headers=headers, body=body or b"", peer=self._peer
        )
        fate = Fate.DELIVER if self._fates is None else self._fates(request, self.sent)
        if fate is Fate.NOT_SENT:
            raise NotSentError("simulated: the request was not sent")
        try:
            async with asyncio.timeout(timeout):
                reply = await self._exchange(request, fate, max_bytes)
        except TimeoutError:
            raise TimedOutError(f"no complete reply within {timeout:g} s") from None
        if len(reply.body) > max_bytes:
            raise ResponseTooLargeError(f"the reply has more than {max_bytes} bytes")
        return reply

    async def _exchange(
        self, request: SimulatedRequest, fate: Fate, max_bytes: int
    ) -> SimulatedReply:
        # Always yield to the event loop, as a socket does: a caller in a tight loop must not starve
        # other tasks.
        await asyncio.sleep(_seconds(self._latency, request))
        if fate is Fate.STALL_BEFORE:
            await asyncio.get_running_loop().create_future()
        reply = await self._arrive(self._cloud.handle(request, self.now()), max_bytes)
        if fate is Fate.REPLY_LOST:
            raise NoReplyError("simulated: the connection broke before the reply")
        if fate is Fate.STALL_AFTER:
            await asyncio.get_running_loop().create_future()
        pause = _seconds(self._reply_latency, request)
        if pause:
            await asyncio.sleep(pause)
        return reply

    @staticmethod
    async def _arrive(reply: SimulatedReply, max_bytes: int) -> SimulatedReply:
        way = reply.delivery
        if way is None:
            return reply
        if way.wait == inf:
            await asyncio.get_running_loop().create_future()
        await asyncio.sleep(way.wait)
        if way.reset or way.cut_at is not None:
            raise NoReplyError("simulated: the connection broke before the reply was complete")
        if way.piece is not None:
            await asyncio.sleep(way.pause * (len(reply.body) // way.piece))
        if len(reply.body) + way.padding > max_bytes:
            raise ResponseTooLargeError(f"the reply has more than {max_bytes} bytes")
        return evolve(reply, body=reply.body + b" " * way.padding, delivery=None)

    async def aclose(self) -> None:
        """Close the transport; later calls raise `ClientClosedError`."""
        self.closed = True


def _seconds(latency: Latency, request: SimulatedRequest) -> float:
    return latency(request) if callable(latency) else latency
