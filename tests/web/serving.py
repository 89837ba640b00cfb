"""Runs uvicorn and a simulated service in the event loop of a test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from gizwits_async.simulator import SimulatedCloud, SimulatorServer

__all__ = ["environment", "served", "simulated"]


def environment(cloud: SimulatedCloud, url: str) -> dict[str, str]:
    """Return the environment variables of this service."""
    own = cloud.credentials
    return {
        "GIZWITS_BASE_URL": url,
        "GIZWITS_ENTERPRISE_ID": str(own.enterprise_id),
        "GIZWITS_ENTERPRISE_SECRET": str(own.enterprise_secret),
        "GIZWITS_PRODUCT_KEY": str(own.product_key),
        "GIZWITS_PRODUCT_SECRET": str(own.product_secret),
    }


@asynccontextmanager
async def simulated(cloud: SimulatedCloud, monkeypatch: Any) -> AsyncIterator[SimulatorServer]:
    """Serve the cloud, and set the environment variables for it."""
    async with SimulatorServer(cloud) as server:
        for name, value in environment(cloud, server.url).items():
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
