"""The log of failed calls: a line for each route and class of error a minute, without secrets or ids."""

import logging
from typing import Any

from gizwits_async.errors import (
    ApiError,
    ArgumentError,
    ClientClosedError,
    ConflictError,
    ForbiddenError,
    GizwitsError,
    InvalidRequestError,
    InvalidResponseError,
    NotFoundError,
    QuotaWaitError,
    TransportError,
)
from gizwits_async.wire.attempts import Call

__all__ = ["FailureLog"]

_log = logging.getLogger("gizwits_async.wire.report")

_INTERVAL = 60.0
"""Seconds between two lines about one route and class of error."""
_MAX_KINDS = 256
"""Routes and classes that are kept in mind; a caller's own paths could be any number."""
_ANSWERS = (
    *(ArgumentError, ClientClosedError),
    *(ConflictError, ForbiddenError, InvalidRequestError, NotFoundError),
)
"""Errors that answer the request, and are no trouble of network, service or set-up."""


class FailureLog:
    """Writes failed calls to the log, and counts those that it leaves out."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str], tuple[float, int]] = {}

    def log(self, call: Call[Any], error: GizwitsError) -> None:
        """Log a call that ended in `error`."""
        sent = sum(attempt.sent is not None for attempt in call.attempts)
        if not sent and not isinstance(error, QuotaWaitError):
            return  # The login failed, which is a call of its own.
        now = call.loop.time()
        kind = call.request.path.route, type(error).__name__
        since, left_out = self._kinds.get(kind, (-_INTERVAL, 0))
        if since <= now < since + _INTERVAL:
            self._kinds[kind] = since, left_out + 1
            return
        if len(self._kinds) >= _MAX_KINDS:
            self._kinds.clear()
        self._kinds[kind] = now, 0
        _log.log(
            logging.INFO if isinstance(error, _ANSWERS) else logging.WARNING,
            "%s %s failed after %d %s: %s: %s%s",
            call.request.verb,
            call.request.path.route,
            sent,
            "attempt" if sent == 1 else "attempts",
            type(error).__name__,
            _cause(call, error),
            f" ({left_out} more like this before)" if left_out else "",
        )


def _cause(call: Call[Any], error: GizwitsError) -> str:
    """Return the cause in words; texts of the service are left out, for they may echo anything."""
    if isinstance(error, ApiError):
        code = f"error_code {error.code}, " if isinstance(error.code, int) else ""
        return f"{code}HTTP {error.status}"
    if isinstance(error, InvalidResponseError) and error.problems:
        return error.problems[0]
    text = str(error).removeprefix(f"{call.request.where}: ")
    return f"{text} ({error.__cause__})" if isinstance(error.__cause__, TransportError) else text
