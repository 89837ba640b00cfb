"""What the quota promises over hours and days, at every kind of server; the long ones are slow."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest

from gizwits_async.options import Lane
from gizwits_async.quota import HourlyQuota, SharedQuota
from tests.doubles import VirtualLoop, now, virtually
from tests.quota.days import Day, at_random, day, every
from tests.quota.servers import KINDS

HOUR = 3600.0
LONG = pytest.mark.timeout(1800)
FAIR = [kind for kind in KINDS if not kind.startswith("weighted")]
"""Servers that refuse nobody who keeps to the limit in any window."""


def slow(values: Iterable[object]) -> list[object]:
    """Mark these parameters as slow: a smaller one is in the suite."""
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]


def of_file(folder: Path) -> SharedQuota:
    """Return the quota in a file of this folder, on the clock of the virtual loop."""
    return SharedQuota.from_url(f"file://{folder}/quota", "eid", monotonic=now)


async def at_once(found: Day, calls: int) -> float:
    """Make interactive calls at once, and return when the last permit was granted."""
    begun = now()
    await asyncio.gather(*(found.call(Lane.INTERACTIVE) for _ in range(calls)))
    return max(asked + wait for asked, wait in found.waits[-calls:]) - begun


def test_fifty_calls_of_a_fresh_process_go_at_once():
    """Without headers and without a state: 50 of 50 within a second."""

    async def main():
        return await at_once(Day(KINDS["sliding, oldest"](), [HourlyQuota()], mute=True), 50)

    assert virtually(main(), VirtualLoop) < 1


@pytest.mark.parametrize("known", ["by headers", "by the books"])
def test_two_hundred_calls_of_an_unused_hour_go_at_once(known):
    """Headers or a state that show an unused hour: 200 of 200 within 2 s of time on the wire."""

    async def main():
        quota = HourlyQuota(spent=0 if known == "by the books" else None)
        found = Day(KINDS["fixed, from mid-hour"](), [quota], mute=known == "by the books")
        return await at_once(found, 200)

    assert virtually(main(), VirtualLoop) < 2


@LONG
@pytest.mark.parametrize("mute", [True, False])
@pytest.mark.parametrize("kind", ["sliding, oldest", *slow(FAIR)])
def test_crowds_go_at_once_beside_a_full_bulk_lane(kind, mute):
    """After an hour with such crowds 95 % of 200 go at once, and 99 % within 3 s."""
    seconds = 2.2 * HOUR
    found = virtually(
        day(kind, HourlyQuota, seconds, visits=[every(600, 200)], mute=mute), VirtualLoop
    )
    assert found.server.refused == 0
    assert found.waited(0.95, since=HOUR + 60) == 0
    assert found.waited(0.99, since=HOUR + 60) < 3


@LONG
@pytest.mark.parametrize("hours", [2.5, *slow([24])])
@pytest.mark.parametrize("memory", ["lasting", "state", "none"])
@pytest.mark.parametrize("kind", ["sliding, oldest", *slow(FAIR)])
def test_no_refusals_whatever_comes(kind, memory, hours, tmp_path):
    """Bulk, crowds of 1 to 300, restarts every 15 minutes with a state and without: none refused."""
    make = (lambda: of_file(tmp_path)) if memory == "state" else HourlyQuota
    restart = None if memory == "lasting" else 900
    visits = [at_random(600, 300)]
    found = virtually(
        day(kind, make, hours * HOUR, visits=visits, restart=restart, mute=True), VirtualLoop
    )
    assert found.server.refused == 0


@LONG
@pytest.mark.parametrize("restart", [900, *slow([None, 300, 1800, 5000])])
@pytest.mark.parametrize(
    "kind",
    [
        "fixed, from mid-hour",
        *slow(["fixed, from 0", "sliding, oldest", "sliding, now + hour", "first call", "lockout"]),
    ],
)
def test_people_wait_for_seconds_where_headers_are_honest(kind, restart):
    """Eight bulk workers, a person every 30 s, twelve every 10 minutes, restarts: p99 at most 5 s."""
    visits = [every(30, 1), every(600, 12)]
    hours = 4 if restart is None or restart > 900 else 2
    found = virtually(
        day(kind, HourlyQuota, hours * HOUR, visits=visits, restart=restart), VirtualLoop
    )
    assert found.server.refused == 0
    assert found.waited(0.99) <= 5


@LONG
@pytest.mark.parametrize("mute", [True, False])
@pytest.mark.parametrize(
    "kind",
    ["sliding, oldest", *slow(["fixed, from mid-hour", "token bucket"])],
)
def test_busy_people_wait_for_seconds_beside_a_scan(kind, mute):
    """People at 0.67/s and a crowd of 100 every 10 minutes, with and without headers: p99 at most 10 s."""
    visits = [at_random(1.5, 1), every(600, 100)]
    found = virtually(day(kind, HourlyQuota, 4 * HOUR, visits=visits, mute=mute), VirtualLoop)
    assert found.server.refused == 0
    assert found.waited(0.99) <= 10


@LONG
@pytest.mark.parametrize("hours", [3, *slow([24])])
@pytest.mark.parametrize("kind", ["weighted, from mid-hour", *slow(KINDS)])
def test_bulk_alone_uses_99_percent(kind, hours):
    """Nobody else there, no headers: after the first hour at least 99 % of the quota is used."""

    async def main() -> tuple[int, int]:
        found = await day(kind, HourlyQuota, hours * HOUR, mute=True)
        return found.server.counted, found.server.refused

    counted, refused = virtually(main(), VirtualLoop)
    first = virtually(day(kind, HourlyQuota, HOUR, mute=True), VirtualLoop).server.counted
    assert refused == 0
    assert counted - first >= 0.99 * 3600 * (hours - 1)


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

    async def main() -> tuple[int, float]:
        quotas = [of_file(tmp_path) for _ in range(processes)]
        found = Day(KINDS[kind](), list(quotas), mute=True)
        await asyncio.gather(
            *(found.call(Lane.BULK, number % processes) for number in range(calls))
        )
        for quota in quotas:
            await quota.aclose()
        return found.server.refused, calls / now()

    refused, use = virtually(main(), VirtualLoop)
    assert refused == 0
    assert use >= (0.98 if calls >= 12_000 else 0.96)
