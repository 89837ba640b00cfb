"""Times as they are typed."""

from datetime import UTC, datetime

import pytest

from gizwits_async.cli.times import moment, span


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("30m", 1800),
        ("12h", 43_200),
        ("1d", 86_400),
        ("2d", 172_799),
        ("4d", 2 * 172_799),
        ("1w", 3 * 172_799 + 86_400),
        ("30d", 15 * 172_799),
    ],
)
def test_a_span_fits_whole_windows(text: str, seconds: int) -> None:
    """Two typed days are one window, which owns a second less than it spans."""
    assert span(text) == seconds


@pytest.mark.parametrize("text", ["", "4", "d", "0d", "-1d", "4 d", "4y", "1.5d", "٤d", "4d4d"])
def test_what_is_no_span_is_refused(text: str) -> None:
    """Anything else is an error that shows the right spellings."""
    with pytest.raises(ValueError, match="write 90s, 30m"):
        span(text)


def test_moments_are_epoch_seconds_or_carry_an_offset() -> None:
    """Both spellings give the same point in time."""
    assert moment("1790000000") == 1_790_000_000
    assert moment("1790000000.5") == 1_790_000_000.5
    assert moment("2026-11-22T08:00:00+08:00") == datetime(2026, 11, 22, tzinfo=UTC)
    assert moment("2026-11-22T00:00:00Z") == datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-11-22", "2026-11-22T08:00:00", "", "-5", "1e9"]
)
def test_moments_without_an_offset_are_refused(text: str) -> None:
    """Whose noon it is must be said."""
    with pytest.raises(ValueError, match=r"offset|not a time"):
        moment(text)
