"""A client transport that calls the simulated service in the same process, without sockets."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
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
from gizwits_async.simulator.messages import Delivery, SimulatedReply, SimulatedRequest

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
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Make a transport.

        Args:
            cloud: The service.
            clock: Epoch seconds; None: the cloud's own `now`, which starts at the fleet's and
                advances with the event loop's time, virtual or real.
            latency: Seconds until a request arrives: a number, or a function of the request.
            reply_latency: Seconds until the reply arrives: a number, or a function of the request.
            fates: Chooses how each request is delivered; called with the request and its number,
                counted from 1.
            peer: Caller's address as the service sees it.
            sleep: Waits for latencies and delayed replies; the client waits by it too.
        """
        self._cloud = cloud
        self.now = cloud.now if clock is None else clock
        """Returns the caller's present, in epoch seconds."""
        self.sleep = sleep
        """Waits for a number of seconds."""
        self._latency, self._reply_latency = latency, reply_latency
        self._fates = fates
        self._peer = peer
        self.sent = 0
        """Number of requests passed to `send`."""
        self.closed = False

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
        wait = _Wait(self.sleep, timeout)
        # Always yield to the event loop, as a socket does: a caller in a tight loop must not starve
        # other tasks.
        await wait(inf if fate is Fate.STALL_BEFORE else _seconds(self._latency, request))
        reply = self._cloud.handle(request, self.now())
        delivery = reply.delivery or Delivery()
        await wait(delivery.wait)
        if delivery.reset or delivery.cut_at is not None:
            raise NoReplyError("simulated: the connection broke before the reply was complete")
        if delivery.piece is not None:
            await wait(delivery.pause * (len(reply.body) // delivery.piece))
        if fate is Fate.REPLY_LOST:
            raise NoReplyError("simulated: the connection broke before the reply")
        await wait(inf if fate is Fate.STALL_AFTER else _seconds(self._reply_latency, request))
        if len(reply.body) + delivery.padding > max_bytes:
            raise ResponseTooLargeError(f"the reply has more than {max_bytes} bytes")
        return evolve(reply, body=reply.body + b" " * delivery.padding, delivery=None)

    async def aclose(self) -> None:
        """Close the transport; later calls raise `ClientClosedError`."""
        self.closed = True


class _Wait:
    """The waits of one exchange, which together take at most its time-out."""

    def __init__(self, sleep: Callable[[float], Awaitable[None]], limit: float) -> None:
        self._sleep, self._limit, self._left = sleep, limit, limit
        self._began = False

    async def __call__(self, seconds: float) -> None:
        if seconds > self._left:
            await self._sleep(self._left)
            raise TimedOutError(f"no complete reply within {self._limit:g} s")
        self._left -= seconds
        if seconds or not self._began:
            self._began = True
            await self._sleep(seconds)


def _seconds(latency: Latency, request: SimulatedRequest) -> float:
    return latency(request) if callable(latency) else latency
