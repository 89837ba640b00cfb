"""The page of `gizwits-async report`: one file, in both languages, for screens and paper."""

import asyncio
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from gizwits_async.cli import report as command
from gizwits_async.scan import FleetScan
from tests.doubles import client_of
from tests.scan.common import DAY, cloud_of

NOW = 1_790_000_000
HEADINGS = {
    "en": ["Coverage", "Records a day", "online", "Quota", "missing", "trouble", "Errors", "Next"],
    "zh": ["覆盖率", "每天的记录数", "在线率", "配额", "缺失", "问题最多", "错误", "下次运行"],
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture
async def store(tmp_path: Path) -> Path:
    """A store of some days, with a device whose MAC address is markup."""
    cloud, path = cloud_of(3, 4), tmp_path / "fleet.db"
    for device in cloud.fleet.devices:
        cloud.fleet.change(device.did, mac="<script>alert(1)</script>")
    await FleetScan(client_of(cloud), path, start=NOW - 3 * DAY, end=NOW - DAY).run()
    return path


class Page(HTMLParser):
    """What a page holds: its tags with their attributes, and the texts of its headings."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "h2" and data.strip():
            self.headings.append(data)


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_page_is_one_file_that_loads_nothing(
    program: Any, store: Path, tmp_path: Path, language: str
) -> None:
    """Eight sections in the chosen language, four charts, no script, no address of another host."""
    out = tmp_path / "report.html"
    code, _, err = await program("--lang", language, "report", str(store), "--html", str(out))
    assert (code, str(out) in err) == (0, True)
    text = out.read_text(encoding="utf-8")
    page = Page(text)
    assert len(page.headings) == 8
    for wanted, heading in zip(HEADINGS[language], page.headings, strict=True):
        assert wanted in heading
    names = [tag for tag, _ in page.tags]
    assert names.count("svg") == 4
    assert not {"script", "link", "iframe", "object", "embed"} & set(names)
    assert page.tags[0] == ("html", {"lang": "en" if language == "en" else "zh-CN"})
    loaded = [a for _, attrs in page.tags for name, a in attrs.items() if name in {"src", "href"}]
    assert all((address or "").startswith("#") for address in loaded)
    assert set(re.findall(r"https?://[^\s\"'<]+", text)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "@media print" in text
    assert "&lt;script&gt;alert(1)" in text
    assert len(text) < 300_000


async def test_a_missing_extra_is_named(
    program: Any, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what to install; nothing is read or written."""
    monkeypatch.setattr(command, "find_spec", lambda _name: None)
    code, _, err = await program("report", str(store), "--html", str(store.with_name("r.html")))
    assert code == 1
    assert "a report needs altair: install 'gizwits-async[report]'" in err
    assert not store.with_name("r.html").exists()
    assert (await program("report", str(store), "--days", "0"))[0] == 2


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_browser_shows_and_prints_it_without_a_network(
    program: Any, store: Path, tmp_path: Path, language: str
) -> None:
    """Chromium draws the charts, loads nothing, complains of nothing, and prints few pages."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert browser is not None, "install Chromium: apt-get install chromium"
    out, picture, paper = (tmp_path / f"report.{kind}" for kind in ("html", "png", "pdf"))
    await program("--lang", language, "report", str(store), "--html", str(out))
    words = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    words += ["--no-first-run", "--proxy-server=127.0.0.1:9"]  # Where nothing listens.
    words += [f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr"]
    said = ""
    for task in (
        ["--window-size=1100,2600", f"--screenshot={picture}"],
        ["--no-pdf-header-footer", f"--print-to-pdf={paper}"],
    ):
        process = await asyncio.create_subprocess_exec(
            browser, *words, *task, out.as_uri(),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said += (await process.communicate())[0].decode()
        assert process.returncode == 0, said
    assert "CONSOLE" not in said  # Where it says what the page's policy has refused.
    assert picture.stat().st_size > 60_000  # A blank page of this size has 20 KB.
    pages = len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes()))
    assert 2 <= pages <= 4
