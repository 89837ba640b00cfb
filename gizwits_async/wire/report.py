"""What became of a call, for those who watch: one report a call, one log line an attempt."""

import asyncio
import inspect
import logging
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, TypeAlias

from attrs import define, frozen

from gizwits_async.errors import ApiError, NotSentError
from gizwits_async.wire.clock import ServerClock
from gizwits_async.wire.protocols import Reply
from gizwits_async.wire.request import Request

__all__ = ["Attempt", "CallObserver", "CallReport", "OnCall"]

_log = logging.getLogger(__name__)

_NOT_SENT = NotSentError.__name__


@define
class Attempt:
    """When one attempt got how far, in event loop time.

    As a context manager around it, it notes how the attempt ended and writes its line in the log.
    """

    request: Request[Any]
    number: int
    """Which of its call, counted from 1."""
    clock: ServerClock
    began: float
    """When it began to wait for its place in the quota."""
    granted: float | None = None
    """When it had the place."""
    places: int = 0
    """How many it took: a place that grew old while a login was slow is not used."""
    sent: float | None = None
    """From when on bytes may have left."""
    ended: float | None = None
    """When the whole reply was there, or it failed."""
    status: int | None = None
    error_code: int | None = None
    error: str | None = None
    bytes_received: int = 0

    def replied(self, reply: Reply, now: float) -> None:
        """Take in that the whole reply is there."""
        self.ended, self.status, self.bytes_received = now, reply.status, len(reply.body)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None and isinstance(error, Exception | asyncio.CancelledError):
            # Of the error only what cannot hold a secret.
            self.ended = self.clock.loop_time if self.ended is None else self.ended
            self.error, self.error_code = type(error).__name__, _code(error)
        if _log.isEnabledFor(logging.DEBUG):
            _write(self)

    @property
    def in_doubt(self) -> bool:
        """Whether the server may have acted, and no reply told."""
        return self.sent is not None and self.status is None and self.error != _NOT_SENT

    @property
    def quota_wait(self) -> float:
        """Seconds it waited for its place."""
        until = self.ended if self.granted is None else self.granted
        return 0.0 if until is None else until - self.began

    @property
    def wire_time(self) -> float:
        """Seconds from sending to the end of the reply, or to the failure."""
        return 0.0 if self.sent is None or self.ended is None else self.ended - self.sent


@frozen(kw_only=True)
class CallReport:
    """What became of one call, with no secret, id or query in it. Fetching a token is a call too."""

    verb: str
    """GET, POST, PUT or DELETE."""
    route: str
    """The path's template, such as `/v1/products/{product_key}/device_detail`."""
    status: int | None
    """HTTP status of the last reply; None if the last attempt had none."""
    error_code: int | None
    """`error_code` of the service, if it refused the call with a number."""
    error: str | None
    """Name of the class of the error that the call ended in; None if it ended in a value."""
    attempts: int
    """How many requests were sent, or about to be; 0 if it failed before."""
    quota_wait: float
    """Seconds waited for places in the quota, all attempts together."""
    wire_time: float
    """Seconds on the wire, all attempts together."""
    seconds: float
    """Seconds the call took in all: quota, token, wire, pauses between attempts."""
    bytes_received: int
    """Bytes of the replies' bodies after decompression."""

    @classmethod
    def of(
        cls,
        request: Request[Any],
        attempts: Sequence[Attempt],
        error: BaseException | None,
        seconds: float,
    ) -> Self:
        """Return the report of a call that is over."""
        last = attempts[-1] if attempts else None
        return cls(
            verb=request.verb,
            route=request.path.route,
            status=None if last is None else last.status,
            error_code=None if last is None else last.error_code,
            error=None if error is None else type(error).__name__,
            attempts=sum(one.sent is not None for one in attempts),
            quota_wait=sum(one.quota_wait for one in attempts),
            wire_time=sum(one.wire_time for one in attempts),
            seconds=seconds,
            bytes_received=sum(one.bytes_received for one in attempts),
        )


OnCall: TypeAlias = Callable[[CallReport], object]
"""A hook that is called once for each call that is over, in the caller's task."""


class CallObserver:
    """Hands reports to the hook, and keeps what is wrong with the hook away from the calls."""

    def __init__(self, on_call: OnCall | None = None) -> None:
        """Make a watch.

        Raises:
            ValueError: The hook is no function, or a coroutine function, which nobody would await.
        """
        call: object = on_call
        if call is not None and (not callable(call) or inspect.iscoroutinefunction(call)):
            raise ValueError(f"on_call must be a plain function of one CallReport, not {on_call!r}")
        self._on_call = on_call
        self._complained = False

    def over(
        self,
        request: Request[Any],
        attempts: Sequence[Attempt],
        error: BaseException | None,
        began: float,
        clock: ServerClock,
    ) -> None:
        """Report a call that is over, and began at this event loop time."""
        if self._on_call is None:
            return
        try:
            self._on_call(CallReport.of(request, attempts, error, clock.loop_time - began))
        except Exception:  # noqa: BLE001 - whatever it is, the call did not fail
            if not self._complained:
                self._complained = True
                _log.exception("the on_call hook failed; this is said once")


def _write(attempt: Attempt) -> None:
    # The template and not the path, and never the query: ids are not for everybody's logs.
    request = attempt.request
    _log.debug(
        "%s %s: attempt %d: %s after %.3f s on the wire, %.3f s for quota",
        request.verb,
        request.path.route,
        attempt.number,
        attempt.error or attempt.status,
        attempt.wire_time,
        attempt.quota_wait,
        extra={
            "verb": request.verb,
            "route": request.path.route,
            "attempt": attempt.number,
            "status": attempt.status,
            "error_code": attempt.error_code,
            "error": attempt.error,
            "quota_wait": attempt.quota_wait,
            "wire_time": attempt.wire_time,
            "bytes_received": attempt.bytes_received,
        },
    )


def _code(error: BaseException) -> int | None:
    # Only numbers: a code that is some text may hold anything that the server was told.
    return error.code if isinstance(error, ApiError) and isinstance(error.code, int) else None
