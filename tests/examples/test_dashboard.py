"""The dashboard: its routes under ASGI, and its page in a headless browser where one is installed."""

import importlib.util
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType

import httpx
import pytest
from playwright.async_api import Page, async_playwright, expect

from gizwits_async.simulator import Fleet, SimulatedCloud
from gizwits_async.simulator.state.device import Device
from tests.web.serving import served, simulated

FOLDER = Path(__file__).parents[2] / "examples" / "dashboard"
CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)


def _app() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dashboard_app", FOLDER / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _cloud() -> SimulatedCloud:
    return SimulatedCloud(Fleet.generate(24, 4, now=time.time(), live=True), quota=100_000)


def _listed(cloud: SimulatedCloud) -> list[Device]:
    return [device for device in cloud.fleet.devices if not device.is_disabled]


async def test_the_routes_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Devices, provinces, data points and log have what the page shows; no bad command is sent."""
    cloud, app = _cloud(), _app().app
    online = next(device for device in cloud.fleet.devices if device.is_online)
    transport = httpx.ASGITransport(app)
    async with (
        simulated(cloud, monkeypatch),
        app.router.lifespan_context(app) as state,
        httpx.AsyncClient(transport=transport, base_url="http://dashboard") as http,
    ):
        app.state.gizwits = state["gizwits"]
        assert "<title>Fleet</title>" in (await http.get("/")).text
        assert len((await http.get("/devices")).json()) == len(_listed(cloud)) > 12
        provinces = (await http.get("/provinces")).json()
        there = [device for device in cloud.fleet.devices if device.region == "Guangdong"]
        online_there = sum(device.is_online for device in there)
        assert provinces["Guangdong"] == {"total": len(there), "online": online_there}
        points = (await http.get("/datapoints")).json()
        assert points["switch"]["kind"] == "bool"
        assert 0 < len((await http.get(f"/devices/{online.did}/log")).json()) <= 20
        refused = await http.post(f"/devices/{online.did}/control", json={"no such": 1})
        assert refused.status_code == 422
    assert cloud.product.controls == []


@asynccontextmanager
async def _browser(url: str) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 1280, "height": 900})
        await page.goto(url)
        yield page
        await browser.close()


if CHROMIUM:

    @pytest.mark.slow
    async def test_the_page_works_in_a_browser(
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """A visitor sees fleet and map, sends a command after a question, and sees the report come."""
        cloud, module = _cloud(), _app()
        monkeypatch.setattr(module, "LOG_EVERY", 1.0)
        online = next(device for device in cloud.fleet.devices if device.is_online)
        problems: list[str] = []
        async with (
            simulated(cloud, monkeypatch),
            served(module.app) as url,
            _browser(url) as page,
        ):
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on("console", lambda line: line.type == "error" and problems.append(line.text))
            await expect(page.locator("#devices tr")).to_have_count(len(_listed(cloud)))
            await expect(page.locator("g[data-province=Guangdong] text.count")).to_be_visible()
            await page.get_by_text(online.mac).click()
            await expect(page.locator("#log li").first).to_be_visible()
            await page.get_by_role("button", name="Send …").click()
            await page.get_by_role("button", name="Cancel").click()
            assert cloud.product.controls == []
            await page.get_by_role("button", name="Send …").click()
            await page.screenshot(path=tmp_path / "question.png")
            await page.locator("#yes").click()
            await expect(page.locator("#result")).to_contain_text("Confirmed", timeout=15_000)
            await expect(page.locator("#log li.new").first).to_be_visible(timeout=20_000)
            await page.screenshot(path=tmp_path / "dashboard.png")
            hosts = await page.evaluate(
                "performance.getEntriesByType('resource').map(e => new URL(e.name).origin)"
            )
        assert set(hosts) == {url}
        assert problems == []
        assert len(cloud.product.controls) == 1
