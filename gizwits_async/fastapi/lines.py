"""Sends a stream as JSON Lines: one page in memory, and the walk ends when the client disconnects."""

import json
from typing import TypeVar

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from gizwits_async.errors import GizwitsError
from gizwits_async.fastapi.problems import note, problem_of
from gizwits_async.models import to_dict
from gizwits_async.streams import Page, Stream, Walk

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

    def __init__(self, pages: Walk[Page[T]], first: Page[T] | None) -> None:
        self._lines = _Lines(pages, first)
        super().__init__(self._lines)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._lines.aclose()


class _Lines(Walk[bytes]):
    """The records of each page as JSON Lines; an error is the last line."""

    def __init__(self, pages: Walk[Page[T]], first: Page[T] | None) -> None:
        super().__init__()
        self._pages = pages
        self._first = first
        self._failed = False

    async def _step(self) -> bytes:
        if self._failed:
            raise StopAsyncIteration
        try:
            first, self._first = self._first, None
            page = await anext(self._pages) if first is None else first
            while not page.items:
                page = await anext(self._pages)
        except GizwitsError as error:
            self._failed = True
            note(error)
            return _line({"error": problem_of(error).body(), "resume": error.resume})
        return b"".join(_line(to_dict(item)) for item in page.items)

    async def _release(self) -> None:
        await self._pages.aclose()


def _line(value: object) -> bytes:
    # Plain ASCII: half a surrogate pair in a device's name must not break the whole stream.
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"
