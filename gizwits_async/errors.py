"""The tree of all errors; `error_codes` gives each code of the service its class.

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
_QUOTA_USED_UP = 5013
"""Error code of a refusal for the hour's calls."""


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
        status = f" [HTTP {self.status}]" if self.status else ""  # 0: found without a reply.
        return f"{where}{code}{self.message}{detail}{status}"


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
