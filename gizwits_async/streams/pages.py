"""PageStream: a listing that is read by `skip` and `limit`."""

import logging
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from gizwits_async.errors import GizwitsError, InvalidResponseError
from gizwits_async.models.page import PageReply
from gizwits_async.streams.base import Page, PageReader, Pages, Reader, Stream, size_for
from gizwits_async.streams.page_query import LARGE_PAGE, SMALL_PAGE, PageQuery
from gizwits_async.streams.resume import make_resumable
from gizwits_async.streams.walk import Walk
from gizwits_async.wire.gateway import Gateway
from gizwits_async.wire.request import Request

__all__ = ["PageStream"]

T = TypeVar("T")

_log = logging.getLogger("gizwits_async.streams")

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
        self._query = PageQuery(gateway=gateway, request=request, key=key)

    async def total(self) -> int | None:
        """Return the number of items that the service counts, or None if it gives no count.

        Costs one call.
        """
        gateway = self._query.gateway
        reply = await gateway.send(self._query.request.asking(skip=0, limit=1))
        self._query.total(reply, gateway.options.page_size)
        return reply.total

    def pages(self, resume: str | None = None) -> Walk[Page[T]]:
        """Iterate page by page; see `Stream.pages`. No row is given twice within one walk."""
        return Pages(_ListReader(self._query, resume))

    def _reader(self, wanted: int | None = None) -> Reader[T]:
        return _ListReader(self._query, None, wanted)


class _ListReader(PageReader[T]):
    """Reads a listing once."""

    def __init__(self, query: PageQuery[T], resume: str | None, wanted: int | None = None) -> None:
        self._size = size_for(wanted, query.gateway.options.page_size)
        self._query = query
        self._resume = resume
        self._skip: int | None = None
        self._over = False
        self._seen: set[Hashable] = set()
        self._marks: tuple[Any, ...] = ()
        """Identify the rows of the last page: its keys, so that the next page can be built in the memory
        of its rows; without keys, the rows."""
        self._marks_total: int | None = None
        self._previous_total: int | None = None
        self._total: int | None = None
        """The total of the last page, if it counts the list."""
        self._set_aside = 0
        """Rows of the last page that are left out."""
        self._largest_page = self._largest_total = self._stepped_back = self._repeats = 0

    async def read(self) -> tuple[T, ...]:
        """Return the rows of the next page that this reader has not returned yet."""
        if self._over:
            raise StopAsyncIteration
        if self._skip is None:
            self._skip = self._query.position(self._resume)
        query, skip = self._query, self._skip
        try:
            reply = await query.ask(skip, self._size)
            marks = reply.objects if query.key is None else tuple(map(query.key, reply.objects))
            again = marks == self._marks
            if again and reply.total == skip:
                # The whole list has come already, and the server ignores `skip`.
                reply, marks = PageReply(total=skip), ()
            self._repeats = self._count_repeats(reply, skip) if again and marks else 0
        except GizwitsError as error:
            make_resumable(error, query.token(skip))
            raise
        # The server may cap `limit`: advance by what came. A short page is not the end.
        rows, self._marks, self._marks_total = reply.rows, marks, reply.total
        self._skip, self._over = skip + rows, not rows
        total = query.total(reply, self._size)
        if total is not None:
            self._compare_total(total, skip, rows)
        self._largest_page = max(self._largest_page, rows)
        self._total, self._set_aside = total, reply.set_aside
        return reply.objects if query.key is None else self._unseen(reply.objects, marks)

    def page(self, items: tuple[T, ...]) -> Page[T]:
        """Return the rows that `read` returned last as a page."""
        token = None if self._over else self._query.token(self._skip or 0)
        return Page(items, token, total=self._total, set_aside=self._set_aside)

    def _compare_total(self, total: int, began: int, rows: int) -> None:
        """End at the total; step back where it shows that rows were deleted, or warn if it was not reached.

        Args:
            total: The number of rows of the list.
            began: The position at which the last page began.
            rows: The rows of that page.
        """
        reached = began + rows
        # A total that full pages pass is too low; one that they reach may be: it may stop counting there,
        # as search engines do at 10,000. So a full last page is not taken for the end, which costs a
        # call: `BulkClient.calls_to_list` counts it.
        confirmed = self._query.gateway.traits.confirmed_totals
        route = self._query.request.path.route
        full = began and rows >= max(self._largest_page, min(self._size, SMALL_PAGE))
        if not rows and reached == total:
            confirmed[route] = max(total, confirmed.get(route, 0))
        elif reached == total:
            self._over |= not full or total <= confirmed.get(route, 0)
        elif reached > total:
            self._over |= rows < self._largest_page
        self._largest_total = max(self._largest_total, total)
        before, self._previous_total = self._previous_total, total
        deleted = 0 if before is None else before - total
        # Bounded: a total that keeps going up and down must not keep the walk from ending.
        bound = self._largest_total + LARGE_PAGE - self._stepped_back
        if self._query.key is not None and began and 0 < deleted <= bound:
            # The rows behind the deleted ones moved up, perhaps to before this page.
            self._skip, self._over, self._marks = max(0, began - deleted), False, ()
            self._stepped_back += deleted
        elif self._over and reached < total:
            _log.warning("%s: ended at %d of %d", self._query.request.where, reached, total)

    def _count_repeats(self, reply: PageReply[T], skip: int) -> int:
        """Return how often in a row a page has come that is the one before it again.

        Raises:
            InvalidResponseError: The server ignores `skip`.
        """
        # Rows that are inserted in front of the list repeat a page too, but then the total grows.
        same_total = reply.total is not None and reply.total == self._marks_total
        if self._repeats + 1 >= _MAX_REPEATS or same_total:
            raise InvalidResponseError(
                f"{self._query.request.where}: the page from {skip} on is the one before it again"
            )
        return self._repeats + 1

    def _unseen(self, items: tuple[T, ...], keys: tuple[Hashable, ...]) -> tuple[T, ...]:
        """Return the items whose keys this walk has not come across yet."""
        seen = self._seen
        before = len(seen)
        if seen.isdisjoint(keys):
            seen.update(keys)
            if len(seen) == before + len(keys):
                return items
            seen.difference_update(keys)  # The page holds a row twice.
        unseen = []
        for key, item in zip(keys, items, strict=True):
            if key not in seen:
                seen.add(key)
                unseen.append(item)
        return tuple(unseen)
