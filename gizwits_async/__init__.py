"""Asyncio client for the Gizwits (机智云) Enterprise API: the public names, nothing else."""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from gizwits_async import models
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
        QuotaStoreError,
        QuotaWaitError,
        ResponseTooLargeError,
        ResumeMismatchError,
        ServerError,
        TimedOutError,
        TokenRejectedError,
        TransportError,
        UnexpectedRedirectError,
    )
    from gizwits_async.models import *  # noqa: F403 - the names of models.__all__
    from gizwits_async.options import Credentials, Lane, OptionChanges, Options, QuotaSnapshot
    from gizwits_async.quota import HourlyQuota
    from gizwits_async.sections.authorization import Authorization
    from gizwits_async.sections.bindings import Bindings
    from gizwits_async.sections.control.body import BinaryCoding
    from gizwits_async.sections.device_groups import DeviceGroups
    from gizwits_async.sections.device_reports import DeviceReports
    from gizwits_async.sections.devices import Devices
    from gizwits_async.sections.periods import Cycle, Day
    from gizwits_async.sections.product import Product
    from gizwits_async.sections.user_reports import UserReports
    from gizwits_async.sections.users import Users
    from gizwits_async.settings import ClientSettings, ConnectionSettings
    from gizwits_async.streams import LogStream, Page, PageStream, Stream, Walk
    from gizwits_async.streams.base import Sort
    from gizwits_async.streams.watch import WatchStream
    from gizwits_async.wire.deadline import deadline
    from gizwits_async.wire.protocols import Quota, Reply, TokenStore, Transport
    from gizwits_async.wire.report import CallReport, OnCall
    from gizwits_async.wire.request import (
        Auth,
        JsonValue,
        Path,
        QueryValue,
        Request,
        delete,
        get,
        post,
        put,
    )
    from gizwits_async.wire.sessions import Session

__all__ = [
    "ApiError",
    "ArgumentError",
    "Auth",
    "AuthenticationError",
    "Authorization",
    "BinaryCoding",
    "Bindings",
    "CallReport",
    "ClientClosedError",
    "ClientSettings",
    "ConflictError",
    "ConnectionSettings",
    "Credentials",
    "CredentialsError",
    "Cycle",
    "Day",
    "DeviceGroups",
    "DeviceReports",
    "Devices",
    "ForbiddenError",
    "GizwitsClient",
    "GizwitsError",
    "HourlyQuota",
    "InvalidRequestError",
    "InvalidResponseError",
    "JsonValue",
    "Lane",
    "LogRangeError",
    "LogStream",
    "NoReplyError",
    "NotFoundError",
    "NotSentError",
    "OnCall",
    "OptionChanges",
    "Options",
    "OutcomeUnknownError",
    "Page",
    "PageStream",
    "Path",
    "Product",
    "QueryValue",
    "Quota",
    "QuotaExceededError",
    "QuotaSnapshot",
    "QuotaStoreError",
    "QuotaWaitError",
    "Reply",
    "Request",
    "ResponseTooLargeError",
    "ResumeMismatchError",
    "ServerError",
    "Session",
    "Sort",
    "Stream",
    "TimedOutError",
    "TokenRejectedError",
    "TokenStore",
    "Transport",
    "TransportError",
    "UnexpectedRedirectError",
    "UserReports",
    "Users",
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
__all__ += models.__all__

_HOMES = {
    "client": ("GizwitsClient",),
    "options": ("Credentials", "Lane", "OptionChanges", "Options", "QuotaSnapshot"),
    "quota": ("HourlyQuota",),
    "settings": ("ClientSettings", "ConnectionSettings"),
    "streams.watch": ("WatchStream",),
    "streams.base": ("Sort",),
    "streams": ("LogStream", "Page", "PageStream", "Stream", "Walk"),
    "sections.authorization": ("Authorization",),
    "sections.bindings": ("Bindings",),
    "sections.control.body": ("BinaryCoding",),
    "sections.device_groups": ("DeviceGroups",),
    "sections.device_reports": ("DeviceReports",),
    "sections.devices": ("Devices",),
    "sections.periods": ("Cycle", "Day"),
    "sections.product": ("Product",),
    "sections.user_reports": ("UserReports",),
    "sections.users": ("Users",),
    "wire.deadline": ("deadline",),
    "wire.protocols": ("Quota", "Reply", "TokenStore", "Transport"),
    "wire.report": ("CallReport", "OnCall"),
    "wire.request": (
        "Auth",
        "JsonValue",
        "Path",
        "QueryValue",
        "Request",
        "delete",
        "get",
        "post",
        "put",
    ),
    "wire.sessions": ("Session",),
}
"""Module -> public names. All others are those of `models` and `errors`."""


def __getattr__(name: str) -> object:
    # Imported on first use: reading frames, or the console's help, needs no HTTP client.
    if name not in __all__:
        if not name.startswith("_") and find_spec(f"{__name__}.{name}") is not None:
            return import_module(f"{__name__}.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "errors":
        return import_module(f"{__name__}.errors")
    if name in models.__all__:
        return getattr(models, name)
    home = next((home for home, names in _HOMES.items() if name in names), "errors")
    globals()[name] = value = getattr(import_module(f"{__name__}.{home}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
