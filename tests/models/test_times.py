"""Moments are read exactly and never guessed; the `Date` header is UTC."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gizwits_async.errors import ArgumentError
from gizwits_async.models.times import as_epoch, epoch_of
from gizwits_async.quota.headers import read

MARCH = 1_772_323_200


@pytest.fixture(params=["CST-8", "CET-1"])
def elsewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set the machine's time zone east of UTC: the service's users are at UTC+8."""
    epoch_of.cache_clear()
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("zone", [" GMT", " +0000", " -0000", ""])
def test_a_date_is_utc_whatever_our_zone_is(zone: str) -> None:
    """HTTP dates are UTC; one without a zone must not be read as local time."""
    date = f"Sun, 01 Mar 2026 00:00:00{zone}"
    assert epoch_of(date) == MARCH
    headers = {"date": date, "x-ratelimit-reset": str(MARCH + 900)}
    reading, _ = read(headers, calls=3600, longest=3612)
    assert reading.reset_in == 901


@pytest.mark.parametrize("text", ["", "yesterday", "Sun, 01 Mar 99999 00:00:00 GMT", "0"])
def test_an_invalid_date_is_none(text: str) -> None:
    """A `Date` header that cannot be parsed is treated as absent."""
    assert epoch_of(text) is None


NOW = 1_790_000_000


@pytest.mark.fault("X11")
@pytest.mark.parametrize(
    ("moment", "epoch"),
    [
        (None, None),
        (NOW, NOW),
        (NOW + 0.229, NOW + 0.229),
        (datetime.fromtimestamp(NOW, UTC), NOW),
        (datetime.fromtimestamp(NOW, timezone(timedelta(hours=8))), NOW),
        (datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=0), 1_792_888_200),
        (datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1), 1_792_891_800),
    ],
)
def test_a_moment_is_read_exactly(moment: Any, epoch: float | None) -> None:
    """Aware datetimes of any zone, daylight saving time included; epoch seconds as they are."""
    assert as_epoch("start", moment) == epoch


@pytest.mark.fault("X11")
@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 1, 1),  # noqa: DTZ001 - a naive datetime is the subject
        "2026-01-01",
        True,
        float("nan"),
        float("inf"),
        10**400,
        [NOW],
        datetime(2026, 1, 1, tzinfo=UTC).date(),
    ],
)
def test_anything_but_a_moment_is_an_argument_error(moment: Any) -> None:
    """A naive datetime, or a value that is not a time, is refused by the name of its argument."""
    with pytest.raises(ArgumentError, match="start"):
        as_epoch("start", moment)
