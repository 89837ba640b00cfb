"""The page of the fleet: what it shows, whom it lets change something, and that it follows the database."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI, HTTPException
from playwright.async_api import Page, async_playwright, expect
from starlette.requests import Request

from gizwits_async.fastapi.fleet import _changes, fleet_router
from gizwits_async.workers import Fleet, ScanArguments
from tests.scan.cluster import script
from tests.scan.conftest import server, url
from tests.web.serving import served

__all__ = ["server", "url"]

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
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


@asynccontextmanager
async def shown(address: str, **context: Any) -> AsyncIterator[Page]:
    """Open the page in Chromium; it must load nothing from elsewhere, and complain of nothing."""
    problems: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await (await browser.new_context(**context)).new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: line.type == "error" and problems.append(line.text))
        await page.goto(address)
        yield page
        loaded = await page.evaluate("performance.getEntriesByType('resource').map(e => e.name)")
        assert all(name.startswith(address.rpartition("/")[0]) for name in loaded)
        await browser.close()
    assert problems == []


MARKUP = "ServerError: <img src=x onerror=alert(1)> & so on"
STATES = f"""
INSERT INTO gizwits_tenants (profile, state, owner, windows, windows_left, records, quota, last_error,
    next_run, since)
VALUES ('acme', 'running', 'node1:81:ab12', 750, 250, 123456, 3600, NULL, 1900000000, now()),
    ('bolt', 'waiting', NULL, 0, NULL, 0, 3600, NULL, NULL, now()),
    ('core', 'done', NULL, 100, 0, 999, 7200, NULL, 1900000000, now()),
    ('dune', 'failed', NULL, 3, 97, 12, 3600, '{MARKUP}', NULL, now()),
    ('echo', 'cancelled', NULL, 5, 5, 7, NULL, NULL, NULL, now()),
    ('flux/<b>', 'scheduled', NULL, 0, NULL, 0, NULL, NULL, 1900000000, now());
INSERT INTO gizwits_calls (profile, minute, calls)
VALUES ('acme', extract(epoch FROM now())::bigint / 60, 1800);
"""


@pytest.mark.slow
async def test_the_page_works_in_a_browser(url: str, tmp_path: Path) -> None:
    """Tenants, coverage, quota and errors are shown as text; a click begins or cancels; rows follow."""
    assert CHROMIUM is not None, "install Chromium: apt-get install chromium"
    app = FastAPI()
    app.include_router(fleet_router(Fleet(url), every=0.1), prefix="/fleet")
    async with served(app) as base, Fleet(url) as fleet:
        await script(url, STATES)
        async with shown(f"{base}/fleet", color_scheme="light") as page:
            rows = page.locator("tbody tr")
            await expect(rows).to_have_count(6)
            await expect(page.locator("#live.on")).to_have_text("live")
            assert await page.locator("tbody .state").all_inner_texts() == [
                "running", "waiting", "done", "failed", "cancelled", "scheduled",
            ]  # fmt: skip
            acme, dune, flux = rows.nth(0), rows.nth(3), rows.nth(5)
            for text in ("75 %", "123,456", "1,800 / 3,600", "node1:81:ab12"):
                await expect(acme).to_contain_text(text)
            await expect(dune.locator(".error")).to_have_text(MARKUP)
            assert await page.locator("img, td b").count() == 0
            await page.screenshot(path=tmp_path / "light.png", full_page=True)

            await flux.get_by_role("button", name="start").click()
            await expect(flux.locator(".state")).to_have_text("waiting")
            assert (await fleet.fleet_status())[5].state == "waiting"
            page.once("dialog", lambda dialog: dialog.accept())
            await flux.get_by_role("button", name="cancel").click()
            await expect(flux.locator(".state")).to_have_text("cancelled")
            page.once("dialog", lambda dialog: dialog.dismiss())
            await rows.nth(1).get_by_role("button", name="cancel").click()
            await script(url, "UPDATE gizwits_tenants SET windows_left = 0 WHERE profile = 'acme'")
            await expect(acme).to_contain_text("100 %")
            assert (await fleet.fleet_status())[1].state == "waiting"

            await page.locator("#find").fill("onerror")
            await expect(rows).to_have_count(1)
            await page.locator("#find").fill("")
            await page.locator("th", has_text="records").click(click_count=2)
            await expect(rows.first).to_contain_text("acme")
        narrow = {"width": 390, "height": 844}
        async with shown(
            f"{base}/fleet", color_scheme="dark", viewport=narrow, locale="zh-CN", is_mobile=True
        ) as page:
            await expect(page.locator("tbody tr")).to_have_count(6)
            await expect(page.locator("h1")).to_have_text("机群扫描")
            assert await page.evaluate("document.documentElement.scrollWidth") <= 390
            await page.screenshot(path=tmp_path / "narrow.png", full_page=True)
