"""What the quota promises over hours and days, at every kind of server; the long ones are slow."""

from collections.abc import Iterable

import pytest

from gizwits_async.quota import HourlyQuota
from tests.doubles import VirtualLoop, virtually
from tests.quota import days
from tests.quota.days import FAIR, HONEST, HOUR, day
from tests.quota.servers import KINDS

LONG = pytest.mark.timeout(1800)


def slow(values: Iterable[object]) -> list[object]:
    """Mark these parameters as slow: a smaller one is in the suite."""
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]


def test_fifty_calls_of_a_fresh_process_go_at_once():
    """Without headers and without a state: 50 of 50 within a second."""
    found = virtually(days.at_once("sliding, oldest", HourlyQuota(), 50, mute=True), VirtualLoop)
    assert found.waited(1) < 1


@pytest.mark.parametrize("known", ["by headers", "by the books"])
def test_two_hundred_calls_of_an_unused_hour_go_at_once(known):
    """Headers or a state that show an unused hour: 200 of 200 within 2 s of time on the wire."""
    mute = known == "by the books"
    quota = HourlyQuota(spent=0 if mute else None)
    found = virtually(days.at_once("fixed, from mid-hour", quota, 200, mute=mute), VirtualLoop)
    assert found.waited(1) < 2


@LONG
@pytest.mark.parametrize("mute", [True, False])
@pytest.mark.parametrize("kind", ["sliding, oldest", *slow(FAIR)])
def test_crowds_go_at_once_beside_a_full_bulk_lane(kind, mute):
    """After an hour with such crowds 95 % of 200 go at once, and 99 % within 3 s."""
    found = virtually(days.crowds(kind, mute=mute), VirtualLoop)
    assert found.server.refused == 0
    assert found.waited(0.95, since=HOUR + 60) == 0
    assert found.waited(0.99, since=HOUR + 60) < 3


@LONG
@pytest.mark.parametrize("hours", [2.5, *slow([24])])
@pytest.mark.parametrize("memory", ["lasting", "state", "none"])
@pytest.mark.parametrize("kind", ["sliding, oldest", *slow(FAIR)])
def test_no_refusals_whatever_comes(kind, memory, hours, tmp_path):
    """Bulk, crowds of 1 to 300, restarts every 15 minutes with a state and without: none refused."""
    found = virtually(days.whatever_comes(kind, memory, hours, tmp_path), VirtualLoop)
    assert found.server.refused == 0


@LONG
@pytest.mark.parametrize("restart", [900, *slow([None, 300, 1800, 5000])])
@pytest.mark.parametrize("kind", ["fixed, from mid-hour", *slow(HONEST)])
def test_people_wait_for_seconds_where_headers_are_honest(kind, restart):
    """Eight bulk workers, a person every 30 s, twelve every 10 minutes, restarts: p99 at most 5 s."""
    found = virtually(days.honest_headers(kind, restart), VirtualLoop)
    assert found.server.refused == 0
    assert found.waited(0.99) <= 5


@pytest.mark.parametrize("restart", [900, *slow([None])])
@pytest.mark.parametrize("kind", ["sliding, now + hour", *slow(KINDS)])
def test_a_smaller_limit_of_the_server_is_followed(kind, restart):
    """Headers that show a limit of 1,000 where 3,600 are configured: none refused, p99 at most 5 s."""
    found = virtually(days.honest_headers(kind, restart, limit=1000), VirtualLoop)
    assert found.server.refused == 0
    assert found.waited(0.99) <= 5


@LONG
@pytest.mark.parametrize("mute", [True, False])
@pytest.mark.parametrize("kind", ["sliding, oldest", *slow(FAIR)])
def test_busy_people_wait_for_seconds_beside_a_scan(kind, mute):
    """People at 0.67/s and a crowd of 100 every 10 minutes, with and without headers: p99 at most 10 s."""
    found = virtually(days.busy_people(kind, mute=mute), VirtualLoop)
    assert found.server.refused == 0
    assert found.waited(0.99) <= 10


@LONG
@pytest.mark.parametrize("hours", [3, *slow([24])])
@pytest.mark.parametrize("kind", ["weighted, from mid-hour", *slow(KINDS)])
def test_bulk_alone_uses_99_percent(kind, hours):
    """Nobody else there, no headers: after the first hour, and over a day, 99 % of the quota is used."""
    found = virtually(day(kind, HourlyQuota, hours * HOUR, mute=True), VirtualLoop)
    first = virtually(day(kind, HourlyQuota, HOUR, mute=True), VirtualLoop).server.counted
    assert found.server.refused == 0
    assert found.server.counted - first >= 0.99 * 3600 * (hours - 1)
    assert hours < 24 or found.server.counted >= 0.99 * 3600 * hours


@LONG
@pytest.mark.parametrize(
    ("calls", "processes"),
    [
        (5_000, 2),
        pytest.param(12_000, 2, marks=pytest.mark.slow),
        pytest.param(12_000, 8, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("kind", ["sliding, now + hour", *slow(KINDS)])
def test_processes_on_one_file_use_the_quota(kind, calls, processes, tmp_path):
    """Two and eight processes on one file: none refused, at least 98 % of the quota used."""
    refused, use = virtually(days.on_one_file(kind, calls, processes, tmp_path), VirtualLoop)
    assert refused == 0
    assert use >= (0.98 if calls >= 12_000 else 0.96)
