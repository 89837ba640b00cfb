"""Asyncio client for the Gizwits (机智云) Enterprise API: the public names, nothing else."""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from gizwits_async.version import __version__

if TYPE_CHECKING:
    from gizwits_async import errors
    from gizwits_async.client import GizwitsClient
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
    from gizwits_async.streams import LogStream, Page, PageStream, Stream, Walk
    from gizwits_async.streams.watch import WatchStream
    from gizwits_async.wire.deadline import deadline
    from gizwits_async.wire.protocols import Quota, TokenStore, Transport
    from gizwits_async.wire.report import CallReport, OnCall
    from gizwits_async.wire.request import Auth, Request, delete, get, post, put

__all__ = [
    "ApiError",
    "ArgumentError",
    "Auth",
    "AuthenticationError",
    "CallReport",
    "ClientClosedError",
    "ConflictError",
    "ControlResult",
    "Credentials",
    "CredentialsError",
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
    "OnCall",
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
    "Walk",
    "WatchStream",
    "__version__",
    "deadline",
    "delete",
    "errors",
    "get",
    "post",
    "put",
]

_HOMES = {
    "client": ("GizwitsClient",),
    "models.control": ("ControlResult",),
    "options": ("Credentials", "Lane", "Options", "QuotaSnapshot"),
    "quota": ("HourlyQuota",),
    "streams.watch": ("WatchStream",),
    "streams": ("LogStream", "Page", "PageStream", "Stream", "Walk"),
    "wire.deadline": ("deadline",),
    "wire.protocols": ("Quota", "TokenStore", "Transport"),
    "wire.report": ("CallReport", "OnCall"),
    "wire.request": ("Auth", "Request", "delete", "get", "post", "put"),
}
"""Module -> public names; all others are those of `errors`."""


def __getattr__(name: str) -> object:
    # Loaded on first use: decoding frames, or the help of the console, needs no HTTP client.
    if name not in __all__:
        if not name.startswith("_") and find_spec(f"{__name__}.{name}") is not None:
            return import_module(f"{__name__}.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = next((home for home, names in _HOMES.items() if name in names), "errors")
    module = import_module(f"{__name__}.{home}")
    value: object = module if name == "errors" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
