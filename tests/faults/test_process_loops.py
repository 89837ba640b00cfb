"""Other loops and other threads, through the public client, over real sockets."""

import asyncio
import gc
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gizwits_async import GizwitsClient, HourlyQuota, Options, errors
from gizwits_async.scan import FleetScan, Since, SqlStore
from gizwits_async.simulator import FaultRule, Fleet, SimulatedCloud, SimulatorTransport
from gizwits_async.testing import ThreadedSimulator
from tests.doubles import client_of, virtually

NOW = 1_790_000_000
MACS = [f"{0xACCF23000000 + n:012X}" for n in range(9)]


# --- from loop to loop


@pytest.fixture
def simulator() -> Any:
    """A service in a thread of its own, so that no loop of the test serves it."""
    with ThreadedSimulator() as running:
        yield running


def client_at(simulator: ThreadedSimulator, **more: Any) -> GizwitsClient:
    """Return a client with a quota that is real, and large."""
    quota = HourlyQuota(3_600_000, burst=500, initial=500)
    return GizwitsClient(simulator.cloud.credentials, base_url=simulator.url, quota=quota, **more)


leaves_sockets = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


@pytest.mark.fault("P4")
@leaves_sockets
@pytest.mark.parametrize("dirty", [False, True])
def test_a_client_lives_through_any_number_of_loops(
    dirty: bool, simulator: ThreadedSimulator
) -> None:
    """Calls and walks go on in the next loop, also after one that was closed over open calls."""
    client = client_at(simulator, options=Options(page_size=5))
    macs = [device.mac for device in simulator.cloud.fleet.devices]
    resume: str | None = None
    found: list[str] = []

    async def some(number: int) -> None:
        nonlocal resume
        assert (await client.devices.detail(macs[number])).mac == macs[number]
        async for page in client.devices.search(show_disabled=True).pages(resume):
            found.extend(device.mac for device in page.items if device.mac)
            resume = page.resume
            break
        if dirty:
            kept.extend(asyncio.ensure_future(client.devices.detail(mac)) for mac in macs)
            await asyncio.sleep(0)

    kept: list[asyncio.Task[Any]] = []
    for number in range(3):
        loop = asyncio.new_event_loop()
        loop.set_exception_handler(lambda *_: None)  # "Task was destroyed but it is pending!"
        loop.run_until_complete(some(number))
        if not dirty:
            loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
        for task in kept:
            with suppress(RuntimeError):  # They meet the closed loop once more on their way out.
                task.get_coro().close()  # type: ignore[union-attr]
        kept.clear()
    gc.collect()
    assert resume is None
    assert sorted(found) == sorted(macs)
    assert simulator.cloud.tally["token"] == 1, "the token goes along"
    asyncio.run(client.aclose())
    with pytest.raises(errors.ClientClosedError):
        asyncio.run(some(0))
    gc.collect()


@pytest.mark.fault("P4")
def test_the_count_of_the_quota_goes_along() -> None:
    """A loop for each call is no fresh quota for each call."""
    cloud = SimulatedCloud(Fleet.of(["d" * 22]))
    client = GizwitsClient(
        cloud.credentials, transport=SimulatorTransport(cloud), quota=HourlyQuota(60, 60, burst=5, reserve=0, initial=5, pad=0),
        options=Options(max_quota_wait=0.0),
    )  # fmt: skip
    ends = []
    for _ in range(12):
        try:
            virtually(client.devices.detail(MACS[0]))  # type: ignore[arg-type]
        except errors.QuotaWaitError:
            ends.append("refused")
        else:
            ends.append("ok")
    assert 3 <= ends.count("ok") <= 5


# --- two threads


@pytest.mark.fault("P4")
def test_what_many_tasks_share_moves_on_to_the_next_loop(tmp_path: Path) -> None:
    """The data points of a product and the connection of a store, for which tasks stand in line."""
    rule = FaultRule(path="*/datapoint", action="status", status=500, nth=(1, 2, 3, 4, 5, 6))
    cloud = SimulatedCloud(Fleet.generate(9, now=NOW), quota=10**6, faults=[rule])
    today = [NOW]
    door = SimulatorTransport(cloud, clock=lambda: today[0])
    client = client_of(cloud, transport=door, max_retries=0)
    store = SqlStore(tmp_path / "fleet.db")
    did = cloud.fleet.devices[0].did

    async def commands() -> list[object]:
        works = (client.devices.control_and_confirm(did, {"switch": True}) for _ in range(3))
        return [type(one) for one in await asyncio.gather(*works, return_exceptions=True)]

    async def scanned() -> bool:
        report = await FleetScan(client, store, start=Since(3600.0)).run()
        return report.complete

    for _ in range(2):
        assert asyncio.run(commands()) == [errors.ServerError] * 3
    for _ in range(2):
        assert asyncio.run(scanned())
        today[0] += 86_400


@pytest.mark.fault("P6")
@leaves_sockets
def test_threads_that_share_a_client_are_told_so(simulator: ThreadedSimulator) -> None:
    """Of six threads that begin at once one is served, all others get a clear error, at once."""
    client = client_at(simulator)
    mac = simulator.cloud.fleet.devices[0].mac
    ready, over = threading.Barrier(6), threading.Barrier(6)
    ends: list[set[str]] = []
    messages: list[str] = []

    async def calls() -> None:
        mine = set()
        for _ in range(10):
            try:
                mine.add(str((await client.devices.detail(mac)).mac == mac))
            except errors.ClientClosedError as error:
                mine.add(type(error).__name__)
                messages.append(str(error))
        ends.append(mine)
        # Nobody's loop ends before all have tried: a loop that is over may be followed by another.
        await asyncio.to_thread(over.wait, 30)

    def run() -> None:
        ready.wait(30)
        asyncio.run(calls())

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert sorted(map(sorted, ends)) == [["ClientClosedError"]] * 5 + [["True"]]
    assert all("another event loop" in one for one in messages)
    asyncio.run(client.aclose())
    gc.collect()


@pytest.mark.fault("P6")
@pytest.mark.parametrize("what", ["call", "list", "log", "write", "view", "quota"])
async def test_a_second_loop_is_refused_whatever_it_wants(
    what: str, simulator: ThreadedSimulator
) -> None:
    """Nothing is sent by it, nothing of the first loop's is disturbed."""
    async with client_at(simulator) as client:
        device = simulator.cloud.fleet.devices[0]
        works: dict[str, Callable[[], Awaitable[Any]]] = {
            "call": lambda: client.devices.detail(device.mac),
            "list": lambda: client.devices.search().collect(),
            "log": lambda: client.devices.data_log(device.did).first(),
            "write": lambda: client.devices.control(device.did, raw=[1]),
            "view": lambda: client.with_options(lane="bulk").devices.detail(device.mac),
            "quota": client.quota.acquire,
        }
        under_way = [asyncio.ensure_future(client.devices.detail(device.mac)) for _ in range(20)]
        await asyncio.sleep(0.01)

        async def elsewhere() -> None:
            await works[what]()

        def run() -> None:
            with pytest.raises(errors.ClientClosedError, match="another event loop"):
                asyncio.run(elsewhere())

        await asyncio.to_thread(run)
        found = await asyncio.gather(*under_way)
        assert {one.mac for one in found} == {device.mac}
        kinds = simulator.cloud.tally
        assert kinds.total() == kinds["token"] + kinds["devices.detail"] == 21
