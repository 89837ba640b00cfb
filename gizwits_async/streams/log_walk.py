"""One walk through a log, as a state machine: which call next, and what a reply means. No I/O.

A chain (`chain.py`) is an opening call and the context calls after it. It is left, and the rest of
its window opened anew, whenever its context can no longer be trusted: a context may move forward on
the server at each use, so a context call is never repeated. Records are released one whole second at
a time (`seconds.py`), which makes the position of a walk one integer: the first second not released.
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
from gizwits_async.streams.chain import Chain, EarlyEnd
from gizwits_async.streams.repeats import Repeat, RepeatDetector
from gizwits_async.streams.seconds import PartialSecond, SecondBuffer
from gizwits_async.streams.windows import Range, Sort, Window, bounds_of, window_at
from gizwits_async.wire.clock import ServerClock
from gizwits_async.wire.request import Request
from gizwits_async.wire.traits import ServiceTraits

__all__ = ["LogWalk"]

T = TypeVar("T")

_LEAVE_AT = 11 / 12
"""Part of a context's life after which it is not used any more: 55 minutes of the hour."""
_MAX_EMPTY_PAGES = 3
"""Empty pages in a row that are followed before the rest of the window is opened anew."""
_MAX_STALLS = 3
"""Openings in a row that may finish no second before the walk is given up."""
_FINAL = (AuthenticationError, ClientClosedError, QuotaWaitError)
"""Errors of a context call that an opening call would only meet again."""


class LogWalk(Generic[T]):
    """The state of one walk: `next` gives a call, `take` or `failed` is told what came of it."""

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
        traits: ServiceTraits,
    ) -> None:
        self._request = request
        self._context_request = request.evolve(repeatable=False, single_attempt=True)
        self._time_of = time_of
        self._range = span
        self._sort: Sort = sort
        self._owned = owned
        self._inclusive = inclusive
        self._lifetime = lifetime
        self._clock = clock
        self._traits = traits
        self._first, self._last = span.first, span.last
        start = self._last if sort == "desc" else self._first
        self._begin = start if position is None else position
        self.position: int | None = self._begin
        """The first second that was not released yet; None at the end of the walk."""
        self.gaps: list[tuple[int, int]] = []
        """First and last second of parts that fell off the edge of the log before they were asked."""
        self.strays = 0
        """Records outside the bounds of the query that returned them."""
        self._answered = False
        self._chain: Chain[T] | None = None
        self._is_past = span.end <= clock.latest()
        self._repeats: RepeatDetector[T] = RepeatDetector()
        self._stalls = 0
        self._early_end: EarlyEnd | None = None
        self._fallback: PartialSecond[T] = PartialSecond()
        self._tries_strict = False
        """Whether this walk switched the clock to `strict` and no reply has confirmed that yet."""

    def pause(self) -> float:
        """Return the seconds to wait before `next`: until the last second of the range is over.

        Zero but for a server that refuses unfinished seconds, and a range that ends right now.
        """
        strict = self._traits.refuses_unfinished_seconds
        if not (strict and self._is_past and self._chain is None):
            return 0.0
        return max(0.0, self._last + 1 - self._clock.earliest())

    def next(self) -> Request[PageReply[T]] | None:
        """Return the next call to make, or None when nothing is left to ask.

        Raises:
            InvalidResponseError: The rest was opened anew several times in a row without progress.
        """
        chain = self._chain
        if chain is not None and self._clock.loop_time >= chain.leave_at:
            self._open_anew()
            chain = None
        if chain is not None:
            # Never sent twice: its reply may be lost after the server has moved on.
            query = {**self._context_request.query, **chain.query}
            return self._context_request.evolve(query=query, not_after=chain.leave_at)
        self._clamp()
        return None if self.position is None else self._request.evolve(finalize=self._open)

    def failed(self, error: GizwitsError) -> bool:
        """Return whether the walk survives this failure of the call that `next` gave.

        Raises:
            InvalidResponseError: The rest was opened anew several times in a row without progress.
        """
        chain, traits = self._chain, self._traits
        if self._tries_strict:
            # Either that was not the reason, or it cannot be told: keep other walks from waiting.
            self._tries_strict = traits.refuses_unfinished_seconds = False
        elif (
            chain is not None
            and chain.context is None
            and chain.unfinished_end
            and isinstance(error, InvalidRequestError)
        ):
            # The server may refuse an end that is not over yet: ask without it from now on.
            self._tries_strict, self._chain = not traits.refuses_unfinished_seconds, None
            traits.refuses_unfinished_seconds = True
            return True
        final = isinstance(error, _FINAL) and not isinstance(error, TokenRejectedError)
        if chain is None or chain.context is None or final:
            self._chain = None
            return False
        self._open_anew(error)
        return True

    def abandon(self) -> None:
        """Leave the chain after a call whose reply will not be taken, for instance a cancelled one.

        The server may have moved its context on, so the rest of the window is opened anew.
        """
        self._chain = None

    def take(self, reply: PageReply[T]) -> tuple[T, ...]:
        """Return the records that this reply completes; `position` then says where to go on.

        Raises:
            InvalidResponseError: Its records contradict the query or the pages before.
        """
        chain = self._chain
        if chain is None:
            raise AssertionError("unreachable")
        times = [*map(self._time_of, reply.objects)]
        repeat = self._repeats.judge(chain, reply, times)
        if repeat is Repeat.CIRCLE:
            self._open_anew()
            return ()
        if repeat is Repeat.UNDECIDED:
            self._chain = None  # No stall: the detector decides after a few openings.
            return ()
        self._answered, self._tries_strict = True, False
        seconds, strays = chain.seconds, chain.seconds.strays
        seconds.on_hold = seconds.on_hold or repeat is Repeat.COUNTED
        released = chain.take(reply, times)
        strays = seconds.strays - strays
        self.strays += strays
        self._repeats.remember(reply.objects, times, regular=not strays)
        self.position = self.position if seconds.reached is None else seconds.reached
        if self._moved(chain):
            self._stalls, self._fallback = 0, PartialSecond()
        self._judge_end(chain, released)
        return tuple(released)

    def _judge_end(self, chain: Chain[T], released: list[T]) -> None:
        """Leave the chain if it has ended, and add to `released` what its end completes."""
        window, reached_total = chain.seconds.window, chain.received == chain.total
        if not window.first <= (self.position or 0) <= window.last:
            self._end(chain, released, early=False)  # The rest of the chain is not its own.
        elif chain.context is None and chain.seconds.on_hold and not reached_total:
            self._open_anew()  # The total that was believed is wrong, so the page was a circle.
        elif chain.context is None:
            early = chain.total is not None and chain.received < chain.total
            self._end(chain, released, early=early)
        elif chain.empty_pages > _MAX_EMPTY_PAGES:
            self._end(chain, released, early=True)

    def _now(self) -> int:
        return floor(self._clock.latest())

    def _open(self, request: Request[PageReply[T]]) -> Request[PageReply[T]]:
        """Start a chain at the position; called when the permit for its opening call is granted.

        Not before: an hour in the queue moves both "now" and the edge of the log.
        """
        if self._sort == "desc" and not self._answered:
            self.position = min(self._begin, self._now())
        if self.position is None:
            raise AssertionError("unreachable")
        clock, desc = self._clock, self._sort == "desc"
        strict = self._traits.refuses_unfinished_seconds
        window = window_at(
            self.position, self._first, self._last, sort=self._sort, owned=self._owned
        )
        # Events of the present second are only returned for certain if all of it is asked for.
        until = floor(clock.earliest()) if strict else self._now() + 1
        bounds = bounds_of(
            window, oldest=edge(clock.latest()), until=until, inclusive=self._inclusive
        )
        if bounds.start > window.first:
            # Newest first, the seconds after the window were released already: no gap there.
            self._add_gap(window.first, min(bounds.start - 1, window.last if desc else self._last))
            self._first = max(self._first, bounds.start)
            last = window.last if desc else max(bounds.start, window.last)
            window = Window(bounds.start, last)
            self.position = self.position if desc else bounds.start
        early_end, self._early_end = self._early_end, None
        self._repeats.start_chain()
        chain = self._chain = Chain(
            position=self.position,
            seconds=SecondBuffer(
                where=request.where,
                desc=desc,
                span=self._range,
                window=window,
                bounds=bounds,
                fallback=self._fallback,
            ),
            previous_attempt=early_end,
            unfinished_end=not strict and bounds.end > floor(clock.earliest()),
            leave_at=clock.loop_time + self._lifetime * _LEAVE_AT,
        )
        return request.asking(**chain.query)

    def _clamp(self) -> None:
        """Pass over seconds that fell off the edge of the log or have not begun."""
        if self.position is None:
            return
        oldest, now = edge(self._clock.latest()), self._now()
        if self._sort == "desc":
            self.position = min(self.position, now)
            self._add_gap(self._first, min(oldest - 1, self.position))
        else:
            self._add_gap(self.position, min(oldest - 1, self._last))
            self.position = max(self.position, oldest)
        self._first = max(self._first, oldest)
        if not self._first <= self.position <= min(self._last, now):
            self.position = None

    def _add_gap(self, first: int, last: int) -> None:
        if first <= last:
            self.gaps.append((first, last))

    def _moved(self, chain: Chain[T]) -> bool:
        return self.position != chain.position

    def _open_anew(self, error: GizwitsError | None = None) -> None:
        chain, self._chain = self._chain, None
        if chain is not None and not self._moved(chain):
            self._stall(error)

    def _stall(self, error: GizwitsError | None = None) -> None:
        self._stalls += 1
        if self._stalls >= _MAX_STALLS:
            raise InvalidResponseError(
                f"{self._request.where}: opened {_MAX_STALLS} times at second {self.position}, and"
                " never came past it"
            ) from error

    def _end(self, chain: Chain[T], released: list[T], *, early: bool) -> None:
        """Finish the window, or open its rest once more if the chain ended early."""
        self._chain = None
        moved, before = self._moved(chain), chain.previous_attempt
        if early and (moved or before is None or not before.confirmed_by(chain)):
            if not moved and before is not None:
                self._stall()
            self._early_end = EarlyEnd.of(chain)
            seconds = chain.seconds
            if not seconds.on_hold and len(seconds.pending) >= len(self._fallback.records):
                self._fallback = PartialSecond(seconds.last_second, seconds.pending)
            return
        released += chain.seconds.rest()
        self._early_end, self._stalls, self._fallback = None, 0, PartialSecond()
        window = chain.seconds.window
        after = window.first - 1 if self._sort == "desc" else window.last + 1
        self.position = after if self._first <= after <= self._last else None
