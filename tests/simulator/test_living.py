"""Fleets that live: the listing, the detail and the reports follow the online logs."""

from typing import Any, get_args

import pytest

from gizwits_async.simulator import Fleet, Quirks, Record, SimulatedCloud
from gizwits_async.simulator.state.habits import Preset
from gizwits_async.simulator.transport import SimulatorTransport
from tests.doubles import client_of

NOW = 1_790_000_000
DAY = 86_400


def of_log(cloud: SimulatedCloud, did: str, now: float) -> tuple[bool, float] | None:
    """Return whether a device was online and since when, by its online log; None without events."""
    events = cloud.fleet.records("online", did, NOW - 40 * DAY, now)
    came = [event.at for event in events if event.body["type"] == "dev_online"]
    return (events[-1].body["type"] == "dev_online", int(came[-1])) if came else None


async def listed(cloud: SimulatedCloud, now: float, **filters: Any) -> dict[str, tuple[Any, Any]]:
    """Return what the listing says of each device."""
    client = client_of(cloud, transport=SimulatorTransport(cloud, clock=lambda: now))
    devices = await client.devices.search(show_disabled=True, **filters).collect()
    return {device.did: (device.is_online, device.online_latest) for device in devices}


@pytest.mark.parametrize("preset", get_args(Preset))
async def test_the_listing_follows_the_online_log(preset: Any) -> None:
    """At any time, before and after the fleet's `now`."""
    cloud = SimulatedCloud(Fleet.preset(preset, 40, 4), quota=10**6)
    for hours in (0, 7, 30, 100):
        now = NOW + hours * 3600.0
        shown = await listed(cloud, now)
        for did, found in shown.items():
            assert found == (of_log(cloud, did, now) or found)
        quiet = {found[0] for did, found in shown.items() if of_log(cloud, did, now) is None}
        assert quiet <= {preset == "always-on"} or preset == "mixed"
        online = await listed(cloud, now, is_online=True)
        assert online == {did: found for did, found in shown.items() if found[0]}
        recent = await listed(cloud, now, liveness_start=int(now) - DAY)
        assert recent == {did: f for did, f in shown.items() if (f[1] or 0) >= int(now) - DAY}


async def test_a_day_of_sessions_has_reports_within_sessions_only() -> None:
    """A sporadic device has about three sessions in ten days, and nothing outside of them."""
    fleet = Fleet.preset("sporadic", 50, 20)
    sessions = 0
    for device in fleet.devices:
        online = False
        every = [
            (record.at, log, record.body["type"] if log == "online" else "")
            for log in ("online", "cmd", "data")
            for record in fleet.records(log, device.did, NOW - 20 * DAY, NOW)  # type: ignore[arg-type]
        ]
        for _, log, kind in sorted(every):
            sessions += kind == "dev_online"
            online = kind == "dev_online" if log == "online" else online
            assert online or log == "online"
    assert 0.2 < sessions / (50 * 20) < 0.4


@pytest.mark.parametrize(
    ("quirks", "late"), [({"listing_lag": 3600.0}, 3600), ({"listing": "still"}, 50 * 3600)]
)
async def test_a_listing_may_lag_or_stand_still(quirks: Any, late: int) -> None:
    """It shows the devices as they were."""
    fleet = Fleet.preset("daily", 40, 4)
    then, now = NOW + 50 * 3600.0 - late, NOW + 50 * 3600.0
    right = await listed(SimulatedCloud(fleet, quota=10**6), then)
    wrong = SimulatedCloud(fleet, quirks=Quirks(**quirks), quota=10**6)
    assert await listed(wrong, now) == right


async def test_a_listing_may_have_nothing_to_do_with_the_logs() -> None:
    """Half of the devices are online, all of them since weeks."""
    wrong = SimulatedCloud(
        Fleet.preset("daily", 40, 4), quirks=Quirks(listing="wrong"), quota=10**6
    )
    shown = await listed(wrong, float(NOW))
    assert {since for _, since in shown.values()} == {NOW - 60 * DAY}
    assert 10 < sum(online for online, _ in shown.values()) < 30


async def test_events_that_are_added_to_a_living_fleet_count() -> None:
    """And a fleet that does not live is as its fields say."""
    for live in (True, False):
        fleet = Fleet.generate(3, 4, live=live)
        cloud = SimulatedCloud(fleet, quota=10**6)
        did = fleet.devices[0].did
        fields = fleet.devices[0].is_online, fleet.devices[0].online_latest
        assert (await listed(cloud, float(NOW)))[did] == fields
        fleet.append("online", did, Record(at=NOW + 5.0, body={"type": "dev_online"}))
        assert (await listed(cloud, NOW + 6.0))[did] == ((True, NOW + 5) if live else fields)


def test_an_unknown_preset_is_named() -> None:
    """With those that there are."""
    with pytest.raises(ValueError, match="known are always-on, daily, sporadic, dormant, mixed"):
        Fleet.preset("busy")  # type: ignore[arg-type]
