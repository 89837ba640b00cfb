"""Reports of calls for the hook of the user."""

import inspect
import logging
from typing import Any, Protocol

from attrs import frozen

from gizwits_async.errors import ArgumentError, GizwitsError
from gizwits_async.wire.attempts import Call
from gizwits_async.wire.failures import FailureLog

__all__ = ["CallObserver", "CallReport", "OnCall"]

_log = logging.getLogger(__name__)


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
        self._failures = FailureLog()

    def over(self, call: Call[Any], error: BaseException | None) -> None:
        """Report a call that ended in a value, or in `error`."""
        if isinstance(error, GizwitsError):
            self._failures.log(call, error)
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
        seconds=call.loop.time() - call.began,
        bytes_received=sum(attempt.bytes_received for attempt in attempts),
    )
