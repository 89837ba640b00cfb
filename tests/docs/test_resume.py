"""The how-to of a log that goes on where it stopped keeps its promise: each record once."""

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gizwits_async import GizwitsClient
from gizwits_async.simulator import (
    Fleet,
    Quirks,
    SimulatedCloud,
    SimulatorServer,
    SimulatorTransport,
)
from gizwits_async.simulator.environment import environment_of
from tests.docs.blocks import DOCS, blocks
from tests.doubles import client_of, virtually

(LOG_BLOCK,) = (
    block.text for block in blocks(DOCS / "howto" / "resume.md") if block.file == "log_state.py"
)


async def run(cwd: Path, env: dict[str, str], *words: str) -> tuple[int, str]:
    """Run a program to its end and return its code and what it said."""
    process = await asyncio.create_subprocess_exec(
        *words, cwd=cwd, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


def surroundings(cloud: SimulatedCloud, url: str) -> dict[str, str]:
    """Return the environment of a user who has the simulator's credentials."""
    return {**os.environ, **environment_of(cloud, url), "PYTHONWARNINGS": "error"}


def simulated() -> SimulatedCloud:
    return SimulatedCloud(Fleet.generate(3, 3, now=time.time()), quota=100_000)


async def test_the_log_block_resumes(tmp_path: Path) -> None:
    """The resuming block returns each record once, also when it is run again."""
    cloud = simulated()
    (tmp_path / "block.py").write_text(LOG_BLOCK, encoding="utf-8")
    async with SimulatorServer(cloud) as server:
        env = surroundings(cloud, server.url)
        for _ in range(2):
            began = time.time()
            code, output = await run(tmp_path, env, sys.executable, "block.py")
            assert code == 0, output
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    counts = [
        [len(cloud.truth("data", device.did, 0, now - 60)) for now in (began - 1, time.time())]
        for device in cloud.fleet.devices
    ]
    assert any(low <= len(lines) <= high for low, high in counts), "not each record once"


@pytest.mark.parametrize("lag", [0.5, 30.0, 59.0])
@pytest.mark.parametrize("skew", [-2.0, 2.0, 3600.0])
def test_the_log_block_misses_no_late_record(
    lag: float, skew: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run each minute, with records that show late and a clock that is off: each record once."""
    now = 1_790_000_000
    times = [now - 300 + 2.0 * number for number in range(896)]
    did = "d" * 22
    fleet = Fleet.of([did], {("data", did): times}, now=now)
    cloud = SimulatedCloud(fleet, quirks=Quirks(record_lag=lag), quota=10**9)
    monkeypatch.chdir(tmp_path)
    block: dict[str, Any] = {}
    exec(LOG_BLOCK.replace("asyncio.run(main())", ""), block)

    async def rounds() -> None:
        transport = SimulatorTransport(cloud)

        def clock() -> float:
            return transport.now() + skew

        def client() -> GizwitsClient:
            made = client_of(cloud, transport=transport)
            monkeypatch.setattr(made._gateway.clock, "_wall", clock)
            monkeypatch.setattr(made, "aclose", _leave_open)
            return made

        block["time"] = SimpleNamespace(time=clock)
        block["GizwitsClient"] = SimpleNamespace(from_env=client)
        for _ in range(30):
            await block["main"]()
            await asyncio.sleep(60)

    virtually(rounds())
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [time for time, _ in lines] == times


async def _leave_open() -> None:
    """Keep the transport for the next round."""
