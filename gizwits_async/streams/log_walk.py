"""One walk through a log, as a state machine: which call next, and what a reply means. No I/O.

A chain (`chain.py`) is an opening call and the context calls after it. It is left, and the rest of
its window opened anew, whenever its context can no longer be trusted: a context may move forward on
the server at each use, so a context call is never repeated. Records are released one whole second at
a time (`seconds.py`), which makes the position of a walk one integer: the first second not released.
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

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
from gizwits_async.streams.chain import Chain
from gizwits_async.streams.planner import QueryPlanner
from gizwits_async.streams.repeats import Repeat, RepeatDetector, identity_of
from gizwits_async.streams.seconds import PartialSecond, SecondBuffer
from gizwits_async.streams.window_end import Step, WindowEnd
from gizwits_async.streams.windows import Bounds, Range
from gizwits_async.wire.clock import ServerClock
from gizwits_async.wire.request import Request
from gizwits_async.wire.traits import ServiceTraits

__all__ = ["LogWalk"]

T = TypeVar("T")

_LEAVE_AT = 11 / 12
"""Part of a context's life after which it is not used any more: 55 minutes of the hour."""
_MAX_STALLS = 3
"""Openings in a row that may finish no second before the walk is given up."""
_NO_SECOND: PartialSecond[Any] = PartialSecond()
_FINAL = (AuthenticationError, ClientClosedError, QuotaWaitError)
"""Errors of a context call that an opening call would only meet again."""


class LogWalk(Generic[T]):
    """The state of one walk: `next` gives a call, `take` or `failed` gets its outcome."""

    def __init__(
        self,
        *,
        request: Request[PageReply[T]],
        time_of: Callable[[T], float],
        span: Range,
        plan: QueryPlanner,
        limit: int,
        lifetime: float,
        clock: ServerClock,
        traits: ServiceTraits,
    ) -> None:
        """Begin a walk.

        Args:
            request: The call without its range; `sort` and `limit` are set.
            time_of: Returns the time of a record, in epoch seconds.
            span: The range to read.
            plan: Plans the queries of the range.
            limit: The records that `request` asks for a page.
            lifetime: Seconds that a context lives.
            clock: The server's time.
            traits: What was learned of the service.
        """
        self._request = request
        self._time_of = time_of
        self._range = span
        self._plan = plan
        self._limit = limit
        self._lifetime = lifetime
        self._clock = clock
        self._end = WindowEnd(
            where=request.where,
            plan=plan,
            traits=traits,
            # The logs of a device come from one store, which counts all of them in the same way.
            store=request.path.route.rpartition("/")[0],
        )
        self.strays = 0
        """Records outside the bounds of the query that returned them."""
        self._chain: Chain[T] | None = None
        self._repeats: RepeatDetector[T] = RepeatDetector()
        self._stalls = 0
        self._fallback: PartialSecond[T] = _NO_SECOND
        self._trial: Bounds | None = None
        """The query that shows whether `start_ts` is included, while it is under way."""

    @property
    def position(self) -> int | None:
        """The first second that was not released yet; None at the end of the walk."""
        return self._plan.position

    @property
    def unfinished(self) -> Sequence[T]:
        """The records so far of the second that is being read."""
        chain = self._chain
        return () if chain is None or chain.seconds.on_hold else chain.seconds.pending

    def take_remarks(self) -> list[str]:
        """Return what was odd since the last call, for the log."""
        remarks, self._end.remarks = self._end.remarks, []
        return remarks

    @property
    def pause(self) -> float:
        """Seconds to wait before `next`."""
        return 0.0 if self._chain is not None else max(self._plan.pause, self._end.pause)

    def take_gaps(self) -> tuple[tuple[int, int], ...]:
        """Return the gaps since the last call: first and last second, epoch seconds."""
        gaps, self._plan.gaps = tuple(self._plan.gaps), []
        return gaps

    def next(self) -> Request[PageReply[T]] | None:
        """Return the next call to make, or None when nothing is left to ask.

        Raises:
            InvalidResponseError: The rest was opened anew several times in a row without progress.
        """
        chain = self._chain
        question = self._end.question
        if question is not None:
            return self._asking(question.bounds, opposite=question.opposite, limit=question.limit)
        if chain is not None and self._clock.loop_time >= chain.leave_at:
            self._open_anew()
            chain = None
        if chain is not None:
            return chain.request.asking(context=chain.context)
        if (trial := self._plan.start_trial) is not None:
            self._trial = trial
            return self._asking(trial, opposite=False, limit=1)
        self._plan.clamp()
        return None if self.position is None else self._request.evolve(finalize=self._open)

    def failed(self, error: GizwitsError) -> bool:
        """Return whether the walk survives this failure of the call that `next` gave.

        Raises:
            InvalidResponseError: The rest was opened anew several times in a row without progress.
        """
        chain = self._chain
        if self._trial is not None:
            self._learn_start(found=False)
            return not isinstance(error, _FINAL)
        if self._end.question is not None:
            probed = self._end.drop_question(failed=True)
            return probed is not None and not isinstance(error, _FINAL)
        if chain is None:
            return False
        if chain.context is None:
            self._chain = None
            refused = isinstance(error, InvalidRequestError)
            return refused and self._plan.refused(chain.seconds.bounds)
        if isinstance(error, _FINAL) and not isinstance(error, TokenRejectedError):
            self._chain = None
            return False
        self._open_anew(error)
        return True

    def abandon(self) -> None:
        """Leave the chain after a cancelled call: the server may have moved its context on."""
        self._chain = self._trial = None
        self._end.drop_question(failed=False)

    def take(self, reply: PageReply[T]) -> tuple[T, ...]:
        """Return the records that this reply completes; `position` then says where to go on.

        Raises:
            InvalidResponseError: Its records contradict the query or the pages before.
        """
        released: list[T] = []
        if self._trial is not None:
            self._learn_start(found=bool(reply.objects))
            return ()
        times = [*map(self._time_of, reply.objects)]
        if (question := self._end.question) is not None:
            self._follow(question.chain, self._end.answered(reply, times), released)
            return tuple(released)
        chain = self._chain
        if chain is None:
            raise AssertionError("unreachable")
        # Only once this chain has made progress: before that, there may be attempts to forget.
        if self._plan.position != chain.position:
            middle = chain.take_middle(reply, times)
            if middle is not None:
                self._repeats.remember(times)
                self._plan.position = chain.seconds.last_second
                return middle
        repeat = self._repeats.judge(chain, reply, times)
        if repeat is Repeat.CIRCLE:
            self._open_anew()
            return ()
        if repeat is Repeat.UNDECIDED:
            self._chain = None  # No stall: the detector decides after a few openings.
            return ()
        self._plan.accepted()
        seconds, strays = chain.seconds, chain.seconds.strays
        seconds.on_hold = seconds.on_hold or repeat is Repeat.COUNTED
        self._plan.saw(seconds.bounds, times)
        self._end.note(chain, reply.rows)
        released += chain.take(reply, times)
        strays = seconds.strays - strays
        self.strays += strays
        self._repeats.remember(identity_of(reply.objects, times, regular=not strays))
        if seconds.reached is not None:
            self._plan.position = seconds.reached
        if self.position != chain.position:
            self._progress()
        window = chain.seconds.window
        owned = window.first <= (self.position or 0) <= window.last
        # Behind its window the rest of the chain is not its own.
        self._follow(chain, self._end.judge(chain) if owned else Step.FINISH, released)
        return tuple(released)

    def _follow(self, chain: Chain[T], step: Step, released: list[T]) -> None:
        """Leave the chain if there is nothing more to ask of it; its end completes records."""
        seconds = chain.seconds
        if step is Step.FINISH:
            released += seconds.rest()
            self._chain = None
            self._progress()
            self._plan.finish(seconds.window)
        elif step is Step.LOOK_AGAIN:
            self._chain = None
            if not seconds.on_hold and len(seconds.pending) >= len(self._fallback.records):
                self._fallback = PartialSecond(seconds.last_second, seconds.pending)
        elif step is Step.OPEN_ANEW:
            self._open_anew()
        elif step is Step.GIVE_UP:
            self._give_up()

    def _asking(self, bounds: Bounds, *, opposite: bool, limit: int) -> Request[PageReply[T]]:
        """Return a query beside the chain."""
        return self._request.asking(
            start_ts=str(bounds.start),
            end_ts=str(bounds.end),
            sort="desc" if opposite != self._plan.desc else "asc",
            limit=limit,
        )

    def _learn_start(self, *, found: bool) -> None:
        self._trial = None
        self._plan.learn_start(found=found)

    def _open(self, request: Request[PageReply[T]]) -> Request[PageReply[T]]:
        """Start a chain at the position; called when the permit for its opening call is granted."""
        window, bounds = self._plan.open()
        self._repeats.start_chain()
        opening = request.asking(start_ts=bounds.start, end_ts=bounds.end)
        leave_at = self._clock.loop_time + self._lifetime * _LEAVE_AT
        self._chain = Chain(
            # Never sent twice: its reply may be lost after the server has moved on.
            request=opening.evolve(
                finalize=None, repeatable=False, single_attempt=True, not_after=leave_at
            ),
            limit=self._limit,
            leave_at=leave_at,
            position=self.position or 0,
            seconds=SecondBuffer(
                where=request.where,
                desc=self._plan.desc,
                span=self._range,
                window=window,
                bounds=bounds,
                fallback=self._fallback,
            ),
        )
        return opening

    def _progress(self) -> None:
        """Forget the attempts at the position, because the walk has moved on."""
        self._stalls, self._fallback = 0, _NO_SECOND
        self._end.progressed()

    def _open_anew(self, error: GizwitsError | None = None) -> None:
        chain, self._chain = self._chain, None
        if chain is not None and self.position == chain.position:
            self._stalls += 1
            if self._stalls >= _MAX_STALLS:
                self._give_up(error)

    def _give_up(self, error: GizwitsError | None = None) -> None:
        raise InvalidResponseError(
            f"{self._request.where}: opened several times at second {self.position}, and never came"
            " past it"
        ) from error
