"""LogStream: a log over any range of the last 30 days, read in windows and chains of pages."""

import logging
from collections.abc import Callable
from typing import TypeVar

from gizwits_async.errors import ArgumentError, GizwitsError
from gizwits_async.models.page import PageReply
from gizwits_async.models.times import Moment, as_epoch
from gizwits_async.streams.base import Page, PageReader, Pages, Reader, Sort, Stream, size_for
from gizwits_async.streams.log_query import LogQuery
from gizwits_async.streams.log_walk import LogWalk
from gizwits_async.streams.planner import QueryPlanner
from gizwits_async.streams.resume import make_resumable
from gizwits_async.streams.walk import Walk
from gizwits_async.streams.windows import Range, seconds_within
from gizwits_async.wire.deadline import rest
from gizwits_async.wire.gateway import Gateway
from gizwits_async.wire.request import Request

__all__ = ["LogReader", "LogStream"]

T = TypeVar("T")

_log = logging.getLogger("gizwits_async.streams")


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
        settle: float | None = None,
    ) -> None:
        if sort not in {"asc", "desc"}:
            raise ArgumentError(f'sort must be "asc" or "desc", not {sort!r}')
        first, last = as_epoch("start", start), as_epoch("end", end)
        if first is not None and last is not None and first > last:
            raise ArgumentError(f"the range is reversed: start {start} is after end {end}")
        self._query = LogQuery(
            gateway=gateway,
            request=request,
            time_of=time_of,
            start=first,
            end=last,
            sort=sort,
            settle=None if settle is None else seconds_within("settle", settle, least=0.0),
        )

    def pages(self, resume: str | None = None) -> Walk[Page[T]]:
        """Iterate page by page; see `Stream.pages`.

        Raises:
            LogRangeError: The range begins more than 30 days ago.
            ArgumentError: The range begins in the future.
            InvalidResponseError: The server contradicts itself, or the walk makes no progress.
        """
        return Pages(LogReader(self._query, resume))

    def _reader(self, wanted: int | None = None) -> Reader[T]:
        whole = self._query.gateway.options.page_size
        small = wanted if size_for(wanted, whole) != whole else None
        return LogReader(self._query, None, small)


class LogReader(PageReader[T]):
    """Reads a log once."""

    def __init__(self, query: LogQuery[T], resume: str | None, wanted: int | None = None) -> None:
        self._wanted = wanted
        """Records after which the caller stops, so that the first page need not be larger."""
        self._query = query
        self._resume = resume
        self._span = Range(0, 0)
        self._walk: LogWalk[T] | None = None
        self._set_aside = 0
        """Rows of the last reply that are left out."""
        self._gaps: tuple[tuple[int, int], ...] = ()
        """Seconds that were passed over since the reply before."""

    async def read(self) -> tuple[T, ...]:
        """Return the records that the next reply completes."""
        query, walk = self._query, self._walk
        if walk is None:
            self._span, position = await query.resolve(self._resume)
            self._walk = walk = self._walk_from(position)
        while (position := walk.position) is not None:
            try:
                items = await self._attempt(walk)
            except BaseException as error:
                walk.abandon()
                if isinstance(error, GizwitsError):
                    make_resumable(error, query.token(self._span, position))
                raise
            if items is not None:
                return self._noted(walk, items)
        if walk.strays:
            _log.warning(
                "%s: dropped %d records outside the range that was asked for",
                query.request.where,
                walk.strays,
            )
            walk.strays = 0
        raise StopAsyncIteration

    def page(self, items: tuple[T, ...]) -> Page[T]:
        """Return the records that `read` returned last as a page."""
        position = None if self._walk is None else self._walk.position
        token = self._query.token(self._span, position)
        return Page(items, token, self._gaps, set_aside=self._set_aside)

    def _walk_from(self, position: int | None) -> LogWalk[T]:
        query, gateway = self._query, self._query.gateway
        options, clock, traits = gateway.options, gateway.clock, gateway.traits
        size = size_for(self._wanted, options.page_size)
        plan = QueryPlanner(
            span=self._span,
            position=position,
            sort=query.sort,
            past=query.end is None or query.settle is not None,
            longest=options.max_log_span,
            inclusive=options.start_inclusive,
            clock=clock,
            traits=traits,
        )
        return LogWalk(
            request=query.request.asking(sort=query.sort, limit=size),
            time_of=query.time_of,
            span=self._span,
            plan=plan,
            limit=size,
            lifetime=options.context_lifetime,
            clock=clock,
            traits=traits,
        )

    async def _attempt(self, walk: LogWalk[T]) -> tuple[T, ...] | None:
        """Return the next records; None if the rest of their window has to be opened anew."""
        gateway, self._set_aside = self._query.gateway, 0
        if (pause := walk.pause) > 0:
            await rest(self._query.request.where, pause, gateway.service.sleep)
        request = walk.next()
        if request is None:
            # The rest lies in the future or beyond the edge, which was not known a page ago.
            return ()
        try:
            reply = await gateway.send(request)
        except GizwitsError as error:
            if not walk.failed(error):
                raise
            _log.info("%s: opened anew after %s", request.where, type(error).__name__)
            return None
        self._set_aside = reply.set_aside
        return walk.take(reply)

    def _noted(self, walk: LogWalk[T], items: tuple[T, ...]) -> tuple[T, ...]:
        """Log what was odd about the reply, and return the records for the caller."""
        self._gaps = walk.take_gaps()
        for remark in walk.take_remarks():
            _log.warning("%s: %s", self._query.request.where, remark)
        for first, last in self._gaps:
            _log.warning(
                "%s: seconds %d to %d could not be read: they fell off the edge of the log, or lie"
                " after the server's present",
                self._query.request.where,
                first,
                last,
            )
        return items if self._wanted is None else self._first_page(walk, items, self._wanted)

    def _first_page(self, walk: LogWalk[T], items: tuple[T, ...], wanted: int) -> tuple[T, ...]:
        """Return what a caller gets that stops after `wanted` records; go on with whole pages."""
        self._wanted = None
        if len(items) < wanted <= len(items) + len(walk.unfinished):
            # The caller stops here: it need not wait for the end of the last second.
            return (*items, *walk.unfinished)
        if len(items) < wanted and walk.position is not None:
            self._walk = self._walk_from(walk.position)
        return items
