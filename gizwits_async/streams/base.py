"""Listings one can walk: item by item or page by page, put down and taken up again.

A stream describes a listing and holds no state: it can be walked twice, or by two tasks at once.
What moves lives in the walk, and nothing is held while the caller has a page in hand.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Hashable
from contextlib import aclosing
from math import floor
from typing import Any, Generic, TypeVar

from attrs import frozen

from gizwits_async.errors import GizwitsError, InvalidRequestError, InvalidResponseError
from gizwits_async.models.page import PageReply
from gizwits_async.models.times import Moment, as_epoch
from gizwits_async.streams.log_walk import LogWalk
from gizwits_async.streams.resume import fingerprint, read_token, resumable, write_token
from gizwits_async.streams.windows import Range, Sort, owned_seconds, resolve
from gizwits_async.wire.gateway import Gateway
from gizwits_async.wire.request import Request

__all__ = ["LogStream", "Page", "PageStream", "Stream"]

T = TypeVar("T")

_log = logging.getLogger("gizwits_async.streams")

_FORM_INVALID = 5002
_SMALL_PAGE = 20
"""The page size that the document names as the default of every list."""
_LARGEST_PAGE = 100
_SAME_PAGES = 3
_CLOCK_SLACK = 3 * 3600.0
"""Seconds that our own clock may be off before a range is refused by it alone."""


@frozen
class Page(Generic[T]):
    """What one reply brought."""

    items: tuple[T, ...]
    """The records that became complete by it; may be none."""
    resume: str | None
    """Where to go on, in this process or another: `stream.pages(resume=...)`. None at the end."""
    gaps: tuple[tuple[int, int], ...] = ()
    """First and last second (epoch, UTC) of parts that fell off the 30-day edge of a log before
    they could be asked. Empty nearly always."""


class Stream(ABC, Generic[T]):
    """A listing, described but not begun."""

    @abstractmethod
    def pages(self, resume: str | None = None) -> AsyncGenerator[Page[T], None]:
        """Walk page by page.

        Args:
            resume: `Page.resume` or `error.resume` of an earlier walk of an equal stream; None
                begins at the beginning.

        Yields:
            One page a reply, empty ones too, so that progress can be stored.

        Raises:
            ResumeMismatchError: The token belongs to another query, or cannot be read.
            GizwitsError: A call failed; its `.resume` tells where to go on.
        """

    def __aiter__(self) -> AsyncIterator[T]:
        """Walk item by item."""
        return self._items()

    async def _items(self) -> AsyncGenerator[T, None]:
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for item in page.items:
                    yield item
                del page  # The next one is made in the memory of this one.

    async def first(self) -> T | None:
        """Return the first item, or None if there is none."""
        found = await self.collect(limit=1)
        return found[0] if found else None

    async def collect(self, limit: int | None = None) -> list[T]:
        """Return all items, or the first `limit` of them, in a list."""
        found: list[T] = []
        if limit is not None and limit <= 0:
            return found
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                found += page.items
                if limit is not None and len(found) >= limit:
                    return found[:limit]
        return found


class PageStream(Stream[T]):
    """A list in pages by `skip` and `limit`. Not a snapshot: rows may come and go meanwhile."""

    def __init__(
        self,
        gateway: Gateway,
        request: Request[PageReply[T]],
        *,
        key: Callable[[T], Hashable] | None = None,
    ) -> None:
        self._gateway = gateway
        self._request = request
        self._key = key
        self._query = fingerprint(request.path, dict(request.query))

    async def total(self) -> int | None:
        """Return how many items the service counts, at the cost of one call; None if it does not say."""
        reply = await self._gateway.send(self._request.asking(skip=0, limit=1))
        self._counted(reply)
        return reply.total

    async def pages(self, resume: str | None = None) -> AsyncGenerator[Page[T], None]:
        """Walk page by page; see `Stream.pages`. A row is not given twice within one walk."""
        skip = 0 if resume is None else read_token(self._query, resume, _position)
        seen: set[Hashable] = set()
        counted: int | None = None
        most = back = same = 0
        before = PageReply[T]()
        while True:
            try:
                reply = await self._ask(skip)
                if reply.total == skip and reply.objects == before.objects:
                    # All that it counts has come already: it counts rightly, and takes no `skip`.
                    reply = PageReply(total=skip)
                same = self._same_again(before, reply, same, skip)
            except GizwitsError as error:
                resumable(error, write_token(self._query, skip))
                raise
            before, began, total = reply, skip, self._counted(reply)
            # The server may cap "limit": advance by what came; a short page is not the end.
            skip += len(reply.objects)
            over = not reply.objects or (total is not None and skip >= total)
            if total is not None:
                most, fewer = max(most, total), 0 if counted is None else counted - total
                counted = total
                # A total that goes up and down for ever must not hold the walk for ever.
                if self._key is not None and began and 0 < fewer <= most + _LARGEST_PAGE - back:
                    # Rows were deleted, and those behind them moved up, perhaps past this page.
                    skip, over, before, back = (
                        max(0, began - fewer),
                        False,
                        PageReply(),
                        back + fewer,
                    )
                elif over and skip < total:
                    _log.warning("%s: ended at %d of %d", self._request.where, skip, total)
            token = None if over else write_token(self._query, skip)
            yield Page(self._fresh(reply.objects, seen), token)
            if over:
                return

    def _counted(self, reply: PageReply[T]) -> int | None:
        """Return the total if it counts the list: one no larger than a full page may count that page.

        One that was seen to be larger settles it for the route.
        """
        gateway, rows = self._gateway, len(reply.objects)
        if reply.total is not None and reply.total > rows:
            gateway.counting.add(self._request.path.route)
        elif rows >= min(gateway.options.page_size, _SMALL_PAGE):
            return reply.total if self._request.path.route in gateway.counting else None
        return reply.total

    def _same_again(self, before: PageReply[T], reply: PageReply[T], same: int, skip: int) -> int:
        """Return how often in a row the same page has come; raise if `skip` is plainly ignored."""
        if not reply.objects or reply.objects != before.objects:
            return 0
        # A page's worth of rows put in front of the list looks alike, but then the total grows.
        if same + 1 >= _SAME_PAGES or (reply.total is not None and reply.total == before.total):
            raise InvalidResponseError(
                f"{self._request.where}: the page from {skip} on is the one before it again"
            )
        return same + 1

    def _fresh(self, items: tuple[T, ...], seen: set[Hashable]) -> tuple[T, ...]:
        if self._key is None:
            return items
        keys = [*map(self._key, items)]
        unseen = set(keys)
        if len(unseen) == len(keys) and unseen.isdisjoint(seen):
            seen |= unseen
            return items
        fresh = []
        for key, item in zip(keys, items, strict=True):
            if key not in seen:
                seen.add(key)
                fresh.append(item)
        return tuple(fresh)

    async def _ask(self, skip: int) -> PageReply[T]:
        gateway, route = self._gateway, self._request.path.route
        size = min(gateway.options.page_size, gateway.page_caps.get(route, _LARGEST_PAGE))
        try:
            return await gateway.send(self._request.asking(skip=skip, limit=size))
        except InvalidRequestError as error:
            if error.code != _FORM_INVALID or size <= _SMALL_PAGE:
                raise
        # Only for logs does the document allow 100; a list may insist on less.
        reply = await gateway.send(self._request.asking(skip=skip, limit=_SMALL_PAGE))
        gateway.page_caps[route] = _SMALL_PAGE
        return reply


def _position(state: Any) -> int:
    if type(state) is not int or state < 0:
        raise ValueError("no position")
    return state


class LogStream(Stream[T]):
    """A log over any range within the last 30 days, in windows and contexts that do not show."""

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
            raise ValueError(f'sort must be "asc" or "desc", not {sort!r}')
        self._gateway = gateway
        self._request = request
        self._time_of = time_of
        self._start, self._end, self._sort = as_epoch("start", start), as_epoch("end", end), sort
        if self._start is not None and self._end is not None and self._start > self._end:
            raise ValueError(f"the range is reversed: start {start} is after end {end}")
        # As given: "until now" stays the same query tomorrow, whatever now will be.
        self._query = fingerprint(request.path, _exact(self._start), _exact(self._end), sort)

    async def pages(self, resume: str | None = None) -> AsyncGenerator[Page[T], None]:
        """Walk page by page; see `Stream.pages`.

        Raises:
            LogRangeError: The range begins more than 30 days ago.
            ValueError: It begins in the future.
            InvalidResponseError: The server contradicts itself, or does not let the walk get on.
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
        )
        while walk.position is not None:
            at = walk.position
            try:
                if (pause := walk.pause()) > 0:
                    await self._gateway.rest(self._request.where, pause)
                request = walk.next()
                page = None if request is None else await self._page(walk, request, span)
            except GizwitsError as error:
                resumable(error, self._token(span, at) or "")
                raise
            if request is None:
                # The page before could not know that the rest lies in the future, or off the edge.
                yield Page((), None, self._gaps(walk))
            elif page is not None:
                yield page
                del page  # The next one is made in the memory of this one.
        if walk.strays:
            _log.warning(
                "%s: dropped %d records that were not asked for", self._request.where, walk.strays
            )

    async def _page(
        self, walk: LogWalk[T], request: Request[PageReply[T]], span: Range
    ) -> Page[T] | None:
        """Return the next page of a walk; None if its rest must be opened anew."""
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
                "%s: seconds %d to %d fell off the edge of the log before they could be asked",
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
        # First by our own clock: a bad range costs no call. But that may be off.
        span = self._resolve(slack=0.0 if known else _CLOCK_SLACK)
        await self._learn_time(span, span.last if self._sort == "desc" else span.first)
        if not known:
            # The age is judged by when the walk began: a login takes its time.
            span = self._resolve(ago=clock.loop_time - began)
        return span, None

    async def _learn_time(self, span: Range, position: int) -> None:
        try:
            await self._gateway.learn_time()
        except GizwitsError as error:
            if span.first <= position <= span.last:
                resumable(error, write_token(self._query, [span.start, span.end, position]))
            raise

    def _resolve(self, *, slack: float = 0.0, ago: float = 0.0) -> Range:
        options, clock = self._gateway.options, self._gateway.clock
        return resolve(
            self._start,
            self._end,
            # A server that refuses what is not over yet is asked for whole seconds of the past.
            now=floor(clock.earliest()) if clock.strict else clock.now(),
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
        raise ValueError("no position")
    return span, position
