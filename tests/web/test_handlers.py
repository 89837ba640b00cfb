"""Error handlers: groups of errors, invalid requests, and the problem details on the OpenAPI page."""

import asyncio
import json
from typing import Any

import anyio
import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import PlainTextResponse, Response

from gizwits_async import GizwitsClient, errors
from gizwits_async.fastapi import (
    Gizwits,
    get_gizwits,
    gizwits_responses,
    install_error_handlers,
)
from gizwits_async.simulator import FaultRule, SimulatedCloud
from tests.doubles import client_of


def _app(client: GizwitsClient | None = None) -> FastAPI:
    app = FastAPI(responses=gizwits_responses)
    install_error_handlers(app)
    app.dependency_overrides[get_gizwits] = lambda: client

    @app.get("/two/{mac}")
    async def two(mac: str, gizwits: Gizwits) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(gizwits.devices.detail(mac))
            tasks.create_task(gizwits.devices.search().first())

    @app.get("/anyio/{mac}")
    async def with_anyio(mac: str, gizwits: Gizwits) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(gizwits.devices.detail, mac)

    @app.get("/number/{number}")
    async def numbered(number: int) -> int:
        return number

    return app


async def _get(app: FastAPI, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get(path)


@pytest.mark.parametrize("path", ["/two", "/anyio"])
async def test_one_error_in_a_group_is_answered_as_itself(path: str) -> None:
    """An error of a task group is answered as if it had been raised alone."""
    async with client_of(SimulatedCloud()) as client:
        reply = await _get(_app(client), f"{path}/unknown")
    assert reply.headers["content-type"] == "application/problem+json"
    assert (reply.status_code, reply.json()["code"]) == (404, 5301)


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        ([errors.TimedOutError("a"), errors.NotSentError("b")], 504),
        ([errors.TimedOutError("a"), errors.OutcomeUnknownError("b")], 504),
        ([errors.QuotaWaitError("a", retry_after=3.0), errors.ArgumentError("b")], 503),
        ([errors.ArgumentError("a"), errors.NotFoundError("b", status=404)], 404),
        ([errors.ArgumentError("a"), errors.AuthenticationError("b", status=400)], 500),
        ([errors.ArgumentError("a"), ValueError("own")], None),
        ([errors.ArgumentError("a"), KeyError("own")], None),
    ],
)
async def test_the_gravest_of_a_group_is_answered(
    raised: list[Exception], status: int | None
) -> None:
    """Nested groups are answered by their gravest error; with errors of others it is a 500."""
    app = _app()

    @app.get("/")
    async def fail() -> None:
        raise ExceptionGroup("outer", [raised[0], ExceptionGroup("inner", raised[1:])])

    reply = await _get(app, "/")
    assert reply.status_code == (status or 500)
    assert (reply.headers["content-type"] == "application/problem+json") is (status is not None)
    if any(isinstance(error, errors.OutcomeUnknownError) for error in raised):
        assert reply.json()["outcome"] == "unknown"


async def test_several_calls_of_a_group_fail() -> None:
    """Two calls that the service fails in different ways are one 502."""
    cloud = SimulatedCloud(
        faults=[
            FaultRule(action="status", status=500, path="*/devices/search"),
            FaultRule(action="html", path="*/device_detail"),
        ]
    )
    async with client_of(cloud, max_retries=0) as client:
        assert (await _get(_app(client), "/two/x")).status_code == 502


async def test_invalid_requests_have_the_same_form() -> None:
    """A request that FastAPI refuses is a problem detail with its errors, without its input."""
    reply = await _get(_app(), "/number/secret-text")
    assert reply.status_code == 422
    assert reply.headers["content-type"] == "application/problem+json"
    body = reply.json()
    assert body.keys() == {"type", "title", "status", "detail", "errors"}
    assert body["errors"][0]["loc"] == ["path", "number"]
    assert "secret-text" not in reply.text


async def test_own_handlers_are_kept() -> None:
    """Handlers of the app for groups and invalid requests are not replaced."""

    async def mine(request: Request, error: Exception) -> Response:
        return PlainTextResponse("mine", 418)

    app = FastAPI(exception_handlers={RequestValidationError: mine, ExceptionGroup: mine})
    install_error_handlers(app)

    @app.get("/{number}")
    async def numbered(number: int) -> None:
        raise ExceptionGroup("group", [errors.ArgumentError("x")])

    assert [(await _get(app, path)).status_code for path in ("/x", "/1")] == [418, 418]


def test_problems_are_on_the_openapi_page() -> None:
    """`gizwits_responses` documents each status as a problem detail, on apps and routers."""
    router, app = APIRouter(responses=gizwits_responses), FastAPI()

    @router.get("/{number}")
    async def numbered(number: int) -> None: ...

    app.include_router(router)
    for one in (_app(), app):
        document: dict[str, Any] = json.loads(json.dumps(one.openapi()))
        for path in document["paths"].values():
            responses = path["get"]["responses"]
            assert responses.keys() >= {"403", "404", "409", "422", "500", "502", "503", "504"}
            assert responses["422"]["content"].keys() == {"application/problem+json"}
            assert "Retry-After" in responses["503"]["headers"]
        assert "HTTPValidationError" not in json.dumps(document["paths"])
