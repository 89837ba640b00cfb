"""Several processes by one URL: one quota, one token, and what is wrong with the URL is said."""

import asyncio
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from gizwits_async import ClientClosedError, GizwitsClient, Options
from gizwits_async.cli.app import run
from gizwits_async.fastapi import gizwits_lifespan
from gizwits_async.quota import HourlyQuota, SharedQuota
from gizwits_async.simulator import Quirks, SimulatedCloud
from gizwits_async.simulator.environment import environment_of
from tests.ports import kept_port, valkey_server
from tests.web.serving import simulated

PATIENT = Options(max_quota_wait=30.0, deadline=60.0)


@pytest.fixture(scope="module")
def valkey() -> Iterator[str]:
    with valkey_server() as server:
        yield str(server.connection_url)


@pytest.fixture
def own_valkey() -> Iterator[str]:
    """An empty store: what other tests left in the bucket, or a refusal, would change the timing."""
    with valkey_server() as server:
        yield str(server.connection_url)


async def test_apps_with_one_url_share_quota_and_token(
    own_valkey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two apps, one login; what one takes of the quota the other lacks."""
    monkeypatch.setenv("GIZWITS_REDIS_URL", own_valkey)
    monkeypatch.setenv("GIZWITS_CALLS_PER_HOUR", "72000")
    cloud = SimulatedCloud(quirks=Quirks(rate_headers="never"))
    mac = cloud.fleet.devices[0].mac
    async with (
        simulated(cloud, monkeypatch),
        gizwits_lifespan(options=PATIENT)(FastAPI()) as one,
        gizwits_lifespan(options=PATIENT)(FastAPI()) as other,
    ):
        clients = one["gizwits"], other["gizwits"]
        assert all(isinstance(client.quota, SharedQuota) for client in clients)
        began = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as group:
            for client in clients * 50:
                group.create_task(client.devices.detail(mac))
        took = asyncio.get_running_loop().time() - began
        # 101 calls: 60 at once and the rest at 20 a second; two quotas would grant them all at once.
        assert cloud.tally["token"] == 1
        assert took > 1.5


async def test_the_library_and_the_console_share_with_the_app(
    own_valkey: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A nightly scan beside a web app spends no second quota: all read the same variables."""
    monkeypatch.setenv("GIZWITS_REDIS_URL", own_valkey)
    monkeypatch.setenv("GIZWITS_CALLS_PER_HOUR", "360000")
    cloud = SimulatedCloud()
    mac = cloud.fleet.devices[0].mac
    async with (
        simulated(cloud, monkeypatch),
        gizwits_lifespan(options=PATIENT)(FastAPI()) as state,
        GizwitsClient.from_env(options=PATIENT) as client,
    ):
        await state["gizwits"].devices.detail(mac)
        await client.devices.detail(mac)
        words = ("devices", "--limit", "1")
        assert await asyncio.to_thread(run, words) == 0
        assert cloud.tally["token"] == 1
        # A refusal that one of them received stops the others.
        client.quota.observe({}, refused=True)
        await asyncio.gather(*client.quota._bucket._tasks)  # type: ignore[attr-defined]
        assert await asyncio.to_thread(run, (*words, "--max-wait", "1")) == 5
    assert "quota: " in capsys.readouterr().err


async def test_what_from_env_made_is_closed_with_the_client(
    valkey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its quota and its store give their connections back; a view with another quota closes none."""
    monkeypatch.setenv("GIZWITS_REDIS_URL", valkey)
    async with simulated(SimulatedCloud(), monkeypatch):
        client = GizwitsClient.from_env()
        await client.devices.search().first()
        stores = client.quota._bucket._store, client._gateway.service.token_store._tokens._store  # type: ignore[attr-defined]
        assert all(store._client for store in stores)
        own = HourlyQuota()
        view = client.with_quota(own)
        assert client.quota not in view._owned
        await client.aclose()
        assert not any(store._client for store in stores)
        with pytest.raises(ClientClosedError):
            await client.quota.acquire()


async def test_a_quota_that_is_given_is_used(valkey: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An argument of the lifespan goes before the environment."""
    monkeypatch.setenv("GIZWITS_REDIS_URL", valkey)
    own = HourlyQuota(50)
    lifespan = gizwits_lifespan(credentials=SimulatedCloud().credentials, quota=own)
    async with lifespan(FastAPI()) as state:
        assert state["gizwits"].quota is own


@pytest.mark.parametrize(
    "url", ["http://:hush@host/0", "localhost:6379", "redis://:hush@host:port", "redis://:hush@x:0"]
)
async def test_a_url_that_is_none_stops_the_start(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the variable, and does not show the password in the URL."""
    monkeypatch.setenv("GIZWITS_REDIS_URL", url)
    with pytest.raises(ValueError, match="GIZWITS_REDIS_URL") as caught:
        async with gizwits_lifespan(credentials=SimulatedCloud().credentials)(FastAPI()):
            pass
    assert "hush" not in str(caught.value)


async def test_a_url_where_nobody_answers_is_told_and_the_share_is_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The app goes on with its share of the quota, and says so once."""
    with kept_port() as port:
        monkeypatch.setenv("GIZWITS_REDIS_URL", f"redis://127.0.0.1:{port}")
        monkeypatch.setenv("GIZWITS_CALLS_PER_HOUR", "360000")
        monkeypatch.setenv("GIZWITS_REPLICAS", "3")
        cloud = SimulatedCloud()
        mac = cloud.fleet.devices[0].mac
        with caplog.at_level(logging.WARNING):
            async with (
                simulated(cloud, monkeypatch),
                gizwits_lifespan(options=Options(deadline=10.0))(FastAPI()) as state,
            ):
                for _ in range(3):
                    assert (await state["gizwits"].devices.detail(mac)).mac == mac
    warnings = [one.getMessage() for one in caplog.records if "quota.degraded" in one.getMessage()]
    assert len(warnings) == 1
    assert "1/3" in warnings[0]


async def test_a_missing_extra_is_named(
    valkey: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A URL without redis-py installed stops the start with what to install, whatever starts."""
    monkeypatch.setenv("GIZWITS_REDIS_URL", valkey)
    nothing: Any = None
    monkeypatch.setitem(sys.modules, "gizwits_async.quota.shared.bucket", nothing)
    with pytest.raises(ImportError, match=r"gizwits-async\[redis\]"):
        async with gizwits_lifespan(credentials=SimulatedCloud().credentials)(FastAPI()):
            pass
    for name, value in environment_of(SimulatedCloud(), "http://127.0.0.1:1").items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ImportError, match=r"gizwits-async\[redis\]"):
        GizwitsClient.from_env()
    assert await asyncio.to_thread(run, ("devices",)) == 1
    assert "gizwits-async[redis]" in capsys.readouterr().err
