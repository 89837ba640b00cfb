"""Task groups, abandoned walks, closing, through the public client."""

import asyncio
import gc
import subprocess
import sys
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from gizwits_async import GizwitsClient, HourlyQuota, Options, errors, get
from gizwits_async.scan import FleetScan
from gizwits_async.simulator import FaultRule, Fleet, SimulatedCloud, SimulatorTransport
from gizwits_async.simulator.transport import Fate
from gizwits_async.testing import ThreadedSimulator
from tests.doubles import client_of, virtually
from tests.faults.logs import DID, NOW, bag, log_of, whole

MACS = [f"{0xACCF23000000 + n:012X}" for n in range(9)]
ROOT = Path(__file__).parents[2]


def cloud_of(*faults: FaultRule) -> SimulatedCloud:
    """Return a service with nine devices."""
    return SimulatedCloud(Fleet.of([f"{n:022d}" for n in range(9)]), faults=faults)


# --- somebody else's failure, somebody else's time-out


def stalled(fate: Fate, *, login: bool) -> dict[str, Any]:
    """Return what makes logins, or all other calls, hang."""
    return {
        "fates": lambda request, _: (
            fate if request.path.endswith("/access_token") is login else Fate.DELIVER
        )
    }


PLACES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "quota": ({}, {}),
    "token": (stalled(Fate.STALL_BEFORE, login=True), {"timeout": 3600}),
    "sending": (stalled(Fate.STALL_BEFORE, login=False), {"timeout": 3600}),
    "reading": (stalled(Fate.STALL_AFTER, login=False), {"timeout": 3600}),
    "pause": (stalled(Fate.NOT_SENT, login=False), {"max_retries": 100}),
}
"""Where a call stands when it happens: how the door is, what options the client has."""


class Waiting:
    """A client each of whose calls waits at one known point, beside its transport and quota."""

    def __init__(self, where: str, **own: float) -> None:
        how, options = PLACES[where]
        self.cloud = cloud_of()
        self.door = SimulatorTransport(self.cloud, **how)
        full = where == "quota"
        self.quota = HourlyQuota(60 if full else 10**6, 3600, burst=2 if full else 100, reserve=0,
                                 initial=0 if full else 100)  # fmt: skip
        self.client = GizwitsClient(
            self.cloud.credentials, transport=self.door, quota=self.quota,
            options=Options(**options | own),
        )  # fmt: skip

    def works(self) -> list[Callable[[], Awaitable[Any]]]:
        """Return a call, a write, and two walks."""
        devices = self.client.devices
        return [
            lambda: devices.detail(MACS[0]),
            lambda: devices.control(f"{0:022d}", raw=[1]),
            lambda: devices.search().collect(),
            lambda: devices.data_log(f"{0:022d}").collect(),
        ]

    async def assert_well(self) -> None:
        """The client works once the way is free, and has left nothing behind."""
        self.door._fates = None
        patient = self.client.with_options(deadline=None)
        assert (await patient.devices.detail(MACS[0])).mac == MACS[0]
        assert not any(self.quota._queues.values())
        await self.client.aclose()
        await asyncio.sleep(1)
        assert len(asyncio.all_tasks()) == 1


@pytest.mark.fault("P2")
@pytest.mark.parametrize("where", PLACES)
def test_a_sibling_that_fails_ends_our_calls_and_is_the_only_error(where: str) -> None:
    """In a task group each call ends as cancelled, wherever it stands; the group tells the one."""

    async def main() -> None:
        here = Waiting(where)

        async def sibling() -> None:
            await asyncio.sleep(1.0)
            raise KeyError("mine")

        with pytest.raises(ExceptionGroup) as caught:  # noqa: PT012 - a group
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(work()) for work in here.works()]  # type: ignore[arg-type]
                group.create_task(sibling())
        assert [type(one) for one in caught.value.exceptions] == [KeyError]
        assert all(task.cancelled() for task in tasks)
        await here.assert_well()

    virtually(main())


@pytest.mark.fault("P2")
@pytest.mark.parametrize("own", [{}, {"deadline": 1.0}, {"deadline": 9.0}])
@pytest.mark.parametrize("where", PLACES)
def test_an_outer_timeout_is_never_taken_for_ours(where: str, own: dict[str, float]) -> None:
    """`asyncio.timeout` around a call, a write or a walk raises its own TimeoutError."""

    async def main() -> None:
        here = Waiting(where, **own)
        for work in here.works():
            try:
                async with asyncio.timeout(1.0) as scope:
                    await work()
            except TimeoutError:
                assert scope.expired()
            except (errors.TimedOutError, errors.OutcomeUnknownError):
                assert not scope.expired()  # Ours was due in the very same moment.
            else:
                raise AssertionError("it should not have ended well")
        assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]
        await here.assert_well()

    virtually(main())


@pytest.mark.fault("P2")
def test_our_failure_in_a_group_cancels_the_others_cleanly() -> None:
    """The other way round: our error comes out of the group as it is, once, and picks no more."""

    async def main() -> None:
        cloud = cloud_of(FaultRule(path="*/device_detail", nth=5, action="status", code=5301))
        door = SimulatorTransport(cloud, latency=lambda request: len(request.target) % 3 / 10)
        async with client_of(cloud, transport=door) as client:
            with pytest.raises(ExceptionGroup) as caught:  # noqa: PT012 - a group
                async with asyncio.TaskGroup() as group:
                    for mac in MACS:
                        group.create_task(client.devices.detail(mac))
            assert [type(one) for one in caught.value.exceptions] == [errors.NotFoundError]
            found = await asyncio.gather(*(client.devices.detail(mac) for mac in MACS))
            assert [one.mac for one in found] == MACS

    virtually(main())


# --- a walk that nobody goes on with

ABANDON = """
import asyncio, gc
from gizwits_async import GizwitsClient
from gizwits_async.scan import FleetScan
from gizwits_async.simulator import SimulatorTransport
from tests.faults.logs import DID, NOW, log_of
from tests.doubles import client_of

cloud = log_of([NOW - 1 - n for n in range(900)])
door = SimulatorTransport(cloud, latency=0.001)
kept = []

async def broken_off(walk):
    async for _ in walk:
        break

async def left_open(walk):
    iterator = aiter(walk)
    await anext(iterator)
    kept.append(iterator)

async def in_the_middle(walk):
    async def go():
        async for _ in walk:
            pass
    kept.append(asyncio.ensure_future(go()))
    await asyncio.sleep(0.003)

async def main():
    asyncio.get_running_loop().slow_callback_duration = 60  # A busy machine is no complaint of ours.
    client = client_of(cloud, transport=door, page_size=20)
    log = client.devices.data_log(DID, start=NOW - 5000, end=NOW)
    for way in (broken_off, left_open, in_the_middle):
        for walk in (lambda: log, log.pages, lambda: client.devices.search(),
                     client.devices.watch(DID).pages,
                     lambda: FleetScan(client, start=NOW - 5000, end=NOW, logs=["data"])):
            try:
                async with asyncio.timeout(0.05):
                    await way(walk())
            except TimeoutError:
                pass
        gc.collect()
    return client

client = asyncio.run(main())
kept.clear()
gc.collect()
asyncio.run(client.aclose())
print("done")
"""


@pytest.mark.fault("P3")
def test_abandoned_walks_complain_of_nothing() -> None:
    """Broken off, left open, ended by the loop's end: no warning, nothing never retrieved."""
    run = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", ABANDON],
        capture_output=True, text=True, timeout=60, check=False, cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (run.stdout, run.stderr) == ("done\n", "")


@pytest.mark.fault("P3")
@pytest.mark.parametrize("how", ["break", "aclose", "forgotten"])
@pytest.mark.parametrize("kind", ["log", "pages", "list", "watch", "scan"])
def test_an_abandoned_walk_asks_for_nothing_more(kind: str, how: str) -> None:
    """After `break`, `aclose` or being forgotten no task of it is left, and no call follows."""
    cloud = log_of([NOW - 1 - n for n in range(900)])

    async def main() -> None:
        async with client_of(cloud, page_size=20) as client:
            log = client.devices.data_log(DID, start=NOW - 5000, end=NOW)
            walk: Any = {
                "log": lambda: log,
                "pages": log.pages,
                "list": client.devices.search,
                "watch": client.devices.watch(DID, every=1.0).pages,
                "scan": lambda: FleetScan(client, start=NOW - 5000, end=NOW),
            }[kind]()
            iterator: Any = aiter(walk)
            await anext(iterator)
            if how == "break":
                async for _ in iterator:
                    break
            if how == "aclose":
                await iterator.aclose()
            del iterator, walk
            gc.collect()
            for _ in range(20):
                await asyncio.sleep(0)
            sent = len(cloud.ledger)
            await asyncio.sleep(60)
            assert len(cloud.ledger) == sent
            assert len(asyncio.all_tasks()) == 1

    virtually(main())


# --- closed once, twice, never


@pytest.fixture
def simulator() -> Any:
    """A service in a thread of its own, so that no loop of the test serves it."""
    with ThreadedSimulator() as running:
        yield running


def client_at(simulator: ThreadedSimulator, **more: Any) -> GizwitsClient:
    """Return a client with a quota that is real, and large."""
    quota = HourlyQuota(3_600_000, burst=500, initial=500)
    return GizwitsClient(simulator.cloud.credentials, base_url=simulator.url, quota=quota, **more)


@pytest.mark.fault("P7")
def test_after_closing_everything_says_so_and_sends_nothing() -> None:
    """Calls, walks, watches, scans, views and `send` raise ClientClosedError, each time."""
    cloud = log_of([NOW - 1.0])

    async def main() -> None:
        client = client_of(cloud)
        view = client.with_options(timeout=1)
        walk = client.devices.data_log(DID, start=NOW - 5000, end=NOW).pages()
        await client.devices.search().collect()
        await client.aclose()
        await asyncio.gather(client.aclose(), view.aclose())
        sent = len(cloud.ledger)
        for one in (client, view, client.for_product("other", "secret")):
            works: list[Callable[[], Awaitable[Any]]] = [
                lambda one=one: one.devices.detail(MACS[0]),
                lambda one=one: one.devices.control(DID, raw=[1]),
                lambda one=one: one.devices.control_and_confirm(DID, {"switch": True}),
                lambda one=one: one.devices.search().collect(),
                lambda one=one: one.devices.search().total(),
                lambda one=one: one.devices.data_log(DID, start=NOW - 5000).collect(),
                lambda one=one: anext(one.devices.watch(DID).pages()),
                lambda one=one: one.authorization.create_token(),
                lambda one=one: one.users.search_registered(appid="a", username="u").collect(),
                lambda one=one: one.send(get("/v1/x", dict)),
                lambda one=one: FleetScan(one, start=NOW - 5000, end=NOW).run(),
            ]
            for work in works:
                with pytest.raises(errors.ClientClosedError, match="closed"):
                    await work()
        with pytest.raises(errors.ClientClosedError):
            await anext(walk)
        with pytest.raises(errors.ClientClosedError):
            async with client as again:
                await again.devices.detail(MACS[0])
        assert len(cloud.ledger) == sent

    virtually(main())


@pytest.mark.fault("P7")
def test_closing_between_two_pages_keeps_the_place() -> None:
    """A walk that meets the closing raises with `.resume`, and another client goes on from it."""
    cloud = log_of([NOW - 1 - n * 3.0 for n in range(300)])

    async def main() -> list[Any]:
        got: list[Any] = []
        client = client_of(cloud, page_size=50)
        log = client.devices.data_log(DID, start=NOW - 5000, end=NOW)
        with pytest.raises(errors.ClientClosedError) as caught:  # noqa: PT012 - a walk
            async for page in log.pages():
                got += page.items
                await client.aclose()
        assert caught.value.resume
        async with client_of(cloud, page_size=50) as other:
            log = other.devices.data_log(DID, start=NOW - 5000, end=NOW)
            async for page in log.pages(caught.value.resume):
                got += page.items
        return got

    assert bag(virtually(main())) == whole(cloud)


@pytest.mark.fault("P7")
@pytest.mark.parametrize("used", [False, True])
async def test_a_client_that_is_never_closed_warns_if_it_holds_something(
    used: bool, simulator: ThreadedSimulator
) -> None:
    """A ResourceWarning for what stays open, and none for a client that was never used."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        client = client_at(simulator)
        if used:
            await client.devices.detail(simulator.cloud.fleet.devices[0].mac)
        del client
        gc.collect()
        await asyncio.sleep(0.01)
        categories = {warning.category for warning in caught}
        caught.clear()  # Each holds the object that it warns of, which warns again when it goes.
    assert (ResourceWarning in categories) is used
