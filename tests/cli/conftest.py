"""A console program that is called in the process, against the simulator on loopback."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from gizwits_async.cli.app import run
from gizwits_async.cli.language import use
from gizwits_async.simulator import Fleet, SimulatedCloud, SimulatorServer
from gizwits_async.simulator.environment import environment_of

_CALLS = 100_000
Program = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
async def cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> AsyncIterator[SimulatedCloud]:
    """A service whose credentials and quota stand in the environment, so that calls hardly wait."""
    cloud = SimulatedCloud(Fleet.generate(3, 3, now=time.time()), quota=_CALLS)
    async with SimulatorServer(cloud) as server:
        for name, value in environment_of(cloud, server.url).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("GIZWITS_CALLS_PER_HOUR", str(_CALLS))
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.chdir(str(tmp_path))
        yield cloud


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """Let the programs that tests start take Ctrl-C: in the background shells have it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def program(capsys: pytest.CaptureFixture[str]) -> Program:
    """Run the program with these words; return its code, stdout and stderr."""

    async def called(*words: str) -> tuple[int, str, str]:
        code = await asyncio.to_thread(run, words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return called


@pytest.fixture(autouse=True)
def _own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the definitions, the shared quota and the language of one test from the others."""
    use("en")
    for kind in ("CACHE", "STATE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path_factory.mktemp(kind)))
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG", "GIZWITS_PROFILE", "GIZWITS_CONFIG"):
        monkeypatch.delenv(name, raising=False)
