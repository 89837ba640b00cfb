"""The pytest plugin in an external project, and the simulator for synchronous suites."""

import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import pytest

from gizwits_async.simulator import SimulatedCloud
from gizwits_async.testing import ThreadedSimulator

THREE_LINES = """
async def test_it_finds_a_device(gizwits_client, gizwits_simulator):
    device = await gizwits_client.devices.search().first()
    assert device.mac == gizwits_simulator.fleet.device(device.did).mac
"""
OPTION = ("-o", "asyncio_default_fixture_loop_scope=function")
ALONE = ("--disable-plugin-autoload", "-p", "pytest_asyncio.plugin", "-p", "gizwits_async.testing")
"""The plugins of a project that has no others; all those of this environment take three seconds to load."""
MORE = """
import asyncio, time

async def test_a_log_of_the_last_days_and_a_hundred_calls_in_no_time(gizwits_client):
    began = time.monotonic()
    async for device in gizwits_client.devices.search():
        if records := await gizwits_client.devices.data_log(device.did).collect():
            break
    assert time.time() - 200_000 < records[0].ts <= time.time()
    await asyncio.gather(*(gizwits_client.devices.detail(device.mac) for _ in range(100)))
    assert time.monotonic() - began < 10

async def test_each_test_has_a_service_of_its_own(gizwits_simulator):
    assert not gizwits_simulator.ledger

def test_without_a_loop(gizwits_client, gizwits_simulator):
    mac = gizwits_simulator.fleet.devices[0].mac
    assert asyncio.run(gizwits_client.devices.detail(mac)).mac == mac
"""


@pytest.fixture(autouse=True)
def _no_options_of_this_suite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)


def _pytest(folder: Path, python: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            python,
            "-m",
            "pytest",
            "-q",
            "-W",
            "error",
            "-o",
            "asyncio_mode=auto",
            *OPTION,
            *arguments,
            folder,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_the_fixtures_work_in_a_project_of_its_own(tmp_path: Path) -> None:
    """The fixtures work in an empty project; nothing waits, warns or leaks."""
    (tmp_path / "test_it.py").write_text(THREE_LINES + MORE)
    run = _pytest(tmp_path, sys.executable, *ALONE)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "4 passed" in run.stdout


def test_the_fixtures_never_wait(tmp_path: Path) -> None:
    """Faults, quota, confirmation and frozen dates pass in virtual time; the options can be set."""
    source = Path(__file__).with_name("project_tests.py")
    (tmp_path / "test_it.py").write_bytes(source.read_bytes())
    run = _pytest(tmp_path, sys.executable, *ALONE)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "10 passed" in run.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_wheel_brings_the_fixtures_into_a_fresh_environment(tmp_path: Path) -> None:
    """The built wheel registers the fixtures in a fresh environment, and has the served files."""
    root = Path(__file__).parents[2]
    wheels, venv = tmp_path / "wheels", tmp_path / "venv"

    def run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, timeout=300)

    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(wheels), str(root))
    run(sys.executable, "-m", "venv", str(venv))
    python = str(venv / "bin/python")
    wheel = next(wheels.glob("*.whl"))
    with zipfile.ZipFile(wheel) as packed:
        assert {
            f"gizwits_async/simulator/{name}"
            for name in ("openapi.yaml", "openapi.json", "openapi.zh.json", "docs.html")
        } <= set(packed.namelist())
    run(python, "-m", "pip", "install", "-q", str(wheel), "pytest", "pytest-asyncio")
    project = tmp_path / "project"
    project.mkdir()
    (project / "test_it.py").write_text(THREE_LINES)
    found = _pytest(project, python)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "1 passed" in found.stdout


def test_a_synchronous_suite_has_the_service_on_a_port() -> None:
    """`ThreadedSimulator(port=0)` serves blocking clients until it is closed."""
    with ThreadedSimulator(port=0) as simulator:
        assert set(simulator.environment) >= {"GIZWITS_BASE_URL", "GIZWITS_PRODUCT_SECRET"}
        url = f"{simulator.url}/v1/products/x/devices"
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(url, timeout=60)
        with caught.value as reply:
            assert b"error_code" in reply.read()
        assert len(simulator.cloud.ledger) == 1
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=60)
    with pytest.raises(RuntimeError, match="not started"):
        _ = simulator.url


def test_a_port_in_use_is_an_error() -> None:
    """A second simulator on the same port raises OSError and leaves no thread."""
    cloud = SimulatedCloud()
    with ThreadedSimulator(cloud) as first:
        assert first.cloud is cloud
        port = int(first.url.rsplit(":", 1)[1])
        second = ThreadedSimulator(cloud, port=port)
        with pytest.raises(OSError, match="address already in use"):
            second.start()
        second.close()
        with pytest.raises(RuntimeError, match="already"):
            first.start()
