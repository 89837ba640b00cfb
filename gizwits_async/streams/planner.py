"""Plans the queries of a walk: which seconds of its range are left, and which can be asked for now.

Pure but for the clock. Time passes while a walk waits for quota: old seconds fall off the edge of the
log, and the present moves. Seconds that cannot be read are gaps, never silently passed over.
"""

from collections.abc import Iterator, Sequence
from math import floor

from gizwits_async.streams.base import Sort
from gizwits_async.streams.limits import LogLimits
from gizwits_async.streams.windows import (
    Bounds,
    Range,
    Window,
    bounds_of,
    owned_seconds,
    window_at,
)
from gizwits_async.wire.clock import ServerClock
from gizwits_async.wire.traits import ServiceTraits

__all__ = ["QueryPlanner"]

_MAX_LAG = 120
"""Seconds that a server's `Date` may lag: an end no further ahead is taken to lie in the past."""


class QueryPlanner:
    """The seconds of a range that are left to read."""

    def __init__(
        self,
        *,
        span: Range,
        position: int | None,
        sort: Sort,
        past: bool,
        longest: int,
        inclusive: bool,
        clock: ServerClock,
        traits: ServiceTraits,
    ) -> None:
        """Begin at a position.

        Args:
            span: The range to read.
            position: Where to go on; None for the beginning.
            sort: Whether to read oldest or newest first.
            past: Whether the range is known to lie in the past, whatever `clock` says.
            longest: Longest span of one query, in seconds.
            inclusive: Whether the server is trusted to include `start_ts`.
            clock: The server's time.
            traits: What was learned of the service.
        """
        self.desc = sort == "desc"
        self._sort: Sort = sort
        self._first, self._last = span.first, span.last
        start = self._last if self.desc else self._first
        self._begin = start if position is None else position
        self.position: int | None = self._begin
        """The first second that was not released yet; None at the end of the walk."""
        self.gaps: list[tuple[int, int]] = []
        """First and last second of parts that could not be asked for."""
        self._past = past or span.end <= clock.latest() + _MAX_LAG
        self._longest = longest
        self._start_trusted = inclusive
        self._at_start: int | None = None
        """A `start_ts` at which a record was seen."""
        self._clock = clock
        self._traits = traits
        self._began = False
        self._trials: Iterator[LogLimits] = iter(())
        self._trial: LogLimits | None = None
        """Limits that are tried after a refusal, and that no reply has confirmed yet."""
        self._before_trial = self._state

    @property
    def _limits(self) -> LogLimits:
        return self._trial or LogLimits.known(self._traits, self._longest)

    @property
    def _inclusive(self) -> bool:
        return self._start_trusted or self._traits.start_inclusive is True

    @property
    def start_trial(self) -> Bounds | None:
        """The bounds of a query that shows whether `start_ts` is included; None if that saves nothing.

        A record that is written at `start_ts` proves nothing alone: its time may be written without
        the fraction by which the server compares it. A query that begins and ends at its second does.
        """
        unknown = self._traits.start_inclusive is None and not self._start_trusted
        if not unknown or (at := self._at_start) is None:
            return None
        span, whole = self._limits.span, self._last - self._first + 1
        if -(-whole // span) == -(-whole // (span - 1)):
            return None
        return Bounds(at, at) if at >= self._limits.edge(self._clock.latest()) else None

    def saw(self, bounds: Bounds, times: Sequence[float]) -> None:
        """Note a record at the very start of a query."""
        if times and bounds.start in {times[0], times[-1]}:
            self._at_start = bounds.start

    def learn_start(self, *, found: bool) -> None:
        """Keep whether the query of `start_trial` returned a record."""
        self._at_start, self._traits.start_inclusive = None, found

    @property
    def _state(self) -> tuple[int | None, int, int, list[tuple[int, int]]]:
        return self.position, self._first, self._last, [*self.gaps]

    @property
    def pause(self) -> float:
        """Seconds until the last second of a range that ends right now is over.

        Zero but where the server refuses unfinished seconds.
        """
        left = self._last + 1 - self._clock.earliest()
        waits = self._past and 0.0 < left <= _MAX_LAG and self._limits.finished_only
        return left if waits else 0.0

    def clamp(self) -> None:
        """Pass over seconds that fell off the edge of the log, or cannot be asked for yet."""
        if self.position is None:
            return
        oldest, newest = self._limits.edge(self._clock.latest()), self._newest()
        if self._past:
            first = newest + 1 if self.desc else max(self.position, newest + 1)
            self._add_gap(first, self.position if self.desc else self._last)
            self._last = min(self._last, newest)
        if self.desc:
            self.position = min(self.position, newest)
            self._add_gap(self._first, min(oldest - 1, self.position))
        else:
            self._add_gap(self.position, min(oldest - 1, self._last))
            self.position = max(self.position, oldest)
        self._first = max(self._first, oldest)
        if not self._first <= self.position <= min(self._last, newest):
            self.position = None

    def open(self) -> tuple[Window, Bounds]:
        """Return the window at the position, and the bounds of its query.

        Called when the permit for the query is granted: an hour in the queue moves the present as
        well as the edge of the log.
        """
        limits, newest = self._limits, self._newest()
        if self.desc and not self._began:
            self.position = min(self._begin, newest)
        if self.position is None:
            raise AssertionError("unreachable")
        owned = owned_seconds(limits.span, inclusive=self._inclusive)
        window = window_at(self.position, self._first, self._last, sort=self._sort, owned=owned)
        # Events of the present second are only returned for certain if all of it is asked for.
        until = floor(self._clock.earliest()) if limits.finished_only else newest + 1
        oldest = limits.edge(self._clock.latest())
        bounds = bounds_of(window, oldest=oldest, until=until, inclusive=self._inclusive)
        if bounds.start > window.first:
            # Newest first, the seconds after the window were released already: no gap there.
            self._add_gap(
                window.first, min(bounds.start - 1, window.last if self.desc else self._last)
            )
            self._first = max(self._first, bounds.start)
            last = window.last if self.desc else max(bounds.start, window.last)
            window = Window(bounds.start, last)
            self.position = self.position if self.desc else bounds.start
        return window, bounds

    def accepted(self) -> None:
        """Remember for all walks that the last query was accepted."""
        self._began = True
        if self._trial is not None:
            self._trial.remember(self._traits)
            self._trial = None

    def refused(self, bounds: Bounds) -> bool:
        """Return whether there are tighter limits to try after a query was refused."""
        if self._trial is None:
            self._before_trial = self._state
            self._trials = self._limits.tighter(
                bounds, earliest=self._clock.earliest(), latest=self._clock.latest()
            )
        self.position, self._first, self._last, self.gaps = self._before_trial
        self._before_trial = self._state
        self._trial = next(self._trials, None)
        return self._trial is not None

    def second_behind(self, bounds: Bounds) -> Bounds:
        """Return the bounds of one second behind the position, within a query that was accepted."""
        position = self.position or 0
        end = max(position - 1, bounds.start + 1) if self.desc else min(position + 2, bounds.end)
        return Bounds(max(end - 1, bounds.start), end)

    def finish(self, window: Window) -> None:
        """Go on behind a window that was read to its end."""
        after = window.first - 1 if self.desc else window.last + 1
        self.position = after if self._first <= after <= self._last else None

    def _newest(self) -> int:
        """Return the latest second that can be asked for."""
        if not self._past:
            return floor(self._clock.latest())
        if self._limits.finished_only:
            return min(floor(self._clock.earliest()) - 1, self._last)
        return self._last

    def _add_gap(self, first: int, last: int) -> None:
        if first <= last:
            self.gaps.append((first, last))
