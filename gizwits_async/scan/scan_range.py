"""Which range a scan means, given what its store holds already. Pure."""

from datetime import UTC, datetime
from math import ceil, floor

from attrs import evolve, field, frozen

from gizwits_async.errors import LogRangeError
from gizwits_async.models.times import Moment, as_epoch
from gizwits_async.scan.errors import StoreMismatchError

__all__ = ["RequestedRange", "ScanState", "Since", "resolve_range"]

_MOMENT = 60
"""Seconds by which a start may miss the edge: it was computed a moment ago."""
_FAR = 10.0**15
"""Beyond this a number of seconds is no length of time."""


def _seconds(instance: object, attribute: object, value: float | None) -> None:
    del instance, attribute
    # From infinity and NaN no start can be computed, nor from an int that is beyond all floats.
    if value is not None and not 0 < value < _FAR:
        raise ValueError(f"seconds must be positive, and less than {_FAR:g}, not {value!r:.40}")


@frozen
class Since:
    """A start that moves along: so many seconds before now, and then from run to run.

    The first run with it writes down the range that it comes to. The next one goes on with that
    range while it is unfinished, and takes what has come since then afterwards.
    """

    seconds: float | None = field(default=None, validator=_seconds)
    """How far back the first run begins; None: there must have been one."""


@frozen(kw_only=True)
class ScanState:
    """What a store knows of its scan as a whole."""

    product_key: str
    start: int
    """First second of the range, in epoch seconds UTC."""
    end: int
    """The second after the last one."""
    wanted_end: int | None = None
    """The end that was asked for, if it was a fixed one: it may have been in the future then."""
    run: int = 1
    """Counts the ranges that this store went on to."""
    listing: str | None = None
    """Where the listing of the devices goes on; `done` after its end, None before its beginning."""
    over: bool = False
    """Whether a run came to the end of this range: what is still left of it had failed."""


@frozen(kw_only=True)
class RequestedRange:
    """What the caller of a scan asked for."""

    start: int | Since
    end: int | None

    @classmethod
    def of(cls, start: Moment | Since, end: Moment | None) -> "RequestedRange":
        """Return what these arguments mean, in whole seconds.

        Raises:
            ValueError: A naive datetime, a reversed range, or an end of a range that moves along.
        """
        until = as_epoch("end", end)
        if isinstance(start, Since):
            if until is not None:
                raise ValueError("a scan since then goes up to now: leave the end out")
            return cls(start=start, end=None)
        since = as_epoch("start", start)
        if since is None:
            raise ValueError("start is missing: an aware datetime, epoch seconds, or Since(...)")
        if until is not None and until <= since:
            raise ValueError(f"the range is reversed or empty: start {start}, end {end}")
        return cls(start=floor(since), end=None if until is None else ceil(until))


def resolve_range(
    wanted: RequestedRange,
    state: ScanState | None,
    *,
    product_key: str,
    now: float,
    oldest: int,
    finished: bool,
) -> ScanState:
    """Return the range to scan now.

    Args:
        wanted: What was asked for.
        state: What the store holds; None if nothing.
        product_key: The product to scan.
        now: The earliest that it can be at the server, in epoch seconds.
        oldest: The oldest second that a log can be asked for.
        finished: Whether the store has all of the range that it holds.

    Raises:
        StoreMismatchError: The store is another product's, or holds another range.
        LogRangeError: A new range begins more than 30 days ago.
        ValueError: The range begins in the future, or nothing was ever scanned to go on from.
    """
    present = floor(now)
    if state is None:
        start = _first(wanted.start, now)
        if start > present:
            raise ValueError(f"the range begins in the future: {start} is after {present}, now")
        if start < oldest - _MOMENT:
            raise LogRangeError(
                f"logs are kept for 30 days: start {start} is too old, the oldest allowed is"
                f" {oldest}",
                oldest=oldest,
            )
        end = present if wanted.end is None else min(wanted.end, present)
        return ScanState(
            product_key=product_key, start=start, end=max(start, end), wanted_end=wanted.end
        )
    if state.product_key != product_key:
        raise StoreMismatchError(
            f"the store holds product {state.product_key}, this scan is of {product_key}"
        )
    other_start = not isinstance(wanted.start, Since) and wanted.start != state.start
    if other_start or wanted.end not in {None, state.end, state.wanted_end}:
        raise StoreMismatchError(
            f"the store holds {_shown(state.start)} to {_shown(state.end)}, which is not the range"
            " asked for; ask for that one, or since then, or name another store"
        )
    end = present if wanted.end is None else min(wanted.end, present)
    # What fails for good, a deleted device or a closed log, must not keep all else from going on.
    if not finished and not (state.over and end > state.end):
        return state
    return evolve(
        state,
        end=max(state.end, end),
        wanted_end=wanted.end,
        run=state.run + 1,
        listing=None,
        over=False,
    )


def _first(start: int | Since, now: float) -> int:
    if not isinstance(start, Since):
        return start
    if start.seconds is None:
        raise ValueError("there is no last scan to go on from: give a start")
    return floor(now - start.seconds)


def _shown(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%SZ}"
