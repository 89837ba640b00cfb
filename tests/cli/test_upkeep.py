"""`status`, `prune` and `upgrade`: what keeps a store small and readable for years."""

import json
import shutil
from pathlib import Path
from typing import Any

from gizwits_async.cli.moments import clock_time
from gizwits_async.models.times import utc_text
from gizwits_async.simulator import SimulatedCloud
from tests.scan.common import in_file

OLD = Path(__file__).parents[1] / "scan" / "stores" / "schema-1.db"


async def test_a_store_is_pruned_after_an_export(program: Any, cloud: SimulatedCloud) -> None:
    """Without a lake it is a usage error; with one, days that it has are removed."""
    assert (await program("scan", "--since", "5d"))[0] == 0
    held = in_file(Path("fleet.db")).total()
    code, _, err = await program("prune", "fleet.db", "--before", "2d")
    assert (code, "--lake" in err, "--force" in err) == (2, True, True)
    assert (await program("export", "fleet.db", "--to", "jsonl", "--out", "lake"))[0] == 0
    words = ("--before", "2d", "--lake", "lake", "--json")
    code, out, err = await program("prune", "fleet.db", *words)
    assert (code, "records of" in err) == (0, True)
    report = json.loads(out)
    assert 0 < report["rows"] == held - in_file(Path("fleet.db")).total()
    assert report["kept"] == 0


async def test_status_says_what_a_store_holds(program: Any, cloud: SimulatedCloud) -> None:
    """Size, age, runs, each log, and on request each device; JSON by either flag, and a table."""
    assert (await program("scan", "--since", "1d"))[0] == 0
    code, out, _ = await program("status", "fleet.db", "--json", "--devices")
    found = json.loads(out)
    assert code == 0
    assert found["bytes"] > 50_000
    assert found["logs"]["cmd"]["devices_read"] == found["devices"]
    assert len(found["coverage"]) == 3 * found["devices"]
    assert found["runs"][0]["ended"] >= found["runs"][0]["began"]
    code, out, _ = await program("status", "fleet.db", "--format", "table")
    assert (code, "MiB" in out, "devices read" in out) == (0, True, True)


async def test_a_store_of_an_earlier_version_is_upgraded(program: Any) -> None:
    """The refusal names the command; afterwards the file is smaller, and can be read."""
    shutil.copy(OLD, "old.db")
    code, _, err = await program("status", "old.db")
    assert (code, "run `gizwits-async upgrade old.db`" in err) == (1, True)
    rows, size = in_file(Path("old.db")), Path("old.db").stat().st_size
    code, _, err = await program("upgrade", "old.db")
    assert (code, "old.db has the tables of this version" in err) == (0, True)
    assert in_file(Path("old.db")) == rows
    assert Path("old.db").stat().st_size < size
    assert (await program("status", "old.db"))[0] == 3
    assert (await program("upgrade", "missing.db"))[0] == 9


async def test_a_longer_span_than_the_store_has_is_a_notice(
    program: Any, cloud: SimulatedCloud
) -> None:
    """A store keeps its beginning: the scan says so with the date, and is complete all the same."""
    assert (await program("scan", "--since", "1d"))[0] == 0
    begins = json.loads((await program("status", "fleet.db", "--json"))[1])["start"]
    code, out, err = await program("scan", "--since", "3d", "--json")
    note = f"the store begins at {utc_text(begins)}, later than was asked for"
    assert (code, json.loads(out)["notes"][0].startswith(note)) == (0, True)
    assert f"the store begins at {clock_time(begins)}" in err
    for since in ("1d", "last", "12h"):
        code, out, err = await program("scan", "--since", since, "--json")
        assert (code, json.loads(out)["notes"], "begins" in err) == (0, [], False)
