"""Runs uvicorn and a simulated service in the event loop of a test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from gizwits_async.simulator import SimulatedCloud, SimulatorServer
from gizwits_async.simulator.environment import environment_of

__all__ = ["served", "simulated"]


@asynccontextmanager
async def simulated(cloud: SimulatedCloud, monkeypatch: Any) -> AsyncIterator[SimulatorServer]:
    """Serve the cloud, and set the environment variables for it."""
    async with SimulatorServer(cloud) as server:
        for name, value in environment_of(cloud, server.url).items():
            monkeypatch.setenv(name, value)
        yield server


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """Run the app under uvicorn and yield its URL."""
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_config=None, lifespan="on", access_log=False)
    )
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:
            if task.done():
                await task
                raise RuntimeError("the app did not start")
            await asyncio.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await asyncio.wait([task])
