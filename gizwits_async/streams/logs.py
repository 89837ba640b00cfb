"""LogStream: a log over any range of the last 30 days, read in windows and chains of pages."""

import logging
from collections.abc import AsyncGenerator, Callable
from math import floor
from typing import Any, TypeVar

from gizwits_async.errors import ArgumentError, GizwitsError
from gizwits_async.models.page import PageReply
from gizwits_async.models.times import Moment, as_epoch
from gizwits_async.streams.base import Page, Stream
from gizwits_async.streams.log_walk import LogWalk
from gizwits_async.streams.resume import fingerprint, make_resumable, read_token, write_token
from gizwits_async.streams.windows import Range, Sort, owned_seconds, resolve
from gizwits_async.wire.deadline import rest
from gizwits_async.wire.gateway import Gateway
from gizwits_async.wire.request import Request

__all__ = ["LogStream"]

T = TypeVar("T")

_log = logging.getLogger("gizwits_async.streams")

_CLOCK_SLACK = 3 * 3600.0
"""Seconds that this machine's clock may be off before it alone is enough to refuse a range."""


class LogStream(Stream[T]):
    """A log over any range within the last 30 days; its windows and contexts are handled inside."""

    def __init__(
        self,
        gateway: Gateway,
        request: Request[PageReply[T]],
        *,
        time_of: Callable[[T], float],
        start: Moment | None,
        end: Moment | None,
        sort: Sort,
    ) -> None:
        if sort not in {"asc", "desc"}:
            raise ArgumentError(f'sort must be "asc" or "desc", not {sort!r}')
        self._gateway = gateway
        self._request = request
        self._time_of = time_of
        self._start, self._end, self._sort = as_epoch("start", start), as_epoch("end", end), sort
        if self._start is not None and self._end is not None and self._start > self._end:
            raise ArgumentError(f"the range is reversed: start {start} is after end {end}")
        # The arguments as given: with `end=None` a token stays valid tomorrow.
        self._query = fingerprint(request.path, _exact(self._start), _exact(self._end), sort)

    async def pages(self, resume: str | None = None) -> AsyncGenerator[Page[T], None]:
        """Walk page by page; see `Stream.pages`.

        Raises:
            LogRangeError: The range begins more than 30 days ago.
            ArgumentError: The range begins in the future.
            InvalidResponseError: The server contradicts itself, or the walk makes no progress.
        """
        span, position = await self._resolved(resume)
        options = self._gateway.options
        walk = LogWalk(
            request=self._request.asking(sort=self._sort, limit=options.page_size),
            time_of=self._time_of,
            span=span,
            position=position,
            sort=self._sort,
            owned=owned_seconds(options.max_log_span, inclusive=options.start_inclusive),
            inclusive=options.start_inclusive,
            lifetime=options.context_lifetime,
            clock=self._gateway.clock,
            traits=self._gateway.traits,
        )
        while walk.position is not None:
            at = walk.position
            try:
                if (pause := walk.pause()) > 0:
                    await rest(self._request.where, pause, self._gateway.service.sleep)
                request = walk.next()
                page = None if request is None else await self._page(walk, request, span)
            except GizwitsError as error:
                make_resumable(error, self._token(span, at) or "")
                raise
            if request is None:
                # The rest lies in the future or beyond the edge, which was not known a page ago.
                yield Page((), None, self._gaps(walk))
            elif page is not None:
                yield page
                del page  # Lets the next page be built in the memory of this one.
        if walk.strays:
            _log.warning(
                "%s: dropped %d records outside the range that was asked for",
                self._request.where,
                walk.strays,
            )

    async def _page(
        self, walk: LogWalk[T], request: Request[PageReply[T]], span: Range
    ) -> Page[T] | None:
        """Return the next page of a walk; None if the rest of its window has to be opened anew."""
        try:
            reply = await self._gateway.send(request)
        except GizwitsError as error:
            if not walk.failed(error):
                raise
            _log.info("%s: opened anew after %s", request.where, type(error).__name__)
            return None
        items = walk.take(reply)
        gaps = self._gaps(walk) if walk.gaps else ()
        return Page(items, self._token(span, walk.position), gaps)

    def _token(self, span: Range, position: int | None) -> str | None:
        if position is None:
            return None
        return write_token(self._query, [span.start, span.end, position])

    def _gaps(self, walk: LogWalk[T]) -> tuple[tuple[int, int], ...]:
        gaps, walk.gaps = tuple(walk.gaps), []
        for first, last in gaps:
            _log.warning(
                "%s: seconds %d to %d fell off the edge of the log before they could be asked for",
                self._request.where,
                first,
                last,
            )
        return gaps

    async def _resolved(self, resume: str | None) -> tuple[Range, int | None]:
        if resume is not None:
            span, position = read_token(self._query, resume, _span)
            await self._learn_time(span, position)
            return span, position
        clock = self._gateway.clock
        began, known = clock.loop_time, clock.known
        # This machine's clock first: a bad range costs no call. But that clock may be off.
        span = self._resolve(slack=0.0 if known else _CLOCK_SLACK)
        await self._learn_time(span, span.last if self._sort == "desc" else span.first)
        if not known:
            # Judge the age of the range by when the walk began: the login may take minutes.
            span = self._resolve(ago=clock.loop_time - began)
        return span, None

    async def _learn_time(self, span: Range, position: int) -> None:
        try:
            await self._gateway.learn_time()
        except GizwitsError as error:
            if span.first <= position <= span.last:
                make_resumable(error, write_token(self._query, [span.start, span.end, position]))
            raise

    def _resolve(self, *, slack: float = 0.0, ago: float = 0.0) -> Range:
        options, clock = self._gateway.options, self._gateway.clock
        strict = self._gateway.traits.refuses_unfinished_seconds
        return resolve(
            self._start,
            self._end,
            # A server that refuses unfinished seconds is asked for whole past seconds.
            now=floor(clock.earliest()) if strict else clock.now(),
            earliest=clock.earliest() - ago - slack,
            latest=clock.latest() + slack,
            owned=owned_seconds(options.max_log_span, inclusive=options.start_inclusive),
        )


def _exact(moment: float | None) -> str | None:
    return None if moment is None else repr(float(moment))


def _span(state: Any) -> tuple[Range, int]:
    start, end, position = state
    span = Range(start, end)
    if type(position) is not int or not span.first <= position <= span.last:
        raise ValueError("not a position")
    return span, position
