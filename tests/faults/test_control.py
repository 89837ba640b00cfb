"""Writes whose replies are lost, refused or partial, through the client to the simulator."""

import asyncio
import inspect
import time
from typing import Any

import pytest

from gizwits_async import Credentials, GizwitsClient, Options, errors
from gizwits_async.sections.device_groups import DeviceGroups
from gizwits_async.simulator import (
    FaultRule,
    Fleet,
    Quirks,
    SimulatedCloud,
    SimulatorServer,
    SimulatorTransport,
)
from gizwits_async.simulator.transport import Fate
from gizwits_async.wire.token import MemoryTokenStore
from tests.doubles import AlteringTransport, FreeQuota, client_of, virtually
from tests.ports import kept_port

DID, WANTED = "d" * 22, {"switch": True}


def cloud_of(*faults: FaultRule, **quirks: Any) -> SimulatedCloud:
    """Return a service with one device that is online, and these faults."""
    fleet = Fleet.of([DID], now=time.time())
    fleet.change(DID, is_online=True)
    return SimulatedCloud(fleet, quirks=Quirks(**quirks), faults=faults)


def on_control(**rule: Any) -> FaultRule:
    """Return a rule about control calls."""
    return FaultRule(path="*/control", **rule)


LOST = [
    on_control(action="effect_without_reply"),
    on_control(action="stall"),
    on_control(action="cut", size=1),
    on_control(action="drip", seconds=60),
    on_control(action="html", status=502, effect=True),
    on_control(action="html", status=200, effect=True),
    on_control(action="status", status=504, effect=True),
    on_control(action="status", code=5409, effect=True),
    on_control(action="oversized"),
]


@pytest.mark.fault("C1")
@pytest.mark.parametrize("rule", LOST, ids=[f"{r.action}-{r.status or r.code}" for r in LOST])
def test_a_control_whose_reply_is_lost_is_never_sent_again(rule: FaultRule) -> None:
    """Whatever became of the reply, the device got it once, and the error says: unknown."""
    cloud = cloud_of(rule)

    async def main() -> None:
        async with client_of(cloud, max_retries=5, max_response_bytes=2**20) as client:
            with pytest.raises(errors.GizwitsError) as caught:
                await client.devices.control(DID, attrs=WANTED)
            final = caught.value
            assert isinstance(final, errors.OutcomeUnknownError), repr(final)
            assert isinstance(final.__cause__, errors.GizwitsError)

    virtually(main())
    assert len(cloud.product.controls) == 1
    assert sum(entry.path.endswith("/control") for entry in cloud.ledger) == 1


@pytest.mark.fault("C1")
async def test_over_a_socket_too() -> None:
    """The connection breaks after the effect; neither we nor aiohttp send the command again."""
    cloud = cloud_of(on_control(action="effect_without_reply"))
    async with SimulatorServer(cloud) as server, GizwitsClient(
        cloud.credentials, base_url=server.url, quota=FreeQuota()
    ) as client:  # fmt: skip
        await client.authorization.create_token()
        with pytest.raises(errors.OutcomeUnknownError):
            await client.devices.control(DID, attrs=WANTED)
    assert len(cloud.product.controls) == 1


@pytest.mark.fault("C1")
def test_a_deadline_over_a_command_that_is_under_way_leaves_it_unknown() -> None:
    """Time runs out while the reply is awaited; a cancelled one is not sent again either."""
    cloud = cloud_of()
    door = SimulatorTransport(cloud, reply_latency=3.0)

    async def main() -> None:
        async with client_of(cloud, transport=door) as client:
            await client.authorization.create_token()
            with pytest.raises(errors.OutcomeUnknownError):
                await client.with_options(deadline=1.0).devices.control(DID, attrs=WANTED)
            task = asyncio.create_task(client.devices.control(DID, attrs=WANTED))
            await asyncio.sleep(1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.sleep(60)

    virtually(main())
    assert len(cloud.product.controls) == 2


@pytest.mark.fault("C2")
def test_a_command_that_never_left_goes_again() -> None:
    """Not sent is not done: it is tried as often as a read, and taken once."""
    cloud = cloud_of()
    door = SimulatorTransport(
        cloud,
        fates=lambda sent, number: (
            Fate.NOT_SENT if "/control" in sent.target and number < 4 else Fate.DELIVER
        ),
    )

    async def main() -> None:
        async with client_of(cloud, transport=door, max_retries=3) as client:
            await client.devices.control(DID, attrs=WANTED)
            assert client.quota.taken == door.sent == 4  # type: ignore[attr-defined]

    virtually(main())
    assert len(cloud.product.controls) == 1


@pytest.mark.fault("C2")
def test_a_command_that_can_never_leave_is_not_sent() -> None:
    """After the last try it is NotSentError, which promises that nothing was done."""
    cloud = cloud_of()
    door = SimulatorTransport(
        cloud, fates=lambda sent, _: Fate.NOT_SENT if "/control" in sent.target else Fate.DELIVER
    )

    async def main() -> None:
        async with client_of(cloud, transport=door, max_retries=2) as client:
            with pytest.raises(errors.NotSentError):
                await client.devices.control(DID, attrs=WANTED)

    virtually(main())
    assert door.sent == 1 + 3
    assert cloud.product.controls == []


@pytest.mark.jumping
@pytest.mark.fault("C2")
async def test_refused_by_a_closed_port_it_goes_when_the_port_opens() -> None:
    """Over real sockets: the port is closed at first, then the service is up; one command."""
    cloud = cloud_of()
    tokens = MemoryTokenStore()
    with kept_port() as port:
        url = f"http://127.0.0.1:{port}"
        async with (
            SimulatorServer(cloud, port=port),
            _client(cloud.credentials, url, tokens) as client,
        ):
            await client.authorization.create_token()
        async with _client(cloud.credentials, url, tokens) as client:
            task = asyncio.create_task(client.devices.control(DID, attrs=WANTED))
            await asyncio.sleep(0.1)
            assert not task.done()
            async with SimulatorServer(cloud, port=port):
                await task
    assert len(cloud.product.controls) == 1
    assert cloud.tally["token"] == 1


def _client(credentials: Credentials, url: str, tokens: MemoryTokenStore) -> GizwitsClient:
    return GizwitsClient(
        credentials,
        base_url=url,
        tokens=tokens,
        quota=FreeQuota(),
        options=Options(max_retries=6),
    )


@pytest.mark.fault("C3")
@pytest.mark.parametrize("status", [None, 500])
def test_a_command_that_failed_goes_again_only_if_the_caller_sends_it(
    status: int | None,
) -> None:
    """5403 "use again" is the caller's to decide: one call, one request, one command."""
    cloud = cloud_of(on_control(action="status", code=5403, status=status, nth=1))

    async def main() -> None:
        async with client_of(cloud, max_retries=5) as client:
            wanted, words = (errors.ServerError, "send command failed")
            if status is not None:
                wanted, words = (errors.OutcomeUnknownError, "ServerError")
            with pytest.raises(wanted, match=words):
                await client.devices.control(DID, attrs=WANTED)
            assert cloud.faults.matched == [1]
            assert cloud.product.controls == []
            await client.devices.control(DID, attrs=WANTED)

    virtually(main())
    assert cloud.faults.matched == [2]
    assert len(cloud.product.controls) == 1


@pytest.mark.fault("C3")
def test_a_confirmed_control_does_not_go_again_after_a_sending_that_went_wrong() -> None:
    """`resend` is for devices that stay silent; a failed sending is reported at once."""
    cloud = cloud_of(on_control(action="status", code=5403))

    async def main() -> None:
        async with client_of(cloud, max_retries=5) as client:
            with pytest.raises(errors.ServerError):
                await client.devices.control_and_confirm(DID, WANTED, resend=3)

    virtually(main())
    assert cloud.faults.matched == [1]


@pytest.mark.fault("C4")
@pytest.mark.parametrize("lost", [None, 1, 2])
def test_1001_macs_are_two_calls_and_one_result(lost: int | None) -> None:
    """At most 1,000 a call; unknown MACs are `failed`, a lost call's `unknown`; no exception."""
    fleet = Fleet.of([f"{number:022d}" for number in range(1001)])
    rule = FaultRule(
        action="effect_without_reply", method="PUT", path="*/device_groups/*", nth=lost or 99
    )
    cloud = SimulatedCloud(fleet, faults=[rule])
    macs = [device.mac for device in fleet.devices]
    macs[500] = "NOSUCHMAC"

    async def main() -> None:
        async with client_of(cloud) as client:
            root = await client.device_groups.create()
            outcome = await client.device_groups.assign(root, macs)
            cut = {None: [], 1: macs[:1000], 2: macs[1000:]}[lost]
            assert outcome.unknown == tuple(cut)
            assert outcome.failed == (() if lost == 1 else ("NOSUCHMAC",))
            reported = (*outcome.success, *outcome.failed, *outcome.unknown)
            assert sorted(reported) == sorted(macs)
            assert len(await client.device_groups.macs(root)) == 1000

    virtually(main())
    assert cloud.tally["groups.update"] == 2
    assert cloud.faults.matched == [2]


def forget(_: str, reply: Any) -> dict[str, Any]:
    """Leave one id out of both lists."""
    return {"body": reply.body.replace(b', "unheard"', b"").replace(b'"unheard"', b"")}


@pytest.mark.fault("C5")
@pytest.mark.parametrize("labels", ["right", "swapped"])
def test_each_id_of_a_binding_is_in_one_of_three_lists(labels: str) -> None:
    """Failed in part, silent of one, labels as the server has them: nothing is raised or lost."""
    fleet = Fleet.of(["a" * 22, "b" * 22, "unheard"])
    cloud = SimulatedCloud(fleet, quirks=Quirks(outcome_labels=labels))  # type: ignore[arg-type]
    user = next(iter(cloud.product.bindings.users.values()))

    async def main() -> None:
        async with client_of(cloud, transport=AlteringTransport(cloud, forget)) as client:
            dids = ["a" * 22, "unheard", "nowhere", "b" * 22]
            fine, bad = ("a" * 22, "b" * 22), ("nowhere",)
            if labels == "swapped":  # It is believed: nobody can tell.
                fine, bad = bad, fine
            for verb in (client.bindings.bind, client.bindings.unbind):
                outcome = await verb(user.uid, user.appid, dids)
                assert (outcome.success, outcome.failed) == (fine, bad)
                assert outcome.unknown == ("unheard",)

    virtually(main())


@pytest.mark.fault("C5", "C1")
@pytest.mark.parametrize("verb", ["bind", "unbind"])
def test_a_binding_whose_reply_is_lost_is_sent_once(verb: str) -> None:
    """Done at the service, unknown to us, and not done twice."""
    fleet = Fleet.of([DID])
    rule = FaultRule(action="effect_without_reply", path="*/devices/bindings")
    cloud = SimulatedCloud(fleet, faults=[rule])
    user = next(iter(cloud.product.bindings.users.values()))
    cloud.product.bindings.bind(user.uid, DID, fleet.now)

    async def main() -> None:
        async with client_of(cloud, max_retries=5) as client:
            with pytest.raises(errors.OutcomeUnknownError):
                await getattr(client.bindings, verb)(user.uid, user.appid, [DID])

    virtually(main())
    assert cloud.faults.matched == [1]
    assert (DID in cloud.product.bindings.dids_of(user.uid)) is (verb == "bind")


@pytest.mark.fault("C6")
def test_a_new_group_whose_reply_is_lost_is_made_once_and_shows_in_the_tree() -> None:
    """OutcomeUnknownError, one group, and the docstring says where to look: in the tree."""
    rule = FaultRule(action="effect_without_reply", method="POST", path="*/device_groups")
    cloud = SimulatedCloud(Fleet.of([DID]), faults=[rule])

    async def main() -> None:
        async with client_of(cloud, max_retries=5) as client:
            with pytest.raises(errors.OutcomeUnknownError):
                await client.device_groups.create()
            [root] = await client.device_groups.tree()
            assert root.gid in cloud.product.groups.parents

    virtually(main())
    assert cloud.faults.matched == [1]
    assert "tree()" in (inspect.getdoc(DeviceGroups.create) or "")
