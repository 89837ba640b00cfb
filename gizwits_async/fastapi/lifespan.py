"""One client from start to shutdown of an app, and the dependency that hands it to handlers."""

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI
from starlette.requests import HTTPConnection

from gizwits_async.client import GizwitsClient
from gizwits_async.options import Credentials, Options, Secret
from gizwits_async.quota import HourlyQuota
from gizwits_async.wire.report import OnCall

if TYPE_CHECKING:
    from gizwits_async.quota import SharedTokenStore

__all__ = ["WEB_OPTIONS", "Gizwits", "get_gizwits", "gizwits_lifespan"]

_NAME = "gizwits"
_REPLICAS = 4
"""No process can count the others; a guess that is too high costs speed, one too low refusals."""

WEB_OPTIONS = Options(max_quota_wait=2.0, deadline=10.0)
"""What suits a handler: it is refused early, and never hangs."""


def gizwits_lifespan(
    *,
    credentials: Credentials | None = None,
    options: Options = WEB_OPTIONS,
    on_call: OnCall | None = None,
    **arguments: Any,
) -> Callable[[FastAPI], AbstractAsyncContextManager[Mapping[str, GizwitsClient]]]:
    """Return a lifespan for `FastAPI(lifespan=...)` that opens one client, and closes it at the end.

    The environment is read when the app starts: the four `GIZWITS_...` credentials, and if they are
    set `GIZWITS_BASE_URL`, `GIZWITS_CALLS_PER_HOUR` (3600 if not), and `GIZWITS_REDIS_URL`: a Valkey
    or Redis, by which all processes that name it share quota and token. While it is away each goes
    on with one part in `GIZWITS_REPLICAS` (4 if not set) of the quota.

    A lifespan of your own can hold it: `async with gizwits_lifespan()(app) as state: yield state`.

    Args:
        credentials: Enterprise and product; None takes them from the environment.
        options: How calls are made.
        on_call: Called with a `CallReport` when a call is over.
        arguments: Further arguments of `GizwitsClient`.

    Raises:
        ValueError: When the app starts: the environment lacks something, or says nonsense; the
            message names the variables.
        ImportError: When the app starts: `GIZWITS_REDIS_URL` is set without the extra `redis`.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Mapping[str, GizwitsClient]]:
        known = Credentials.from_env() if credentials is None else credentials
        settings: dict[str, Any] = {"options": options, "on_call": on_call, **arguments}
        if base_url := Secret(os.environ.get("GIZWITS_BASE_URL", "")):
            settings.setdefault("base_url", base_url)
        async with AsyncExitStack() as ours:
            for name, made in _shared_or_own(known, options).items():
                if settings.setdefault(name, made) is made:
                    ours.push_async_callback(made.aclose)
            client = await ours.enter_async_context(GizwitsClient(known, **settings))
            app.state.gizwits = client
            _ = client.devices  # Loaded while the app starts, and not within its first request.
            # As the lifespan's state it reaches the handlers of mounted apps too.
            yield {_NAME: client}

    return lifespan


async def get_gizwits(connection: HTTPConnection) -> GizwitsClient:
    """Return the app's client; the dependency behind `Gizwits`, and the key for overrides.

    Raises:
        RuntimeError: The app runs without `gizwits_lifespan`.
    """
    # A coroutine, or FastAPI would start a thread for it.
    state = connection.scope.get("state", {})
    client = state.get(_NAME) or getattr(connection.scope["app"].state, _NAME, None)
    if not isinstance(client, GizwitsClient):
        raise RuntimeError("there is no client: say FastAPI(lifespan=gizwits_lifespan())")
    return client


Gizwits: TypeAlias = Annotated[GizwitsClient, Depends(get_gizwits)]
"""The app's client, as a parameter of a handler: `async def handler(gizwits: Gizwits)`."""


def _shared_or_own(
    credentials: Credentials, options: Options
) -> "dict[str, HourlyQuota | SharedTokenStore]":
    calls = _number("GIZWITS_CALLS_PER_HOUR", 3600)
    pad = max(12.0, options.timeout + 2.0)
    url = Secret(os.environ.get("GIZWITS_REDIS_URL", ""))
    if not url:
        return {"quota": HourlyQuota(calls, pad=pad)}
    _check_url(url)
    try:
        from gizwits_async.quota.shared import SharedQuota  # noqa: PLC0415
        from gizwits_async.quota.shared_tokens import SharedTokenStore  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ImportError(
            "GIZWITS_REDIS_URL is set, and its extra is missing: pip install 'gizwits-async[redis]'"
        ) from error
    replicas = _number("GIZWITS_REPLICAS", _REPLICAS)
    quota = SharedQuota.from_url(
        url, credentials.enterprise_id, calls=calls, replicas=replicas, pad=pad
    )
    return {"quota": quota, "tokens": SharedTokenStore.from_url(url)}


def _number(name: str, otherwise: int) -> int:
    # `os.environ` is no local of any frame here: it holds all secrets, and tracebacks show locals.
    text = os.environ.get(name) or str(otherwise)
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise ValueError(f"{name} must be a whole number above 0, not {text!r}")
    return int(text)


def _check_url(url: Secret) -> None:
    # Never shown: it may hold a password.
    if not _is_redis(url):
        raise ValueError("GIZWITS_REDIS_URL must be redis://..., rediss://... or unix://...")


def _is_redis(url: str) -> bool:
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"redis", "rediss", "unix"} and parts.port != 0
    except ValueError:
        known = False
    return known
