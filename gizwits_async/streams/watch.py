"""WatchStream: the new records of one device's log as they come, by polling."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from math import floor
from typing import TypeVar

from attrs import evolve

from gizwits_async.errors import ArgumentError, GizwitsError
from gizwits_async.models.page import PageReply
from gizwits_async.streams.base import Page
from gizwits_async.streams.logs import LogStream
from gizwits_async.streams.resume import make_resumable
from gizwits_async.streams.windows import Range
from gizwits_async.wire.deadline import rest
from gizwits_async.wire.gateway import Gateway
from gizwits_async.wire.request import Request

__all__ = ["WatchStream"]

T = TypeVar("T")

_MAX_SECONDS = 86_400.0
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
        self._every = _seconds("every", every, least=1.0)
        self._settle = _seconds("settle", settle, least=0.0)
        # Tokens of a watch and of a finite log have the same content, but are not interchangeable.
        self._query = f"watch {self._query}"

    async def pages(self, resume: str | None = None) -> AsyncGenerator[Page[T], None]:
        """Poll without end; see `Stream.pages`.

        Args:
            resume: `Page.resume` or `error.resume` of an earlier walk: the records since then come
                at once, as far back as the log reaches. None begins with the present second.

        Yields:
            At least one page a poll, empty ones too. There is no last page, so `resume` is always
            set.
        """
        clock = self._gateway.clock
        if resume is None:
            await self._gateway.learn_time()
            position, due = floor(clock.earliest()), clock.loop_time + self._every
        else:
            _, found = await self._resolved(resume)
            position, due = found or 0, clock.loop_time
        while True:
            try:
                await self._rest(position, due)
            except GizwitsError as error:
                make_resumable(error, self._token(Range(position, position + 1), position) or "")
                raise
            # After a delay, one poll reads all that was missed; skipped polls are not repeated.
            due = clock.loop_time + self._every
            until = max(position + 1, floor(clock.earliest() - self._settle))
            window = self._token(Range(position, until), position)
            async with aclosing(super().pages(window)) as pages:
                async for page in pages:
                    after = self._token(Range(until, until + 1), until)
                    yield evolve(page, resume=page.resume or after)
            position = until

    async def _rest(self, position: int, due: float) -> None:
        """Sleep until the next poll is due and the second `position` has settled."""
        clock = self._gateway.clock
        settled = position + 1 + self._settle
        while (pause := max(due - clock.loop_time, settled - clock.earliest())) > 0:
            pause = max(pause, _MIN_PAUSE)
            await rest(self._request.where, pause, self._gateway.service.sleep)


def _seconds(name: str, value: object, *, least: float) -> float:
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and least <= value <= _MAX_SECONDS
    ):
        return value
    raise ArgumentError(f"{name} must be {least:g} to {_MAX_SECONDS:.0f} seconds, not {value!r}")
