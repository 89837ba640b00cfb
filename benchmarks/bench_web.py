"""The web tutorial's app under uvicorn with 2 workers, Valkey and a scan: `python -m benchmarks.bench_web`.

Two runs. In the first, quota is left: 200 users at a time ask now and then, while a scan takes what
they leave. In the second there is the real quota of 3,600 calls an hour, and 200 ask at once.
"""

import asyncio
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, time

import aiohttp
from attrs import frozen

from gizwits_async.simulator import Fleet, LedgerEntry, SimulatedCloud
from gizwits_async.testing import ThreadedSimulator
from tests.ports import kept_port, valkey_server

__all__ = ["Figures", "run", "tutorial_app"]

USERS = 200
OK, UNAVAILABLE = 200, 503
SCAN = """
import asyncio, os, sys
from fastapi import FastAPI
from gizwits_async.fastapi import gizwits_lifespan
from gizwits_async.scan import FleetScan, Since

async def main():
    # The same settings as the workers: one quota, one token.
    async with gizwits_lifespan()(FastAPI()) as state:
        client = state["gizwits"].with_options(lane="bulk", max_quota_wait=None, deadline=None)
        await FleetScan(client, sys.argv[1], start=Since(4 * 86_400)).run()

asyncio.run(main())
"""
FIRST_ANSWER = """
from time import perf_counter
began = perf_counter()
import asyncio
from gizwits_async import GizwitsClient
imported = perf_counter()

async def main():
    async with GizwitsClient.from_env() as gizwits:
        await gizwits.devices.search().first()
        return perf_counter()

print(imported - began, asyncio.run(main()) - began)
"""
_LEFT_OPEN = re.compile(r"unclosed|was destroyed|never awaited|never retrieved|Traceback")


@frozen(kw_only=True)
class Figures:
    """What one run showed."""

    statuses: Counter[int]
    """Answers by HTTP status."""
    seconds: list[float]
    """How long each answer with status 200 took, sorted."""
    refused_early: float
    """Seconds that the slowest 503 took."""
    without_retry_after: int
    """Answers 503 that did not say when to come back."""
    scan_calls: int
    """Calls of the scan while the users asked."""
    logins: int
    exceeded: int
    """Answers 5013 of the service."""
    left_open: list[str]
    """Lines of the workers' output that tell of something left open, or of an error."""

    def p(self, part: float) -> float:
        """Return the seconds within which this part of the 200s was answered."""
        return self.seconds[min(len(self.seconds) - 1, int(part * len(self.seconds)))]


def tutorial_app() -> str:
    """Return the example app as it stands in the tutorial."""
    path = Path(__file__).parents[1] / "docs" / "tutorials" / "web.md"
    found = re.search(
        r"^```python app\.py\n(.*?)^```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    if found is None:
        raise SystemExit(f"no block `python app.py` in {path}")
    return found[1]


@contextmanager
def _program(output: Path, env: dict[str, str], *words: str) -> Iterator[None]:
    with output.open("w") as file:
        process = subprocess.Popen(  # noqa: S603 - our own programs
            [sys.executable, "-W", "always", *words],
            env=env,
            cwd=output.parent,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


async def _up(url: str) -> None:
    async with asyncio.timeout(30), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/quota") as response:
                    response.raise_for_status()
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)


async def _scanning(cloud: SimulatedCloud) -> None:
    async with asyncio.timeout(30):
        while not any(entry.kind.startswith("log.") for entry in cloud.ledger):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def _ask(session: aiohttp.ClientSession, mac: str) -> tuple[int, float, bool]:
    began = perf_counter()
    async with session.get(f"/devices/{mac}") as response:
        await response.read()
        return response.status, perf_counter() - began, "Retry-After" in response.headers


async def _users(
    url: str, macs: list[str], *, times: int, pause: float
) -> list[tuple[int, float, bool]]:
    """Let the users ask; `pause` seconds lie between two questions of one of them."""
    rng = random.Random(1)
    answers: list[tuple[int, float, bool]] = []
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(url, connector=connector) as session:

        async def user() -> None:
            await asyncio.sleep(rng.uniform(0, pause))
            for _ in range(times):
                answers.append(await _ask(session, rng.choice(macs)))
                await asyncio.sleep(pause)

        async with asyncio.TaskGroup() as group:
            for _ in range(USERS):
                group.create_task(user())
    return answers


def run(*, calls: int, times: int, pause: float, devices: int = 100) -> Figures:
    """Start it all, let the users ask, end it all.

    Args:
        calls: Quota an hour.
        times: How often each of the 200 users asks.
        pause: Seconds between two questions of one user; 0: all at once.
        devices: How many the scan has to do.
    """
    cloud = SimulatedCloud(Fleet.generate(devices, 4, now=time(), live=True), quota=calls)
    macs = [device.mac for device in cloud.fleet.devices]
    with (
        tempfile.TemporaryDirectory() as folder,
        kept_port() as port,
        valkey_server() as valkey,
        ThreadedSimulator(cloud) as simulator,
    ):
        url = f"http://127.0.0.1:{port}"
        workdir = Path(folder)
        (workdir / "app.py").write_text(tutorial_app(), "utf-8")
        env = {
            **os.environ,
            **simulator.environment,
            "GIZWITS_REDIS_URL": valkey.connection_url,
            "GIZWITS_CALLS_PER_HOUR": str(calls),
            "PYTHONPATH": str(Path(__file__).parents[1]),
        }
        web = ("-m", "uvicorn", "app:app", "--workers", "2", "--port", str(port))
        with _program(workdir / "web.log", env, *web, "--no-access-log"):
            asyncio.run(_up(url))
            with _program(workdir / "scan.log", env, "-c", SCAN, "fleet.db"):
                asyncio.run(_scanning(cloud))
                before = len(cloud.ledger)
                answers = asyncio.run(_users(url, macs, times=times, pause=pause))
                during = list(cloud.ledger)[before:]
        output = (workdir / "web.log").read_text()
    # The supervisor of uvicorn's workers does not close the socket that it listens on.
    listening = f"laddr=('127.0.0.1', {port})>"
    lines = [line for line in output.splitlines() if listening not in line]
    return _figures(cloud, answers, during, lines)


def _figures(
    cloud: SimulatedCloud,
    answers: list[tuple[int, float, bool]],
    during: list[LedgerEntry],
    output: list[str],
) -> Figures:
    return Figures(
        statuses=Counter(status for status, _, _ in answers),
        seconds=sorted(took for status, took, _ in answers if status == OK),
        refused_early=max(
            (took for status, took, _ in answers if status == UNAVAILABLE), default=0.0
        ),
        without_retry_after=sum(
            not retry_after for status, _, retry_after in answers if status == UNAVAILABLE
        ),
        scan_calls=sum(entry.kind.startswith("log.") for entry in during),
        logins=cloud.tally["token"],
        exceeded=cloud.tally["error 5013"],
        left_open=[line for line in output if _LEFT_OPEN.search(line)],
    )


def first_answer() -> tuple[float, float]:
    """Return seconds for the import, and from there to the first answer, token included."""
    with ThreadedSimulator() as simulator:
        said = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", FIRST_ANSWER],
            env={**os.environ, **simulator.environment},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    imported, answered = map(float, said.split())
    return imported, answered


def _row(name: str, found: Figures) -> str:
    return (
        f"| {name} | {found.statuses[OK]:,} | {found.statuses[UNAVAILABLE]:,} |"
        f" {sum(found.statuses.values()) - found.statuses[OK] - found.statuses[UNAVAILABLE]} |"
        f" {found.p(0.5) * 1e3:,.0f} | {found.p(0.99) * 1e3:,.0f} |"
        f" {found.refused_early * 1e3:,.0f} | {found.scan_calls:,} | {found.exceeded} |"
        f" {found.logins} | {len(found.left_open)} |"
    )


def main() -> None:
    """Measure and print."""
    imported, answered = first_answer()
    print(f"import {imported:.2f} s, first answer {answered:.2f} s after the start of the import\n")
    print(
        "| 200 users, 2 workers, a scan | 200 | 503 | else | p50 ms | p99 ms | slowest 503 ms |"
        " scan calls meanwhile | 5013 | logins | left open |\n"
        "| --- " + "| --: " * 10 + "|"
    )
    print(_row("quota left (360,000/h), 50/s", run(calls=360_000, times=5, pause=4.0)))
    print(_row("3,600/h, all at once", run(calls=3600, times=1, pause=0.0)))


if __name__ == "__main__":
    main()
