"""Routes by which tests in any language control a served simulator: `/__simulator/...`, `/docs`."""

from importlib.resources import files

from aiohttp import web
from attrs import asdict

from gizwits_async.simulator.cloud import SimulatedCloud
from gizwits_async.simulator.faults.rules import parse_faults
from gizwits_async.simulator.openapi import load_openapi

__all__ = ["ControlRoutes"]


class ControlRoutes:
    """Handlers for the routes that are no part of the Enterprise API."""

    def __init__(self, cloud: SimulatedCloud) -> None:
        self._cloud = cloud

    def add_to(self, app: web.Application) -> None:
        """Add the routes to an app."""
        app.router.add_get("/openapi.json", _describe)
        app.router.add_get("/docs", _docs)
        app.router.add_get("/__simulator/faults", self.faults)
        app.router.add_post("/__simulator/faults", self.set_faults)
        app.router.add_get("/__simulator/ledger", self.ledger)
        app.router.add_get("/__simulator/devices", self.devices)
        app.router.add_post("/__simulator/reset", self.reset)
        app.router.add_post("/__simulator/token", self.token)

    async def faults(self, request: web.Request) -> web.Response:
        """Return the fault rules with the number of calls that matched and failed."""
        del request
        faults = self._cloud.faults
        counts = zip(faults.rules, faults.matched, faults.fired, strict=True)
        rows = [{"rule": asdict(rule), "matched": seen, "fired": hit} for rule, seen, hit in counts]
        return web.json_response({"faults": rows})

    async def set_faults(self, request: web.Request) -> web.Response:
        """Replace the fault rules; 400 with the reason if one is wrong."""
        try:
            self._cloud.faults.set(parse_faults(await request.json()))
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        return await self.faults(request)

    async def ledger(self, request: web.Request) -> web.Response:
        """Return the calls that the ledger keeps, oldest first, and how many there were by kind."""
        kind = request.query.get("kind")
        calls = [asdict(call) for call in self._cloud.ledger if kind in (None, call.kind)]
        return web.json_response({"calls": calls, "counts": dict(self._cloud.tally)})

    async def devices(self, request: web.Request) -> web.Response:
        """Return all devices of the fleet, disabled ones included, and the product key."""
        del request
        devices = [asdict(device) for device in self._cloud.fleet.devices]
        return web.json_response({"product_key": self._cloud.product.key, "devices": devices})

    async def reset(self, request: web.Request) -> web.Response:
        """Return to the state after the start; the fleet keeps its devices and records."""
        del request
        self._cloud.reset()
        return web.json_response({})

    async def token(self, request: web.Request) -> web.Response:
        """Return a token without a login, for the page that tries calls."""
        del request
        cloud = self._cloud
        token, expires = cloud.tokens.issue(cloud.product.key, cloud.now(), revoke_others=False)
        return web.json_response(
            {"token": token, "expire_at": int(expires), "product_key": cloud.product.key}
        )


async def _docs(request: web.Request) -> web.Response:
    del request
    page = files("gizwits_async.simulator").joinpath("docs.html").read_text("utf-8")
    return web.Response(text=page, content_type="text/html")


async def _describe(request: web.Request) -> web.Response:
    del request
    return web.json_response(load_openapi())
