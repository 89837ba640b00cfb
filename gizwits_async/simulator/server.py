"""Serves the simulated service over HTTP, through aiohttp.web."""

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from gizwits_async.simulator.cloud import SimulatedCloud
from gizwits_async.simulator.control_routes import ControlRoutes
from gizwits_async.simulator.faults.socket import send_faulty
from gizwits_async.simulator.messages import LedgerEntry, SimulatedRequest

__all__ = ["SimulatorServer"]

_MAX_BODY = 16 * 2**20


class SimulatorServer:
    """Serves a simulated service: `async with SimulatorServer(cloud) as server: server.url`."""

    def __init__(
        self,
        cloud: SimulatedCloud,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        clock: Callable[[], float] | None = None,
        latency: float = 0.0,
        on_call: Callable[[str], None] | None = None,
    ) -> None:
        """Make a server; nothing listens yet.

        Args:
            cloud: The service.
            host: Address to listen on.
            port: Port to listen on; 0: any free one.
            clock: Epoch seconds; None: the cloud's own `now`, which starts at the fleet's.
            latency: Seconds until a request is handled.
            on_call: Called with a line of text after each call: an access log without queries, which
                may hold secrets.
        """
        self._cloud = cloud
        self._host, self._port = host, port
        self._clock = cloud.now if clock is None else clock
        self._latency = latency
        self._on_call = on_call
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Base URL, without a trailing slash.

        Raises:
            RuntimeError: The server was not started.
        """
        if self._runner is None or not self._runner.addresses:
            raise RuntimeError("the server was not started: use `async with SimulatorServer(...)`")
        host, port = self._runner.addresses[0][:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def start(self) -> None:
        """Start listening.

        Raises:
            OSError: The address is in use.
        """
        app = web.Application(client_max_size=_MAX_BODY)
        ControlRoutes(self._cloud).add_to(app)
        # Unquoted paths may contain line breaks, which "." does not match.
        app.router.add_route("*", r"/{path:[\s\S]*}", self._answer)
        runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=1.0, handler_cancellation=True
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self._clock()  # A `LoopClock` stands still until it is read in this loop.

    async def aclose(self) -> None:
        """Stop listening and close all connections."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if self._latency:
            await asyncio.sleep(self._latency)
        reply = self._cloud.handle(
            SimulatedRequest(
                method=request.method,
                target=request.raw_path,
                headers=dict(request.headers),
                body=body,
                peer=request.remote or "",
            ),
            self._clock(),
        )
        if self._on_call is not None and self._cloud.ledger:
            self._on_call(_line(self._cloud.ledger[-1]))
        if reply.delivery is not None:
            return await send_faulty(request, reply, reply.delivery)
        return web.Response(status=reply.status, headers=reply.headers, body=reply.body)


def _line(call: LedgerEntry) -> str:
    at = time.strftime("%H:%M:%S", time.localtime(call.at))
    code = "" if call.error_code is None else f" error {call.error_code}"
    return f"{at} {call.method} {call.path} {call.status}{code} ({call.kind or 'no route'})"
