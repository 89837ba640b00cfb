"""One client from start to shutdown of an app, and the dependency that hands it to handlers."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Annotated, Any, TypeAlias

from fastapi import Depends, FastAPI
from starlette.requests import HTTPConnection

from gizwits_async.client import GizwitsClient
from gizwits_async.environment import complete
from gizwits_async.options import Credentials, Options
from gizwits_async.wire.report import OnCall

__all__ = ["WEB_OPTIONS", "Gizwits", "get_gizwits", "gizwits_lifespan"]

_NAME = "gizwits"

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
        settings, made = complete(known, {"options": options, "on_call": on_call, **arguments})
        async with AsyncExitStack() as ours:
            for part in made:
                ours.push_async_callback(part.aclose)
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
