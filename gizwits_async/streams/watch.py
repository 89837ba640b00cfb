"""New records of one device's log as they come, by polling. State lives in the walk."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from math import floor
from typing import TypeVar

from attrs import evolve

from gizwits_async.errors import GizwitsError
from gizwits_async.models.page import PageReply
from gizwits_async.streams.base import LogStream, Page
from gizwits_async.streams.resume import resumable
from gizwits_async.streams.windows import Range
from gizwits_async.wire.gateway import Gateway
from gizwits_async.wire.request import Request

__all__ = ["WatchStream"]

T = TypeVar("T")

_LONGEST = 86_400.0
_LEAST_PAUSE = 0.01
"""Seconds to sleep at least: a rest that rounding left over would not move the clock."""


class WatchStream(LogStream[T]):
    """What a log will say: an endless walk that asks from time to time for the seconds since.

    A second is asked for when it has been over for `settle` seconds, and then never again, but for
    one at either end of a query, of which nobody knows whether it is included. So each record comes
    at most once and in order, later by `settle` than it could.
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
        # Its tokens are none of the finite log's, although they hold the same.
        self._query = f"watch {self._query}"

    async def pages(self, resume: str | None = None) -> AsyncGenerator[Page[T], None]:
        """Poll for ever; see `Stream.pages`.

        Args:
            resume: `Page.resume` or `error.resume` of an earlier walk: what happened since comes at
                once, as far as the log reaches. None: begins with the present second.

        Yields:
            At least one page a poll, empty ones too. None of them is the last, so `resume` is
            always set.
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
                resumable(error, self._token(Range(position, position + 1), position) or "")
                raise
            # What was missed meanwhile is asked for at once, but polls are not made up for.
            due = clock.loop_time + self._every
            until = max(position + 1, floor(clock.earliest() - self._settle))
            window = self._token(Range(position, until), position)
            async with aclosing(super().pages(window)) as pages:
                async for page in pages:
                    after = self._token(Range(until, until + 1), until)
                    yield evolve(page, resume=page.resume or after)
            position = until

    async def _rest(self, position: int, due: float) -> None:
        """Sleep until it is time, and at least the second `position` has settled."""
        clock = self._gateway.clock
        settled = position + 1 + self._settle
        while (pause := max(due - clock.loop_time, settled - clock.earliest())) > 0:
            await self._gateway.rest(self._request.where, max(pause, _LEAST_PAUSE))


def _seconds(name: str, value: object, *, least: float) -> float:
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and least <= value <= _LONGEST
    ):
        return value
    raise ValueError(f"{name} must be {least:g} to {_LONGEST:.0f} seconds, not {value!r}")
