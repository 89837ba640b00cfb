"""Observation of calls: one report a call, one log line an attempt."""

import asyncio
import inspect
import logging
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from attrs import define, field, frozen

from gizwits_async.errors import (
    ApiError,
    ArgumentError,
    GizwitsError,
    NotSentError,
    QuotaExceededError,
    TokenRejectedError,
)
from gizwits_async.wire.clock import ServerClock
from gizwits_async.wire.protocols import Reply
from gizwits_async.wire.request import Request

__all__ = ["Attempt", "Call", "CallObserver", "CallReport", "OnCall"]

_log = logging.getLogger(__name__)

T = TypeVar("T")

_NOT_SENT = NotSentError.__name__


@define
class Attempt:
    """The progress of one attempt, in event loop time.

    As a context manager around the attempt it notes how that ended, and writes its log line.
    """

    request: Request[Any]
    number: int
    """Which attempt of its call, counted from 1."""
    clock: ServerClock
    began: float
    """When the wait for a permit began."""
    granted: float | None = None
    """When the permit was granted."""
    permits: int = 0
    """How many permits it took: one that expired during a slow login is not used."""
    sent: float | None = None
    """From when on bytes may have left."""
    ended: float | None = None
    """When the whole reply was there, or the attempt failed."""
    status: int | None = None
    error_code: int | None = None
    error: str | None = None
    bytes_received: int = 0

    def replied(self, reply: Reply, now: float) -> None:
        """Record that the whole reply is there."""
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
            # Nothing of the error that might hold a secret.
            self.ended = self.clock.loop_time if self.ended is None else self.ended
            self.error, self.error_code = type(error).__name__, _code(error)
        if _log.isEnabledFor(logging.DEBUG):
            _write(self)

    @property
    def in_doubt(self) -> bool:
        """Whether the server may have acted although no reply arrived."""
        return self.sent is not None and self.status is None and self.error != _NOT_SENT

    @property
    def quota_wait(self) -> float:
        """Seconds waited for the permit."""
        until = self.ended if self.granted is None else self.granted
        return 0.0 if until is None else until - self.began

    @property
    def wire_time(self) -> float:
        """Seconds from sending to the end of the reply, or to the failure."""
        return 0.0 if self.sent is None or self.ended is None else self.ended - self.sent


@define(eq=False)
class Call(Generic[T]):
    """One call under way: its request, and the attempts made at it so far."""

    request: Request[T]
    body: bytes | None = field(repr=False)
    """The request's body as it is sent."""
    clock: ServerClock
    began: float
    """When the call began, in event loop time."""
    attempts: list[Attempt] = field(factory=list)
    rejections: int = 0
    """How many attempts failed because the token was rejected."""
    refusals: int = 0
    """How many failed because the quota was used up."""
    failures: int = 0
    """How many failed otherwise."""

    def next_attempt(self) -> Attempt:
        """Begin another attempt."""
        began = self.clock.loop_time if self.attempts else self.began
        attempt = Attempt(self.request, len(self.attempts) + 1, self.clock, began)
        self.attempts.append(attempt)
        return attempt

    def count(self, error: GizwitsError) -> None:
        """Count an attempt that ended in `error`."""
        if isinstance(error, TokenRejectedError):
            self.rejections += 1
        elif isinstance(error, QuotaExceededError):
            self.refusals += 1
        else:
            self.failures += 1


@frozen(kw_only=True)
class CallReport:
    """The outcome of one call, without secrets, ids or query. Fetching a token is a call too."""

    verb: str
    """GET, POST, PUT or DELETE."""
    route: str
    """The path's template, such as `/v1/products/{product_key}/device_detail`."""
    status: int | None
    """HTTP status of the last reply; None if the last attempt had none."""
    error_code: int | None
    """`error_code` of the service, if it refused the call with a numeric one."""
    error: str | None
    """Name of the class of the error that the call ended in; None if it ended in a value."""
    attempts: int
    """How many requests were sent, or about to be; 0 if it failed before."""
    quota_wait: float
    """Seconds waited for permits of the quota, all attempts together."""
    wire_time: float
    """Seconds on the wire, all attempts together."""
    seconds: float
    """Seconds the call took in all: quota, token, wire, pauses between attempts."""
    bytes_received: int
    """Bytes of the replies' bodies after decompression."""


class OnCall(Protocol):
    """A hook that is called after each call, in the caller's task."""

    def __call__(self, report: CallReport, /) -> object:
        """Take in the report of a call."""
        ...


class CallObserver:
    """Passes reports to the hook, and keeps the hook's own failures away from the calls."""

    def __init__(self, on_call: OnCall | None = None) -> None:
        """Wrap a hook.

        Raises:
            ArgumentError: The hook is not callable, or a coroutine function, whose coroutine would
                never be awaited.
        """
        call: object = on_call
        if call is not None and (not callable(call) or inspect.iscoroutinefunction(call)):
            raise ArgumentError(
                f"on_call must be a plain function of one CallReport, not {on_call!r}"
            )
        self._on_call = on_call
        self._complained = False

    def over(self, call: Call[Any], error: BaseException | None) -> None:
        """Report a call that ended in a value, or in `error`."""
        if self._on_call is None:
            return
        try:
            self._on_call(_report(call, error))
        except Exception:  # noqa: BLE001 - whatever the hook raises, the call did not fail
            if not self._complained:
                self._complained = True
                _log.exception("the on_call hook failed; further failures are not logged")


def _report(call: Call[Any], error: BaseException | None) -> CallReport:
    """Return the report of a call that ended in a value, or in `error`."""
    attempts = call.attempts
    last = attempts[-1] if attempts else None
    return CallReport(
        verb=call.request.verb,
        route=call.request.path.route,
        status=None if last is None else last.status,
        error_code=None if last is None else last.error_code,
        error=None if error is None else type(error).__name__,
        attempts=sum(attempt.sent is not None for attempt in attempts),
        quota_wait=sum(attempt.quota_wait for attempt in attempts),
        wire_time=sum(attempt.wire_time for attempt in attempts),
        seconds=call.clock.loop_time - call.began,
        bytes_received=sum(attempt.bytes_received for attempt in attempts),
    )


def _write(attempt: Attempt) -> None:
    # The template, not the path, and never the query: ids of users do not belong in logs.
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
    # Only numbers: a textual code may echo anything that was sent, secrets included.
    return error.code if isinstance(error, ApiError) and isinstance(error.code, int) else None
