"""Windows: each whole second has exactly one owner, and no query is wider than allowed. Pure."""

from itertools import pairwise
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gizwits_async.errors import LogRangeError
from gizwits_async.models.times import LOG_LIFE, edge, utc_text
from gizwits_async.streams.windows import (
    Range,
    Sort,
    Window,
    bounds_of,
    owned_seconds,
    resolve,
    window_at,
)

NOW = 1_790_000_000
SPAN = 172_800


def cut(first: int, last: int, *, span: int, inclusive: bool, sort: Sort) -> list[Window]:
    """Return the windows of a walk that meets no obstacle."""
    owned = owned_seconds(span, inclusive=inclusive)
    position = last if sort == "desc" else first
    windows = []
    while first <= position <= last:
        window = window_at(position, first, last, sort=sort, owned=owned)
        windows.append(window)
        position = window.first - 1 if sort == "desc" else window.last + 1
    return windows


@pytest.mark.fault("X10")
@given(
    length=st.integers(1, 500),
    span=st.integers(2, 80),
    inclusive=st.booleans(),
    sort=st.sampled_from(["asc", "desc"]),
)
def test_each_second_has_one_owner_and_neighbours_overlap(
    length: int, span: int, inclusive: bool, sort: Sort
) -> None:
    """Nothing between the windows, nothing twice, and each query surely covers what it owns."""
    first, last = NOW - length, NOW - 1
    windows = cut(first, last, span=span, inclusive=inclusive, sort=sort)
    owned = [s for w in windows for s in range(w.first, w.last + 1)]
    assert sorted(owned) == list(range(first, last + 1))
    queries = [bounds_of(w, oldest=0, until=NOW + 7, inclusive=inclusive) for w in windows]
    for window, query in zip(windows, queries, strict=True):
        assert query.end - query.start <= span
        # For certain, [S, E] gives the seconds S+1 ... E-1; S too if the start is trusted.
        assert query.start + (not inclusive) <= window.first
        assert window.last <= query.end - 1
    ordered = queries if sort == "asc" else queries[::-1]
    for one, other in pairwise(ordered):
        assert other.start <= one.end - (not inclusive)
    assert [w.first for w in windows] == sorted((w.first for w in windows), reverse=sort == "desc")


@pytest.mark.parametrize("sort", ["asc", "desc"])
@pytest.mark.parametrize(
    ("length", "inclusive", "calls"),
    [
        (2 * 172_799, False, 2),
        (2 * 172_800, False, 3),
        (2 * 172_800, True, 2),
        (15 * 172_800, False, 16),
        (15 * 172_800, True, 15),
        (172_799, False, 1),
        (172_800, False, 2),
        (1, False, 1),
    ],
)
def test_what_a_range_costs(length: int, inclusive: bool, calls: int, sort: Sort) -> None:
    """n x 172,800 s cost n+1 calls, or n where the start is trusted; n x 172,799 s cost n."""
    assert len(cut(NOW - length, NOW - 1, span=SPAN, inclusive=inclusive, sort=sort)) == calls


@given(
    start=st.floats(NOW - 1e5, NOW - 1), length=st.floats(0, 1e5), time=st.floats(NOW - 1e5, NOW)
)
def test_a_range_reaches_the_seconds_that_hold_its_records(
    start: float, length: float, time: float
) -> None:
    """Half-open: start <= t < end; the whole seconds first to last hold all such t, no more."""
    span = Range(start, start + length)
    if span.start <= time < span.end:
        assert span.first <= floor(time) <= span.last
    if length > 0:
        assert (span.first, span.last) == (floor(span.start), ceil(span.end) - 1)


def test_the_edge_and_the_future_narrow_a_query() -> None:
    """Never older than 30 days nor later than now; widened by a second wherever that is allowed."""
    window = Window(NOW - LOG_LIFE - 10, NOW - LOG_LIFE + 10)
    query = bounds_of(window, oldest=edge(NOW), until=NOW + 1, inclusive=False)
    assert query.start == edge(NOW) == NOW - LOG_LIFE
    ahead = Window(NOW - 10, NOW + 99)
    query = bounds_of(ahead, oldest=edge(NOW), until=NOW + 1, inclusive=False)
    assert (query.start, query.end) == (NOW - 11, NOW + 1)
    query = bounds_of(Window(NOW + 5, NOW + 9), oldest=edge(NOW), until=NOW, inclusive=False)
    assert query.start <= query.end


@given(first=st.integers(-LOG_LIFE - 100, 50), length=st.integers(0, 200), age=st.floats(0, 1))
def test_no_query_is_reversed_or_outside_of_what_is_kept(
    first: int, length: int, age: float
) -> None:
    """Whatever the clock has done meanwhile."""
    window = Window(NOW + first, NOW + first + length)
    query = bounds_of(window, oldest=edge(NOW), until=floor(NOW - age), inclusive=False)
    assert edge(NOW) <= query.start <= query.end


def resolved(start: float | None, end: float | None) -> Range:
    return resolve(start, end, now=NOW - 0.25, earliest=NOW - 0.5, latest=NOW + 0.5, owned=SPAN - 1)


def test_what_is_left_out_is_filled_in() -> None:
    """`end=None` is now; `start=None` one full window before."""
    assert resolved(None, None) == Range(NOW - 172_799, NOW - 0.25)
    assert resolved(NOW - 10, None) == Range(NOW - 10, NOW - 0.25)
    assert resolved(None, NOW - 100) == Range(NOW - 100 - 172_799, NOW - 100)
    assert resolved(NOW - 5, NOW + 1000) == Range(NOW - 5, NOW + 1000)
    assert resolved(NOW - 5, NOW - 5) == Range(NOW - 5, NOW - 5)
    assert resolved(NOW - 0.2, None) == Range(NOW - 0.2, NOW - 0.2)


@pytest.mark.fault("X11")
@pytest.mark.parametrize(
    ("start", "end"), [(NOW + 2, None), (NOW + 2, NOW + 9), (NOW - 5, NOW - 6)]
)
def test_a_range_that_cannot_be_is_refused(start: float, end: float | None) -> None:
    """Reversed, or begun in the future."""
    with pytest.raises(ValueError, match=r"future|reversed"):
        resolved(start, end)


@pytest.mark.fault("X11")
def test_the_oldest_start_is_the_same_where_the_clock_is_unknown() -> None:
    """What is named as the oldest is what is allowed, and not hours later."""
    with pytest.raises(LogRangeError) as caught:
        resolve(0, None, now=NOW, earliest=NOW - 5400, latest=NOW + 5400, owned=SPAN - 1)
    assert caught.value.oldest == NOW - 5400 - LOG_LIFE
    assert "start 1970-01-01T00:00:00Z is too old" in str(caught.value)


@pytest.mark.fault("X11")
def test_a_range_that_is_too_old_says_what_is_allowed() -> None:
    """The oldest start that it names is accepted, and one second older is not, give or take one."""
    with pytest.raises(LogRangeError) as caught:
        resolved(NOW - LOG_LIFE - 100, None)
    oldest = caught.value.oldest
    assert str(caught.value).endswith(utc_text(oldest))
    assert resolved(oldest, None).start == oldest
    with pytest.raises(LogRangeError):
        resolved(oldest - 4, None)
    assert resolved(NOW - LOG_LIFE, None), "now minus 30 days, computed a moment ago, is fine"
