"""The `Date` header is read as UTC, for the clock and for the quota alike."""

import time
from collections.abc import Iterator

import pytest

from gizwits_async.models.times import epoch_of
from gizwits_async.quota.headers import read

MARCH = 1_772_323_200


@pytest.fixture(params=["CST-8", "CET-1"])
def elsewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose zone is not Greenwich's; that of the service's users is eight hours east."""
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
    assert read(headers, calls=3600, longest=3612).reset_in == 901


@pytest.mark.parametrize("text", ["", "yesterday", "Sun, 01 Mar 99999 00:00:00 GMT", "0"])
def test_what_is_no_date_is_none(text: str) -> None:
    """Whatever a server writes there."""
    assert epoch_of(text) is None
