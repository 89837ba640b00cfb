"""What a worker refuses before it begins; no message quotes a password."""

import asyncio

import pytest

from gizwits_async import ArgumentError, Credentials
from gizwits_async.profiles import Profile
from gizwits_async.scan import ScanStoreError
from gizwits_async.workers import Fleet, fleet_status, worker_app


@pytest.mark.parametrize("database", ["fleet.db", "mysql://u:hidden@db/x", "http://db", ""])
async def test_a_database_that_is_no_postgresql_is_refused(database: str) -> None:
    """The message says what is wanted, and quotes nothing."""
    with pytest.raises(ArgumentError, match=r"^the database must be PostgreSQL: postgresql://"):
        worker_app(database, {})


async def test_a_database_that_is_away_is_an_error_without_a_password() -> None:
    """Nobody listens there: the name of the database is in the message."""
    refused = r"^postgresql://127.0.0.1:1/fleet: .*refused"
    with pytest.raises(ScanStoreError, match=refused) as caught:
        await asyncio.wait_for(
            fleet_status("postgresql://user:hidden@127.0.0.1:1/fleet?connect_timeout=1"), 30
        )
    assert "hidden" not in str(caught.value)


def test_two_profiles_of_one_enterprise_have_one_quota() -> None:
    """Which of two numbers holds cannot be known; the message has both."""
    keys = Credentials(
        enterprise_id="e", enterprise_secret="s", product_key="p", product_secret="t"
    )
    one = Profile(name="one", credentials=keys, calls_per_hour=7200)
    two = Profile(name="two", credentials=keys)
    with pytest.raises(ArgumentError, match=r"one and two are one enterprise.*7,200 and 3,600"):
        worker_app("postgresql://db/fleet", {"one": one, "two": two})


@pytest.mark.parametrize(
    "numbers", [{"slice_seconds": 0}, {"stalled_after": -1}, {"slice_seconds": float("nan")}]
)
def test_numbers_of_a_worker_must_be_positive(numbers: dict[str, float]) -> None:
    """A slice of no time would never bring anything."""
    with pytest.raises(ArgumentError, match=f"{next(iter(numbers))} must be positive"):
        worker_app("postgresql://db/fleet", {}, **numbers)


@pytest.mark.parametrize("password", ["gehe#im", "gehe/im", "gehe?im", "gehe%im", "ge@heim"])
def test_no_password_of_a_url_is_shown(password: str) -> None:
    """A character that ends it is named, and no part of the password is in the message."""
    with pytest.raises(ArgumentError) as caught:
        Fleet(f"postgresql://gizwits:{password}@db/fleet")
    assert "gehe" not in str(caught.value)
    assert "heim" not in str(caught.value)
