"""One chain of pages of a log: an opening call and the context calls after it. Pure, no I/O."""

from collections.abc import Sequence
from math import floor
from typing import Generic, TypeVar

from attrs import define

from gizwits_async.models.page import PageReply
from gizwits_async.streams.seconds import SecondBuffer
from gizwits_async.wire.request import Request

__all__ = ["Chain"]

T = TypeVar("T")


@define(kw_only=True)
class Chain(Generic[T]):
    """What is known of a chain so far."""

    request: Request[PageReply[T]]
    """Asks for its next page, but for the context."""
    limit: int
    """The records that it asks for a page."""
    leave_at: float
    """Event loop time from which its context is not used any more."""
    position: int
    """The walk's position when it was opened."""
    seconds: SecondBuffer[T]
    """Its records that were not released yet."""
    context: str | None = None
    total: int | None = None
    """The server's count of its records, as the opening call returned it."""
    received: int = 0
    pages: int = 0
    first_page: int = 0
    """Objects on its first page that had any, its context's own included: `total` may count these alone."""
    last_page: int = 0
    """Records on its last page."""
    tail_page: int = 0
    """Records on its last page that had any."""
    empty_pages: int = 0
    """Empty pages in a row at its end."""
    probed: bool = False
    """Whether a query in the opposite order was made to find out whether it has ended."""

    def take_middle(self, reply: PageReply[T], times: Sequence[float]) -> tuple[T, ...] | None:
        """Add a page from the middle of a window, and return what it completes; None for any other.

        Most pages of a long log are of this kind: regular, of several seconds, full like the page
        before, and with a context. It ends in a later second than any page before, so it repeats none
        of them; and it shows nothing about the end of the window or the limits of the server.

        Args:
            reply: The page.
            times: The times of its records, in epoch seconds.
        """
        if reply.context is None or reply.set_aside:
            return None
        if not len(times) == self.limit == self.last_page or floor(times[0]) == floor(times[-1]):
            return None
        released = self.seconds.add_regular(reply.objects, times)
        if released is not None:
            self.pages += 1
            self.received += self.limit
            self.context = reply.context
        return released

    def take(self, reply: PageReply[T], times: Sequence[float]) -> Sequence[T]:
        """Add a page and return the records that it completes.

        Args:
            reply: The page.
            times: The times of its records, in epoch seconds.

        Raises:
            InvalidResponseError: Its records contradict the query or the pages before.
        """
        released = self.seconds.add(reply.objects, times)
        self.total = reply.total if self.context is None else self.total
        self.pages += 1
        self.last_page = reply.rows
        self.first_page = self.first_page or self.last_page + reply.extra_objects
        self.tail_page = self.last_page or self.tail_page
        self.received += self.last_page
        self.empty_pages = 0 if reply.rows else self.empty_pages + 1
        self.context = reply.context
        return released
