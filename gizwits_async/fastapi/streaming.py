"""Sends a stream as JSON Lines or server-sent events, with tokens by which a client resumes.

One page is in memory at a time. The walk ends when the client disconnects or the server shuts down.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any, Protocol, TypeVar

import msgspec
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from gizwits_async.errors import GizwitsError
from gizwits_async.fastapi.problems import Problem, note, problem_of
from gizwits_async.fastapi.shutdown import shutdown_event
from gizwits_async.models import to_dict
from gizwits_async.streams.base import Page, Stream
from gizwits_async.streams.walk import Walk

__all__ = ["json_lines", "server_sent_events"]

T = TypeVar("T")

_FIRST_PAGE_WITHIN = 3.0
"""Seconds after which a response starts without its first page, such as that of a `watch`."""

_encoder = msgspec.json.Encoder()


class _Format(Protocol):
    """Writes the parts of a streamed response."""

    @property
    def heartbeat_after(self) -> float | None:
        """Seconds without a page after which a heartbeat is sent; None: never."""
        ...

    def page(self, items: list[object], resume: str | None) -> bytes:
        """Return the records of a page and the token behind them; None: it is the last page."""
        ...

    def heartbeat(self) -> bytes:
        """Return bytes that carry no data."""
        ...

    def stopped(self, resume: str | None) -> bytes:
        """Return the end of a response that the server stops, with the token to resume."""
        ...

    def failed(self, problem: Problem, resume: str | None) -> bytes:
        """Return the end of a response after an error."""
        ...

    def finished(self) -> bytes:
        """Return the end of a complete response."""
        ...


async def json_lines(
    stream: Stream[T], resume: str | None = None, *, resume_every: float = 0.0
) -> StreamingResponse:
    r"""Return a response that sends a stream's records as JSON Lines in UTF-8, page by page.

    After each page comes a line `{"resume": "..."}`: a client that was cut off passes the last token
    that it received, discards the records behind it, and gets exactly the rest. There is none after
    the last page. After an error the last line is `{"error": {...problem...}, "resume": "..."}`;
    when the server shuts down, it is `{"resume": "..."}`.

    The response starts after the first page, or after three seconds without one, so that an early
    failure has its own HTTP status. The next page is only fetched after the previous one was sent.

    Args:
        stream: A listing or a log.
        resume: Token of an earlier response of an equal stream.
        resume_every: Seconds between two resume lines, at least; 0: one after each page.

    Raises:
        ResumeMismatchError: The token belongs to another query, or cannot be read.
        GizwitsError: The first page could not be fetched.
    """
    return await _respond(stream, resume, _Lines(resume_every), "application/jsonl")


async def server_sent_events(
    stream: Stream[T], last_event_id: str | None = None, *, heartbeat: float = 15.0
) -> StreamingResponse:
    """Return a response that sends a stream as server-sent events, for the browser's `EventSource`.

    Each page with records is one event, whose data is a JSON array of the records and whose id is the
    resume token. A browser that was disconnected sends the last id in the header `Last-Event-ID`:
    pass it as `last_event_id`, and no record is lost or repeated. A complete stream ends with an
    event `end`, on which the page should close its `EventSource`; a failure is an event `problem`,
    whose data is a problem detail. A response that ends without either, because the server shuts
    down, is resumed by the browser itself.

    Args:
        stream: A listing or a log; `devices.watch(...)` for a live one.
        last_event_id: Header `Last-Event-ID` of the request.
        heartbeat: Seconds without an event after which a comment is sent, so that proxies keep the
            connection.

    Raises:
        ResumeMismatchError: The id belongs to another query, or cannot be read.
        GizwitsError: The first page could not be fetched.
    """
    return await _respond(stream, last_event_id or None, _Events(heartbeat), "text/event-stream")


async def _respond(
    stream: Stream[T], resume: str | None, form: _Format, media_type: str
) -> StreamingResponse:
    walk = stream.pages(resume)
    step = _next_page(walk)
    try:
        await asyncio.wait({step}, timeout=_FIRST_PAGE_WITHIN)
        if step.done():
            step.result()
    except BaseException:
        step.cancel()
        await walk.aclose()
        raise
    return _WalkResponse(walk, _body(walk, step, resume, form), media_type)


def _next_page(walk: Walk[Page[T]]) -> "asyncio.Future[Page[T] | None]":
    return asyncio.ensure_future(anext(walk, None))


class _WalkResponse(StreamingResponse):
    def __init__(
        self, walk: Walk[Page[T]], body: AsyncGenerator[bytes, None], media_type: str
    ) -> None:
        super().__init__(body, media_type=media_type, headers={"Cache-Control": "no-store"})
        self._parts = body, walk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            # Close now: until garbage collection, the walk could keep waiting for a permit.
            for part in self._parts:
                await part.aclose()


async def _body(
    walk: Walk[Page[T]],
    step: "asyncio.Future[Page[T] | None]",
    resume: str | None,
    form: _Format,
) -> AsyncGenerator[bytes, None]:
    with shutdown_event() as stop:
        try:
            if not step.done():
                yield form.heartbeat()  # Some servers send the headers with the first bytes only.
            while True:
                while not await _ends(step, stop, form.heartbeat_after):
                    yield form.heartbeat()
                if not step.done():
                    yield form.stopped(resume)
                    return
                page = step.result()
                if page is None:
                    yield form.finished()
                    return
                resume = page.resume
                yield form.page([to_dict(item) for item in page.items], resume)
                step = _next_page(walk)
        except GizwitsError as error:
            note(error)
            yield form.failed(problem_of(error), error.resume)
        finally:
            step.cancel()


async def _ends(step: asyncio.Future[T], stop: asyncio.Event, after: float | None) -> bool:
    """Return whether the step is done or the server stops, within some seconds."""
    stopping = asyncio.ensure_future(stop.wait())
    waited: set[asyncio.Future[Any]] = {step, stopping}
    try:
        await asyncio.wait(waited, timeout=after, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
    return step.done() or stop.is_set()


class _Lines:
    heartbeat_after = None

    def __init__(self, resume_every: float) -> None:
        self._every = resume_every
        self._resumed = _now() if resume_every else 0.0

    def page(self, items: list[object], resume: str | None) -> bytes:
        lines = _encode_lines(items)
        if resume is None or _now() - self._resumed < self._every:
            return lines
        self._resumed = _now()
        return lines + _encode_lines([{"resume": resume}])

    def heartbeat(self) -> bytes:
        return b""

    def stopped(self, resume: str | None) -> bytes:
        return _encode_lines([{"resume": resume}])

    def failed(self, problem: Problem, resume: str | None) -> bytes:
        return _encode_lines([{"error": problem.body(), "resume": resume}])

    def finished(self) -> bytes:
        return b""


class _Events:
    def __init__(self, heartbeat: float) -> None:
        self.heartbeat_after = heartbeat

    def page(self, items: list[object], resume: str | None) -> bytes:
        # An event without data only moves the browser's last event id.
        data = b"data: " + _encode(items) + b"\n" if items else b""
        return data + _event_id(resume) + b"\n"

    def heartbeat(self) -> bytes:
        return b":\n\n"

    def stopped(self, resume: str | None) -> bytes:
        return _event_id(resume) + b"\n"

    def failed(self, problem: Problem, resume: str | None) -> bytes:
        wait = b"" if problem.retry_after is None else b"retry: %d000\n" % problem.retry_after
        data = b"event: problem\ndata: " + _encode(problem.body()) + b"\n"
        return data + _event_id(resume) + wait + b"\n"

    def finished(self) -> bytes:
        return b"event: end\ndata: null\n\n"


def _event_id(resume: str | None) -> bytes:
    return b"" if resume is None else b"id: " + resume.encode() + b"\n"


def _encode(value: object) -> bytes:
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        # UTF-8 has no lone surrogates, which names from the service may contain: escape them.
        return json.dumps(value, separators=(",", ":")).encode()


def _encode_lines(values: list[object]) -> bytes:
    try:
        return _encoder.encode_lines(values)
    except UnicodeEncodeError:
        return b"".join(_encode(value) + b"\n" for value in values)


def _now() -> float:
    return asyncio.get_running_loop().time()
