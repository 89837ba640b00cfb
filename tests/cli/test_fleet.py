"""The commands for many enterprises: profiles, schedules, workers and what the fleet shows."""

import asyncio
import json
import logging
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from rich.cells import cell_len

from gizwits_async import Credentials
from gizwits_async.cli import fleet as command
from gizwits_async.cli.worker import _observer
from gizwits_async.opentelemetry import Metrics
from gizwits_async.profiles import Profile
from gizwits_async.scan import SqlStore
from gizwits_async.workers import Fleet as Workers
from gizwits_async.workers import defer_scan, worker_app
from tests.scan.cluster import sql
from tests.scan.conftest import server, url
from tests.workers.fleets import RANGE, ROOT, Tenant, config, tenants, until

__all__ = ["server", "url"]


@pytest.fixture
async def fleet(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[dict[str, Tenant]]:
    """Two enterprises, in a configuration file and a database that the environment names."""
    async with tenants(2, devices=2) as found:
        monkeypatch.setenv("GIZWITS_CONFIG", str(config(found, tmp_path)))
        monkeypatch.setenv("GIZWITS_DATABASE_URL", url)
        yield found


def rows(text: str) -> Any:
    return [json.loads(line) for line in text.splitlines()]


async def test_profiles_are_listed_and_tried(
    program: Any, fleet: dict[str, Tenant], tmp_path: Path
) -> None:
    """One that cannot log in is named with the reason, and the exit code is 3."""
    code, out, _ = await program("profiles", "list")
    assert code == 0
    assert [row["profile"] for row in rows(out)] == list(fleet)
    assert "hidden" not in out
    code, out, _ = await program("profiles", "check")
    assert (code, [row["devices"] for row in rows(out)]) == (0, [2, 2])
    file = tmp_path / "config.toml"
    file.write_text(file.read_text().replace("hidden-1-e", "hidden-wrong"))
    code, out, _ = await program("profiles", "check")
    assert (code, [row["ok"] for row in rows(out)]) == (3, [True, False])
    assert "5004" in rows(out)[1]["problem"]
    assert rows(out)[1]["problem"].endswith("; the enterprise secret is wrong"), "a single line"
    assert "hidden" not in out


async def test_schedules_are_added_listed_and_removed(
    program: Any, fleet: dict[str, Tenant], tmp_path: Path
) -> None:
    """What cannot be kept, and a profile that is unknown, are refused before anything is stored."""
    add = ("schedule", "add", "tenant000", "--every", "1d")
    code, _, err = await program(*add, "--since", "last", "--log", "data", "--jitter", "1h")
    assert code == 0
    assert "tenant000 is scanned every 1d, the next time 20" in err
    code, out, _ = await program("schedule", "list")
    (row,) = rows(out)
    assert (row["every"], row["jitter"], row["scan"]["logs"]) == (86_400, 3600, ["data"])
    await program(
        "schedule", "add", "tenant001", "--every", "1d", "--log", "cmd", "--derive", "data"
    )
    assert rows((await program("schedule", "list"))[1])[1]["scan"]["derive"] == "data"
    assert (await program("schedule", "remove", "tenant001"))[0] == 0
    code, _, err = await program("schedule", "add", "nobody", "--every", "1d")
    assert code == 4
    assert "has no profile 'nobody'; it has: tenant000, tenant001" in err
    file = tmp_path / "config.toml"
    file.write_text(file.read_text().replace("calls_per_hour = 10000000", "calls_per_hour = 600"))
    code, _, err = await program("schedule", "add", "tenant001", "--every", "30s")
    assert code == 2
    assert "2 devices take 8 calls, 0.0133 hours at 600 calls an hour" in err
    assert (await program("schedule", "remove", "tenant000"))[0] == 0
    assert (await program("schedule", "remove", "tenant000"))[0] == 1
    assert (await program("schedule", "list"))[1] == ""


async def test_scans_are_begun_shown_and_cancelled(
    program: Any, fleet: dict[str, Tenant], url: str
) -> None:
    """A second request finds the first (8); rows as JSON have the fields of `TenantStatus`."""
    assert (await program("fleet", "run", "tenant000", "--since", "1d"))[0] == 0
    code, _, err = await program("fleet", "run", "tenant000")
    assert code == 8
    assert "waiting or running already" in err
    assert (await program("fleet", "run", "tenant001"))[0] == 0
    assert (await program("fleet", "run", "nobody"))[0] == 4
    assert (await program("fleet", "cancel", "tenant001"))[0] == 0
    assert (await program("fleet", "cancel", "tenant001"))[0] == 1
    stop = asyncio.Event()
    app = worker_app(url, {name: one.profile for name, one in fleet.items()}, stalled_after=1)
    running = asyncio.ensure_future(app.run(stop=stop))
    found: list[Any] = []
    while not found or found[0]["state"] != "done":
        code, out, _ = await program("fleet", "--json")
        found = json.loads(out)
    stop.set()
    await running
    assert code == 0
    assert [row["state"] for row in found] == ["done", "cancelled"]
    assert set(found[0]) >= {
        *("profile", "state", "owner", "since", "windows_left", "records", "calls_per_hour"),
        *("last_error", "next_run"),
    }
    assert found[0]["records"] > 0


async def test_a_fleet_fits_a_terminal(
    program: Any, fleet: dict[str, Tenant], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A narrow one gets fewer columns, and the names of profiles whole; a failed scan is exit code 3."""
    await program("fleet", "run", "tenant000")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr("gizwits_async.cli.output.sys.stdout.isatty", lambda: True, raising=False)
    code, out, _ = await program("--lang", "zh", "fleet")
    assert code == 0
    assert "tenant000" in out
    assert "等待中" in out
    await sql(url, "UPDATE gizwits_tenants SET state = 'failed'", "SELECT 1")
    assert (await program("fleet"))[0] == 3
    plain = re.sub(r"\x1b\[[\d;]*m", "", out)
    assert all(cell_len(line) <= 60 for line in plain.splitlines())


async def test_without_a_database_the_variable_is_named(
    program: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A usage error, and no traceback."""
    monkeypatch.delenv("GIZWITS_DATABASE_URL", raising=False)
    assert await program("fleet") == (
        2, "", "usage: give --database, or set GIZWITS_DATABASE_URL\n",
    )  # fmt: skip
    code, _, err = await program("fleet", "--database", "fleet.db")
    assert code == 2
    assert "must be PostgreSQL" in err


async def test_a_worker_ends_at_sigterm(fleet: dict[str, Tenant], url: str) -> None:
    """It says who it is, and its exit code is 0: an orderly end is no failure to systemd."""
    async with Workers(url):
        pass  # It makes the tables.
    words = ["-m", "gizwits_async", "worker", "--concurrency", "3", "--slice", "1m"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, "--stalled-after", "2s", cwd=ROOT, env=dict(os.environ),
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    first = (await process.stderr.readline()).decode()
    assert ": 2 profiles, database postgresql:///fleet" in first
    while not await sql(url, "SELECT id FROM procrastinate_workers"):
        await asyncio.sleep(0.05)  # Until it works: before that it is ended like any program.
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 60) == 0


@pytest.mark.slow
async def test_an_agent_sends_the_metrics_of_a_worker(fleet: dict[str, Tenant], url: str) -> None:
    """The variables of OpenTelemetry say where: calls, quota and scans, by the name of the profile."""
    await defer_scan(url, "tenant000", RANGE)
    start = "from opentelemetry.instrumentation.auto_instrumentation import run; run()"
    words = ["-c", start, sys.executable, "-m", "gizwits_async", "worker"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        env={
            **os.environ, "PYTHONPATH": str(ROOT), "OTEL_METRICS_EXPORTER": "console",
            "OTEL_TRACES_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none",
        },
    )  # fmt: skip
    async with Workers(url) as opened:
        await until(opened, lambda now: now[0].state == "done", within=60)
    process.send_signal(signal.SIGTERM)
    said, _ = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0
    metrics = {
        metric["name"]: metric["data"]["data_points"][0]["attributes"]
        for block in re.split(r"(?m)^(?=\{)", said.decode())[1:]
        for resource in json.loads(block)["resource_metrics"]
        for scope in resource["scope_metrics"]
        for metric in scope["metrics"]
    }
    assert metrics["gizwits.scan.records"] == {"gizwits.profile": "tenant000"}
    assert metrics["http.client.request.duration"]["gizwits.profile"] == "tenant000"
    assert metrics["http.client.request.duration"]["server.address"] == "127.0.0.1"
    assert metrics["gizwits.quota.remaining"] == {"gizwits.profile": "tenant000"}


async def test_metrics_are_made_where_their_extra_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each profile has metrics of its own; without the extra a worker works without them."""
    keys = Credentials(
        enterprise_id="e", enterprise_secret="s", product_key="p", product_secret="t"
    )
    observer = _observer()
    assert observer is not None
    assert isinstance(observer(Profile(name="acme", credentials=keys)), Metrics)
    monkeypatch.setattr(
        "gizwits_async.opentelemetry.observe", Mock(side_effect=TypeError("older API"))
    )
    assert _observer() is None
    monkeypatch.setitem(sys.modules, "gizwits_async.opentelemetry", None)
    assert _observer() is None


async def test_a_scan_waits_for_its_store_and_ends_after_its_time(
    program: Any, cloud: Any, tmp_path: Path
) -> None:
    """`--for` leaves windows for the same command; `--wait-for-store` outlasts another scan."""
    code, out, _ = await program("scan", "--since", "2d", "--for", "0.01s", "--json")
    report = json.loads(out)
    assert (code, report["stopped"], report["complete"]) == (3, True, False)
    held = SqlStore(tmp_path / "fleet.db")
    await held.open()
    assert (await program("scan", "--since", "2d", "--quiet"))[0] == 8
    waiting = asyncio.ensure_future(program("scan", "--since", "2d", "--quiet", "--wait-for-store"))
    await asyncio.sleep(0.5)
    assert not waiting.done()
    await held.aclose()
    code, _, err = await waiting
    assert code == 0
    assert "in use by another scan" in err


async def test_the_fleet_is_watched(
    fleet: dict[str, Tenant], url: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Each look as a line of JSON with all rows, or as a table, until it is interrupted."""
    monkeypatch.setattr(command, "_EVERY", 0.02)
    for form in (True, False):
        watching = asyncio.ensure_future(command.fleet(watch=True, json=form))
        said = ""
        while "waiting" not in said and not watching.done():
            await asyncio.sleep(0.02)
            said += capsys.readouterr().out
            await defer_scan(url, "tenant000")
        watching.cancel()
        await asyncio.wait([watching])
        assert watching.cancelled()
        if form:
            assert [json.loads(line) for line in said.splitlines()][-1][0]["profile"] == "tenant000"


async def test_the_page_is_served_on_this_machine_only(
    program: Any, fleet: dict[str, Tenant], url: str
) -> None:
    """It changes nothing, no other name of the machine is answered, and Ctrl-C ends it at once."""
    await defer_scan(url, "tenant000")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gizwits_async", "fleet", "--serve", "--port", "0", cwd=ROOT,
        env=dict(os.environ), stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    said = (await process.stderr.readline()).decode()
    found = re.fullmatch(r"(http://127\.0\.0\.1:(\d+)/fleet) - Ctrl-C ends it\n", said)
    assert found, said + (await process.stderr.read()).decode()
    async with httpx.AsyncClient(timeout=60) as http:
        assert 'data-changes="no"' in (await http.get(found[1])).text
        assert (await http.get(f"{found[1]}/status")).json()[0]["profile"] == "tenant000"
        assert (await http.get(found[1], headers={"Host": "evil.example"})).status_code == 400
        assert (await http.delete(f"{found[1]}/scans/tenant000")).status_code == 404
        code, _, err = await program("fleet", "--serve", "--port", found[2])
        assert code == 1
        assert "in use" in err
        assert not logging.getLogger("uvicorn").handlers, "the console's own log is enough"
        async with http.stream("GET", f"{found[1]}/events") as events:
            assert (await anext(events.aiter_lines())).startswith('data: [{"profile": "tenant000"')
            process.send_signal(signal.SIGINT)
            assert await asyncio.wait_for(process.wait(), 60) == 130


async def test_a_page_without_its_database_is_an_error(program: Any) -> None:
    """In a line that names it, and no traceback of the server."""
    away = "postgresql://127.0.0.1:1/fleet?connect_timeout=1"
    code, _, err = await program("fleet", "--serve", "--port", "0", "--database", away)
    assert code == 1
    assert re.fullmatch(r"store: postgresql://127.0.0.1:1/fleet: .*refused.*\n", err)
