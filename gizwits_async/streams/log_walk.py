"""One walk through a log, as a state machine: which call next, and what a reply means. No I/O.

A chain (`chain.py`) is an opening call and the context calls after it. It is left, and the rest
opened anew, whenever its context can no longer be trusted: a context may move forward on the server
at each use, so a context call is never repeated. A second is given only when it is complete, which
makes the position of a walk one integer: the first second that was not given yet.
"""

from collections.abc import Callable
from math import floor
from typing import Generic, TypeVar

from gizwits_async.errors import (
    AuthenticationError,
    ClientClosedError,
    GizwitsError,
    InvalidRequestError,
    InvalidResponseError,
    QuotaWaitError,
    TokenRejectedError,
)
from gizwits_async.models.page import PageReply
from gizwits_async.models.times import edge
from gizwits_async.streams.chain import Chain
from gizwits_async.streams.windows import Bounds, Range, Sort, Window, bounds_of, window_at
from gizwits_async.wire.clock import ServerClock
from gizwits_async.wire.request import Request

__all__ = ["LogWalk"]

T = TypeVar("T")

_LEAVE_AT = 11 / 12
"""Part of a context's life after which it is left alone: 55 minutes of the hour."""
_EMPTY_PAGES = 3
"""Empty pages in a row that are followed before the rest is opened anew."""
_ALIKE = 3
"""Openings in which a page must have come twice, before it is taken for equal events in the next."""
_STALLS = 3
"""Openings in a row that may finish no second before the server is given up."""
_FATAL = (AuthenticationError, ClientClosedError, QuotaWaitError)
"""Errors of a context call that opening anew would only meet again."""


class LogWalk(Generic[T]):
    """The state of one walk: ask `next`, make that call, tell `take` or `failed` what came of it."""

    def __init__(
        self,
        *,
        request: Request[PageReply[T]],
        time_of: Callable[[T], float],
        span: Range,
        position: int | None,
        sort: Sort,
        owned: int,
        inclusive: bool,
        lifetime: float,
        clock: ServerClock,
    ) -> None:
        self._request = request
        self._onward = request.evolve(repeatable=False, single_attempt=True)
        self._time_of = time_of
        self._range = span
        self._sort: Sort = sort
        self._owned = owned
        self._inclusive = inclusive
        self._lifetime = lifetime
        self._clock = clock
        self._first, self._last = span.first, span.last
        start = self._last if sort == "desc" else self._first
        self._begin = start if position is None else position
        self.position: int | None = self._begin
        """Where to go on; None at the end of the walk."""
        self._answered = False
        self._chain: Chain[T] | None = None
        self._over = span.end <= clock.latest()
        self._stalls = 0
        self._alike = 0
        self._doubled: int | None = None
        """The second of which a page came twice in the last `_alike` openings (`Chain.doubled`)."""
        self._doubt: Chain[T] | None = None
        self._trying = False
        """Whether this walk found out that ends ahead of time are refused, and is not sure yet."""
        self._spare: tuple[int | None, list[T]] = (None, [])
        self.gaps: list[tuple[int, int]] = []
        """First and last second of what fell off the edge of the log before it could be asked."""
        self.strays = 0
        """Records that belonged to no part of what was asked."""

    def pause(self) -> float:
        """Return the seconds to wait before `next`: until the last second of the range is over.

        Zero but for a server that refuses what is not over yet, and a range that ends right now.
        """
        if not (self._clock.strict and self._over and self._chain is None):
            return 0.0
        return max(0.0, self._last + 1 - self._clock.earliest())

    def next(self) -> Request[PageReply[T]] | None:
        """Return the next call to make, or None when nothing is left to ask.

        Raises:
            InvalidResponseError: Opening anew has not helped several times in a row.
        """
        chain = self._chain
        if chain is not None and self._clock.loop_time >= chain.leave_at:
            self._open_anew()
            chain = None
        if chain is not None:
            # Its reply may get lost after the server moved on: never the same one twice.
            query = {**self._onward.query, **chain.query}
            return self._onward.evolve(query=query, not_after=chain.leave_at)
        self._clamp()
        if self.position is None:
            return None
        opened = self._chain = self._opened(self.position)

        def finalize(_: Request[PageReply[T]]) -> Request[PageReply[T]]:
            # An hour may have gone by in the queue: the edge of the log and "now" have moved.
            self._settle(opened)
            return self._request.asking(**opened.query)

        return self._request.asking(**opened.query).evolve(finalize=finalize)

    def failed(self, error: GizwitsError) -> bool:
        """Return whether the walk survives this failure of the call that `next` gave.

        Raises:
            InvalidResponseError: Opening anew has not helped several times in a row.
        """
        chain, clock = self._chain, self._clock
        if self._trying:
            # That was not the reason, or nobody can tell: others need not wait for a second's end.
            self._trying = clock.strict = False
        elif (
            chain is not None
            and chain.context is None
            and chain.ahead
            and isinstance(error, InvalidRequestError)
        ):
            # Perhaps it takes no end that is not over yet. Ask so, from now on.
            self._trying, self._chain = not clock.strict, None
            clock.strict = True
            return True
        fatal = isinstance(error, _FATAL) and not isinstance(error, TokenRejectedError)
        if chain is None or chain.context is None or fatal:
            self._chain = None
            return False
        self._open_anew(error)
        return True

    def take(self, reply: PageReply[T]) -> tuple[T, ...]:
        """Return what is complete after this reply; `position` then tells where to go on.

        Raises:
            InvalidResponseError: Its records contradict the query or the pages before.
        """
        chain = self._chain
        if chain is None:
            raise AssertionError("unreachable")
        times = [*map(self._time_of, reply.objects)]
        if chain.repeats(reply, times):
            if chain.doubled is None:
                self._open_anew()
            else:  # No stall: soon it will be believed.
                self._alike = self._alike + 1 if chain.doubled == self._doubled else 1
                self._doubled, self._chain = chain.doubled, None
            return ()
        self._answered, self._trying = True, False
        strays = chain.strays
        given = chain.take(reply, times)
        self.strays += chain.strays - strays
        reached = chain.reached
        self.position = self.position if reached is None else reached
        if self._moved(chain):
            self._stalls, self._spare = 0, (None, [])
        if not chain.window.first <= (self.position or 0) <= chain.window.last:
            self._end(chain, given, strange=False)  # The rest of the chain is not its own.
        elif chain.context is None and chain.frozen and chain.received != chain.total:
            self._open_anew()  # The total that was believed is wrong, so the page was a circle.
        elif chain.context is None:
            short = chain.total is not None and chain.received < chain.total
            self._end(chain, given, strange=short)
        elif chain.empty_pages > _EMPTY_PAGES:
            self._end(chain, given, strange=True)
        return tuple(given)

    def _bounds(self, window: Window) -> Bounds:
        clock = self._clock
        # What already happened in this very second is certain only if all of it is asked for.
        until = floor(clock.earliest()) if clock.strict else self._now() + 1
        return bounds_of(
            window, oldest=edge(clock.latest()), until=until, inclusive=self._inclusive
        )

    def _now(self) -> int:
        return floor(self._clock.latest())

    def _window(self, position: int) -> Window:
        return window_at(position, self._first, self._last, sort=self._sort, owned=self._owned)

    def _opened(self, position: int) -> Chain[T]:
        window = self._window(position)
        doubt, self._doubt = self._doubt, None
        return Chain(
            where=self._request.where,
            span=self._range,
            desc=self._sort == "desc",
            window=window,
            position=position,
            doubt=doubt,
            alike=self._doubled if self._alike >= _ALIKE else None,
            bounds=self._bounds(window),
            spare=self._spare,
        )

    def _settle(self, chain: Chain[T]) -> None:
        if self._sort == "desc" and not self._answered:
            self.position = chain.position = min(self._begin, self._now())
            chain.window = self._window(chain.position)
        chain.bounds = self._bounds(chain.window)
        chain.ahead = not self._clock.strict and chain.bounds.end > floor(self._clock.earliest())
        chain.leave_at = self._clock.loop_time + self._lifetime * _LEAVE_AT
        start, window = chain.bounds.start, chain.window
        if start > window.first:
            asc = self._sort == "asc"
            # Newest first, the seconds after the window were given already: no gap, and not again.
            self.gaps.append((window.first, min(start - 1, self._last if asc else window.last)))
            self._first = max(self._first, start)
            chain.window = Window(start, max(start, window.last) if asc else window.last)
            if asc:
                self.position = chain.position = start

    def _clamp(self) -> None:
        """Pass over what fell off the edge of the log, and over what has not happened yet."""
        if self.position is None:
            return
        oldest, now = edge(self._clock.latest()), self._now()
        if self._sort == "desc":
            self.position = min(self.position, now)
            lost = self._first, min(oldest - 1, self.position)
        else:
            lost = self.position, min(oldest - 1, self._last)
            self.position = max(self.position, oldest)
        if lost[0] <= lost[1]:
            self.gaps.append(lost)
        self._first = max(self._first, oldest)
        if not self._first <= self.position <= min(self._last, now):
            self.position = None

    def _moved(self, chain: Chain[T]) -> bool:
        return self.position != chain.position

    def _open_anew(self, error: GizwitsError | None = None) -> None:
        chain, self._chain = self._chain, None
        if chain is not None and not self._moved(chain):
            self._stall(error)

    def _stall(self, error: GizwitsError | None = None) -> None:
        self._stalls += 1
        if self._stalls >= _STALLS:
            raise InvalidResponseError(
                f"{self._request.where}: opened {_STALLS} times at second {self.position}, and"
                " never came past it"
            ) from error

    def _end(self, chain: Chain[T], given: list[T], *, strange: bool) -> None:
        """Finish the window, or, if its end was strange, open the rest once more to make sure."""
        self._chain = None
        moved = self._moved(chain)
        if strange and (moved or chain.doubt is None or not chain.confirms(chain.doubt)):
            if not moved and chain.doubt is not None:
                self._stall()
            self._doubt, chain.doubt = chain, None
            if not chain.frozen and len(chain.held) >= len(self._spare[1]):
                self._spare = (chain.at, chain.held)
            return
        given += chain.rest()
        self._doubt, self._stalls, self._spare = None, 0, (None, [])
        window = chain.window
        after = window.first - 1 if self._sort == "desc" else window.last + 1
        self.position = after if self._first <= after <= self._last else None
