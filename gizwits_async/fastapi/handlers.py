"""Answers errors of the client, and invalid requests, with problem details."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exception_handlers import request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gizwits_async.errors import GizwitsError, OutcomeUnknownError
from gizwits_async.fastapi.problems import BAD_INPUT, Problem, note, problem_of

__all__ = ["gizwits_responses", "install_error_handlers"]

_MEDIA_TYPE = "application/problem+json"
_GRAVITY = (500, 504, 502, 503, 409, 403, 404, 422)
"""Statuses of problems, gravest first: of several errors, this one is answered."""
_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string", "description": "Name of the HTTP status."},
        "status": {"type": "integer", "description": "HTTP status."},
        "detail": {"type": "string", "description": "What went wrong, in a sentence."},
        "code": {"type": "integer", "description": "Error code of the device cloud."},
        "oldest": {"type": "integer", "description": "Oldest second that a log still has."},
        "outcome": {
            "type": "string",
            "const": "unknown",
            "description": "Whether a write is done.",
        },
        "errors": {
            "type": "array",
            "description": "Invalid parts of the request: location, message and kind.",
            "items": {"type": "object"},
        },
    },
}
_MEANINGS = {
    403: "The device cloud does not allow this.",
    404: "The device cloud has no such object.",
    409: "This is not possible in the current state.",
    422: "An argument is not acceptable.",
    500: "This server has no valid credentials for the device cloud.",
    502: "The device cloud failed.",
    503: "The quota is used up, or the server is shutting down.",
    504: "The device cloud did not answer in time, or the outcome of a write is unknown.",
}
_RETRY_AFTER = {
    "Retry-After": {"description": "Seconds until the next try.", "schema": {"type": "integer"}}
}

gizwits_responses: dict[int | str, dict[str, Any]] = {
    status: {
        "description": meaning,
        "content": {_MEDIA_TYPE: {"schema": _SCHEMA}},
        **({"headers": _RETRY_AFTER} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}),
    }
    for status, meaning in _MEANINGS.items()
}
"""Problem details for the OpenAPI page: `FastAPI(responses=gizwits_responses)`, also for routers."""


def install_error_handlers(app: FastAPI) -> None:
    """Answer errors of the client that leave a handler of `app` with problem details.

    A group of errors (of `asyncio.TaskGroup` or anyio) that holds errors of the client only is
    answered by the gravest of them. Requests that FastAPI itself refuses get the same form, with the
    invalid parts in `errors`. Handlers that the app has already are kept.
    """
    app.add_exception_handler(GizwitsError, _answer)
    if ExceptionGroup not in app.exception_handlers:
        app.add_exception_handler(ExceptionGroup, _answer_group)
    present = app.exception_handlers.get(RequestValidationError)
    if present in (None, request_validation_exception_handler):
        app.add_exception_handler(RequestValidationError, _answer_invalid)


def response_of(problem: Problem) -> Response:
    """Return a problem as a response."""
    headers = {} if problem.retry_after is None else {"Retry-After": str(problem.retry_after)}
    return JSONResponse(problem.body(), problem.status, headers, media_type=_MEDIA_TYPE)


async def _answer(request: Request, error: Exception) -> Response:
    if not isinstance(error, GizwitsError) or request.scope["type"] != "http":
        raise error
    note(error)
    return response_of(problem_of(error))


async def _answer_group(request: Request, error: Exception) -> Response:
    leaves = list(_leaves(error))
    ours = [leaf for leaf in leaves if isinstance(leaf, GizwitsError)]
    if len(ours) < len(leaves):
        raise error
    return await _answer(request, min(ours, key=_gravity))


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _gravity(error: GizwitsError) -> tuple[int, bool]:
    # A write that may have been done matters more than a read that took too long.
    known = not isinstance(error, OutcomeUnknownError)
    return _GRAVITY.index(problem_of(error).status), known


async def _answer_invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError) or request.scope["type"] != "http":
        raise error
    # Not `input` and `ctx`: they repeat what was sent, which may be a secret.
    errors = [{name: one[name] for name in ("loc", "msg", "type")} for one in error.errors()]
    problem = Problem(
        status=HTTPStatus.UNPROCESSABLE_ENTITY, detail=BAD_INPUT, members={"errors": errors}
    )
    return response_of(problem)
