"""The tests of a project that uses the pytest plugin; `test_testing.py` runs them in an empty folder."""

import asyncio
import datetime as dt
import os
import time
from pathlib import Path

import pytest
import time_machine
from freezegun import freeze_time

from gizwits_async import GizwitsClient, Options, deadline, errors
from gizwits_async.simulator import FaultRule, SimulatedCloud
from gizwits_async.testing import ThreadedSimulator

FAULTS = (
    ({"action": "status"}, errors.ServerError),
    ({"action": "status", "code": 5013}, errors.QuotaWaitError),
    ({"action": "html"}, errors.ServerError),
    ({"action": "redirect"}, errors.UnexpectedRedirectError),
    ({"action": "reset"}, errors.NoReplyError),
    ({"action": "effect_without_reply"}, errors.NoReplyError),
    ({"action": "cut"}, errors.NoReplyError),
    ({"action": "stall"}, errors.TimedOutError),
    ({"action": "drip", "seconds": 2.0}, errors.TimedOutError),
    ({"action": "oversized"}, errors.ResponseTooLargeError),
)


async def logs(client: GizwitsClient) -> int:
    found = 0
    async for device in client.devices.search():
        found += len(await client.devices.data_log(device.did).collect())
    return found


async def test_two_hundred_faulty_calls_take_no_time(gizwits_client, gizwits_simulator):
    """20 faulty calls of each kind, with their retries and waits, end within seconds."""
    began = time.perf_counter()
    for rule, error in FAULTS:
        gizwits_simulator.faults.set([FaultRule(path="*/device_detail", **rule)])
        for _ in range(20):
            with pytest.raises(error):
                await gizwits_client.devices.detail("x")
    assert time.perf_counter() - began < 10.0
    gizwits_simulator.faults.set([])
    assert await gizwits_client.devices.search().first()


async def test_one_refusal_for_quota_is_waited_for(gizwits_client, gizwits_simulator):
    """A single 5013 costs virtual time only, and then the call succeeds."""
    gizwits_simulator.faults.set([FaultRule(action="status", code=5013, nth=1)])
    loop, began = asyncio.get_running_loop(), time.perf_counter()
    before = loop.time()
    assert await gizwits_client.devices.search().first()
    assert time.perf_counter() - began < 9.0
    assert loop.time() - before > 10.0


async def test_deadlines_expire_in_virtual_time(gizwits_client, gizwits_simulator):
    """Deadlines and the caller's own time-outs end a stalled call as in real time."""
    gizwits_simulator.faults.set([FaultRule(action="stall", seconds=3.0)])
    with pytest.raises(errors.TimedOutError), deadline(0.5):
        await gizwits_client.devices.detail("x")
    with pytest.raises(errors.TimedOutError):
        await gizwits_client.with_options(deadline=2.0).devices.detail("x")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await gizwits_client.devices.detail("x")


async def test_confirmation_and_watching_take_no_time(gizwits_client):
    """Waits of `control_and_confirm` and `watch` are virtual too."""
    began = time.perf_counter()
    device = await gizwits_client.devices.search(is_online=True).first()
    result = await gizwits_client.devices.control_and_confirm(device.did, attrs={"switch": True})
    assert result.confirmed
    assert result.seconds > 0.3
    async for _ in gizwits_client.devices.watch(device.did, every=60.0):
        break
    assert time.perf_counter() - began < 2.0


@freeze_time("2019-03-01")
async def test_a_frozen_date(gizwits_client, gizwits_simulator):
    """Under freezegun the service has its logs at the frozen date, and pauses do not hang."""
    assert await logs(gizwits_client) > 100
    gizwits_simulator.faults.set([FaultRule(action="reset", nth=(1, 2))])
    device = await gizwits_client.devices.search().first()
    start = dt.datetime(2019, 2, 27, tzinfo=dt.UTC)
    records = await gizwits_client.devices.data_log(device.did, start=start).collect()
    assert records
    assert all(record.time.year == 2019 for record in records)


@time_machine.travel("2041-03-01")
async def test_a_date_to_which_time_machine_travels(gizwits_client):
    """Under time-machine the service has its logs at the chosen date."""
    assert await logs(gizwits_client) > 100


async def test_a_date_that_a_test_chooses_itself(gizwits_client):
    """A test can go to another date before its first call, and a day forward from there."""
    with freeze_time("2015-03-01") as frozen:
        before = await logs(gizwits_client)
        frozen.tick(86_400)
        assert await logs(gizwits_client) > 100 < before


class TestOtherOptions:
    """A class that overrides `gizwits_options`."""

    @pytest.fixture
    def gizwits_options(self) -> Options:
        return Options(max_quota_wait=1.0, page_size=2)

    async def test_options(self, gizwits_client, gizwits_simulator):
        """`gizwits_client` has the options of the overridden fixture."""
        page = await anext(gizwits_client.devices.search().pages())
        assert len(page.items) == 2
        gizwits_simulator.faults.set([FaultRule(action="status", code=5013, nth=1)])
        with pytest.raises((errors.QuotaWaitError, errors.QuotaExceededError)):
            await gizwits_client.devices.search().first()


@pytest.fixture
def environment(
    gizwits_server: ThreadedSimulator, monkeypatch: pytest.MonkeyPatch
) -> SimulatedCloud:
    for name, value in gizwits_server.environment.items():
        monkeypatch.setenv(name, value)
    return gizwits_server.cloud


def test_a_synchronous_suite(environment, gizwits_simulator):
    """`gizwits_server` serves the cloud of the test; 90 calls of `from_env()` take no seconds."""

    async def main() -> int:
        async with GizwitsClient.from_env() as client:
            mac = environment.fleet.devices[0].mac
            for _ in range(90):
                await client.devices.detail(mac)
            return await logs(client)

    assert "GIZWITS_CALLS_PER_HOUR" in os.environ
    began = time.perf_counter()
    assert asyncio.run(main()) > 100
    assert time.perf_counter() - began < 10.0
    assert environment is gizwits_simulator
    assert environment.tally["devices.detail"] == 90


def test_no_sockets_are_needed(gizwits_client, tmp_path: Path):
    """`gizwits_client` works in a loop of the test's own."""
    assert asyncio.run(gizwits_client.devices.search().first()).mac
