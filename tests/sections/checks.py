"""One check per endpoint: the client's answer compared with the state of the simulated service.

The client and the simulator know nothing of each other, so that they can disagree here.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from gizwits_async import GizwitsClient, errors
from gizwits_async.models import to_dict
from gizwits_async.models.locations import Location
from gizwits_async.simulator import SimulatedCloud

Check = Callable[[GizwitsClient, SimulatedCloud], Awaitable[None]]
CHECKS: dict[int, list[Check]] = {}
DAYS = 4


def endpoint(*numbers: int) -> Callable[[Check], Check]:
    """Mark a check as the one of these endpoints (`api.md` section 4)."""

    def mark(check: Check) -> Check:
        for number in numbers:
            CHECKS.setdefault(number, []).append(check)
        return check

    return mark


def today(cloud: SimulatedCloud) -> date:
    """Return the server's day, by default in the time zone of China."""
    shift = timedelta(hours=cloud.quirks.report_hours)
    return (datetime.fromtimestamp(cloud.fleet.now, UTC) + shift).date()


def cities(root: Location, counter: str = "count") -> Counter[tuple[str, ...]]:
    """Return how many are in each city of a tree."""
    found: Counter[tuple[str, ...]] = Counter()

    def go(place: Location, above: tuple[str, ...]) -> None:
        here = (*above, place.name) if place.name else above
        if not place.children:
            found[here] += place.counts.get(counter, 0)
        for child in place.children:
            assert not child.children or child.counts.get(counter, 0) == sum(
                grandchild.counts.get(counter, 0) for grandchild in child.children
            )
            go(child, here)

    go(root, ())
    return +found


def placed(things: Any) -> Counter[tuple[str, ...]]:
    """Return how many of the fleet's devices, or users, are in each city."""
    return Counter((t.country, t.region, t.city) for t in things if t.country)


@endpoint(1)
async def token(client: GizwitsClient, cloud: SimulatedCloud) -> None:
    first = await client.authorization.create_token()
    assert first.expires_at - cloud.fleet.now == pytest.approx(604_800, abs=2)
    assert (await client.devices.search(show_disabled=True).total()) == len(cloud.fleet.devices)
    assert cloud.tally["token"] == 1


@endpoint(2)
async def datapoints(client: GizwitsClient, cloud: SimulatedCloud) -> None:
    definition = await client.product.datapoints()
    assert definition.product_key == cloud.credentials.product_key
    did = max(cloud.fleet.devices, key=lambda one: one.is_online).did
    record = await client.devices.data_log(did).first()
    assert record is not None
    assert {point.name for point in definition.datapoints} == set(record.attrs)


@endpoint(3)
async def registered(client: GizwitsClient, cloud: SimulatedCloud) -> None:
    people = cloud.product.bindings.users
    found = await client.users.search_registered().collect()
    assert {user.uid for user in found} == set(people)
    for user in found:
        assert (user.created_at, user.email) == (
            people[user.uid].created_at,
            people[user.uid].email,
        )
    named = next(user for user in people.values() if user.username)
    search = client.users.search_registered(username=named.username, appid=named.appid)
    assert [user.uid for user in await search.collect()] == [named.uid]


@endpoint(4)
async def bound(client: GizwitsClient, cloud: SimulatedCloud) -> None:
    uid, did = next(iter(cloud.product.bindings.rows))
    users = await client.users.search_bound(type="did", value=did).collect()
    assert [user.uid for user in users] == list(cloud.product.bindings.users_of(did))
    assert [user.is_owner for user in users] == [n == 0 for n in range(len(users))]
    (user,) = await client.users.search_bound(type="uid", value=uid).collect()
    assert (user.uid, user.is_owner) == (uid, None)


@endpoint(5, 6)
async def one_device(client: GizwitsClient, cloud: SimulatedCloud) -> None:
    for device in cloud.fleet.devices[:3]:
        identity = await client.devices.identity(device.mac)
        assert (identity.did, identity.passcode) == (device.did, device.passcode)
        detail = await client.devices.detail(device.mac)
        assert (detail.did, detail.mac) == (device.did, device.mac)
        assert (detail.is_online, detail.is_disabled) == (device.is_online, device.is_disabled)
    with pytest.raises(errors.NotFoundError, match="5301"):
        await client.devices.detail("no such MAC")


@endpoint(7)
async def search(client: GizwitsClient, cloud: SimulatedCloud) -> None:
    found = await client.devices.search(is_online=True, country="China").collect()
    want = {d.did for d in cloud.fleet.devices if d.is_online and d.country == "China"}
    assert {device.did for device in found} == want


@endpoint(8, 10, 11)
async def control(client: GizwitsClient, cloud: SimulatedCloud) -> None:
    did = next(device.did for device in cloud.fleet.devices if device.is_online)
    before = await client.devices.data_log(did).first()
    assert before is not None
    wanted = {"switch": not before.attrs["switch"], "set_temp": 21}
    assert await client.devices.control(did, attrs=wanted) is None
    await client.devices.control(did, raw=b"\x01\x02", binary_coding="hex")
    assert [one.raw for one in cloud.product.controls] == [None, b"\x01\x02"]
    await asyncio.sleep(5)
    after = await client.devices.data_log(did).first()
    assert after is not None
    assert after.attrs == {**before.attrs, "switch": int(wanted["switch"]), "set_temp": 21}
    frames = await client.devices.cmd_log(did).collect(limit=3)
    assert [frame.type for frame in frames] == ["dev2app", "app2dev", "app2dev"]
    offline = next(device.did for device in cloud.fleet.devices if not device.is_online)
    with pytest.raises(errors.ConflictError, match=r"530[45]"):
        await client.devices.control(offline, attrs={"switch": True})


@endpoint(9, 10, 11)
async def logs(client: GizwitsClient, cloud: SimulatedCloud) -> None:
    now, did = int(cloud.fleet.now), cloud.fleet.devices[0].did
    span = {"start": now - DAYS * 86_400, "end": now - 60}
    for log, stream in (
        ("online", client.devices.online_log(did, **span)),
        ("cmd", client.devices.cmd_log(did, **span)),
        ("data", client.devices.data_log(did, sort="asc", **span)),
    ):
        records = [to_dict(record) for record in await stream.collect()]
        truth = cloud.truth(log, did, span["start"], span["end"])  # type: ignore[arg-type]
        assert records == (truth if log == "data" else truth[::-1])
        assert records


@endpoint(12, 13, 14)
async def groups(client: GizwitsClient, cloud: SimulatedCloud) -> None:
    assert await client.device_groups.tree() == ()
    root = await client.device_groups.create()
    children = [await client.device_groups.create(root) for _ in range(2)]
    leaf = await client.device_groups.create(children[1])
    (tree,) = await client.device_groups.tree()
    assert [node.gid for node in tree.walk()] == [root, *children, leaf]
    assert [node.gid for node in tree.children[1].children] == [leaf]
    with pytest.raises(errors.ConflictError, match="5203"):
        await client.device_groups.create()
    with pytest.raises(errors.NotFoundError, match="5202"):
        await client.device_groups.create("f" * 32)
    with pytest.raises(errors.ConflictError, match="5204"):
        await client.device_groups.delete(root)
    assert await client.device_groups.delete(leaf) is None
    with pytest.raises(errors.NotFoundError, match="5206"):
        await client.device_groups.delete(leaf)
    assert set(cloud.product.groups.parents) == {root, *children}


@endpoint(15, 16)
async def members(client: GizwitsClient, cloud: SimulatedCloud) -> None:
    groups, macs = client.device_groups, [device.mac for device in cloud.fleet.devices]
    root = await groups.create()
    other = await groups.create(root)
    done = await groups.assign(root, [*macs, "no such MAC"])
    assert (done.success, done.failed, done.unknown) == (tuple(macs), ("no such MAC",), ())
    assert sorted(await groups.macs(root)) == sorted(macs)
    assert (await groups.assign(other, macs[:1])).failed == tuple(macs[:1])
    assert (await groups.assign(other, macs[:1], reassign=True)).success == tuple(macs[:1])
    assert (await groups.unassign(root, macs[:2])).success == (macs[1],)
    assert await groups.macs(other) == (macs[0],)
    with pytest.raises(errors.ConflictError, match="5205"):
        await groups.delete(other)


@endpoint(17, 18)
async def binding(client: GizwitsClient, cloud: SimulatedCloud) -> None:
    people = cloud.product.bindings
    user = next(user for user in people.users.values() if not people.dids_of(user.uid))
    dids = tuple(device.did for device in cloud.fleet.devices[:2])
    given: Any = ",".join(dids) if cloud.quirks.dids == "text" else dids
    assert (await client.bindings.bind(user.uid, user.appid, given)).success == dids
    assert people.dids_of(user.uid) == set(dids)
    gone = await client.bindings.unbind(user.uid, user.appid, given)
    assert (gone.success, gone.failed) == (dids, ())
    assert people.dids_of(user.uid) == set()
    with pytest.raises(errors.ConflictError, match="5303"):
        await client.bindings.unbind(user.uid, user.appid, given)
    with pytest.raises(errors.NotFoundError, match="5016"):
        await client.bindings.bind(user.uid, "no such app", given)


@endpoint(19)
async def locations(client: GizwitsClient, cloud: SimulatedCloud) -> None:
    report = await client.device_reports.locations()
    assert report.total == len(cloud.fleet.devices)
    assert cities(report.location) == placed(cloud.fleet.devices)
    online = await client.device_reports.locations(is_online=True)
    assert online.total == sum(device.is_online for device in cloud.fleet.devices)


@endpoint(20)
async def summary(client: GizwitsClient, cloud: SimulatedCloud) -> None:
    report = await client.device_reports.summary()
    assert report.total == len(cloud.fleet.devices)
    assert report.online == sum(device.is_online for device in cloud.fleet.devices)
    months = today(cloud) - timedelta(days=30), today(cloud) - timedelta(days=1)
    new = client.device_reports.activated_devices(start=months[0], end=months[1])
    assert report.new.last_30_days == len(await new.collect())
    assert report.active.last_7_days is not None
    assert report.active.last_7_days >= (report.active.yesterday or 0) > 0


@endpoint(21, 22)
async def device_rows(client: GizwitsClient, cloud: SimulatedCloud) -> None:
    day = today(cloud) - timedelta(days=2)
    macs = {device.mac: device for device in cloud.fleet.devices}
    rows = await client.device_reports.active_devices(start=day, end=day).collect()
    assert rows
    assert len({row.mac for row in rows}) == len(rows)
    for row in rows:
        assert row.report_date == day.isoformat()
        assert row.city == macs[row.mac or ""].city
    since = today(cloud) - timedelta(days=350)
    rows = await client.device_reports.activated_devices(start=since, end=day).collect()
    assert {row.mac for row in rows} == set(macs)


@endpoint(23)
async def liveness(client: GizwitsClient, cloud: SimulatedCloud) -> None:
    end = today(cloud) - timedelta(days=1)
    report = await client.device_reports.liveness_history("date", end - timedelta(days=49), end)
    assert cloud.tally["reports.liveness"] == 2
    assert len({row.date for row in report.data}) == len(report.data)
    rows = await client.device_reports.active_devices(start=end, end=end).collect()
    assert report.data[-1].period == end.isoformat()
    assert report.data[-1].count == len(rows)
    assert cities(report.data[-1].location) == placed(rows)
    months = await client.device_reports.liveness_history("month", end, end)
    assert [row.month for row in months.data] == [end.isoformat()[:7]]


@endpoint(24)
async def realtime(client: GizwitsClient, cloud: SimulatedCloud) -> None:
    report, devices = await client.device_reports.realtime(), cloud.fleet.devices
    assert report.count.activated == len(devices)
    assert report.count.faulty == sum(device.is_faulty for device in devices)
    assert report.count.alert == sum(device.is_alert for device in devices)
    assert cities(report.location, "alert") == placed(d for d in devices if d.is_alert)


@endpoint(25, 26, 27, 28)
async def trouble(client: GizwitsClient, cloud: SimulatedCloud) -> None:
    reports = client.device_reports
    for flag, devices, events in (
        ("is_faulty", reports.fault_devices, reports.fault_events),
        ("is_alert", reports.alert_devices, reports.alert_events),
    ):
        pending = [device for device in cloud.fleet.devices if getattr(device, flag)]
        happened = await events()
        assert happened.count.unresolved == len(pending)
        assert happened.detail
        assert sum(one.total for one in happened.detail.values()) == happened.count.total
        if cloud.quirks.alert_events_path.endswith("devices") and flag == "is_alert":
            continue  # On such a server there is no report of alerting devices.
        counted = await devices()
        assert counted.detail is None
        assert counted.count.unresolved == len(pending)
        assert cities(counted.location, "unresolved") == placed(pending)


@endpoint(29, 32)
async def new_users(client: GizwitsClient, cloud: SimulatedCloud) -> None:
    end = today(cloud)
    report = await client.user_reports.new_users("week", end - timedelta(days=90), end)
    assert sum(row.count or 0 for row in report.data) == len(cloud.product.bindings.ever)
    assert (await client.user_reports.total()).total == len(cloud.product.bindings.ever)


@endpoint(30)
async def active_users(client: GizwitsClient, cloud: SimulatedCloud) -> None:
    end = today(cloud) - timedelta(days=1)
    rows = await client.device_reports.active_devices(start=end, end=end).collect()
    dids = {cloud.fleet.by_mac(row.mac or "").did for row in rows}  # type: ignore[union-attr]
    users = {uid for uid, did in cloud.product.bindings.rows if did in dids}
    secret = cloud.credentials.product_secret if cloud.quirks.product_value == "secret" else None
    report = await client.user_reports.active_users(end, end, product_secret=secret)
    assert [(row.date, row.count) for row in report.data] == [(end.isoformat(), len(users))]


@endpoint(31)
async def user_locations(client: GizwitsClient, cloud: SimulatedCloud) -> None:
    root = await client.user_reports.locations()
    assert cities(root) == placed(cloud.product.bindings.users.values())
