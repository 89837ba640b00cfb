"""Decides which range a scan reads, given its arguments and what its store holds. Pure."""

from math import ceil, floor

from attrs import evolve, field, frozen

from gizwits_async.errors import ArgumentError, LogRangeError
from gizwits_async.models.times import Moment, as_epoch, utc_text
from gizwits_async.scan.errors import StoreMismatchError

__all__ = ["RequestedRange", "ScanState", "Since", "resolve_range"]

_EDGE_SLACK = 60
"""Seconds by which a start may miss the 30-day edge: it was computed a moment before."""
_EDGE_MARGIN = 10
"""Seconds that a relative start keeps off the edge: what a login and a first page may take."""
_MAX_SECONDS = 10.0**15
"""A longer span is refused: no start can be computed from it, and larger integers fit no float."""


def _length(instance: object, attribute: object, value: float | None) -> None:
    del instance, attribute
    if value is not None and not 0 < value < _MAX_SECONDS:
        raise ArgumentError(
            f"seconds must be positive, and less than {_MAX_SECONDS:g}, not {value!r:.40}"
        )


@frozen
class Since:
    """A start relative to the first run, for a scan that is run again and again.

    The first run begins so many seconds before now, and stores the range that results. A later run
    finishes that range first; once it is finished, it reads what came after its end.

    A log query brings a second less than it may span, or two where two days are too long for the
    service. Where the range is longer than a whole number of queries by so few seconds only, its
    last seconds are left to the next run: `Since(4 * 86_400)` takes two queries a log, and not three.
    """

    seconds: float | None = field(default=None, validator=_length)
    """Seconds before now at which the first run begins; None to refuse a first run."""

    def resolve(self, now: float, *, oldest: int, owned: int) -> tuple[int, int]:
        """Return the range of a first run, in epoch seconds UTC.

        Args:
            now: The earliest that it can be at the server, in epoch seconds.
            oldest: The oldest second that a log can be asked for.
            owned: Seconds that one log query owns.

        Raises:
            ArgumentError: There must have been an earlier run.
        """
        if self.seconds is None:
            raise ArgumentError(
                "there is no last scan to go on from: give a start (`--since 4d` on the command line)"
            )
        start, end = floor(now - self.seconds), floor(now)
        if oldest - _EDGE_SLACK <= start:
            # A start right at the edge would fall off it before it is read.
            start = max(start, oldest + _EDGE_MARGIN)
        # Whether two days are too long shows at the first query, when the range is fixed.
        queries, rest = divmod(end - start, max(owned - 1, 1))
        return start, end - rest if rest <= 2 * queries else end


@frozen(kw_only=True)
class ScanState:
    """The range of a scan and how far it is, as its store keeps it."""

    product_key: str
    start: int
    """First second of the range, in epoch seconds UTC."""
    end: int
    """The second after the last one."""
    wanted_end: int | None = None
    """The end as it was asked for; the range ends earlier if it was in the future then."""
    run: int = 1
    """Counts the ranges that this store was extended to."""
    listing: str | None = None
    """Resume token of the device listing; `done` after its end, None before its beginning."""
    over: bool = False
    """Whether a run came to the end of this range: what is left of it has failed."""


@frozen(kw_only=True)
class RequestedRange:
    """The range as the caller of a scan gave it."""

    start: int | Since
    end: int | None

    @classmethod
    def of(cls, start: Moment | Since, end: Moment | None) -> "RequestedRange":
        """Return the range of these arguments, in whole seconds.

        Raises:
            ArgumentError: A naive datetime, a reversed range, or `Since` with an end.
        """
        until = as_epoch("end", end)
        if isinstance(start, Since):
            if until is not None:
                raise ArgumentError("a scan with Since(...) ends at now: leave the end out")
            return cls(start=start, end=None)
        since = as_epoch("start", start)
        if since is None:
            raise ArgumentError("start is missing: an aware datetime, epoch seconds, or Since(...)")
        if until is not None and until <= since:
            raise ArgumentError(f"the range is reversed or empty: start {start}, end {end}")
        return cls(start=floor(since), end=None if until is None else ceil(until))

    def note_on_start(self, state: ScanState, *, now: float, oldest: int) -> str | None:
        """Return what to say of a relative start that lies before the beginning of the store.

        Args:
            state: The range of the scan.
            now: The earliest that it can be at the server, in epoch seconds.
            oldest: The oldest second that a log can be asked for.

        Returns:
            A sentence; None if the range reaches back as far as was asked.
        """
        seconds = self.start.seconds if isinstance(self.start, Since) else None
        if seconds is None or max(now - seconds, oldest) >= state.start - _EDGE_SLACK:
            return None
        return (
            f"the store begins at {utc_text(state.start)}, later than was asked for, and a scan does not reach"
            " further back: name another store for that"
        )


def resolve_range(
    requested: RequestedRange,
    held: ScanState | None,
    *,
    product_key: str,
    now: float,
    oldest: int,
    owned: int,
    finished: bool,
) -> ScanState:
    """Return the range to scan now.

    Args:
        requested: The range as it was given.
        held: The state in the store; None if it holds no scan.
        product_key: The product to scan.
        now: The earliest that it can be at the server, in epoch seconds.
        oldest: The oldest second that a log can be asked for.
        owned: Seconds that one log query owns.
        finished: Whether the store has all of the range that it holds.

    Raises:
        StoreMismatchError: The store belongs to another product, or holds another range.
        LogRangeError: A new range begins more than 30 days ago.
        ArgumentError: The range begins in the future, or `Since()` found no earlier scan.
    """
    if held is None:
        start, end = _first_range(requested, now, oldest=oldest, owned=owned)
        return ScanState(product_key=product_key, start=start, end=end, wanted_end=requested.end)
    if held.product_key != product_key:
        raise StoreMismatchError(
            f"the store holds product {held.product_key}, this scan is of {product_key}"
        )
    other_start = not isinstance(requested.start, Since) and requested.start != held.start
    if other_start or requested.end not in {None, held.end, held.wanted_end}:
        raise StoreMismatchError(
            f"the store holds {utc_text(held.start)} to {utc_text(held.end)}, which is not the range"
            " asked for; ask for that one, or for Since(), or name another store"
        )
    end = _end(requested, now)
    # A part that fails for good (a deleted device, a closed log) must not keep the range from
    # being extended night after night.
    if not finished and not (held.over and end > held.end):
        return held
    return evolve(
        held,
        end=max(held.end, end),
        wanted_end=requested.end,
        run=held.run + 1,
        listing=None,
        over=False,
    )


def _first_range(
    requested: RequestedRange, now: float, *, oldest: int, owned: int
) -> tuple[int, int]:
    start, end = requested.start, _end(requested, now)
    if isinstance(start, Since):
        start, end = start.resolve(now, oldest=oldest, owned=owned)
    if start > floor(now):
        raise ArgumentError(f"the range begins in the future: {start} is after {floor(now)}, now")
    if start < oldest - _EDGE_SLACK:
        raise LogRangeError(
            f"logs are kept for 30 days: start {utc_text(start)} is too old, the oldest allowed is"
            f" {utc_text(oldest)}",
            oldest=oldest,
        )
    return start, max(start, end)


def _end(requested: RequestedRange, now: float) -> int:
    return floor(now) if requested.end is None else min(requested.end, floor(now))
