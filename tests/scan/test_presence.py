"""Windows that hold nothing are passed over once that has proven right, and no record is lost by it."""

import asyncio
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gizwits_async.models.devices import Device
from gizwits_async.scan import FleetScan, MemoryStore, ScanReport, Since, SqlStore
from gizwits_async.scan.presence import seen_again
from gizwits_async.scan.store.protocol import Change
from gizwits_async.simulator import SimulatedCloud, SimulatorTransport
from tests.doubles import client_of, virtually
from tests.scan.common import in_file, in_memory, truth
from tests.scan.living import DAY, NOW, living

MIXED = {"always-on": 60, "dormant": 60, "sporadic": 80}
TURNING = {"always-on": 20, "dormant": 60, "daily": 60}


def stop_listing(cloud: SimulatedCloud, *, late: float) -> None:
    """Let the listing show the devices as they were so many seconds ago."""
    cloud.quirks = cloud.quirks.evolve(listing_lag=late)


async def nights_of(
    cloud: SimulatedCloud, store: Any, nights: int, **more: Any
) -> list[ScanReport]:
    """Scan once a night, and compare what is stored with the truth each time."""
    reports, transport = [], SimulatorTransport(cloud)
    for _ in range(nights):
        client = client_of(cloud, transport=transport)
        report = await FleetScan(client, store, start=Since(DAY), **more).run()
        assert report.complete
        assert in_memory(store) == truth(cloud, report.start, report.end)
        reports.append(report)
        for _ in range(24):
            await asyncio.sleep(3600)
    return reports


def test_a_scan_that_may_pass_over_nothing_reads_every_window() -> None:
    """`skip="never"`, on the second night as well."""

    async def main() -> list[ScanReport]:
        return await nights_of(living(TURNING), MemoryStore(), 2, skip="never")

    reports = virtually(main())
    assert [report.log_calls for report in reports] == [3 * 140] * 2
    assert [(report.skipped, report.rules) for report in reports] == [({}, {})] * 2


@pytest.mark.parametrize("listing", ["still", "wrong"])
def test_a_listing_that_tells_nothing_refutes_the_rules(listing: str) -> None:
    """No record is lost, and asking costs what it costs without any rule."""

    async def main() -> list[ScanReport]:
        return await nights_of(living(MIXED, listing=listing), MemoryStore(), 3)

    reports = virtually(main())
    assert reports[-1].refuted
    if listing == "wrong":
        assert max(report.calls for report in reports) <= 1.02 * 604


@pytest.mark.parametrize("lag", [600])
def test_a_listing_that_is_late_loses_nothing(lag: float) -> None:
    """Within `settle` it may show a device as it was."""
    kinds = {"always-on": 10, "dormant": 40, "sporadic": 30, "daily": 10}
    cloud = living(kinds, listing_lag=lag)
    assert not virtually(nights_of(cloud, MemoryStore(), 4))[-1].refuted


class Mortal(MemoryStore):
    """A store at which the process dies after some commits."""

    def __init__(self) -> None:
        super().__init__()
        self.left = 10**9
        self.passed_over = 0
        self.victim: asyncio.Task[Any] | None = None

    async def commit(self, change: Change) -> None:
        await super().commit(change)
        self.passed_over += change.skipped is not None
        self._count()

    async def keep_trust(self, text: str) -> None:
        await super().keep_trust(text)
        self._count()

    async def unskip(self, rule: str) -> int:
        found = await super().unskip(rule)
        self._count()
        return found

    def _count(self) -> None:
        self.left -= 1
        if self.left == 0 and self.victim is not None:
            self.victim.cancel()


@pytest.mark.parametrize("seed", [2, 4])
def test_all_that_a_refuted_rule_passed_over_is_read_before_the_report(seed: int) -> None:
    """Also where the process died, at any moment, between passing over and finding out."""
    cloud, store, rng = living(TURNING, seed=seed), Mortal(), random.Random(seed)
    transport = SimulatorTransport(cloud)

    async def whole() -> ScanReport:
        while True:
            client = client_of(cloud, transport=transport)
            store.left = rng.randrange(20, 300)
            store.victim = asyncio.ensure_future(FleetScan(client, store, start=Since(DAY)).run())
            try:
                return await store.victim
            except asyncio.CancelledError:
                continue

    async def main() -> None:
        for night in range(5):
            stop_listing(cloud, late=max(0, night - 2) * DAY)
            report = await whole()
            assert report.complete
            assert in_memory(store) == truth(cloud, report.start, report.end)
            for _ in range(24):
                await asyncio.sleep(3600)
        assert store.passed_over > 150
        assert "offline" in report.refuted

    virtually(main())


async def test_trust_and_what_was_passed_over_stay_in_the_file(tmp_path: Path) -> None:
    """Each night and each restart uses a new store object; the rules stay proven, or refuted."""
    kinds = {"always-on": 4, "dormant": 45, "daily": 30}
    cloud, path, now = living(kinds), tmp_path / "fleet.db", NOW
    transport = SimulatorTransport(cloud, clock=lambda: float(now))

    async def night(stop_after: int) -> ScanReport:
        def stop(at: Any) -> None:
            if at.windows >= stop_after:
                raise KeyError

        client = client_of(cloud, transport=transport)
        with suppress(KeyError):
            await FleetScan(client, path, start=Since(DAY)).run(stop)
        return await FleetScan(client, path, start=Since(DAY)).run()

    for number in range(5):
        stop_listing(cloud, late=DAY if number == 4 else 0)
        report = await night(30)
        assert report.complete
        assert in_file(path) == truth(cloud, report.start, report.end)
        if number == 3:
            assert sum(report.skipped.values()) > 80
            assert report.refuted == {}
        now += DAY
    assert list(report.refuted) == ["offline"]


async def test_a_time_of_any_size_is_kept_and_shows_no_sql(tmp_path: Path) -> None:
    """`online_latest` may be any number: no row of the listing ends a scan."""
    store = SqlStore(tmp_path / "fleet.db")
    await store.open()
    for latest, kept in ((2**63, 2.0**63), (10**400, None)):  # As among the devices: a double.
        device = Device(did="d", online_latest=latest, is_online=False)
        await store.keep_presence({"d": seen_again(None, device, asked=1, answered=2)})
        assert (await store.presence())["d"].latest == kept
    await store.aclose()


def test_a_mixed_fleet_costs_little_more_than_its_records() -> None:
    """On the fourth night; plan and report tell that floor, what was passed over, and what was sampled."""
    cloud, store = living(MIXED), MemoryStore()

    async def main() -> None:
        report = (await nights_of(cloud, store, 4))[-1]
        assert report.calls <= 1.2 * (report.pages_with_records + 2)
        assert report.calls <= 0.36 * 604  # Of a scan that asks everything.
        assert report.to_json()["skipped"] == report.skipped
        assert report.calls_least == report.pages_with_records
        assert report.ratio == report.log_calls / report.pages_with_records < 1.2
        assert report.log_calls == report.pages_with_records + report.windows_empty
        assert {rule: known.proven for rule, known in report.rules.items()} == {
            "online": True, "offline": True, "sessions": True, "derived": False,
        }  # fmt: skip
        assert sum(known.sampled for known in report.rules.values()) >= report.sampled > 0
        plan = await FleetScan(client_of(cloud), store, start=Since()).plan()
        assert plan.calls_least < plan.calls
        [following] = await nights_of(cloud, store, 1)
        assert plan.calls == pytest.approx(following.calls, rel=0.1)
        assert plan.calls_least == pytest.approx(following.calls_least + 3, rel=0.1)
        assert sum(plan.skipped.values()) == pytest.approx(sum(following.skipped.values()), rel=0.1)
        assert plan.sampled == pytest.approx(following.sampled, abs=10)

    virtually(main())
