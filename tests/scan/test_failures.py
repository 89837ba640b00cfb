"""An error of one device is reported and the scan goes on; an error of all devices stops it."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from attrs import evolve

from gizwits_async.client import GizwitsClient
from gizwits_async.errors import (
    AuthenticationError,
    LogRangeError,
    QuotaExceededError,
    QuotaWaitError,
    TokenRejectedError,
)
from gizwits_async.options import Options
from gizwits_async.quota import HourlyQuota
from gizwits_async.scan import FleetScan, MemoryStore, ScanReport, Since
from gizwits_async.simulator import (
    FaultRule,
    Fleet,
    Quirks,
    Record,
    SimulatedCloud,
    SimulatedRequest,
    SimulatorTransport,
)
from gizwits_async.simulator.transport import Fate
from tests.doubles import AlteringTransport, FreeQuota, client_of, virtually
from tests.scan.common import DAY, LOGS, Rows, cloud_of, in_file, in_memory, log_calls, row, truth

NOW = 1_790_000_000
START = NOW - 4 * DAY


@pytest.mark.fault("X14")
def test_a_deleted_device_is_a_row_of_the_report_and_the_scan_goes_on() -> None:
    """Each of its logs is asked, tried once more at the end, and reported; all others are complete."""
    cloud = cloud_of(5, 5)
    gone = cloud.fleet.devices[2].did
    store = MemoryStore()

    async def main() -> None:
        client = client_of(cloud)
        scan = FleetScan(client, store, start=START, end=NOW)
        report = await scan.run(on_progress=lambda at: at.windows or _remove())
        assert {(f.did, f.log) for f in report.failures} == {
            (gone, "online"), (gone, "cmd"), (gone, "data"),
        }  # fmt: skip
        assert report.failed == 3
        assert {f.error for f in report.failures} == {"NotFoundError"}
        assert all("5301" in f.text for f in report.failures)
        assert not report.complete
        assert report.hint is not None
        assert in_memory(store) == truth(cloud, START, NOW)
        asked = [e for e in cloud.ledger if gone in e.path]
        assert len(asked) == 6
        assert (await FleetScan(client, store, start=START, end=NOW).run()).failed == 3

    def _remove() -> None:
        if cloud.fleet.device(gone):
            cloud.fleet.remove(gone)

    virtually(main())


def test_a_device_that_failed_for_a_while_is_complete_in_the_end() -> None:
    """What failed in the middle of the scan is tried again at its end, and nothing is missing."""
    cloud = cloud_of(4, 5)
    sick = cloud.fleet.devices[0].did
    failing = iter(range(9))

    def fates(request: SimulatedRequest, number: int) -> Fate:
        sick_call = f"/{sick}/data" in request.target and next(failing, None) is not None
        return Fate.REPLY_LOST if sick_call else Fate.DELIVER

    store = MemoryStore()

    async def main() -> None:
        client = client_of(cloud, transport=SimulatorTransport(cloud, fates=fates), max_retries=3)
        report = await FleetScan(client, store, start=START, end=NOW).run()
        assert report.complete == (not report.failed)
        again = await FleetScan(client, store, start=START, end=NOW).run()
        assert again.complete
        assert in_memory(store) == truth(cloud, START, NOW)

    virtually(main())


def test_a_window_that_always_fails_does_not_hold_up_those_behind_it(tmp_path: Path) -> None:
    """After its last attempt it is split off; all other windows are read, and only it is left."""
    cloud = cloud_of(3, 6)
    sick = cloud.fleet.devices[1].did
    span = range(NOW - 6 * DAY, NOW, 172_799)
    well = False

    def garble(target: str, _: Any) -> dict[str, Any]:
        refused = f"{sick}/data" in target and f"start_ts={span[1] - 1}&" in target
        return {"body": b"[]"} if refused and not well else {}

    async def main(store: Any, found: Callable[[], Any]) -> None:
        nonlocal well
        well = False
        scan = FleetScan(
            client_of(cloud, transport=AlteringTransport(cloud, garble)),
            store,
            start=span[0],
            end=NOW - 2000,
        )
        report = await scan.run()
        [failure] = report.failures
        assert (failure.did, failure.log, failure.since) == (sick, "data", span[1])
        assert failure.error == "InvalidResponseError"
        assert report.windows_left == 1
        wanted = truth(cloud, span[0], NOW - 2000)
        missing = cloud.truth("data", sick, span[1], span[2])
        assert (wanted - found()).total() >= len(missing) - 100
        well = True
        again = await scan.run()
        assert again.complete
        assert again.windows == 1
        assert found() == wanted

    memory = MemoryStore()
    virtually(main(memory, lambda: in_memory(memory)))
    path = tmp_path / "fleet.db"
    asyncio.run(main(path, lambda: in_file(path)))


class Sick(SimulatorTransport):
    """A service with a movable clock that garbles the windows that hold the second before NOW."""

    def __init__(self, cloud: SimulatedCloud) -> None:
        super().__init__(cloud, clock=lambda: self.at)
        self.cloud = cloud
        self.at, self.sick = float(NOW), True

    async def send(self, method: str, target: str, *rest: Any, **more: Any) -> Any:
        reply = await super().send(method, target, *rest, **more)
        query = parse_qs(urlsplit(target).query)
        if not self.sick or "start_ts" not in query:
            return reply
        inside = int(query["start_ts"][0]) < NOW - 1 <= int(query["end_ts"][0])
        return evolve(reply, body=b"[]") if inside else reply

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


def tipped() -> SimulatedCloud:
    """Return a device with records on both sides of the last window's beginning, and after it."""
    times = [START + 5, NOW - 1000, NOW - 500, NOW - 1.5, NOW - 0.5, NOW + 500]
    return SimulatedCloud(Fleet.of(["did"], {("data", "did"): times}, now=NOW), quota=10**9)


async def scanned(store: Any, service: Sick, settle: int = 900) -> ScanReport:
    """Scan once, with a new client, which learns the server's time again."""
    client = client_of(service.cloud, transport=service, max_retries=0)
    scan = FleetScan(client, store, logs=["data"], start=START, settle=settle, sleep=service.sleep)
    return await scan.run()


@pytest.mark.parametrize("runs", [1, 3])
@pytest.mark.parametrize("settle", [900, 200_000])
async def test_no_second_of_a_young_window_that_failed_is_read_twice(
    settle: int, runs: int, kept: tuple[Any, Callable[[], Rows]]
) -> None:
    """Late records may appear before the window that was split off: one task reads both again."""
    cloud, (store, found) = tipped(), kept
    service = Sick(cloud)
    for number in range(runs):
        report = await scanned(store, service, settle)
        service.at += DAY
        assert [failure.error for failure in report.failures] == ["InvalidResponseError"]
        assert not report.complete
        seen = cloud.truth("data", "did", START, NOW - 2)
        seen += cloud.truth("data", "did", NOW, report.end) if number else []
        assert found() == Counter(row("did", "data", record) for record in seen)
    service.sick = False
    late = Record(at=NOW - 700.0, body={"attrs": {"late": 1}}, seen_at=NOW + 300.0)
    cloud.fleet.append("data", "did", late)
    for _ in range(3):
        report = await scanned(store, service, settle)
        service.at += DAY
        assert report.complete
        assert found() == truth(cloud, START, report.end, ["data"])
        assert report.end > NOW


async def test_a_young_window_that_failed_and_then_fell_off_is_a_gap(
    kept: tuple[Any, Callable[[], Rows]],
) -> None:
    """Its seconds were never read, so they are a gap even if the seconds beside them are read again."""
    cloud, (store, _) = tipped(), kept
    service = Sick(cloud)
    assert (await scanned(store, service)).failed == 1
    service.at += 40 * DAY
    report = await scanned(store, service)
    assert report.failed == 0
    gaps = sorted((gap.start, gap.end) for gap in report.gaps)
    assert gaps[0] == (NOW - 2, NOW)
    assert gaps[1][0] == NOW


@pytest.mark.fault("X15")
@pytest.mark.parametrize("code", [5018, 5024])
def test_a_log_closed_for_the_product_is_not_asked_of_every_device(code: int) -> None:
    """Three devices refused are enough; the other logs are scanned, and the report says so."""
    cloud = cloud_of(
        40,
        3,
        quirks=Quirks(forbidden_logs={"cmd"}, forbidden_code=code),  # type: ignore[arg-type]
    )
    store = MemoryStore()

    async def main() -> None:
        scan = FleetScan(client_of(cloud), store, start=NOW - 2 * DAY, end=NOW, concurrency=4)
        report = await scan.run()
        assert list(report.given_up) == ["cmd"]
        assert str(code) in report.given_up["cmd"]
        assert not report.complete
        assert report.failed == 0
        assert report.windows_left == 0
        assert cloud.tally["log.cmd"] <= 3 + 4
        assert in_memory(store) == truth(cloud, NOW - 2 * DAY, NOW, ["online", "data"])

    virtually(main())


def test_a_token_that_others_keep_ending_does_not_stop_the_scan() -> None:
    """Where a new token ends the old ones, a second process costs logins and pauses, and no record."""
    cloud = cloud_of(3, 5, quirks=Quirks(new_token_revokes_old=True))
    store = MemoryStore()
    ended: Counter[str | None] = Counter()

    async def main() -> ScanReport:
        client = GizwitsClient(
            cloud.credentials,
            transport=SimulatorTransport(cloud, latency=0.02, reply_latency=0.003),
            quota=FreeQuota(),
            on_call=lambda call: ended.update([call.error]),
        )

        async def disturb(other: GizwitsClient) -> None:
            for _ in range(400):
                await other.authorization.create_token()
                await asyncio.sleep(0.011)

        async with client, client_of(cloud) as other, asyncio.TaskGroup() as group:
            group.create_task(disturb(other))
            return await FleetScan(client, store, start=START, end=NOW).run()

    report = virtually(main())
    assert report.complete
    assert in_memory(store) == truth(cloud, START, NOW)
    assert ended["TokenRejectedError"] >= 3


def test_tokens_that_are_never_accepted_stop_the_scan() -> None:
    """After a few attempts with pauses the scan stops, instead of calling for ever."""
    cloud = cloud_of(3, 5)
    cloud.faults.set([FaultRule(path="*/data", action="status", status=400, code=5009)])
    store = MemoryStore()

    async def main() -> None:
        async with client_of(cloud) as client:
            with pytest.raises(TokenRejectedError):
                await FleetScan(client, store, logs=("data",), start=START, end=NOW).run()

    virtually(main())
    assert log_calls(cloud) < 100


def test_refused_credentials_stop_the_scan() -> None:
    """Every device would fail: the error is raised, and no task is left running."""
    cloud = cloud_of(5, 5)

    async def main() -> None:
        store = MemoryStore()
        scan = FleetScan(client_of(cloud), store, start=START, end=NOW)
        with pytest.raises(AuthenticationError):
            await scan.run(on_progress=lambda at: setattr(cloud, "whitelist", ["10.0.0.1"]))
        assert len(asyncio.all_tasks()) == 1
        cloud.whitelist = None
        assert (await scan.run()).complete
        assert in_memory(store) == truth(cloud, START, NOW)

    virtually(main())


@pytest.mark.parametrize(
    "error", [QuotaWaitError("full", retry_after=100.0), QuotaExceededError(code=5013, status=403)]
)
def test_a_used_up_quota_pauses_the_scan_and_fails_no_device(error: Exception) -> None:
    """It waits as long as the error says, and goes on; with `max_quota_wait` it stops instead."""
    cloud = cloud_of(3, 5)

    async def main(*, wait: float | None) -> None:
        client = GizwitsClient(
            cloud.credentials,
            transport=SimulatorTransport(cloud),
            quota=FreeQuota(errors=[*[None] * 10, *[error] * 5]),
            options=Options(max_quota_wait=wait, max_retries=0),
        )
        store = MemoryStore()
        scan = FleetScan(client, store, start=START, end=NOW, concurrency=2)
        if wait is not None:
            with pytest.raises(type(error)):
                await scan.run()
            return
        began = asyncio.get_running_loop().time()
        report = await scan.run()
        assert report.complete
        assert asyncio.get_running_loop().time() - began >= 60
        assert in_memory(store) == truth(cloud, START, NOW)

    virtually(main(wait=None))
    virtually(main(wait=0.0))


@pytest.mark.fault("X12")
def test_what_falls_off_the_edge_meanwhile_is_a_gap() -> None:
    """A slow scan of the full thirty days reports the seconds that it lost, and stores all others."""
    fleet = Fleet.generate(30, 30, live=False)
    cloud = SimulatedCloud(fleet, quota=10**9)

    async def main() -> None:
        client = GizwitsClient(
            cloud.credentials,
            transport=SimulatorTransport(cloud),
            quota=HourlyQuota(30, 3600.0, burst=1, reserve=0, initial=0, sprint=False, pad=12.0),
        )
        store = MemoryStore()
        scan = FleetScan(client, store, start=Since(30 * DAY - 15), logs=["data"])
        report = await scan.run()
        await client.aclose()
        assert report.gap_count > 0
        assert not report.complete
        assert report.calls_least <= report.log_calls
        assert report.windows_left == report.failed == 0
        found = in_memory(store)
        wanted = truth(cloud, report.start, report.end, ["data"])
        lost = wanted - found
        assert not found - wanted
        gaps = {did: [] for did in store.devices}
        for gap in report.gaps:
            assert gap.start < gap.end
            gaps[gap.did].append(gap)
        assert sum(lost.values()) == sum(
            len(cloud.truth("data", did, gap.start, gap.end))
            for did, found in gaps.items()
            for gap in found
        )

    virtually(main())


@pytest.mark.parametrize("where", ["memory", "file"])
@pytest.mark.parametrize("trouble", ["deleted", "closed"])
async def test_what_fails_for_good_does_not_keep_the_next_night_from_its_range(
    trouble: str, where: str, tmp_path: Path
) -> None:
    """A deleted device, or a log closed to the product, stays in the report; all else goes on."""
    deleted = trouble == "deleted"
    quirks = Quirks() if deleted else Quirks(forbidden_logs={"cmd"})
    cloud, now = cloud_of(4, 3, live=True, quirks=quirks), float(NOW)
    memory, path = MemoryStore(), tmp_path / "fleet.db"
    gone = cloud.fleet.devices[0].did

    def present() -> float:
        return now

    async def run(start: float | Since) -> ScanReport:
        store = memory if where == "memory" else path
        client = client_of(cloud, transport=SimulatorTransport(cloud, clock=present))
        return await FleetScan(client, store, start=start).run()

    def held(wanted: Rows | None = None) -> Rows:
        stored = in_memory(memory) if where == "memory" else in_file(path)
        found = stored if wanted is None else wanted
        return Counter({key: n for key, n in found.items() if not deleted or key[0] != gone})

    first = last = await run(NOW - DAY)
    if deleted:
        cloud.fleet.remove(gone)
    for _ in range(3):
        now += 6 * 3600
        report = await run(Since())
        assert report.end == last.end + 6 * 3600
        assert not report.complete
        assert (report.failed, list(report.given_up)) == ((3, []) if deleted else (0, ["cmd"]))
        logs = LOGS if deleted else ("online", "data")
        assert held() == held(truth(cloud, first.start, report.end, logs))
        last = report
    cloud.quirks = Quirks()
    now += 3600
    report = await run(Since())
    # Once it is open, all that was missed of it is asked for.
    assert report.complete is not deleted
    assert held() == held(truth(cloud, first.start, report.end))


def test_a_range_that_makes_no_sense_costs_no_call() -> None:
    """Reversed, naive, in the future, too old, or after a scan that never was: a ValueError."""
    cloud = cloud_of(1, 1)
    client = client_of(cloud)
    for arguments in (
        {"start": NOW, "end": NOW - 5}, {"start": Since(5), "end": NOW}, {"start": None},
        {"start": 5, "logs": ["offline"]}, {"start": 5, "logs": []}, {"start": 5, "concurrency": 0},
        {"start": 5, "settle": -1},
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"."):
            FleetScan(client, **arguments)
    for seconds in (0, float("inf"), float("nan"), 10**400):
        with pytest.raises(ValueError, match="positive"):
            Since(seconds)

    async def main() -> None:
        with pytest.raises(ValueError, match="future"):
            await FleetScan(client, start=NOW + DAY).run()
        with pytest.raises(LogRangeError):
            await FleetScan(client, start=NOW - 31 * DAY).run()
        with pytest.raises(ValueError, match="no last scan"):
            await FleetScan(client, start=Since()).run()

    virtually(main())
    assert log_calls(cloud) == cloud.tally["devices.search"] == 0


@pytest.mark.fault("X3")
def test_a_device_that_appears_meanwhile_is_scanned_too() -> None:
    """The listing is walked once more at the end, for devices that moved or appeared meanwhile."""
    cloud = cloud_of(3, 5)
    store = MemoryStore()

    async def main() -> None:
        new = evolve(cloud.fleet.devices[0], did="n" * 22, mac="ACCF23FFFFFF")
        scan = FleetScan(client_of(cloud), store, start=START, end=NOW)
        await scan.run(on_progress=lambda at: at.windows == 5 and cloud.fleet.add(new))
        assert len(store.devices) == 4
        assert in_memory(store) == truth(cloud, START, NOW)

    virtually(main())
