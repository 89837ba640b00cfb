"""PageStream: a listing that is read by `skip` and `limit`."""

import logging
from collections.abc import AsyncGenerator, Callable, Hashable
from typing import Any, TypeVar

from gizwits_async.errors import GizwitsError, InvalidRequestError, InvalidResponseError
from gizwits_async.models.page import PageReply
from gizwits_async.streams.base import Page, Stream
from gizwits_async.streams.resume import fingerprint, make_resumable, read_token, write_token
from gizwits_async.wire.gateway import Gateway
from gizwits_async.wire.request import Request

__all__ = ["PageStream"]

T = TypeVar("T")

_log = logging.getLogger("gizwits_async.streams")

_FORM_INVALID = 5002
_SMALL_PAGE = 20
"""The page size that the API document names as the default of every list."""
_LARGE_PAGE = 100
"""The largest page size of logs; some lists take it as well."""
_MAX_REPEATS = 3
"""Equal pages in a row after which the server is taken to ignore `skip`, where it gives no total."""


class PageStream(Stream[T]):
    """A listing read by `skip` and `limit`.

    Not a snapshot: rows that are added or deleted meanwhile move all rows behind them. Within one
    walk no row is given twice, and none that was there throughout is lost if the server gives a total.
    """

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
        """Return the number of items that the service counts, or None if it gives no count.

        Costs one call.
        """
        reply = await self._gateway.send(self._request.asking(skip=0, limit=1))
        self._list_total(reply)
        return reply.total

    async def pages(self, resume: str | None = None) -> AsyncGenerator[Page[T], None]:
        """Iterate page by page; see `Stream.pages`. No row is given twice within one walk."""
        skip = 0 if resume is None else read_token(self._query, resume, _position)
        seen: set[Hashable] = set()
        previous_total: int | None = None
        largest_total = stepped_back = repeats = 0
        previous = PageReply[T]()
        while True:
            try:
                reply = await self._ask(skip)
                if reply.total == skip and reply.objects == previous.objects:
                    # The whole list has come already, and the server ignores `skip`.
                    reply = PageReply(total=skip)
                repeats = self._count_repeats(previous, reply, repeats, skip)
            except GizwitsError as error:
                make_resumable(error, write_token(self._query, skip))
                raise
            previous, began, total = reply, skip, self._list_total(reply)
            # The server may cap `limit`: advance by what came. A short page is not the end.
            skip += len(reply.objects)
            over = not reply.objects or (total is not None and skip >= total)
            if total is not None:
                largest_total = max(largest_total, total)
                deleted = 0 if previous_total is None else previous_total - total
                previous_total = total
                # Bounded: a total that keeps going up and down must not keep the walk from ending.
                bound = largest_total + _LARGE_PAGE - stepped_back
                if self._key is not None and began and 0 < deleted <= bound:
                    # Rows were deleted, and those behind them moved up, perhaps past this page.
                    skip, over, previous = max(0, began - deleted), False, PageReply()
                    stepped_back += deleted
                elif over and skip < total:
                    _log.warning("%s: ended at %d of %d", self._request.where, skip, total)
            token = None if over else write_token(self._query, skip)
            yield Page(self._unseen(reply.objects, seen), token)
            if over:
                return

    def _list_total(self, reply: PageReply[T]) -> int | None:
        """Return the total if it counts the list.

        Some servers count the page instead. A total no larger than a full page may be such a count;
        one that was seen to be larger shows that the totals of the route count the list.
        """
        gateway, rows = self._gateway, len(reply.objects)
        if reply.total is not None and reply.total > rows:
            gateway.traits.exact_totals.add(self._request.path.route)
        elif rows >= min(gateway.options.page_size, _SMALL_PAGE):
            return reply.total if self._request.path.route in gateway.traits.exact_totals else None
        return reply.total

    def _count_repeats(
        self, previous: PageReply[T], reply: PageReply[T], repeats: int, skip: int
    ) -> int:
        """Return how often in a row the same page has come.

        Raises:
            InvalidResponseError: The server ignores `skip`.
        """
        if not reply.objects or reply.objects != previous.objects:
            return 0
        # Rows that are inserted in front of the list repeat a page too, but then the total grows.
        grows_not = reply.total is not None and reply.total == previous.total
        if repeats + 1 >= _MAX_REPEATS or grows_not:
            raise InvalidResponseError(
                f"{self._request.where}: the page from {skip} on is the one before it again"
            )
        return repeats + 1

    def _unseen(self, items: tuple[T, ...], seen: set[Hashable]) -> tuple[T, ...]:
        """Return the items whose key is not in `seen`, and add their keys to it."""
        if self._key is None:
            return items
        keys = [*map(self._key, items)]
        new = set(keys)
        if len(new) == len(keys) and new.isdisjoint(seen):
            seen |= new
            return items
        unseen = []
        for key, item in zip(keys, items, strict=True):
            if key not in seen:
                seen.add(key)
                unseen.append(item)
        return tuple(unseen)

    async def _ask(self, skip: int) -> PageReply[T]:
        gateway, route = self._gateway, self._request.path.route
        size = min(gateway.options.page_size, gateway.traits.page_caps.get(route, _LARGE_PAGE))
        try:
            return await gateway.send(self._request.asking(skip=skip, limit=size))
        except InvalidRequestError as error:
            if error.code != _FORM_INVALID or size <= _SMALL_PAGE:
                raise
        # The document allows 100 for logs only; a list may insist on less.
        reply = await gateway.send(self._request.asking(skip=skip, limit=_SMALL_PAGE))
        gateway.traits.page_caps[route] = _SMALL_PAGE
        return reply


def _position(state: Any) -> int:
    if type(state) is not int or state < 0:
        raise ValueError("not a position")
    return state
