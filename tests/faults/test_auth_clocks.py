"""Other clocks: ours is wrong, jumps, or slept, through the client."""

import asyncio
from typing import Any

import pytest
from attrs import field, frozen

from gizwits_async import GizwitsClient, Options
from gizwits_async.simulator import FaultRule, Quirks, SimulatedCloud, SimulatorTransport
from tests.doubles import AlteringTransport, FreeQuota, virtually
from tests.faults.logins import DAY, MACS, calls, fleet_of, logins
from tests.faults.logs import DID, NOW, bag, log_of, whole


@frozen
class Clock:
    """The wall clock of our machine: wrong by `off`, and set again from time to time."""

    off: float
    steps: list[tuple[float, float]] = field(factory=list)
    """At which second of the loop's time it jumps, and by how much."""

    def __call__(self) -> float:
        now = asyncio.get_running_loop().time()
        return NOW + now + self.off + sum(jump for when, jump in self.steps if when <= now)


def without_date(_: str, reply: Any) -> dict[str, Any]:
    """Leave out the `Date` of a reply."""
    return {"headers": {k: v for k, v in reply.headers.items() if k != "date"}}


def client_by(clock: Clock, cloud: SimulatedCloud, door: SimulatorTransport) -> GizwitsClient:
    """Return a client whose machine has this wall clock."""
    return GizwitsClient(cloud.credentials, transport=door, quota=FreeQuota(), clock=clock)


def at_the_server() -> float:
    return NOW + asyncio.get_running_loop().time()


EXPIRIES = [("expire_at", "s"), ("expired_at", "s"), ("both", "ms"), ("missing", "s")]


@pytest.mark.fault("A5")
@pytest.mark.parametrize("off", [-7200, -30, 0, 30, 7200, 40 * DAY])
@pytest.mark.parametrize(("name", "unit"), EXPIRIES)
@pytest.mark.parametrize("dated", [True, False])
def test_a_token_is_renewed_in_time_by_a_clock_that_is_wrong(
    off: float, name: Any, unit: Any, dated: bool
) -> None:
    """By the server's `Date` no call is refused; without one a refusal is mended, unseen.

    Twenty days of tokens that live seven, a call every hour: three logins, and none more for the skew.
    """
    cloud = SimulatedCloud(
        fleet_of(), quirks=Quirks(expire_field=name, expire_unit=unit), quota=10**9
    )
    door = AlteringTransport(cloud, (lambda *_: {}) if dated else without_date, clock=at_the_server)

    async def main() -> None:
        async with client_by(Clock(off), cloud, door) as client:
            for _ in range(20 * 24):
                assert (await client.devices.detail(MACS[0])).mac == MACS[0]
                await asyncio.sleep(3600)

    virtually(main())
    if dated or off == 0:
        assert (logins(cloud), cloud.tally["error 5011"]) == (3, 0)
    elif off < 0 or name == "missing":
        # Without `Date` nothing but the refusal tells that a slow clock is slow.
        assert logins(cloud) == 3
        assert cloud.tally["error 5011"] <= 2
    elif off < DAY:
        assert logins(cloud) == 3
        assert cloud.tally["error 5011"] == 0
    else:
        # To that clock every token is long over: each is used for its first minute all the same.
        assert (logins(cloud), cloud.tally["error 5011"]) == (calls(cloud), 0)


@pytest.mark.fault("A5")
@pytest.mark.parametrize("off", [-7200, 7200])
def test_a_walk_by_a_wrong_clock_brings_all_that_the_server_has(off: float) -> None:
    """ "now" and the 30-day edge are the server's, so that the newest records are not missed."""
    cloud = log_of([NOW - 1 - n * 37.5 for n in range(400)])
    door = SimulatorTransport(cloud, clock=at_the_server)

    async def main() -> list[Any]:
        async with client_by(Clock(off), cloud, door) as client:
            return await client.devices.data_log(DID, start=NOW - 15_500).collect()

    assert bag(virtually(main())) == whole(cloud, since=15_500)


STEPS = [[(40.0, 3600.0)], [(40.0, -3600.0)], [(20.0, 8 * DAY), (60.0, -16 * DAY)]]


@pytest.mark.fault("A6")
@pytest.mark.parametrize("steps", STEPS)
def test_a_wall_clock_that_jumps_moves_nothing(steps: list[tuple[float, float]]) -> None:
    """Pauses, quota, token and walk go by the clock that only moves forward."""
    cloud = log_of([NOW - 1 - n * 5.0 for n in range(900)])
    lost = FaultRule(path="*/data", nth=(3, 5), action="reset")
    cloud.faults.set([lost])

    def run(clock: Clock) -> tuple[list[float], Any]:
        cloud.ledger.clear()
        cloud.tally.clear()
        cloud.faults.set([lost])
        cloud.tokens.revoke()
        door = SimulatorTransport(cloud, clock=at_the_server)

        async def main() -> list[Any]:
            got: list[Any] = []
            async with GizwitsClient(
                cloud.credentials, transport=door, clock=clock,
                options=Options(max_retries=0, page_size=50),
            ) as client:  # fmt: skip
                async for page in client.devices.data_log(DID, start=NOW - 5000, end=NOW).pages():
                    got += page.items
                    await asyncio.sleep(4)
            return got

        return virtually(main()), [entry.at for entry in cloud.ledger]

    undisturbed, at = run(Clock(0.0))
    shaken, shaken_at = run(Clock(0.0, steps))
    assert bag(shaken) == bag(undisturbed) == whole(cloud)
    assert shaken_at == at, "the same calls, at the same moments"
    assert logins(cloud) == 1


@pytest.mark.fault("A6", "X7")
@pytest.mark.parametrize("dead", ["error", "empty", "restart"])
@pytest.mark.parametrize("kind", ["position", "scroll"])
def test_after_a_suspend_cursors_and_token_are_made_anew(dead: Any, kind: Any) -> None:
    """Ten days asleep, which the loop's clock does not count: nothing lost, nothing doubled."""
    cloud = log_of([NOW - 1 - n * 5.0 for n in range(900)], dead_context=dead, context_kind=kind)
    slept = 0.0
    door = SimulatorTransport(cloud, clock=lambda: at_the_server() + slept)

    async def main() -> list[Any]:
        nonlocal slept
        got: list[Any] = []
        async with client_by(Clock(0.0), cloud, door) as client:
            log = client.devices.data_log(DID, start=NOW - 5000, end=NOW)
            async for page in log.pages():
                got += page.items
                if len(got) > 250 and not slept:
                    slept = 10.0 * DAY
        return got

    assert bag(virtually(main())) == whole(cloud)
    assert slept
    assert logins(cloud) == 2
