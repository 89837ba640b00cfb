"""One chain of pages of a log: an opening call and the context calls after it. Pure, no I/O."""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from attrs import define, frozen

from gizwits_async.models.page import PageReply
from gizwits_async.streams.seconds import SecondBuffer

__all__ = ["Chain", "EarlyEnd"]

T = TypeVar("T")


@frozen
class EarlyEnd:
    """An end before the total was reached, or by empty pages: to be verified by another attempt."""

    position: int
    """The walk's position when the chain was opened."""
    received: int
    total: int | None

    @classmethod
    def of(cls, chain: "Chain[Any]") -> "EarlyEnd":
        """Return how a chain ended."""
        return cls(chain.position, chain.received, chain.total)

    def confirmed_by(self, chain: "Chain[Any]") -> bool:
        """Return whether a second attempt ended alike, so that the first was no accident."""
        if self.position == chain.position:
            return self.received == chain.received
        # The second query is narrower: a total that stays the same does not count its records.
        return self.total == chain.total


@define(kw_only=True)
class Chain(Generic[T]):
    """What is known of a chain so far."""

    position: int
    """The walk's position when it was opened."""
    seconds: SecondBuffer[T]
    """Its records that were not released yet."""
    previous_attempt: EarlyEnd | None
    """The previous attempt at this window, if it ended early and this attempt verifies it."""
    unfinished_end: bool
    """Whether it asked for a second that may not be over at the server."""
    leave_at: float
    """Event loop time from which its context is not used any more."""
    context: str | None = None
    total: int | None = None
    """The server's count of its records, as the opening call returned it."""
    received: int = 0
    empty_pages: int = 0
    """The number of empty pages in a row at its end."""

    @property
    def query(self) -> dict[str, str | None]:
        """What its next call asks for, beside sort and limit."""
        bounds = self.seconds.bounds
        return {"start_ts": str(bounds.start), "end_ts": str(bounds.end), "context": self.context}

    def take(self, reply: PageReply[T], times: Sequence[float]) -> list[T]:
        """Add a page and return the records that it completes.

        Args:
            reply: The page.
            times: The times of its records, in epoch seconds.

        Raises:
            InvalidResponseError: Its records contradict the query or the pages before.
        """
        released = self.seconds.add(reply.objects, times)
        self.total = reply.total if self.context is None else self.total
        self.received += len(reply.objects)
        self.empty_pages = 0 if reply.objects else self.empty_pages + 1
        self.context = reply.context
        return released
