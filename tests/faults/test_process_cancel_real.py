"""P1 in real time: cancelled at every await over sockets, and while a scan writes its file."""

import asyncio
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from gizwits_async import GizwitsClient
from gizwits_async.scan import FleetScan, SqlStore
from gizwits_async.simulator import Fleet, SimulatedCloud, SimulatorTransport
from gizwits_async.simulator.state.timeline import Record
from tests.doubles import FreeQuota
from tests.doubles.scripted import CREDENTIALS
from tests.faults.logs import DID, NOW
from tests.faults.stops import Stops
from tests.scan.common import in_file, truth
from tests.wire.raw import Exchange, raw_server

WHEN = pytest.mark.parametrize("late", [False, True], ids=["asleep", "waking"])


def files() -> int:
    """Return how many files and sockets this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def in_pieces(one: Exchange) -> None:
    """Answer in pieces, so that there are many awaits; a detail tells whose it is."""
    mac = one.head.split("mac=")[-1].split(" ")[0]
    login = "access_token" in one.head
    body = b'{"token": "t"}' if login else b'{"did": "d", "mac": "%b"}' % mac.encode()
    for piece in (
        b"HTTP/1.1 200 OK\r\n",
        b"Content-Length: %d\r\n\r\n" % len(body),
        *(body[at : at + 6] for at in range(0, len(body), 6)),
    ):
        one.write(piece)
        await one.writer.drain()
        await asyncio.sleep(0)


async def cancelled_at(stops: Stops, task: asyncio.Task[Any]) -> None:
    """Run a task that is cancelled at its stop; make sure that it ends so."""
    cancelled = False

    def cancel() -> None:
        nonlocal cancelled
        cancelled = task.cancel() or cancelled

    stops.pounce = cancel
    await asyncio.wait([task])
    stops.pounce = None
    assert task.cancelled() or not cancelled, "the cancellation was swallowed"
    assert task.cancelled() or task.exception() is None


@pytest.mark.fault("P1")
@WHEN
async def test_cancelled_at_every_await_over_sockets(late: bool) -> None:
    """While it resolves, connects, sends, reads: the connection is closed or given back whole."""
    loop = asyncio.get_running_loop()
    async with raw_server(in_pieces) as server:
        await asyncio.to_thread(
            files
        )  # The pool of threads, which resolves names, opens none later.
        before, tasks = files(), len(asyncio.all_tasks())
        for at in count():
            stops = Stops(at, late)
            stops.watch(loop)
            client = GizwitsClient(
                CREDENTIALS, base_url=server.url.replace("127.0.0.1", "localhost"),
                quota=FreeQuota(),
            )  # fmt: skip
            task = asyncio.ensure_future(client.devices.detail("first"))
            await cancelled_at(stops, task)
            found = await client.devices.detail("second")
            assert found.mac == "second", "the reply to another call"
            transport: Any = client._gateway.service.transport
            connector = transport._sessions.own.connector
            assert not connector._acquired
            assert len(connector._conns) <= 1
            await client.aclose()
            if not stops.sprung:
                break
        loop.set_task_factory(None)
        async with asyncio.timeout(5):
            while files() > before or len(asyncio.all_tasks()) > tasks:
                await asyncio.sleep(0.01)
    assert at >= 10


@pytest.mark.fault("P1")
@WHEN
@pytest.mark.parametrize(
    "stride", [19, pytest.param(1, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]
)
async def test_cancelled_at_every_await_a_scan_into_a_file_loses_nothing(
    late: bool, stride: int, tmp_path: Path
) -> None:
    """In the middle of a transaction too: what is marked as done is in the file, and once."""
    loop = asyncio.get_running_loop()
    records = [Record(at=NOW - 3 - 7.5 * n, body={"attrs": {"n": 1}}) for n in range(9)]
    cloud = SimulatedCloud(Fleet.of([DID], {("data", DID): records}, now=NOW), quota=10**9)
    whole, before = truth(cloud, NOW - 600, NOW - 1, ["data"]), files()

    def scan(path: Path) -> Any:
        client = GizwitsClient(
            cloud.credentials, transport=SimulatorTransport(cloud), quota=FreeQuota()
        ).with_options(page_size=4)
        store = SqlStore(path)
        logs = FleetScan(client, store, start=NOW - 600, end=NOW - 1, logs=["data"], concurrency=1)
        return logs.run()

    for at in count(0, stride):
        path, stops = tmp_path / f"{at}.db", Stops(at, late)
        stops.watch(loop)
        await cancelled_at(stops, asyncio.ensure_future(scan(path)))
        loop.set_task_factory(None)
        if path.exists() and path.stat().st_size:
            assert not in_file(path) - whole
        assert (await scan(path)).complete
        assert in_file(path) == whole
        if not stops.sprung:
            break
    assert at >= 50
    assert files() <= before
