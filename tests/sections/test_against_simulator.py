"""Each of the 32 calls against the simulated service, under every setting of its unknowns."""

from operator import attrgetter
from typing import Any

import pytest

from gizwits_async import GizwitsClient, errors
from gizwits_async.simulator import Fate, Fleet, Quirks, SimulatedCloud, SimulatorTransport
from tests.doubles import client_of, virtually
from tests.sections.checks import (
    CHECKS,
    DAYS,
    Check,
    active_users,
    binding,
    bound,
    device_rows,
    groups,
    liveness,
    locations,
    new_users,
    realtime,
    registered,
    search,
    summary,
    today,
    token,
    trouble,
    user_locations,
)


def run(check: Check, **quirks: Any) -> SimulatedCloud:
    """Run one check against a fresh service with these switches set."""
    cloud = SimulatedCloud(Fleet.generate(40, DAYS), quirks=Quirks(**quirks))

    async def main() -> None:
        async with client_of(cloud) as client:
            await check(client, cloud)

    virtually(main())
    return cloud


DISTINCT = sorted(
    {check for checks in CHECKS.values() for check in checks}, key=attrgetter("__name__")
)


def test_all_32_are_checked() -> None:
    """No endpoint is left out of this file."""
    assert sorted(CHECKS) == list(range(1, 33))


@pytest.mark.parametrize("check", DISTINCT, ids=attrgetter("__name__"))
def test_the_client_agrees_with_the_service(check: Check) -> None:
    """The answer of each call agrees with the state of the simulated service."""
    run(check)


SWITCHED: list[tuple[Check, dict[str, Any]]] = [
    *[(token, {"expire_field": name}) for name in ("expired_at", "both", "missing")],
    (token, {"expire_unit": "ms"}),
    *[(registered, {"list_cap": cap}) for cap in (1, 7)],
    (registered, {"list_refuse_over": 20}),
    (bound, {"hits": True}),
    (search, {"total": "missing", "list_cap": 3}),
    (device_rows, {"list_cap": 3, "next_link": "relative"}),
    *[
        (groups, {"group_leaf": leaf, "group_children": children})
        for leaf in ("text", "null", "object")
        for children in ("object", "list")
    ],
    (groups, {"write_status": 201, "delete_status": 204}),
    *[(binding, {"dids": dids}) for dids in ("array", "text", "either")],
    (binding, {"write_status": 201}),
    *[
        (check, {"city_node": node})
        for check in (locations, realtime, liveness, user_locations, trouble)
        for node in ("number", "object")
        if not (node == "number" and check in {realtime, trouble})
    ],
    *[(summary, {"summary_path": path}) for path in ("/summary", "both")],
    *[(realtime, {"rt_path": f"/devices/report/{end}"}) for end in ("rt", "devices/report/rt")],
    *[
        (trouble, {"alert_events_path": path})
        for path in ("/fault/alert/events", "/alert/report/devices")
    ],
    *[(active_users, {"product_parameter": name}) for name in ("product_key", "product_secret")],
    (active_users, {"product_value": "secret", "product_parameter": "product_secret"}),
    *[(new_users, {"weeks": kind}) for kind in ("iso", "monday", "sunday")],
    *[(new_users, {"empty_rows": False}), (liveness, {"empty_rows": False})],
    *[(check, {"report_hours": 0}) for check in (summary, device_rows, liveness)],
    *[(check, {"error_code": "str", "error_detail": "detail"}) for check in (groups, binding)],
]


@pytest.mark.parametrize(
    ("check", "quirks"),
    SWITCHED,
    ids=[f"{check.__name__}-{','.join(map(str, q.values()))}" for check, q in SWITCHED],
)
def test_the_client_agrees_whatever_is_unknown(check: Check, quirks: dict[str, Any]) -> None:
    """Where the behaviour of the service is unknown, the client accepts each variant."""
    run(check, **quirks)


@pytest.mark.parametrize("path", ["/summary", "/devices/summary"])
def test_a_path_outcome_unknown_costs_its_search_once(path: Any) -> None:
    """C11 against the service: further calls go to the path that answered."""

    async def thrice(client: GizwitsClient, cloud: SimulatedCloud) -> None:
        for _ in range(3):
            await client.device_reports.summary()

    cloud = run(thrice, summary_path=path)
    assert cloud.tally["reports.summary"] == 3
    assert len(cloud.ledger) == 3 + 1 + (path == "/summary")


@pytest.mark.fault("C5")
@pytest.mark.fault("C5")
def test_swapped_labels_are_nobodys_guess() -> None:
    """A server that swaps its labels is believed; only `unknown` is ours to say."""

    async def check(client: GizwitsClient, cloud: SimulatedCloud) -> None:
        root = await client.device_groups.create()
        outcome = await client.device_groups.assign(root, [cloud.fleet.devices[0].mac])
        assert outcome.failed == (cloud.fleet.devices[0].mac,)

    run(check, outcome_labels="swapped")


def test_a_report_that_is_not_made_yet() -> None:
    """5014 comes through as what it is, from every report that a batch makes."""

    async def check(client: GizwitsClient, cloud: SimulatedCloud) -> None:
        day = today(cloud)
        for call in (
            client.device_reports.liveness_history("date", day, day),
            client.user_reports.new_users("month", day, day),
            client.user_reports.active_users(day, day),
            client.device_reports.active_devices(start=day, end=day).collect(),
        ):
            with pytest.raises(errors.NotFoundError, match="5014"):
                await call

    run(check, report_today=False)


@pytest.mark.fault("C1")
@pytest.mark.parametrize("fate", [Fate.REPLY_LOST, Fate.STALL_AFTER])
@pytest.mark.fault("C1")
def test_a_lost_control_is_sent_once(fate: Fate) -> None:
    """The device got it, the caller does not know; it is never sent again."""
    cloud = SimulatedCloud(Fleet.generate(12, 1))
    did = next(device.did for device in cloud.fleet.devices if device.is_online)
    door = SimulatorTransport(
        cloud, fates=lambda sent, _: fate if "control" in sent.target else Fate.DELIVER
    )

    async def main() -> None:
        async with client_of(cloud, transport=door) as client:
            with pytest.raises(errors.OutcomeUnknownError):
                await client.devices.control(did, attrs={"switch": True})

    virtually(main())
    assert len(cloud.product.controls) == 1


@pytest.mark.fault("C4")
@pytest.mark.fault("C4")
def test_a_thousand_and_one_macs() -> None:
    """The service refuses 1,001 MACs in a call, and never sees so many."""
    cloud = SimulatedCloud(Fleet.generate(1001, 0))

    async def main() -> None:
        async with client_of(cloud) as client:
            root = await client.device_groups.create()
            macs = [device.mac for device in cloud.fleet.devices]
            outcome = await client.device_groups.assign(root, macs)
            assert outcome.success == tuple(macs)
            assert len(await client.device_groups.macs(root)) == 1001

    virtually(main())
    assert cloud.tally["groups.update"] == 2
