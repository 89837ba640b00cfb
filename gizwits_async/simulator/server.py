"""Serves the simulated service over HTTP, through aiohttp.web."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiohttp import web
from attrs import asdict

from gizwits_async.simulator.cloud import SimulatedCloud
from gizwits_async.simulator.faults.rules import parse_faults
from gizwits_async.simulator.faults.socket import send_faulty
from gizwits_async.simulator.messages import SimulatedRequest
from gizwits_async.simulator.openapi import load_openapi

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
    ) -> None:
        """Make a server; nothing listens yet.

        Args:
            cloud: The service.
            host: Address to listen on.
            port: Port to listen on; 0: any free one.
            clock: Epoch seconds; None: the cloud's own `now`, which starts at the fleet's.
        """
        self._cloud = cloud
        self._host, self._port = host, port
        self._clock = cloud.now if clock is None else clock
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
        app.router.add_get("/openapi.json", _describe)
        app.router.add_get("/__simulator/faults", self._faults)
        app.router.add_post("/__simulator/faults", self._faults)
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
        if reply.delivery is not None:
            return await send_faulty(request, reply, reply.delivery)
        return web.Response(status=reply.status, headers=reply.headers, body=reply.body)

    async def _faults(self, request: web.Request) -> web.Response:
        faults = self._cloud.faults
        if request.method == "POST":
            try:
                faults.set(parse_faults(await request.json()))
            except ValueError as error:
                return web.json_response({"error": str(error)}, status=400)
        counts = zip(faults.rules, faults.matched, faults.fired, strict=True)
        rows = [{"rule": asdict(rule), "matched": seen, "fired": hit} for rule, seen, hit in counts]
        return web.json_response({"faults": rows})


async def _describe(request: web.Request) -> web.Response:
    del request
    try:
        return web.json_response(load_openapi())
    except ModuleNotFoundError as error:
        return web.Response(status=501, text=str(error))
