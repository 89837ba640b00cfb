"""Opens a client for the lifetime of an app, and provides it to handlers as a dependency."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Annotated, TypeAlias, Unpack

from fastapi import Depends, FastAPI
from starlette.requests import HTTPConnection

from gizwits_async import ConnectionSettings, OnCall
from gizwits_async.client import GizwitsClient
from gizwits_async.environment import complete
from gizwits_async.options import Credentials, Options

__all__ = ["WEB_OPTIONS", "Gizwits", "get_gizwits", "gizwits_lifespan"]

_NAME = "gizwits"

WEB_OPTIONS = Options(max_quota_wait=2.0, deadline=10.0)
"""Default options of handlers: calls fail early, and none takes longer than ten seconds."""


def gizwits_lifespan(
    *,
    credentials: Credentials | None = None,
    options: Options = WEB_OPTIONS,
    on_call: OnCall | None = None,
    **arguments: Unpack[ConnectionSettings],
) -> Callable[[FastAPI], AbstractAsyncContextManager[Mapping[str, GizwitsClient]]]:
    """Return a lifespan for `FastAPI(lifespan=...)` that opens a client and closes it at shutdown.

    The environment is read when the app starts: the four `GIZWITS_...` credentials and, if set,
    `GIZWITS_BASE_URL`, `GIZWITS_CALLS_PER_HOUR` (default 3600) and `GIZWITS_QUOTA_URL`: a file, Valkey or
    Redis through which all processes share quota and token. While it is unreachable, each process
    uses a fraction of 1 / `GIZWITS_REPLICAS` (default 4) of the quota.

    Use it inside a lifespan of your own: `async with gizwits_lifespan()(app) as state: yield state`.

    Args:
        credentials: Enterprise and product; None: from the environment.
        options: Options of all calls.
        on_call: Called with a `CallReport` after each call.
        arguments: Further arguments of `GizwitsClient`.

    Raises:
        ValueError: At startup: a variable is missing or invalid; the message names it.
        ImportError: At startup: `GIZWITS_QUOTA_URL` names a Redis and the extra `redis` is not installed.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Mapping[str, GizwitsClient]]:
        known = Credentials.from_env() if credentials is None else credentials
        settings, made = complete(known, {"options": options, "on_call": on_call, **arguments})
        async with AsyncExitStack() as ours:
            for part in made:
                ours.push_async_callback(part.aclose)
            client = await ours.enter_async_context(GizwitsClient(known, **settings))
            app.state.gizwits = client
            # Import the section now, so that the first request does not pay for it.
            _ = client.devices
            # The lifespan state also reaches the handlers of mounted apps.
            yield {_NAME: client}

    return lifespan


async def get_gizwits(connection: HTTPConnection) -> GizwitsClient:
    """Return the app's client: the dependency behind `Gizwits` and the key for overrides.

    Raises:
        RuntimeError: The app was started without `gizwits_lifespan`.
    """
    # Async, because FastAPI runs synchronous dependencies in a thread.
    state = connection.scope.get("state", {})
    client = state.get(_NAME) or getattr(connection.scope["app"].state, _NAME, None)
    if not isinstance(client, GizwitsClient):
        raise RuntimeError(
            "the app has no client: create it with FastAPI(lifespan=gizwits_lifespan())"
        )
    return client


Gizwits: TypeAlias = Annotated[GizwitsClient, Depends(get_gizwits)]
"""Annotation of a handler's parameter: `async def handler(gizwits: Gizwits)` gets the client."""
