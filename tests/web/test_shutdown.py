"""On SIGTERM open streams end with their token, under several servers."""

import asyncio
import contextlib
import json
import signal
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from tests.ports import kept_port

ROOT = Path(__file__).parents[2]
SERVERS = {
    "uvicorn": ["uvicorn", "--port", "{port}"],
    "gunicorn": ["gunicorn", "-k", "uvicorn_worker.UvicornWorker", "-b", "127.0.0.1:{port}"],
    # With worker processes hypercorn signals the parent only: it cuts streams after its grace.
    "hypercorn": ["hypercorn", "--workers", "0", "-b", "127.0.0.1:{port}"],
    "granian": ["granian", "--interface", "asgi", "--port", "{port}"],
}


async def _opened(session: aiohttp.ClientSession, path: str) -> aiohttp.ClientResponse:
    while True:
        with contextlib.suppress(aiohttp.ClientError):
            return await session.get(path)
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("server", SERVERS)
async def test_streams_end_with_their_token(server: str) -> None:
    """After SIGTERM each stream ends at once with its token, and the server within its grace."""
    with kept_port() as port:
        command = [part.format(port=port) for part in SERVERS[server]]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", *command, "tests.web.streaming_app:app"),
            cwd=ROOT,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with (
                asyncio.timeout(40),
                aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
            ):
                lines = await _opened(session, "/lines")
                events, idle = [await session.get(path) for path in ("/events", "/slow")]
                assert json.loads(await lines.content.readline())
                assert await events.content.readline()
                began = time.monotonic()
                process.send_signal(signal.SIGTERM)
                ends = [(await one.read()).decode() for one in (lines, events, idle)]
                await process.wait()
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    assert time.monotonic() - began < 10.0
    assert json.loads(ends[0].splitlines()[-1])["resume"].startswith("g1.")
    assert ends[1].rstrip().splitlines()[-1].startswith("id: g1.")
    assert set(ends[2].split()) <= {":"}, "no page came, so that there is no token"
