"""WatchStream: the new records of one device's log as they come, by polling."""

from collections.abc import Callable
from math import floor
from typing import TypeVar

from attrs import evolve

from gizwits_async.errors import GizwitsError
from gizwits_async.models.page import PageReply
from gizwits_async.streams.base import Page, PageReader, Pages, Reader
from gizwits_async.streams.log_query import LogQuery
from gizwits_async.streams.logs import LogReader, LogStream
from gizwits_async.streams.resume import make_resumable
from gizwits_async.streams.walk import Walk
from gizwits_async.streams.windows import Range, seconds_within
from gizwits_async.wire.deadline import rest
from gizwits_async.wire.gateway import Gateway
from gizwits_async.wire.request import Request

__all__ = ["WatchStream"]

T = TypeVar("T")

_MIN_PAUSE = 0.01
"""Shortest sleep in seconds: a remainder of rounding would not move the clock, and loop forever."""


class WatchStream(LogStream[T]):
    """The records that a log receives from now on, as an endless stream: it polls the seconds since.

    A second is read once it has been over for `settle` seconds, and never again, apart from the
    seconds at both ends of a query, which the server may or may not include. So each record comes at
    most once and in order, `settle` seconds later than it could.
    """

    def __init__(
        self,
        gateway: Gateway,
        request: Request[PageReply[T]],
        *,
        time_of: Callable[[T], float],
        every: float,
        settle: float,
    ) -> None:
        super().__init__(gateway, request, time_of=time_of, start=None, end=None, sort="asc")
        self._every = seconds_within("every", every, least=1.0)
        self._settle = seconds_within("settle", settle, least=0.0)
        # Tokens of a watch and of a finite log have the same content, but are not interchangeable.
        self._query = evolve(self._query, name="watch ")

    def pages(self, resume: str | None = None) -> Walk[Page[T]]:
        """Poll without end; see `Stream.pages`.

        Args:
            resume: `Page.resume` or `error.resume` of an earlier walk: the records since then come
                at once, as far back as the log reaches. None begins with the present second.

        Returns:
            An async iterator over at least one page a poll, empty ones too. There is no last page,
            so `resume` is always set.
        """
        return Pages(self._watched(resume))

    def _reader(self, wanted: int | None = None) -> Reader[T]:
        del wanted  # A finite log could end before the first record comes.
        return self._watched(None)

    def _watched(self, resume: str | None) -> "_WatchReader[T]":
        return _WatchReader(self._query, resume, every=self._every, settle=self._settle)


class _WatchReader(PageReader[T]):
    """Reads what a log receives, once."""

    def __init__(
        self, query: LogQuery[T], resume: str | None, *, every: float, settle: float
    ) -> None:
        self._query = query
        self._resume = resume
        self._every = every
        self._settle = settle
        self._position: int | None = None
        """The first second of the next poll, or of the present one."""
        self._due = 0.0
        self._until = 0
        self._poll: LogReader[T] | None = None

    async def read(self) -> tuple[T, ...]:
        """Return the records that the next reply completes."""
        while True:
            if self._poll is None:
                self._poll = await self._next_poll()
            try:
                return await self._poll.read()
            except StopAsyncIteration:
                self._position, self._poll = self._until, None

    def page(self, items: tuple[T, ...]) -> Page[T]:
        """Return the records that `read` returned last as a page, which is never the last one."""
        if self._poll is None:
            raise AssertionError("unreachable")
        page = self._poll.page(items)
        return evolve(page, resume=page.resume or self._token(self._until))

    async def _next_poll(self) -> LogReader[T]:
        query, clock = self._query, self._query.gateway.clock
        if self._position is None and self._resume is None:
            await query.gateway.learn_time()
            self._position, self._due = floor(clock.earliest()), clock.loop_time + self._every
        elif self._position is None:
            _, self._position = await query.resolve(self._resume)
            self._due = clock.loop_time
        position = self._position or 0
        try:
            await self._rest(position)
        except GizwitsError as error:
            make_resumable(error, self._token(position))
            raise
        # After a delay, one poll reads all that was missed; skipped polls are not repeated.
        self._due = clock.loop_time + self._every
        self._until = max(position + 1, floor(clock.earliest() - self._settle))
        return LogReader(query, query.token(Range(position, self._until), position))

    async def _rest(self, position: int) -> None:
        """Sleep until the next poll is due and the second `position` has settled."""
        gateway, settled = self._query.gateway, position + 1 + self._settle
        while (
            pause := max(self._due - gateway.clock.loop_time, settled - gateway.clock.earliest())
        ) > 0:
            pause = max(pause, _MIN_PAUSE)
            await rest(self._query.request.where, pause, gateway.service.sleep)

    def _token(self, position: int) -> str | None:
        return self._query.token(Range(position, position + 1), position)
