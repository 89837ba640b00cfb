"""The door inside the process: a client's transport that calls the simulated service directly."""

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
    """What becomes of one request on its way."""

    DELIVER = "deliver"
    """It arrives, and so does the reply."""
    NOT_SENT = "not sent"
    """It never leaves: the service knows nothing of it."""
    REPLY_LOST = "reply lost"
    """The service acts on it, and the reply does not arrive."""
    STALL_BEFORE = "stall before"
    """It hangs until time runs out, and never arrives."""
    STALL_AFTER = "stall after"
    """The service acts on it, and the reply hangs until time runs out."""


class SimulatorTransport:
    """Sends a client's calls to a simulated service without sockets, in real or virtual time."""

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
            clock: Epoch seconds; None: begins at the fleet's `now` with the first call and goes on
                with the event loop's time, so that it follows loops that jump in time.
            latency: Seconds until a request arrives: a number, or a function of the request.
            reply_latency: Seconds until its reply is back.
            fates: Decides on each request; called with it and its number, counted from 1.
            peer: The address that the service sees.
        """
        self._cloud = cloud
        self._clock = clock
        self._latency, self._reply_latency = latency, reply_latency
        self._fates = fates
        self._peer = peer
        self._began: float | None = None
        self.sent = 0
        """How many requests were handed in."""
        self.closed = False

    def now(self) -> float:
        """Return the time by which the service is called, in epoch seconds."""
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
        timeout: float,  # noqa: ASYNC109 - the client's transports have this face
        max_bytes: int,
    ) -> SimulatedReply:
        """Return the reply to one request.

        Args:
            method: Verb.
            target: Quoted path, with `?query` if there is one.
            headers: Header fields.
            body: Body; None if there is none.
            timeout: Seconds until it is given up.
            max_bytes: Longest body that is taken.

        Raises:
            ClientClosedError: The transport was closed.
            NotSentError: By its fate.
            NoReplyError: By its fate.
            TimedOutError: Time ran out.
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
            raise NotSentError("simulated: the request never left")
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
        # Always once around the loop, as a socket would, or a busy caller would starve the others.
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
        """Close the door; what is sent afterwards is refused."""
        self.closed = True


def _seconds(latency: Latency, request: SimulatedRequest) -> float:
    return latency(request) if callable(latency) else latency
