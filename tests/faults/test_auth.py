"""Tokens that end, are refused, or belong to others, through the client."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from attrs import evolve

from gizwits_async import GizwitsClient, Options, errors
from gizwits_async.simulator import FaultRule, Fleet, Quirks, SimulatedCloud, SimulatorTransport
from gizwits_async.simulator.state.timeline import Record
from gizwits_async.simulator.transport import Fate
from gizwits_async.wire.token import MemoryTokenStore
from tests.doubles import FreeQuota, client_of, virtually
from tests.faults.logins import MACS, calls, fleet_of, logins
from tests.faults.logs import DID, NOW, bag, whole

TOKEN = "*/access_token"
OTHERS = "*/device*"
"""All calls of these tests but the token's."""


async def all_of(*work: Any) -> list[Any]:
    """Return what became of several calls at once, errors included."""
    return await asyncio.gather(*work, return_exceptions=True)


def assert_apart(found: list[Any], kind: type[errors.GizwitsError], code: int) -> None:
    """Each waiter gets its own copy of the error."""
    assert {(type(one), getattr(one, "code", None)) for one in found} == {(kind, code)}
    assert len({id(one) for one in found}) == len(found)


# --- the token ends while it is in use


@pytest.mark.fault("A1")
@pytest.mark.parametrize("how", ["expire", "revoke"])
@pytest.mark.parametrize("kind", ["position", "scroll"])
def test_a_token_that_ends_in_a_burst_costs_one_login(how: str, kind: Any) -> None:
    """500 tasks and three walks under way; one renewal, each call once more, nothing doubled."""
    records = [Record(at=NOW - 1 - n * 1.7, body={"attrs": {"n": n}}) for n in range(400)]
    fleet = Fleet.of([DID, *(f"{n:022d}" for n in range(59))], {("data", DID): records}, now=NOW)
    quirks = Quirks(context_kind=kind, log_cap=20)
    cloud = SimulatedCloud(fleet, quirks=quirks, quota=10**9)
    door = SimulatorTransport(cloud, latency=lambda r: 0.1 + len(r.target) % 7 / 10)

    async def main() -> None:
        async with client_of(cloud, transport=door, page_size=10) as client:
            log = client.devices.data_log(DID, start=NOW - 5000, end=NOW)
            walks = [
                asyncio.ensure_future(work)
                for work in (log.collect(), log.collect(), client.devices.search().collect())
            ]
            await asyncio.sleep(1.0)
            burst = [
                asyncio.ensure_future(client.devices.detail(mac)) for mac in MACS * 8 + MACS[:20]
            ]
            await asyncio.sleep(0.05)
            getattr(cloud.tokens, how)()
            found = await asyncio.gather(*burst)
            records, again, devices = await asyncio.gather(*walks)
            assert len(found) == 500
            assert [one.mac for one in found] == MACS * 8 + MACS[:20]
            assert bag(records) == bag(again) == whole(cloud)
            assert Counter(one.did for one in devices) == Counter(
                d.did for d in cloud.fleet.devices
            )

    virtually(main())
    assert logins(cloud) == 2
    refused = cloud.tally["error 5011"] + cloud.tally["error 5009"]
    assert 500 <= refused <= 503, "each met the refusal once at most"
    assert cloud.tally["devices.detail"] <= 1000


@pytest.mark.fault("A1")
def test_a_walk_of_days_renews_in_time_and_is_never_refused() -> None:
    """A token that ends between pages is renewed before; a slow walk meets no refusal."""
    cloud = SimulatedCloud(fleet_of(), token_life=3600.0, quota=10**9)

    async def main() -> list[str]:
        found = []
        async with client_of(cloud, page_size=4) as client:
            async for page in client.devices.search().pages():
                found += [device.did for device in page.items]
                await asyncio.sleep(1200)
        return found

    assert sorted(virtually(main())) == sorted(device.did for device in cloud.fleet.devices)
    assert cloud.tally["error 5011"] == 0
    assert 5 <= logins(cloud) <= 8, "fifteen pages, five hours, a token an hour"


# --- the one who renews is cancelled


@pytest.mark.fault("A2")
@pytest.mark.parametrize("moment", [0.0, 0.05, 0.15, 0.25])
@pytest.mark.parametrize("leaders", [1, 5])
def test_followers_do_not_notice_that_the_leader_is_cancelled(moment: float, leaders: int) -> None:
    """The renewal belongs to the client: one login, whichever of the waiting callers gives up."""
    cloud = SimulatedCloud(fleet_of())

    async def main() -> None:
        door = SimulatorTransport(cloud, latency=0.1, reply_latency=0.1)
        async with client_of(cloud, transport=door) as client:
            tasks = [asyncio.ensure_future(client.devices.detail(mac)) for mac in MACS[:9]]
            await asyncio.sleep(moment)
            for task in tasks[:leaders]:
                task.cancel()
            found = await all_of(*tasks)
            assert [type(one).__name__ for one in found[:leaders]] == ["CancelledError"] * leaders
            assert [one.mac for one in found[leaders:]] == MACS[leaders:9]

    virtually(main())
    assert logins(cloud) == 1


@pytest.mark.fault("A2")
def test_a_login_outlives_all_who_waited_for_it() -> None:
    """With every caller gone the token still arrives, and the next call has it."""
    cloud = SimulatedCloud(fleet_of())

    async def main() -> None:
        async with client_of(cloud, transport=SimulatorTransport(cloud, latency=1.0)) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await client.devices.detail(MACS[0])
            await asyncio.sleep(1)
            assert (await client.devices.detail(MACS[0])).mac == MACS[0]
            assert len(asyncio.all_tasks()) == 1

    virtually(main())
    assert logins(cloud) == 1


# --- the renewal is refused


@pytest.mark.fault("A3")
@pytest.mark.parametrize("code", [5003, 5004, 5005, 5012])
def test_a_refused_login_is_told_to_all_who_waited_and_then_forgotten(code: int) -> None:
    """One login on the wire for fifty waiters, an error for each, and the next call tries again."""
    cloud = SimulatedCloud(
        fleet_of(), faults=[FaultRule(path=TOKEN, nth=(1, 2), action="status", code=code)]
    )

    async def main() -> None:
        async with client_of(cloud, transport=SimulatorTransport(cloud, latency=0.1)) as client:
            for number in (1, 2):
                found = await all_of(*(client.devices.detail(mac) for mac in MACS[:50]))
                assert_apart(found, errors.AuthenticationError, code)
                assert (logins(cloud), calls(cloud)) == (number, 0)
            assert (await client.devices.detail(MACS[0])).mac == MACS[0]

    virtually(main())
    assert logins(cloud) == 3


@pytest.mark.fault("A3")
def test_a_wrong_secret_is_no_storm() -> None:
    """With a secret that is really wrong each round of callers costs one login, walks too."""
    cloud = SimulatedCloud(fleet_of())
    wrong = evolve(cloud.credentials, enterprise_secret="not-this-one")

    async def main() -> None:
        async with GizwitsClient(
            wrong, transport=SimulatorTransport(cloud), quota=FreeQuota(),
            options=Options(max_retries=5),
        ) as client:  # fmt: skip
            work = [client.devices.detail(mac) for mac in MACS]
            walks = [client.devices.search().collect(), client.devices.data_log(DID).collect()]
            found = await all_of(*work, *walks)
            assert_apart(found, errors.AuthenticationError, 5004)

    virtually(main())
    assert (logins(cloud), calls(cloud)) == (1, 0)


# --- a server that always says expired


@pytest.mark.fault("A4")
@pytest.mark.parametrize("code", [5009, 5011])
@pytest.mark.parametrize("call", ["read", "write", "list", "log"])
def test_a_server_that_always_says_expired_costs_one_renewal_a_call(code: int, call: str) -> None:
    """Two logins in all, the first and the renewal; then TokenRejectedError, with no effect."""
    rule = FaultRule(path=OTHERS, action="status", code=code)
    cloud = SimulatedCloud(fleet_of(), faults=[rule])

    async def main() -> None:
        async with client_of(cloud, max_retries=5) as client:
            work = {
                "read": lambda: client.devices.detail(MACS[0]),
                "write": lambda: client.devices.control(DID, raw=[1]),
                "list": lambda: client.devices.search().collect(),
                "log": lambda: client.devices.data_log(DID).collect(),
            }[call]
            for number in (1, 2):
                with pytest.raises(errors.TokenRejectedError) as caught:
                    await work()
                assert caught.value.code == code
                assert logins(cloud) <= 2 * number
                assert calls(cloud) == 2 * number

    virtually(main())
    assert cloud.product.controls == []


@pytest.mark.fault("A4")
def test_a_crowd_is_no_storm_either() -> None:
    """A hundred calls at once that are always refused renew once together."""
    cloud = SimulatedCloud(fleet_of(), faults=[FaultRule(path=OTHERS, action="status", code=5011)])

    async def main() -> None:
        async with client_of(cloud, transport=SimulatorTransport(cloud, latency=0.1)) as client:
            found = await all_of(*(client.devices.detail(mac) for mac in [*MACS, *MACS[:40]]))
            assert_apart(found, errors.TokenRejectedError, 5011)

    virtually(main())
    assert (logins(cloud), calls(cloud)) == (2, 200)


# --- a token for another product


@pytest.mark.fault("A7")
def test_products_never_meet_each_others_tokens() -> None:
    """One store, three products, two enterprises' secrets: 5010 is never heard."""
    cloud = SimulatedCloud(fleet_of())
    others = ["product0", "product1"]
    for key in others:
        cloud.add_product(key, f"secret-of-{key}", fleet_of(3))
    store = MemoryTokenStore()

    async def main() -> None:
        door = SimulatorTransport(cloud, latency=0.1)
        first, second = (
            GizwitsClient(cloud.credentials, transport=door, quota=FreeQuota(), tokens=store)
            for _ in range(2)
        )
        views = [
            one
            for client in (first, second)
            for one in (client, *(client.for_product(k, f"secret-of-{k}") for k in others))
        ]
        found = await asyncio.gather(*(view.devices.detail(MACS[n % 3]) for n, view in
                                       enumerate(views * 4)))  # fmt: skip
        assert len(found) == 24
        stale = first.for_product("product0", "another-secret")
        with pytest.raises(errors.AuthenticationError) as caught:
            await stale.devices.detail(MACS[0])
        assert caught.value.code == 5005, "a token got with another secret is not borrowed"
        await first.aclose()
        await second.aclose()

    virtually(main())
    assert cloud.tally["error 5010"] == 0
    # The two clients of a product began at once, each with a login of its own.
    assert cloud.tally["token"] <= 2 * 3 + 1


@pytest.mark.fault("A7")
def test_a_token_that_is_of_another_product_all_the_same_is_no_loop() -> None:
    """5010 is an AuthenticationError, for which no new token is fetched and nothing repeated."""
    cloud = SimulatedCloud(fleet_of(), faults=[FaultRule(path=OTHERS, action="status", code=5010)])

    async def main() -> None:
        async with client_of(cloud, max_retries=5) as client:
            with pytest.raises(errors.AuthenticationError) as caught:
                await client.devices.detail(MACS[0])
            assert (caught.value.code, type(caught.value)) == (5010, errors.AuthenticationError)

    virtually(main())
    assert (logins(cloud), calls(cloud)) == (1, 1)


# --- the login itself travels badly


@pytest.mark.fault("A1", "A3")
@pytest.mark.parametrize("fate", [Fate.NOT_SENT, Fate.REPLY_LOST, Fate.STALL_BEFORE])
def test_a_login_that_is_lost_is_repeated_by_itself_alone(fate: Fate) -> None:
    """A lost login is repeated like any read; its waiters add no repetition of their own."""
    cloud = SimulatedCloud(fleet_of())
    door = SimulatorTransport(
        cloud, fates=lambda _, number: fate if number in {1, 2} else Fate.DELIVER
    )

    async def main() -> None:
        async with client_of(cloud, transport=door) as client:
            found = await asyncio.gather(*(client.devices.detail(mac) for mac in MACS))
            assert [one.mac for one in found] == MACS

    virtually(main())
    assert door.sent == 3 + len(MACS)
