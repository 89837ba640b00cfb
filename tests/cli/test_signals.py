"""Ctrl-C, by real signals to a real process: once saves and says how to go on, twice stops."""

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from gizwits_async.cli import main
from gizwits_async.simulator import FaultRule, SimulatedCloud
from tests.scan.common import in_file, truth

STORE = "sqlite+aiosqlite:///fleet.db?timeout=90"  # Seconds for which a commit would be waited for.
SCAN = (
    sys.executable,
    "-m",
    "gizwits_async.cli",
    "scan",
    "--since",
    "3d",
    "--json",
    "--out",
    STORE,
)


@asynccontextmanager
async def stuck(cloud: SimulatedCloud) -> AsyncIterator[Process]:
    """Run a scan until it has begun with the logs, and hold the file so that no commit gets through."""
    process = await asyncio.create_subprocess_exec(*SCAN, stdout=PIPE, stderr=PIPE)
    while cloud.tally["log.cmd"] < 2 and process.returncode is None:
        await asyncio.sleep(0.001)
    with closing(sqlite3.connect("fleet.db", isolation_level=None)) as base:
        base.execute("BEGIN IMMEDIATE")
        calls = -1
        while calls < cloud.tally.total():  # Until all workers wait for the store.
            calls = cloud.tally.total()
            await asyncio.sleep(0.2)
        yield process
        base.execute("ROLLBACK")


async def goes_on(cloud: SimulatedCloud) -> None:
    """Run the same command to its end, and hold the file against the truth."""
    process = await asyncio.create_subprocess_exec(*SCAN, stdout=PIPE, stderr=PIPE)
    out, err = await process.communicate()
    assert process.returncode == 0, err
    report = json.loads(out)
    assert in_file(Path("fleet.db")) == truth(cloud, report["start"], report["end"])


@pytest.mark.fault("P8")
async def test_ctrl_c_twice_stops_at_once(cloud: SimulatedCloud) -> None:
    """It waits for nothing, not for a store that hangs either; the next run ends with the truth."""
    async with stuck(cloud) as process:
        process.send_signal(signal.SIGINT)
        with pytest.raises(TimeoutError):  # It waits for the transaction that has begun.
            await asyncio.wait_for(process.wait(), 0.4)
        process.send_signal(signal.SIGINT)
        out, err = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, out) == (130, b""), err
    assert err == b"stopped without waiting; what was committed is saved\n"
    await goes_on(cloud)


@pytest.mark.fault("P8")
async def test_ctrl_c_once_saves_and_says_how_to_go_on(cloud: SimulatedCloud) -> None:
    """It waits for the transaction that is open, ends, and the same command goes on from there."""
    async with stuck(cloud) as process:
        process.send_signal(signal.SIGINT)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(process.wait(), 0.4)
    # The store is free again: the transaction that waited for it is whole.
    out, err = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, json.loads(out)["complete"]) == (130, False), err
    said, *rest = err.decode().splitlines()
    assert said.startswith("the state is saved; to go on: gizwits-async scan --since last --out ")
    assert rest == ["interrupted"]
    await goes_on(cloud)


async def test_ctrl_c_that_is_ignored_stays_so(cloud: SimulatedCloud) -> None:
    """A scan that a shell put into the background is not ended by a Ctrl-C that is meant for others."""
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN);"
        "from gizwits_async.cli.app import run; sys.exit(run(sys.argv[1:]))"
    )
    words = (sys.executable, "-c", code, *SCAN[3:])
    process = await asyncio.create_subprocess_exec(*words, stdout=PIPE, stderr=PIPE)
    while cloud.tally["log.cmd"] < 2 and process.returncode is None:
        await asyncio.sleep(0.001)
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert process.returncode == 0, err


async def test_ctrl_c_at_a_command_under_way_says_what_nobody_knows(cloud: SimulatedCloud) -> None:
    """The machine may be moving already: nothing is sent again, and stderr says so."""
    cloud.faults.set([FaultRule(path="*/control", action="stall", seconds=60)])
    did = cloud.fleet.devices[0].did
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gizwits_async.cli", "control", did, "--attr", "switch=true"),
        *("--yes",),
        stdout=PIPE,
        stderr=PIPE,
    )
    while not cloud.faults.fired[0] and process.returncode is None:
        await asyncio.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, out) == (130, b""), err
    assert b"may have reached the device: look at its logs before you send it again" in err
    assert cloud.faults.fired == [1]


def test_ctrl_c_while_the_program_is_loaded_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ctrl-C during the imports ends the program with 130."""

    class Loading:
        def __getattr__(self, name: str) -> object:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "gizwits_async.cli.app", Loading())
    assert main() == 130


UNSHARE = shutil.which("unshare")


def own_pid_namespace() -> bool:
    """Return whether a test may make a process the first one of a namespace, as a container does."""
    words = [UNSHARE or "false", "--pid", "--fork", "true"]
    return subprocess.run(words, check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize("command", ["scan", "simulate"])
async def test_the_first_process_of_a_container_ends_on_sigterm(
    command: str, cloud: SimulatedCloud
) -> None:
    """Such a process ignores signals that it does not handle; a scan saves its state and ends with 143."""
    cloud.faults.set([FaultRule(path="*/cmd", nth=4, action="stall")])
    own = SCAN[1:] if command == "scan" else ("-m", "gizwits_async.cli", "simulate", "--port", "0")
    words = (str(UNSHARE), "--pid", "--fork", "--kill-child", sys.executable, *own)
    if not own_pid_namespace():  # Not root: then at least without a namespace.
        words = (sys.executable, *own)
    process = await asyncio.create_subprocess_exec(*words, stdout=PIPE, stderr=PIPE)
    if command == "scan":
        while cloud.tally["log.cmd"] < 3 and process.returncode is None:
            await asyncio.sleep(0.001)
    else:
        assert process.stderr is not None
        assert b"simulated" in await process.stderr.readline()
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[0]) if children else process.pid, signal.SIGTERM)
    _, err = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 143, err
    assert err.splitlines()[-1] == b"terminated"
    if command == "scan":
        assert b"the state is saved; to go on: gizwits-async scan --since last" in err
        cloud.faults.set([])
        await goes_on(cloud)
