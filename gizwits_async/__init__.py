"""Asyncio client for the Gizwits (机智云) Enterprise API: the public names, nothing else."""

from gizwits_async import errors
from gizwits_async.client import GizwitsClient
from gizwits_async.errors import (
    ApiError,
    AuthenticationError,
    ClientClosedError,
    ConflictError,
    ForbiddenError,
    GizwitsError,
    InvalidRequestError,
    InvalidResponseError,
    LogRangeError,
    NoReplyError,
    NotFoundError,
    NotSentError,
    OutcomeUnknownError,
    QuotaExceededError,
    QuotaWaitError,
    ResponseTooLargeError,
    ResumeMismatchError,
    ServerError,
    TimedOutError,
    TokenRejectedError,
    TransportError,
    UnexpectedRedirectError,
)
from gizwits_async.models.control import ControlResult
from gizwits_async.options import Credentials, Lane, Options, QuotaSnapshot
from gizwits_async.quota import HourlyQuota
from gizwits_async.sections.watch import WatchStream
from gizwits_async.streams import LogStream, Page, PageStream, Stream
from gizwits_async.version import __version__
from gizwits_async.wire.deadline import deadline
from gizwits_async.wire.ports import Quota, TokenStore, Transport
from gizwits_async.wire.report import CallReport
from gizwits_async.wire.request import Auth, Request, delete, get, post, put

__all__ = [
    "ApiError",
    "Auth",
    "AuthenticationError",
    "CallReport",
    "ClientClosedError",
    "ConflictError",
    "ControlResult",
    "Credentials",
    "ForbiddenError",
    "GizwitsClient",
    "GizwitsError",
    "HourlyQuota",
    "InvalidRequestError",
    "InvalidResponseError",
    "Lane",
    "LogRangeError",
    "LogStream",
    "NoReplyError",
    "NotFoundError",
    "NotSentError",
    "Options",
    "OutcomeUnknownError",
    "Page",
    "PageStream",
    "Quota",
    "QuotaExceededError",
    "QuotaSnapshot",
    "QuotaWaitError",
    "Request",
    "ResponseTooLargeError",
    "ResumeMismatchError",
    "ServerError",
    "Stream",
    "TimedOutError",
    "TokenRejectedError",
    "TokenStore",
    "Transport",
    "TransportError",
    "UnexpectedRedirectError",
    "WatchStream",
    "__version__",
    "deadline",
    "delete",
    "errors",
    "get",
    "post",
    "put",
]
