"""Which range a scan reads, by its arguments and by what its store holds."""

import pytest

from gizwits_async.errors import ArgumentError, LogRangeError
from gizwits_async.scan.scan_range import RequestedRange, ScanState, Since, resolve_range
from tests.scan.common import DAY

NOW = 1_790_000_000
EDGE = NOW - 30 * DAY + 2
OWNED = 172_799


def first(start: Since | float, end: float | None = None, *, owned: int = OWNED) -> ScanState:
    """Return the range of a first run."""
    return resolve_range(
        RequestedRange.of(start, end),
        None,
        product_key="p",
        now=NOW + 0.5,
        oldest=EDGE,
        owned=owned,
        finished=False,
    )


@pytest.mark.parametrize("windows", range(1, 15))
def test_a_relative_range_of_n_times_two_days_takes_n_queries(windows: int) -> None:
    """The few seconds that would cost one more query a log are left to the next run."""
    state = first(Since(windows * 2 * DAY))
    assert state.start == NOW - windows * 2 * DAY
    assert state.end == NOW - 2 * windows
    for owned in (OWNED, OWNED - 1):  # The second where two days are too long for the service.
        assert -(-(state.end - state.start) // owned) == windows


@pytest.mark.parametrize("seconds", [1, 3600, DAY, OWNED - 1, 2 * DAY + 5, 3 * DAY])
def test_any_other_relative_range_ends_at_now(seconds: int) -> None:
    """Only seconds that cost a query of their own are left out, and only a few."""
    assert (first(Since(seconds)).start, first(Since(seconds)).end) == (NOW - seconds, NOW)
    assert first(Since(2 * DAY), owned=2 * DAY + 1).end == NOW


@pytest.mark.parametrize("seconds", [30 * DAY, 30 * DAY - 8])
def test_a_relative_range_of_thirty_days_keeps_off_the_edge(seconds: int) -> None:
    """What a login takes would already make a gap at its beginning; it still takes 15 queries."""
    state = first(Since(seconds))
    assert state.start == EDGE + 10
    assert -(-(state.end - state.start) // (OWNED - 1)) == 15


def test_an_absolute_range_is_taken_as_it_is() -> None:
    """A fixed start or end is kept to the second, and refused where it cannot be read."""
    assert (first(NOW - 4 * DAY).start, first(NOW - 4 * DAY).end) == (NOW - 4 * DAY, NOW)
    assert first(NOW - 4 * DAY, NOW - 5).end == NOW - 5
    with pytest.raises(LogRangeError):
        first(NOW - 31 * DAY)
    with pytest.raises(ArgumentError, match="future"):
        first(NOW + 2)
    with pytest.raises(ArgumentError, match="no last scan"):
        first(Since())
