"""What a log stream asks for: its range, resolved when a walk begins, and the resume tokens of its walks."""

from collections.abc import Callable
from functools import cached_property
from math import floor
from typing import Any, Generic, TypeVar

from attrs import frozen

from gizwits_async.errors import GizwitsError
from gizwits_async.models.page import PageReply
from gizwits_async.streams.base import Sort
from gizwits_async.streams.limits import LogLimits
from gizwits_async.streams.resume import fingerprint, make_resumable, read_token, write_token
from gizwits_async.streams.windows import Range, resolve
from gizwits_async.wire.gateway import Gateway
from gizwits_async.wire.request import Request

__all__ = ["LogQuery"]

T = TypeVar("T")

_CLOCK_SLACK = 3 * 3600.0
"""Seconds that this machine's clock may be off before it alone is enough to refuse a range."""


@frozen(kw_only=True, slots=False)
class LogQuery(Generic[T]):
    """What a log stream asks for, and the resume tokens of its walks."""

    gateway: Gateway
    request: Request[PageReply[T]]
    time_of: Callable[[T], float]
    start: float | None
    end: float | None
    sort: Sort
    settle: float | None
    """Seconds that a record may take to show; None reads up to the end in any case."""
    name: str = ""
    """Sets its tokens apart from those of another stream with the same arguments."""

    @cached_property
    def fingerprint(self) -> str:
        """Identifies the query in its tokens; computed for the first token, as most walks need none."""
        # The arguments as given: with `end=None` a token stays valid tomorrow.
        settle = [] if self.settle is None else [self.settle]
        start, end = _exact(self.start), _exact(self.end)
        return self.name + fingerprint(self.request.path, start, end, self.sort, *settle)

    def token(self, span: Range, position: int | None) -> str | None:
        """Return the token of a position in a resolved range, or of its end if that is None.

        The end has a token only if the log goes on behind it: if `settle` cut the range off.
        """
        if position is not None:
            return write_token(self.fingerprint, [span.start, span.end, position])
        if self.settle is None or (self.end is not None and span.end >= self.end):
            return None
        return write_token(self.fingerprint, [span.end, None, None])

    async def resolve(self, resume: str | None) -> tuple[Range, int | None]:
        """Return the range of a walk, and the position in it if the walk is resumed.

        Raises:
            ResumeMismatchError: The token belongs to another query, or cannot be read.
            LogRangeError: The range begins more than 30 days ago.
            ArgumentError: The range begins in the future.
            GizwitsError: The login failed, whose reply carries the server's time.
        """
        gateway, clock = self.gateway, self.gateway.clock
        if resume is not None:
            start, end, position = read_token(self.fingerprint, resume, _state)
            await self._learn_time(resume)
            if end is None:
                end = max(
                    start, self._settled() if self.end is None else min(self.end, self._settled())
                )
            return Range(start, end), position
        began, known = clock.loop_time, clock.known
        # This machine's clock first: a bad range costs no call. But that clock may be off.
        span = self._range(slack=0.0 if known else _CLOCK_SLACK)
        if not known:
            position = span.last if self.sort == "desc" else span.first
            await self._learn_time(self.token(span, position) if span.first <= span.last else None)
            unsure = not clock.known and gateway.tokens.current(clock.loop_time) is None
            # Judge the age of the range by when the walk began: the login may take minutes.
            ago = clock.loop_time - began
            span = self._range(slack=_CLOCK_SLACK if unsure else 0.0, ago=ago)
        return span, None

    async def _learn_time(self, token: str | None) -> None:
        try:
            await self.gateway.learn_time()
        except GizwitsError as error:
            if token is not None:
                make_resumable(error, token)
            raise

    def _settled(self) -> int:
        """Return the second before which all records show."""
        return floor(self.gateway.clock.earliest() - (self.settle or 0.0))

    def _range(self, *, slack: float, ago: float = 0.0) -> Range:
        options, clock = self.gateway.options, self.gateway.clock
        limits = LogLimits.known(self.gateway.traits, options.max_log_span)
        # A server that refuses unfinished seconds is asked for whole past seconds.
        now, end = floor(clock.earliest()) if limits.finished_only else clock.now(), self.end
        if self.settle is not None and (end is None or end > self._settled()):
            now, end = self._settled(), None
        return resolve(
            self.start,
            end,
            now=now,
            earliest=clock.earliest() - ago - slack,
            latest=clock.latest() + slack,
            owned=limits.owned(self.gateway.traits, inclusive=options.start_inclusive),
        )


def _exact(moment: float | None) -> str | None:
    return None if moment is None else repr(float(moment))


def _state(state: Any) -> tuple[float, float | None, int | None]:
    start, end, position = state
    if end is None and position is None and Range(start, start).first >= 0:
        return start, None, None
    span = Range(start, end)
    if type(position) is not int or not span.first <= position <= span.last:
        raise ValueError("not a position")
    return start, end, position
