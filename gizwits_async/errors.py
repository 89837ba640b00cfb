"""The tree of all errors, and the table that gives each `error_code` its class.

```
GizwitsError                    .resume on errors out of a stream
  TransportError                failed before a complete response was received
    NotSentError                nothing reached the server: any call may be repeated
    NoReplyError                the server may have acted, its reply is lost
      TimedOutError             ... because time ran out
    UnexpectedRedirectError     a redirect; following it would leak secrets
    ResponseTooLargeError       more bytes than Options.max_response_bytes
  OutcomeUnknownError           a write whose reply was lost: check before repeating it
  InvalidResponseError          not the documented shape; .problems
  ApiError                      refused or failed by the service: .status .code .message .detail
    InvalidRequestError         the request is wrong and will stay wrong
    AuthenticationError         the credentials are not accepted
      TokenRejectedError        ... only the token is not; a new one was tried
    ForbiddenError              understood, but not allowed
    NotFoundError               no such object, or no such report yet
    ConflictError               not possible in the present state
    QuotaExceededError          5013, or a bare 429; .retry_after
    ServerError                 the service failed
  QuotaWaitError                a permit would take longer than max_quota_wait
  QuotaStoreError               the server that keeps a shared quota or login refuses a setting
  ArgumentError                 a bad argument; a ValueError too
    CredentialsError            credentials that are missing, incomplete or readable for others
    LogRangeError               the log does not reach back that far
    ResumeMismatchError         a resume token of another query
  ClientClosedError             the client was closed, or belongs to another event loop
```
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from gizwits_async.options import QuotaSnapshot

__all__ = [
    "ApiError",
    "ArgumentError",
    "AuthenticationError",
    "ClientClosedError",
    "ConflictError",
    "CredentialsError",
    "ForbiddenError",
    "GizwitsError",
    "InvalidRequestError",
    "InvalidResponseError",
    "LogRangeError",
    "NoReplyError",
    "NotFoundError",
    "NotSentError",
    "OutcomeUnknownError",
    "QuotaExceededError",
    "QuotaStoreError",
    "QuotaWaitError",
    "ResponseTooLargeError",
    "ResumeMismatchError",
    "ServerError",
    "TimedOutError",
    "TokenRejectedError",
    "TransportError",
    "UnexpectedRedirectError",
]


class GizwitsError(Exception):
    """Base of every error that a public call raises, apart from cancellation."""

    resume: str | None = None
    """On errors out of a stream, the token to continue with: `stream.pages(resume=error.resume)`."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception.__reduce__ calls the class with `args` alone, which loses keyword-only state, or
        # fails for lack of it; errors are pickled between the processes of worker pools.
        return _restore, (type(self), self.args, self.__dict__.copy())

    def copy(self) -> Self:
        """Return an equal error without traceback, so that each of several waiters can raise its own."""
        state = self.__dict__.copy()
        if "__notes__" in state:
            state["__notes__"] = list(state["__notes__"])  # Notes are added to one copy only.
        return _restore(type(self), self.args, state)


_E = TypeVar("_E", bound=GizwitsError)


def _restore(cls: type[_E], args: tuple[Any, ...], state: dict[str, Any]) -> _E:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class TransportError(GizwitsError):
    """The request failed before a complete response was received."""


class NotSentError(TransportError):
    """Nothing reached the server, so that repeating the call cannot do anything twice."""


class NoReplyError(TransportError):
    """The server may have acted, but no complete reply arrived."""


class TimedOutError(NoReplyError):
    """No complete reply within `Options.timeout`, or `Options.deadline` ran out."""


class UnexpectedRedirectError(TransportError):
    """The server answered with a redirect, which is never followed: secrets would go along."""


class ResponseTooLargeError(TransportError):
    """The reply was longer than `Options.max_response_bytes`, after decompression."""


class OutcomeUnknownError(GizwitsError):
    """A write was sent and its reply lost: it may or may not have taken effect.

    It is never repeated automatically. Check the state first; `__cause__` is the error of the attempt.
    """


class InvalidResponseError(GizwitsError):
    """The reply is not what the API document promises."""

    def __init__(
        self, message: str, *, problems: tuple[str, ...] = (), truncated: bool = False
    ) -> None:
        super().__init__(message)
        self.problems = problems
        """One line for each bad field, such as `required field missing @ $.objects[3].did`."""
        self.truncated = truncated
        """Whether the body began as valid JSON and broke off: a read is worth one more attempt."""


class ApiError(GizwitsError):
    """The service refused the call, or failed at it."""

    def __init__(
        self,
        message: str = "",
        *,
        status: int = 0,
        code: int | str | None = None,
        detail: object = None,
        where: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        """HTTP status of the reply."""
        self.code = code
        """`error_code` of the reply: an int where it is numeric; None if the body had none."""
        self.message = message
        """`error_message` of the reply, or the beginning of what came instead."""
        self.detail = detail
        """`detail_message` (older: `detail`) of the reply."""
        self.where = where
        """Verb and path of the call, without its query."""
        self.quota: QuotaSnapshot | None = None
        """What was known of the quota when this reply arrived."""

    def __str__(self) -> str:
        code = "" if self.code is None else f"{self.code} "
        detail = f" ({self.detail})" if self.detail else ""
        where = f"{self.where}: " if self.where else ""
        return f"{where}{code}{self.message}{detail} [HTTP {self.status}]"


class InvalidRequestError(ApiError):
    """The request is wrong and stays wrong however often it is sent."""


class AuthenticationError(ApiError):
    """Enterprise, product or IP address is not accepted; a new token does not help."""


class TokenRejectedError(AuthenticationError):
    """The token was refused, and so was the new one that was fetched at once."""


class ForbiddenError(ApiError):
    """Understood, but not allowed for this product, device or enterprise."""


class NotFoundError(ApiError):
    """There is no such object, or no such report yet."""


class ConflictError(ApiError):
    """Not possible in the present state of the device, group or product."""


class QuotaExceededError(ApiError):
    """The hourly quota is used up (5013); or a gateway on the way refused the rate (a bare 429)."""

    retry_after: float | None = None
    """Seconds until calls are allowed again, as far as that is known."""

    @property
    def from_service(self) -> bool:
        """Whether the service refused, so that the whole hour is used up: not so for a bare 429."""
        return self.code == _QUOTA_USED_UP


class ServerError(ApiError):
    """The service failed at the call."""

    retry_after: float | None = None
    """Seconds until the call should be repeated, if a 503 said so by `Retry-After`."""


class QuotaWaitError(GizwitsError):
    """A permit would take longer than `Options.max_quota_wait` allows; nothing was sent."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds until a permit is expected."""


class QuotaStoreError(GizwitsError):
    """The Valkey or Redis that keeps a shared quota or login refuses a setting, such as the password."""


class ArgumentError(GizwitsError, ValueError):
    """An argument is unusable whatever the service would say; nothing was sent.

    It is a `ValueError` as well. Unlike a bare `ValueError`, it always comes from this package, so that
    a web application can answer 422 for it and keep 500 for faults of its own.
    """


class CredentialsError(ArgumentError):
    """The credentials are missing or incomplete, or others can read the file that holds them."""


class LogRangeError(ArgumentError):
    """The requested start is older than the 30 days that the logs keep."""

    def __init__(self, message: str, *, oldest: int) -> None:
        super().__init__(message)
        self.oldest = oldest
        """The oldest start allowed now, in epoch seconds UTC."""


class ResumeMismatchError(ArgumentError):
    """The resume token is unreadable, or belongs to another query or version."""


class ClientClosedError(GizwitsError):
    """The client was closed, or belongs to another event loop or process."""


CLIENT_WIDE_ERRORS = (
    AuthenticationError,
    ClientClosedError,
    QuotaExceededError,
    QuotaWaitError,
)
"""Errors of the credentials, the client or the quota: any other call of the client would fail too."""

API_ERRORS: Mapping[int, tuple[int, type[ApiError], str]] = MappingProxyType(
    {
        5001: (400, InvalidRequestError, "body json invalid"),
        5002: (400, InvalidRequestError, "form invalid"),
        5003: (404, AuthenticationError, "enterprise id not exist"),
        5004: (400, AuthenticationError, "enterprise secret error"),
        5005: (400, AuthenticationError, "product secret error"),
        5006: (400, ConflictError, "product exist devicegroups"),
        5007: (404, AuthenticationError, "association not exist"),
        5008: (400, AuthenticationError, "association existed"),
        5009: (400, TokenRejectedError, "token invalid"),
        5010: (400, AuthenticationError, "token not match product_key"),
        5011: (400, TokenRejectedError, "token has expired"),
        5012: (400, AuthenticationError, "ip not in white list"),
        5013: (403, QuotaExceededError, "API call rate limit execeed quota"),
        5014: (400, NotFoundError, "Report has not been generated!"),
        5015: (404, NotFoundError, "Product key not exist!"),
        5016: (404, NotFoundError, "Appid not exist!"),
        5017: (404, NotFoundError, "Uid not exist!"),
        5018: (403, ForbiddenError, "product operation not allowed"),
        5019: (404, NotFoundError, "organization does not exist"),
        5020: (400, InvalidRequestError, "can not delete published product!"),
        5021: (400, ConflictError, "enterprise is exist"),
        5022: (404, NotFoundError, "enterprise does not exist"),
        5023: (403, ConflictError, "enterprise is creating"),
        5024: (403, ForbiddenError, "api deny to visit!"),
        5025: (404, NotFoundError, "product does not exist"),
        5201: (403, ForbiddenError, "device group not belong to this product"),
        5202: (404, NotFoundError, "parent group not exist"),
        5203: (400, ConflictError, "already has one root group"),
        5204: (400, ConflictError, "group has subgroup"),
        5205: (400, ConflictError, "group has device item"),
        5206: (404, NotFoundError, "group not exist"),
        5207: (400, InvalidRequestError, "product key not in pre assignment!"),
        5208: (400, ConflictError, "create assign device in progress!"),
        5301: (404, NotFoundError, "device not exist"),
        5302: (403, ForbiddenError, "device not belong to this product"),
        5303: (400, ConflictError, "device not bound"),
        5304: (400, ConflictError, "device is disabled"),
        5305: (400, ConflictError, "device offline!"),
        5401: (400, InvalidRequestError, "attr invalid!"),
        5402: (404, NotFoundError, "datapoint data not found!"),
        5403: (400, ServerError, "send command failed!"),
        5404: (403, ForbiddenError, "remote control not allowed!"),
        5405: (404, NotFoundError, "attrs not exist!"),
        5406: (500, ServerError, "Datapoints malformed"),
        5407: (500, ServerError, "generate meta failed"),
        5408: (400, InvalidRequestError, "raw data error!"),
        5409: (500, ServerError, "call innerapi failed!"),
        5501: (404, NotFoundError, "firmware does not exist"),
        5502: (400, ConflictError, "firmware version has created"),
        5503: (403, ForbiddenError, "firmware operation not allowed"),
        5601: (500, ServerError, "kairosdb query error!"),
        5701: (403, ForbiddenError, "This eid has no permission to reset pwd."),
        5702: (403, ForbiddenError, "This eid has no permission to reset pwd for this appid."),
        5703: (400, InvalidRequestError, "Cannot reset pwd for anonymous user"),
        5801: (400, AuthenticationError, "the pks has not associate with enterprise!"),
        5901: (400, AuthenticationError, "x-service secret key invalid!"),
    }
)
"""`error_code` -> (HTTP status, class, text), as in the API document's table of errors."""

_BY_STATUS: Mapping[int, type[ApiError]] = MappingProxyType(
    {
        401: AuthenticationError,
        403: ForbiddenError,
        404: NotFoundError,
        409: ConflictError,
        429: QuotaExceededError,
    }
)
_QUOTA_USED_UP = 5013
_SERVER_FAULT = 500
_CLIENT_FAULT = 400


def api_error(
    status: int, code: int | str | None, message: str, detail: object = None, where: str = ""
) -> ApiError:
    """Return the error for a refusal: chosen by its code first, by its status second.

    Args:
        status: HTTP status of the reply.
        code: `error_code` of the body; None if it had none.
        message: `error_message`; the text of the table replaces an empty one.
        detail: What the body says beyond that.
        where: Verb and path of the call.
    """
    known = API_ERRORS.get(code) if isinstance(code, int) else None
    if known is not None:
        cls, message = known[1], message or known[2]
    elif status >= _SERVER_FAULT:
        cls = ServerError
    else:
        cls = _BY_STATUS.get(status, InvalidRequestError if status >= _CLIENT_FAULT else ApiError)
    return cls(message, status=status, code=code, detail=detail, where=where)
