"""Listings that misbehave keep no known device from being scanned, and are never silently short."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from attrs import evolve

from gizwits_async.errors import ServerError
from gizwits_async.scan import FleetScan, MemoryStore, Since
from gizwits_async.simulator import Fleet, Rates, Record, SimulatedCloud, SimulatorTransport
from gizwits_async.wire.transport import HttpReply
from tests.doubles import client_of, virtually
from tests.scan.common import DAY, in_file, in_memory, truth

NOW = 1_790_000_000
START = NOW - DAY


class Shallow(SimulatorTransport):
    """A service that lists no rows from a position on."""

    depth = 100
    code: int | None = 5002
    counts_on = True
    """Whether its total goes beyond that position."""
    asked = 0

    async def send(self, method: str, target: str, *rest: Any, **more: Any) -> Any:
        query = parse_qs(urlsplit(target).query)
        reply = await super().send(method, target, *rest, **more)
        if "/devices/search" not in target:
            return reply
        self.asked += 1
        if int(query["skip"][0]) < self.depth:
            return self._cut(reply, int(query["skip"][0]))
        if self.code is None:
            page = json.loads(reply.body)
            return evolve(reply, body=json.dumps({**page, "objects": []}).encode())
        body = json.dumps({"error_code": self.code, "error_message": "no"}).encode()
        return HttpReply(500 if self.code == 5409 else 400, {}, body)

    def _cut(self, reply: Any, skip: int) -> Any:
        page = json.loads(reply.body)
        page["objects"] = page["objects"][: self.depth - skip]
        if not self.counts_on:
            page["meta"]["total"] = min(page["meta"]["total"], self.depth)
        return evolve(reply, body=json.dumps(page).encode())


def cloud_of(devices: int, **changes: Any) -> SimulatedCloud:
    """Return a service with a day of records, and devices changed in this way."""
    fleet = Fleet.generate(devices, 1, rates=Rates(reports=2, dense=0.0))
    for device in fleet.devices:
        if changes:
            fleet.change(device.did, **changes)
    return SimulatedCloud(fleet, quota=10**9)


def scan_of(transport: SimulatorTransport, cloud: SimulatedCloud, store: Any) -> FleetScan:
    """Return a scan of the data log of the last day."""
    client = client_of(cloud, transport=transport, max_retries=0)
    return FleetScan(client, store, start=START, end=NOW, logs=["data"])


@pytest.mark.parametrize(
    ("code", "counts_on"), [(5002, True), (5409, True), (None, True), (5002, False), (5409, False)]
)
def test_a_listing_that_is_cut_short_goes_on_in_parts(code: int | None, counts_on: bool) -> None:
    """All devices are found by the filters of the listing, and the report says how."""
    cloud, store = cloud_of(260), MemoryStore()
    for device in cloud.fleet.devices:
        if device.city is None:
            cloud.fleet.change(device.did, country="China", region="Hunan", city="Changsha")
    transport = Shallow(cloud)
    transport.code, transport.counts_on = code, counts_on

    async def main() -> None:
        report = await scan_of(transport, cloud, store).run()
        assert (report.devices, report.listing, report.complete) == (260, None, True)
        assert any("continued in parts after 100 devices" in note for note in report.notes)
        assert in_memory(store) == truth(cloud, START, NOW, ["data"])
        assert store.state is not None
        assert store.state.listing == "done"

    virtually(main())


@pytest.mark.parametrize(
    ("code", "depth", "devices"),
    [(5002, 100, 130), (5409, 100, 130), (None, 100, 130), (None, 1000, 1150)],
)
def test_known_devices_are_scanned_where_the_rest_cannot_be_listed(
    code: int | None, depth: int, devices: int
) -> None:
    """No filter tells these devices apart: the report names what is missing, each time."""
    same = {"is_online": True, "online_latest": NOW - 60, "country": None, "region": None}
    cloud, store = cloud_of(devices, **same, city=None), MemoryStore()
    transport = Shallow(cloud)
    transport.code, transport.depth = code, depth

    async def main() -> None:
        for _ in range(2):
            report = await scan_of(transport, cloud, store).run()
            assert report.devices == depth
            assert report.listing is not None
            assert report.listing.startswith(f"listing incomplete: {depth:,} of {devices:,}")
            assert not report.complete
            assert report.hint is not None
            assert report.to_json()["listing"] == report.listing
            wanted = truth(cloud, START, NOW, ["data"])
            assert in_memory(store) == {
                key: n for key, n in wanted.items() if key[0] in store.devices
            }
        transport.depth = 10 * depth
        report = await scan_of(transport, cloud, store).run()
        assert report.complete
        assert in_memory(store) == truth(cloud, START, NOW, ["data"])

    virtually(main())


def test_a_total_that_is_too_large_costs_a_few_calls() -> None:
    """A few smaller parts are tried; when none of them brings a new device, the rest are not."""
    cloud, store = cloud_of(90), MemoryStore()

    class Boasting(Shallow):
        def _cut(self, reply: Any, skip: int) -> Any:
            page = json.loads(reply.body)
            page["meta"]["total"] += 5
            return evolve(reply, body=json.dumps(page).encode())

    async def main() -> None:
        transport = Boasting(cloud)
        transport.depth = 1000
        report = await scan_of(transport, cloud, store).run()
        assert report.listing is not None
        assert "90 of 95" in report.listing
        assert transport.asked <= 2 * (2 + 20 * 2)

    virtually(main())


def test_a_scan_that_was_stopped_in_its_second_listing_finishes_that_one() -> None:
    """The next run lists, and asks logs for nothing but devices that appeared; no new range begins."""
    cloud, store = cloud_of(130), MemoryStore()

    class Stopping(Shallow):
        depth, stops = 10**6, True

        async def send(self, method: str, target: str, *rest: Any, **more: Any) -> Any:
            if "/devices/search" in target and self.asked == 2 and self.stops:
                self.appear()
                raise asyncio.CancelledError
            return await super().send(method, target, *rest, **more)

        def appear(self) -> None:
            for number in range(12):
                late = evolve(cloud.fleet.devices[0], did=f"new{number}", mac=f"A{number:011X}")
                cloud.fleet.add(evolve(late, created_at=NOW))
                cloud.fleet.append("data", late.did, Record(at=NOW - 99.0, body={"attrs": {}}))

    async def main() -> None:
        transport = Stopping(cloud)
        client = client_of(cloud, transport=transport, max_retries=0)
        scan = FleetScan(client, store, start=Since(DAY), logs=["data"])
        with pytest.raises(asyncio.CancelledError):
            await scan.run()
        assert store.state is not None
        end, transport.stops = store.state.end, False
        await asyncio.sleep(3600)
        report = await scan.run()
        assert (report.end, report.log_calls, report.complete) == (end, 12, True)
        assert (await scan.run()).end == end + 3600

    virtually(main())


class Broken(SimulatorTransport):
    """A service that answers some paths with an error."""

    path, code, status = "/devices/search", 5409, 500

    async def send(self, method: str, target: str, *rest: Any, **more: Any) -> Any:
        if self.path in target:
            body = json.dumps({"error_code": self.code, "error_message": "no"}).encode()
            return HttpReply(self.status, {}, body)
        return await super().send(method, target, *rest, **more)


def test_a_listing_that_fails_does_not_keep_known_devices_from_being_scanned() -> None:
    """The second night reads all logs that the store knows; the first one has nothing to read."""
    cloud, store = cloud_of(20), MemoryStore()

    async def main() -> None:
        with pytest.raises(ServerError):
            await scan_of(Broken(cloud), cloud, MemoryStore()).run()
        early = FleetScan(client_of(cloud), store, start=START, end=NOW - 9000, logs=["data"])
        assert (await early.run()).complete
        broken = client_of(cloud, transport=Broken(cloud), max_retries=0)
        report = await FleetScan(broken, store, start=START, logs=["data"]).run()
        assert report.listing is not None
        assert report.listing.startswith("listing incomplete: 0 of an unknown number")
        assert not report.complete
        assert in_memory(store) == truth(cloud, START, report.end, ["data"])

    virtually(main())


@pytest.mark.parametrize("code", [5005, 5024, 5409])
async def test_an_unreadable_definition_keeps_no_log_from_being_read(
    code: int, tmp_path: Path
) -> None:
    """Whatever the service says of it: only the logs decide whether a scan can go on."""
    cloud, path = cloud_of(5), tmp_path / "fleet.db"
    transport = Broken(cloud)
    transport.path, transport.code, transport.status = "/datapoints", code, 400
    report = await scan_of(transport, cloud, path).run()
    assert report.complete
    assert in_file(path) == truth(cloud, START, NOW, ["data"])


def listing_calls(cloud: SimulatedCloud) -> int:
    """Return how many pages of the listing were asked for."""
    return sum(entry.kind == "devices.search" for entry in cloud.ledger)


@pytest.mark.parametrize(
    ("order", "added", "removed", "pages"),
    [("created", 0, 0, 4), ("created", 1, 0, 6), ("created_desc", 1, 1, 6), ("did", 0, 1, 6)],
)
def test_the_second_listing_ends_after_its_first_page_if_nothing_changed(
    order: Any, added: int, removed: int, pages: int
) -> None:
    """If that page and the total are as they were; else all of it is read, and what is new."""
    cloud, store = cloud_of(250), MemoryStore()
    cloud.quirks = cloud.quirks.evolve(list_order=order)
    devices = cloud.fleet.devices
    changed = False

    def change(_: Any) -> None:
        nonlocal changed
        if store.devices and store.state is not None and store.state.listing == "done":
            for number in range(0 if changed else added):
                late = evolve(devices[number], did=f"new{number}", mac=f"A{number:011X}")
                cloud.fleet.add(evolve(late, created_at=NOW))
                cloud.fleet.append("data", late.did, Record(at=NOW - 99.0, body={"attrs": {}}))
            for device in devices[: 0 if changed else removed]:
                cloud.fleet.remove(device.did)
            changed = True

    async def main() -> None:
        report = await scan_of(SimulatorTransport(cloud), cloud, store).run(change)
        assert changed
        assert report.devices == 250 + added
        assert {f"new{number}" for number in range(added)} <= store.devices.keys()
        assert listing_calls(cloud) == pages

    virtually(main())
