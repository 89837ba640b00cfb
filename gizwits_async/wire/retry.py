"""Whether a failed call is repeated, and when. Pure: no I/O, no clock."""

from random import Random
from typing import Any, Self

from attrs import field, frozen

from gizwits_async.errors import (
    ApiError,
    GizwitsError,
    InvalidResponseError,
    NoReplyError,
    NotSentError,
    OutcomeUnknownError,
    QuotaExceededError,
    QuotaWaitError,
    ResponseTooLargeError,
    ServerError,
    TokenRejectedError,
)
from gizwits_async.options import Options
from gizwits_async.wire.attempts import Call
from gizwits_async.wire.request import Request

__all__ = ["RetryPolicy", "final_error", "outcome"]

_SERVER_FAULT = 500
_MAX_REFUSALS = 7
"""How often a call is refused for quota before that is final. Where no reset is known the quota doubles
its pauses from a minute on, so that two whole hours have gone by."""
_MAX_RETRY_AFTER = 60.0
"""Seconds of a `Retry-After` that are waited at most: a gateway may say anything."""
_COMMAND_FAILED = 5403
"""A `ServerError` that is no fault of the service: the device did not accept the command."""


def _server_failed(error: GizwitsError) -> bool:
    # By code, not by status: the document has changed the status of codes before.
    return isinstance(error, ServerError) and (
        error.status >= _SERVER_FAULT or error.code != _COMMAND_FAILED
    )


def _reply_lost(error: GizwitsError) -> bool:
    # A reply too large to be read is as good as none: the outcome of the write is unknown.
    unread = NoReplyError | InvalidResponseError | ResponseTooLargeError
    return isinstance(error, unread) or _server_failed(error)


def outcome(request: Request[Any], error: GizwitsError) -> GizwitsError:
    """Return the error that the caller gets: for a write without a readable reply, an unknown outcome."""
    if not (request.is_command and _reply_lost(error)):
        return error
    return OutcomeUnknownError(
        f"{request.where}: sent, but the outcome is unknown"
        f" ({type(error).__name__}); check the state before sending it again"
    )


def final_error(call: Call[Any], error: GizwitsError) -> GizwitsError:
    """Return the error that the caller gets if the last attempt of a call ended in `error`."""
    if call.attempts[-1].sent is not None:
        return outcome(call.request, error)
    if call.failure is None or not isinstance(error, QuotaWaitError):
        return error
    # The first attempt failed on the wire, and the quota only kept the call from being repeated.
    failure = outcome(call.request, call.failure)
    failure.add_note(f"not repeated: {error}")
    return failure


@frozen(kw_only=True)
class RetryPolicy:
    """Pauses that double, with jitter, so that many callers do not retry in step."""

    max_retries: int = 3
    """How often a call is repeated at most."""
    base: float = 0.5
    """Seconds of the first pause, before jitter."""
    max_delay: float = 30.0
    """Seconds of the longest pause."""
    max_quota_wait: float | None = None
    """Seconds to wait for quota at most; None: any time."""
    random: Random = field(factory=Random, repr=False)
    """Source of the jitter."""

    @classmethod
    def of(cls, options: Options) -> Self:
        """Return the policy that these options ask for."""
        return cls(max_retries=options.max_retries, max_quota_wait=options.max_quota_wait)

    def after(self, call: Call[Any], error: GizwitsError, now: float) -> float | None:
        """Count the failure of a call's last attempt; return as `delay` does.

        Args:
            call: What was to be sent, and the attempts so far.
            error: How the last of them failed.
            now: Event loop time.
        """
        if call.attempts[-1].sent is None:
            return None  # The quota's error, or that of a login, which was repeated by itself.
        request = call.request
        call.count(error)
        if isinstance(error, TokenRejectedError):
            # Refused before anything was done, so that a write may be sent again too; but only once:
            # a server that calls a new token expired will not stop doing so.
            return None if request.single_attempt or call.rejections > 1 else 0.0
        pause = self.delay(request, error, max(call.failures, 1))
        if pause is None or call.refusals > _MAX_REFUSALS:
            return None
        return None if request.expired(now + pause) else pause

    def delay(self, request: Request[Any], error: GizwitsError, attempt: int) -> float | None:
        """Return the seconds to wait before the next attempt, or None to give up.

        Args:
            request: What was to be sent.
            error: How attempt number `attempt` failed.
            attempt: Counted from 1.

        A rejected token is no matter of delays: see `after`.
        """
        if attempt > self.max_retries:
            return None
        if isinstance(error, NotSentError):
            return self._pause(attempt)
        if not request.repeatable:
            return None
        if isinstance(error, QuotaExceededError) and error.from_service:
            return self._quota_pause(error)
        if isinstance(error, QuotaExceededError | ServerError) and error.retry_after is not None:
            return self._asked_pause(error, error.retry_after, attempt)
        if isinstance(error, InvalidResponseError):
            return self._pause(attempt) if error.truncated and attempt == 1 else None
        if isinstance(error, NoReplyError | QuotaExceededError) or _server_failed(error):
            return self._pause(attempt)
        return None

    def _pause(self, attempt: int) -> float:
        ceiling = min(self.max_delay, self.base * 2.0 ** (attempt - 1))
        return self.random.uniform(ceiling / 2, ceiling)

    def _asked_pause(self, error: ApiError, seconds: float, attempt: int) -> float | None:
        limit = self.max_quota_wait if isinstance(error, QuotaExceededError) else None
        if limit is not None and seconds > limit:
            return None
        return max(self._pause(attempt), min(seconds, _MAX_RETRY_AFTER))

    def _quota_pause(self, error: QuotaExceededError) -> float | None:
        # The quota itself delays the next attempt until the reset: no pause here.
        too_long = self.max_quota_wait is not None and (
            error.retry_after is None or error.retry_after > self.max_quota_wait
        )
        return None if too_long else 0.0
