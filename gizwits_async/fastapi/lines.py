"""Sends a stream as JSON Lines: one page in memory, and the walk ends when the client disconnects."""

import json
from collections.abc import AsyncGenerator
from typing import TypeVar

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from gizwits_async.errors import GizwitsError
from gizwits_async.fastapi.problems import note, problem_of
from gizwits_async.models.converter import unstructure
from gizwits_async.streams import Page, Stream

__all__ = ["json_lines"]

T = TypeVar("T")


async def json_lines(stream: Stream[T], resume: str | None = None) -> StreamingResponse:
    r"""Return a response that sends a stream's records, one JSON object a line, page by page.

    The first page is fetched before the response starts, so that an early failure has its own HTTP
    status. After a later failure the last line is `{"error": {...problem...}, "resume": "..."}`; a
    request with that token continues there. The next page is only fetched after the previous one
    was sent, and the walk ends when the client disconnects.

    Args:
        stream: A listing or a log.
        resume: Token of an earlier, interrupted response of an equal stream.

    Raises:
        ResumeMismatchError: The token belongs to another query, or cannot be read.
        GizwitsError: The first page could not be fetched.
    """
    pages = stream.pages(resume)
    return _JsonLines(pages, await anext(pages, None))


class _JsonLines(StreamingResponse):
    media_type = "application/jsonl"

    def __init__(self, pages: AsyncGenerator[Page[T], None], first: Page[T] | None) -> None:
        lines = _lines(pages, first)
        super().__init__(lines)
        self._generators = lines, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            # Close now: until garbage collection, the walk could keep waiting for a permit.
            for generator in self._generators:
                await generator.aclose()


async def _lines(
    pages: AsyncGenerator[Page[T], None], page: Page[T] | None
) -> AsyncGenerator[bytes, None]:
    try:
        while page is not None:
            if page.items:
                yield b"".join(_line(unstructure(item)) for item in page.items)
            page = await anext(pages, None)
    except GizwitsError as error:
        note(error)
        yield _line({"error": problem_of(error).body(), "resume": error.resume})


def _line(value: object) -> bytes:
    # Plain ASCII: half a surrogate pair in a device's name must not break the whole stream.
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"
