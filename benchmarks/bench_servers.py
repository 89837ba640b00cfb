"""The web tutorial's app under four servers, two workers each: `python -m benchmarks.bench_servers [SERVER...]`.

200 users ask at once, on the real quota of 3,600 calls an hour: first where the service sends rate
headers, then where it sends none and the quota's file knows that the last two hours were unused. Then
eight streams are opened, and the server gets SIGTERM.

Hypercorn gives its worker processes no signal. Its two workers are two processes with `--workers 0` on
one socket (`--bind fd://`), as a supervisor starts them.
"""

import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Literal

import aiohttp
from attrs import frozen

from benchmarks.bench_web import USERS, tutorial_app
from gizwits_async.options import Lane
from gizwits_async.quota import SharedQuota
from gizwits_async.simulator import FaultRule, Fleet, Quirks, SimulatedCloud
from gizwits_async.testing import ThreadedSimulator

__all__ = ["SERVERS", "Served", "run"]

Knowledge = Literal["headers", "file"]
GRACE = 10
"""Seconds, as each server is configured."""
SERVERS: Mapping[str, tuple[int, str]] = {
    "uvicorn": (
        1,
        "uvicorn app:app --workers 2 --fd {fd} --timeout-graceful-shutdown {grace}",
    ),
    "gunicorn": (
        1,
        "gunicorn app:app -k uvicorn_worker.UvicornWorker -w 2 -b fd://{fd} --graceful-timeout {grace}",
    ),
    "hypercorn": (2, "hypercorn app:app --workers 0 -b fd://{fd} --graceful-timeout {grace}"),
    "granian": (
        1,
        "granian app:app --interface asgi --workers 2 --port {port} --workers-kill-timeout {grace}",
    ),
}
"""How many processes are started, and the command line of each."""
_OK = 200
_UNUSED = 2 * 3700
"""Seconds for which the quota's file has counted."""
_STREAMS = 4
"""Of each kind."""


@frozen(kw_only=True)
class Served:
    """What one server showed."""

    served: int
    """Answers with status 200 that hold the device that was asked for."""
    wrong: list[str]
    """All other answers."""
    slowest: float
    """Seconds."""
    streams: int
    with_token: int
    """Streams that ended after SIGTERM as they should: complete, with a token."""
    exited_after: float
    """Seconds from SIGTERM to the end of the last process."""
    exit_codes: list[int]
    exceeded: int
    """Answers 5013 of the service."""


@contextmanager
def _processes(
    server: str, folder: Path, env: dict[str, str]
) -> Iterator[tuple[str, list[Popen[bytes]]]]:
    count, command = SERVERS[server]
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", 0))
        port, descriptor = listener.getsockname()[1], listener.fileno()
        if "{fd}" in command:
            listener.listen(1024)
        words = command.format(port=port, fd=descriptor, grace=GRACE).split()
        started = [
            Popen(  # noqa: S603 - our own programs
                [sys.executable, "-m", *words],
                cwd=folder, env=env, pass_fds=[descriptor], stdout=DEVNULL, stderr=DEVNULL,
            )
            for _ in range(count)
        ]  # fmt: skip
        try:
            yield f"http://127.0.0.1:{port}", started
        finally:
            for process in started:
                process.kill()
                process.wait()


async def _is_up(session: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                async with session.get("/healthz", timeout=aiohttp.ClientTimeout(5)) as answer:
                    answer.raise_for_status()
                    return
            except (aiohttp.ClientError, TimeoutError):
                await asyncio.sleep(0.2)


async def _ask(session: aiohttp.ClientSession, mac: str, did: str) -> tuple[str | None, float]:
    """Return the answer, if it is a wrong one, and its seconds."""
    began = time.perf_counter()
    async with session.get(f"/devices/{mac}") as answer:
        text = await answer.text()
    right = answer.status == _OK and json.loads(text)["did"] == did
    return None if right else f"{answer.status} {text}", time.perf_counter() - began


async def _until_token(stream: aiohttp.ClientResponse) -> None:
    """Read up to the first resume token."""
    async for line in stream.content:
        if line.startswith((b'{"resume"', b"id: ")):
            return
    raise SystemExit("a stream ended by itself")


async def _ends_with_token(stream: aiohttp.ClientResponse) -> bool:
    try:
        rest = (await stream.read()).strip().splitlines()
    except aiohttp.ClientError:
        return False
    return not rest or rest[-1].startswith((b'{"resume"', b"id: "))


async def _visit(url: str, cloud: SimulatedCloud, processes: list[Popen[bytes]]) -> Served:
    devices = [(device.mac, device.did) for device in cloud.fleet.devices if device.is_online]
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(url, connector=connector) as session:
        await _is_up(session)
        await asyncio.sleep(2)  # until the other worker is up too
        asked = (devices[number % len(devices)] for number in range(USERS))
        answers = await asyncio.gather(*(_ask(session, *device) for device in asked))
        # Pages of logs come slowly from now on, so that no stream ends by itself.
        cloud.faults.set([FaultRule(action="stall", seconds=1.0, path="*/data")])
        streams = [
            await session.get(f"/devices/{did}/{kind}")
            for _, did in devices[:_STREAMS]
            for kind in ("log", "live")
        ]
        await asyncio.gather(*map(_until_token, streams))
        began = time.perf_counter()
        for process in processes:
            process.send_signal(signal.SIGTERM)
        ends = await asyncio.gather(*map(_ends_with_token, streams))
        codes = [await asyncio.to_thread(process.wait, 3 * GRACE) for process in processes]
        exited_after = time.perf_counter() - began
    return Served(
        served=sum(wrong is None for wrong, _ in answers),
        wrong=[wrong for wrong, _ in answers if wrong is not None],
        slowest=max(seconds for _, seconds in answers),
        streams=len(streams),
        with_token=sum(ends),
        exited_after=exited_after,
        exit_codes=codes,
        exceeded=cloud.tally["error 5013"],
    )


async def _begin_books(url: str, enterprise: str) -> None:
    """Make a quota's file that has counted for two hours."""
    quota = SharedQuota.from_url(url, enterprise, monotonic=lambda: time.monotonic() - _UNUSED)
    await quota.acquire(Lane.BULK)
    quota.observe({})
    await quota.aclose()


def run(server: str, knowledge: Knowledge) -> Served:
    """Start the app under a server, let the users ask, open streams, and stop the server.

    Args:
        server: One of `SERVERS`.
        knowledge: How the app gets to know that the hour is unused.
    """
    headers: Literal["always", "never"] = "always" if knowledge == "headers" else "never"
    fleet = Fleet.generate(20, 30, now=time.time(), live=True)
    cloud = SimulatedCloud(fleet, quirks=Quirks(rate_headers=headers, log_cap=1), quota=3600)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        simulator = stack.enter_context(ThreadedSimulator(cloud))
        (folder / "app.py").write_text(tutorial_app(), "utf-8")
        quota_url = f"file://{folder}/quota"
        if knowledge == "file":
            asyncio.run(_begin_books(quota_url, str(cloud.credentials.enterprise_id)))
        env = {
            **os.environ,
            **simulator.environment,
            "GIZWITS_QUOTA_URL": quota_url,
            "GIZWITS_CALLS_PER_HOUR": "3600",
            "PYTHONPATH": str(Path(__file__).parents[1]),
        }
        url, processes = stack.enter_context(_processes(server, folder, env))
        return asyncio.run(_visit(url, cloud, processes))


def main() -> None:
    """Measure and print."""
    print(
        f"| 2 workers, {USERS} users at once | knows by | served | else | slowest s | 5013 |"
        " streams | with token | exit s | codes |\n| --- | --- " + "| --: " * 8 + "|"
    )
    for server in sys.argv[1:] or SERVERS:
        for knowledge in ("headers", "file"):
            it = run(server, knowledge)
            print(
                f"| {server} | {knowledge} | {it.served} | {len(it.wrong)} | {it.slowest:.2f} |"
                f" {it.exceeded} | {it.streams} | {it.with_token} | {it.exited_after:.1f} |"
                f" {it.exit_codes} |",
                flush=True,
            )
            for wrong in sorted(set(it.wrong)):
                print(wrong, file=sys.stderr)


if __name__ == "__main__":
    main()
