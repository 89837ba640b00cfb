"""The page of the fleet: what it shows, whom it lets change something, and that it follows the database."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import Depends, FastAPI, HTTPException
from starlette.requests import Request

from gizwits_async.fastapi.fleet import _changes, fleet_router
from gizwits_async.workers import Fleet, ScanArguments
from tests.scan.conftest import server, url

__all__ = ["server", "url"]

OURS = {"X-Requested-With": "fleet"}


def staff_only(request: Request) -> None:
    """The authentication of the app."""
    if request.headers.get("Authorization") != "staff":
        raise HTTPException(401)


@pytest.fixture
async def client(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """An app with the page, and one enterprise that waits."""
    app = FastAPI()
    app.include_router(
        fleet_router(Fleet(url)), prefix="/fleet", dependencies=[Depends(staff_only)]
    )
    async with app.router.lifespan_context(app), Fleet(url) as fleet:
        await fleet.defer_scan("acme", ScanArguments(since=60.0))
        transport = httpx.ASGITransport(app)
        headers = {"Authorization": "staff"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://app", headers=headers
        ) as found:
            yield found


async def test_the_page_runs_its_own_script_only(client: httpx.AsyncClient) -> None:
    """No build step, nothing loaded from elsewhere, and rows can bring no script."""
    page = await client.get("/fleet")
    assert page.status_code == 200
    policy = page.headers["Content-Security-Policy"]
    nonce = policy.partition("script-src 'nonce-")[2].partition("'")[0]
    assert page.text.count(f'nonce="{nonce}"') == 2
    assert "default-src 'none'" in policy
    assert "innerHTML" not in page.text
    assert "//" not in page.text.replace("// ", "").partition("<script")[0]


async def test_scans_are_begun_and_cancelled(client: httpx.AsyncClient) -> None:
    """As the console does; a profile that nobody knows is not made."""
    (row,) = (await client.get("/fleet/status")).json()
    assert (row["profile"], row["state"]) == ("acme", "waiting")
    assert (await client.post("/fleet/scans/acme", headers=OURS)).json() is False
    assert (await client.delete("/fleet/scans/acme", headers=OURS)).json() is True
    assert (await client.get("/fleet/status")).json()[0]["state"] == "cancelled"
    assert (await client.post("/fleet/scans/acme", headers=OURS)).json() is True
    assert (await client.post("/fleet/scans/nobody", headers=OURS)).status_code == 404


async def test_nobody_else_can_change_anything(client: httpx.AsyncClient, url: str) -> None:
    """The app's own authentication, forms of other sites, and pages that only show."""
    anonymous = {"Authorization": "", **OURS}
    assert (await client.delete("/fleet/scans/acme", headers=anonymous)).status_code == 401
    assert (await client.get("/fleet/status", headers=anonymous)).status_code == 401
    assert (await client.delete("/fleet/scans/acme")).status_code == 403
    assert (await client.post("/fleet/scans/acme")).status_code == 403
    routes = {route.path for route in fleet_router(Fleet(url), changes=False).routes}  # type: ignore[attr-defined]
    assert routes == {"", "/", "/status", "/events"}


async def test_events_follow_the_database(url: str) -> None:
    """One at the beginning and one for each change; nothing is sent twice."""
    async with Fleet(url) as fleet:
        events = _changes(fleet, 0.05)
        assert await anext(events) == "data: []\n\n"
        following = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.2)
        assert not following.done()
        await fleet.defer_scan("acme")
        (row,) = json.loads((await following).removeprefix("data: "))
        assert row["profile"] == "acme"
        await events.aclose()
