"""Translates errors of the client into problem details (RFC 9457), without any text of upstream."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from math import ceil

from attrs import field, frozen

from gizwits_async.error_codes import API_ERRORS
from gizwits_async.errors import (
    ApiError,
    ArgumentError,
    AuthenticationError,
    ClientClosedError,
    ConflictError,
    CredentialsError,
    ForbiddenError,
    GizwitsError,
    InvalidRequestError,
    LogRangeError,
    NotFoundError,
    OutcomeUnknownError,
    QuotaExceededError,
    QuotaStoreError,
    QuotaWaitError,
    ResumeMismatchError,
    TimedOutError,
)

__all__ = ["BAD_INPUT", "Problem", "note", "problem_of"]

_log = logging.getLogger(__name__)

_UNKNOWN_WAIT = 60.0
"""Seconds in `Retry-After` if the wait is unknown: acceptable for users, rare for the quota."""
_LONGEST_WAIT = 86_400.0

BAD_INPUT = "An argument is not acceptable."
_NOT_SET_UP = "This server has no valid credentials for the device cloud."
_PROBLEMS: tuple[tuple[type[GizwitsError], int, str], ...] = (
    # Whatever the reason: a used-up hour, many calls at once, or the rate limit of a gateway.
    (QuotaWaitError, 503, "The device cloud takes no more calls for now."),
    (QuotaExceededError, 503, "The device cloud takes no more calls for now."),
    (ClientClosedError, 503, "This server is shutting down."),
    (
        OutcomeUnknownError,
        504,
        "The request was sent and its outcome is unknown. Check the device before repeating it.",
    ),
    (TimedOutError, 504, "The device cloud did not answer in time."),
    (AuthenticationError, 500, _NOT_SET_UP),
    (CredentialsError, 500, _NOT_SET_UP),
    (QuotaStoreError, 500, "This server's shared quota is not set up."),
    (NotFoundError, 404, "The device cloud has no such object."),
    (ConflictError, 409, "This is not possible in the current state."),
    (ForbiddenError, 403, "The device cloud does not allow this."),
    (InvalidRequestError, 422, BAD_INPUT),
    (LogRangeError, 422, "The log does not reach back that far."),
    (ResumeMismatchError, 422, "The resume token is damaged, or belongs to another query."),
    (ArgumentError, 422, BAD_INPUT),
    # Server errors, lost connections, malformed replies, redirects and future error classes.
    (GizwitsError, 502, "The device cloud failed."),
)


_NO_DATA_POINT = 5405


@frozen(kw_only=True)
class Problem:
    """A problem detail, safe to show to a web client."""

    status: int
    """HTTP status."""
    detail: str
    """A fixed sentence of this package: texts of the service may contain anything."""
    retry_after: int | None = None
    """Seconds for the header `Retry-After`, at least 1."""
    members: Mapping[str, object] = field(factory=dict)
    """Extension members: `code` (a documented error code of the service), `oldest`, `outcome`."""

    def body(self) -> dict[str, object]:
        """Return the members of the JSON object."""
        return {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            **self.members,
        }


def problem_of(error: GizwitsError) -> Problem:
    """Return the problem detail of an error. Pure."""
    status, detail = next((s, d) for kind, s, d in _PROBLEMS if isinstance(error, kind))
    if isinstance(error, ApiError) and error.code == _NO_DATA_POINT:
        # The data point is named in the body of the request, not in its path.
        status, detail = 422, BAD_INPUT
    members: dict[str, object] = {}
    if isinstance(error, OutcomeUnknownError):
        members["outcome"] = "unknown"
    elif isinstance(error, LogRangeError):
        members["oldest"] = error.oldest
    elif isinstance(error, ApiError) and status < HTTPStatus.INTERNAL_SERVER_ERROR:
        members.update({"code": error.code} if error.code in API_ERRORS else {})
    return Problem(status=status, detail=detail, retry_after=_wait(error), members=members)


def note(error: GizwitsError) -> None:
    """Log an error that only the operator of the server can resolve."""
    if isinstance(error, AuthenticationError | QuotaStoreError):
        _log.error("the service refuses the credentials or the address of this server: %s", error)


def _wait(error: GizwitsError) -> int | None:
    if isinstance(error, ClientClosedError):
        return 1
    if not isinstance(error, QuotaWaitError | QuotaExceededError):
        return None
    wait = _UNKNOWN_WAIT if error.retry_after is None else error.retry_after
    # The comparison is also false for NaN.
    return ceil(max(1.0, wait)) if wait <= _LONGEST_WAIT else int(_LONGEST_WAIT)
