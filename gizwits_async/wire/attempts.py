"""A call under way, and the progress of its attempts; each attempt writes a line at level DEBUG."""

import asyncio
import logging
from typing import Any, Generic, TypeVar

from attrs import define, field

from gizwits_async.errors import (
    ApiError,
    GizwitsError,
    NotSentError,
    QuotaExceededError,
    TokenRejectedError,
)
from gizwits_async.wire.protocols import Reply
from gizwits_async.wire.request import Request

__all__ = ["Attempt", "Call", "log_attempt"]

T = TypeVar("T")

_log = logging.getLogger("gizwits_async.wire.report")

_NOT_SENT = NotSentError.__name__


@define
class Attempt:
    """The progress of one attempt, in event loop time."""

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

    def failed(self, error: BaseException, now: float) -> None:
        """Record how the attempt failed: nothing of the error that might hold a secret."""
        self.ended = now if self.ended is None else self.ended
        self.error, self.error_code = type(error).__name__, _code(error)

    @property
    def outcome_unknown(self) -> bool:
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
    loop: asyncio.AbstractEventLoop
    """Asked for its time, not kept as a bound `time`: virtual time in tests replaces that during a call."""
    began: float
    """When the call began, in event loop time."""
    attempts: list[Attempt] = field(factory=list)
    rejections: int = 0
    """How many attempts failed because the token was rejected."""
    refusals: int = 0
    """How many failed because the quota was used up."""
    failures: int = 0
    """How many failed otherwise."""
    failure: GizwitsError | None = None
    """How the last of these failed."""

    def next_attempt(self) -> Attempt:
        """Begin another attempt."""
        attempt = Attempt(self.loop.time() if self.attempts else self.began)
        self.attempts.append(attempt)
        return attempt

    def count(self, error: GizwitsError) -> None:
        """Count an attempt that ended in `error`."""
        if isinstance(error, TokenRejectedError):
            self.rejections += 1
        elif isinstance(error, QuotaExceededError) and error.from_service:
            self.refusals += 1
        else:
            self.failures += 1
            self.failure = error.copy()  # Not the error itself: its traceback holds this call.


def log_attempt(call: Call[Any]) -> None:
    """Write the log line of a call's last attempt, which has ended."""
    if not _log.isEnabledFor(logging.DEBUG):
        return
    # The template, not the path, and never the query: ids of users do not belong in logs.
    request, attempt, number = call.request, call.attempts[-1], len(call.attempts)
    _log.debug(
        "%s %s: attempt %d: %s after %.3f s on the wire, %.3f s for quota",
        request.verb,
        request.path.route,
        number,
        attempt.error or attempt.status,
        attempt.wire_time,
        attempt.quota_wait,
        extra={
            "verb": request.verb,
            "route": request.path.route,
            "attempt": number,
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
