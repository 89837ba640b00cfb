"""The app of the web tutorial, and the recipes for web backends, work as printed."""

import os
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from gizwits_async.simulator import Fleet, SimulatedCloud
from gizwits_async.testing import ThreadedSimulator
from tests.docs.blocks import DOCS, blocks
from tests.web.serving import served, simulated

ROOT = Path(__file__).parents[2]
FILES = {block.file: block.text for block in blocks(DOCS / "tutorials" / "web.md")}
WATCHING = [block.text for block in blocks(DOCS / "howto" / "watching.md")]


def test_the_recipe_feeds_open_telemetry(tmp_path: Path) -> None:
    """The OpenTelemetry example exports durations by route, without ids, secrets or queries."""
    recipe = next(block for block in WATCHING if "opentelemetry" in block)
    with ThreadedSimulator() as simulator:
        run = subprocess.run(
            [sys.executable, "-c", recipe],
            env={**os.environ, **simulator.environment, "PYTHONWARNINGS": "error"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        own = simulator.cloud.credentials
    assert "http.client.request.duration" in run.stdout
    assert "/v1/products/{product_key}/devices/search" in run.stdout
    for hidden in (own.product_secret, own.enterprise_secret, own.product_key, "limit="):
        assert str.__str__(hidden) not in run.stdout


async def test_the_app_of_the_tutorial_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each endpoint of the app works under uvicorn."""
    cloud = SimulatedCloud(Fleet.generate(12, 4, now=time.time(), live=True))
    space: dict[str, object] = {"__name__": "app"}
    exec(compile(FILES["app.py"], "app.py", "exec"), space)
    online = next(device for device in cloud.fleet.devices if device.is_online)
    async with (
        simulated(cloud, monkeypatch),
        served(space["app"]) as url,
        aiohttp.ClientSession(url) as session,
    ):
        async with session.get(f"/devices/{online.mac}") as response:
            assert await response.json() == {"did": online.did, "online": True}
        async with session.post(
            f"/devices/{online.did}/control", json={"switch": True}
        ) as response:
            assert response.status == 204
        assert cloud.product.controls[-1].did == online.did
        async with session.get(f"/devices/{online.did}/log") as response:
            assert (await response.text()).count("\n") > 10
        async with session.get(f"/devices/{online.did}/live") as response:
            assert response.content_type == "text/event-stream"
        calls = len(cloud.ledger)
        async with session.get("/healthz") as response:
            assert (await response.json())["ready"]
        assert len(cloud.ledger) == calls
        async with session.get("/quota") as response:
            assert set(await response.json()) == {"limit", "remaining", "resets_at"}
        async with session.get("/devices/FFFFFFFFFFFF") as response:
            assert (response.status, (await response.json())["code"]) == (404, 5301)
