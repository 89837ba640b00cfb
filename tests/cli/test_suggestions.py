"""Commands that the program suggests: pasted into a shell, they do what was promised."""

import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.scan_range import ScanRange
from gizwits_async.cli.suggestions import next_scan
from gizwits_async.scan import SqlStore
from gizwits_async.scan.summary import read_summary
from gizwits_async.simulator import FaultRule, SimulatedCloud
from tests.cli.test_upkeep import OLD

URL = "postgresql://me:canary@db.example/fleet?sslmode=require&password=canary"
LINE = "gizwits-async scan --since last --out"


@pytest.mark.parametrize(
    ("store", "schema", "logs", "words"),
    [
        ("fleet.db", None, ("online", "cmd", "data"), ["fleet.db"]),
        ("my fleet's.db", None, ("data",), ["my fleet's.db", "--log", "data"]),
        (
            URL,
            "it's",
            (),
            ["postgresql+asyncpg://me@db.example/fleet?sslmode=require", "--schema", "it's"],
        ),
    ],
)
def test_the_next_scan_names_store_schema_and_logs(
    store: str, schema: str | None, logs: tuple[str, ...], words: list[str]
) -> None:
    """It is quoted for a shell, names the same store, and holds no password."""
    line = next_scan(store, schema, logs)
    assert shlex.split(line) == [*LINE.split(), *words]
    assert "canary" not in line
    assert SqlStore(words[0], schema=schema).arguments == SqlStore(store, schema=schema).arguments


async def test_status_names_the_scan_that_completes_the_store(
    program: Any, cloud: SimulatedCloud
) -> None:
    """Pasted as it stands, the command reads what was left, of the same logs."""
    did = cloud.fleet.devices[0].did
    cloud.faults.set([FaultRule(path=f"*/{did}/data", action="status", status=400, code=5301)])
    out = "my fleet's.db"
    assert (await program("scan", "--since", "1d", "--log", "data", "--out", out))[0] == 3
    cloud.faults.set([])
    code, _, said = await program("status", out, "--format", "table")
    words = shlex.split(said[said.index("gizwits-async") :].splitlines()[0])
    assert (code, words) == (3, shlex.split(next_scan(out, None, ["data"])))
    assert (await program(*words[1:]))[0] == 0
    assert cloud.tally["log.cmd"] == 0


async def test_status_goes_on_as_the_store_was_scanned(program: Any, cloud: SimulatedCloud) -> None:
    """A data log that was made of the cmd log is not asked for window by window from then on."""
    did = cloud.fleet.devices[0].did
    cloud.faults.set([FaultRule(path=f"*/{did}/online", action="status", status=400, code=5301)])
    assert (await program("scan", "--since", "1d", "--derive", "data"))[0] == 3
    line = f"{LINE} fleet.db --derive data"
    assert line in (await program("status", "fleet.db", "--format", "table"))[2]
    assert (await read_summary("fleet.db")).derives


async def test_an_outdated_store_is_named_as_a_shell_reads_it(program: Any) -> None:
    """The command of the refusal upgrades the store."""
    path = Path("it's old.db")
    shutil.copy(OLD, path)
    code, _, err = await program("status", str(path))
    words = shlex.split(err.split("`")[1])
    assert (code, words) == (1, ["gizwits-async", "upgrade", "it's old.db"])
    assert (await program(*words[1:]))[0] == 0


async def test_a_scan_that_ends_early_names_its_own_flags(
    program: Any, cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the connection too; an address that holds a password is left to the environment."""
    assert (await program("scan", "--since", "1d", "--log", "cmd"))[0] == 0
    connection = Connection(profile="a b", proxy="http://me:canary@proxy:1", calls_per_hour=50)
    flags = ScanRange(log=("cmd",), active_only=True, device=("@my dids",))
    line = await flags.go_on(*connection.words)
    assert line is not None
    assert shlex.split(line) == [
        *(*LINE.split(), "fleet.db", "--log", "cmd", "--active-only", "--device", "@my dids"),
        *("--profile=a b", "--calls-per-hour=50"),
    ]
