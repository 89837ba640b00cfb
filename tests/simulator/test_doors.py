"""The in-process transport, in real and virtual time, and the server on loopback."""

import asyncio
import json

import aiohttp
import async_solipsism
import pytest
from yarl import URL

from gizwits_async import GizwitsClient
from gizwits_async.errors import (
    ClientClosedError,
    NoReplyError,
    NotSentError,
    ResponseTooLargeError,
    TimedOutError,
)
from gizwits_async.models.devices import DataRecord
from gizwits_async.simulator import (
    Fate,
    Fleet,
    SimulatedCloud,
    SimulatorServer,
    SimulatorTransport,
)
from gizwits_async.testing import ThreadedSimulator

NOW = 1_790_000_000.0


@pytest.fixture
def cloud() -> SimulatedCloud:
    return SimulatedCloud(Fleet.generate(3, 2, 1, now=NOW))


async def ask(transport: SimulatorTransport, within: float = 10.0, max_bytes: int = 10_000):
    return await transport.send("GET", "/v1/x?a=1", {}, None, timeout=within, max_bytes=max_bytes)


def virtual(main):
    """Run a coroutine function on a loop that jumps in time."""
    loop = async_solipsism.EventLoop()
    try:
        return loop.run_until_complete(main())
    finally:
        loop.close()


def test_the_clock_follows_the_loop(cloud):
    """The default clock starts at the fleet's `now` and follows the loop, jumps included."""

    async def main():
        transport = SimulatorTransport(cloud)
        await ask(transport)
        for _ in range(25):  # this loop takes no single sleep of a day
            await asyncio.sleep(5 * 3600)
        await ask(transport)

    virtual(main)
    assert [entry.at for entry in cloud.ledger] == [NOW, NOW + 125 * 3600]


def test_latency_and_giving_up(cloud):
    """A time-out before the request arrives leaves no ledger entry, a later one does."""

    async def main():
        slow = SimulatorTransport(cloud, latency=5.0)
        with pytest.raises(TimedOutError):
            await ask(slow, within=4.0)
        assert len(cloud.ledger) == 0
        late = SimulatorTransport(cloud, latency=lambda _: 1.0, reply_latency=5.0)
        with pytest.raises(TimedOutError):
            await ask(late, within=4.0)
        assert len(cloud.ledger) == 1
        assert (await ask(late, within=7.0)).status == 404

    virtual(main)


@pytest.mark.parametrize(
    ("fate", "error", "handled"),
    [
        (Fate.NOT_SENT, NotSentError, 0),
        (Fate.REPLY_LOST, NoReplyError, 1),
        (Fate.STALL_BEFORE, TimedOutError, 0),
        (Fate.STALL_AFTER, TimedOutError, 1),
    ],
)
def test_fates(cloud, fate, error, handled):
    """Each fate loses the request or the reply of one call; the next call succeeds."""

    async def main():
        transport = SimulatorTransport(
            cloud, fates=lambda _, nth: fate if nth == 1 else Fate.DELIVER
        )
        with pytest.raises(error):
            await ask(transport)
        assert len(cloud.ledger) == handled
        assert (await ask(transport)).status == 404

    virtual(main)


async def test_limits_of_the_transport(cloud):
    """A body above `max_bytes` and a call on a closed transport are errors."""
    transport = SimulatorTransport(cloud)
    with pytest.raises(ResponseTooLargeError):
        await ask(transport, max_bytes=5)
    await transport.aclose()
    with pytest.raises(ClientClosedError):
        await ask(transport)


async def test_loopback(cloud):
    """The server passes paths, queries and headers unchanged."""
    credentials = cloud.credentials
    body = {
        "enterprise_id": credentials.enterprise_id,
        "enterprise_secret": credentials.enterprise_secret,
        "product_secret": credentials.product_secret,
    }
    root = f"/v1/products/{credentials.product_key}"
    async with (
        SimulatorServer(cloud, clock=lambda: NOW) as server,
        aiohttp.ClientSession(server.url) as session,
    ):
        async with session.post(f"{root}/access_token", json=body) as reply:
            assert reply.status == 201
            token = (await reply.json())["token"]
        headers = {"Authorization": f"token {token}"}
        mac = cloud.fleet.devices[0].mac
        async with session.get(f"{root}/devices?mac={mac}", headers=headers) as reply:
            assert (await reply.json())["did"] == cloud.fleet.devices[0].did
            assert reply.headers["X-RateLimit-Remaining"] == "3598"
            assert reply.headers.getall("Date") == ["Mon, 21 Sep 2026 14:13:20 GMT"]
        async with session.get(f"{root}/devices/a%2Fb/data", headers=headers) as reply:
            assert json.loads(await reply.read())["error_code"] == 5301
    assert [entry.kind for entry in cloud.ledger] == ["token", "devices.identity", "log.data"]


async def test_a_port_that_is_taken(cloud):
    """A port in use is an OSError, and nothing keeps listening."""
    async with SimulatorServer(cloud) as server:
        port = int(server.url.rpartition(":")[2])
        second = SimulatorServer(cloud, port=port)
        with pytest.raises(OSError, match="in use"):
            await second.start()
        with pytest.raises(RuntimeError):
            _ = second.url


async def test_the_same_logs_everywhere():
    """Through transport, server and threaded server one cloud shows the same fleet and logs."""

    async def records(client: GizwitsClient) -> list[list[DataRecord]]:
        async with client:
            devices = await client.devices.search().collect()
            return [await client.devices.data_log(one.did, sort="asc").collect() for one in devices]

    cloud = SimulatedCloud(quota=3_600_000)
    transport = SimulatorTransport(cloud)
    found = [await records(GizwitsClient(cloud.credentials, transport=transport))]
    async with SimulatorServer(cloud) as server:
        found.append(await records(GizwitsClient(cloud.credentials, base_url=server.url)))
    with ThreadedSimulator(cloud) as threaded:
        found.append(await records(GizwitsClient(cloud.credentials, base_url=threaded.url)))
    assert sum(map(len, found[0])) > 100
    assert found[0] == found[1] == found[2]


async def test_paths_with_line_ends(cloud):
    """A path with a quoted line break reaches the service."""
    async with (
        SimulatorServer(cloud) as server,
        aiohttp.ClientSession() as session,
        session.get(URL(f"{server.url}/a%0Ab%2F", encoded=True)) as reply,
    ):
        assert await reply.json() == {"detail": "Not found."}


async def test_a_server_that_was_not_started(cloud):
    """The URL of a server that was not started is an error with a hint."""
    server = SimulatorServer(cloud)
    with pytest.raises(RuntimeError, match="async with"):
        _ = server.url
    await server.aclose()
