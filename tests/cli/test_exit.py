"""Scans that cannot continue: their exit codes, and the advice that they print."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from gizwits_async.scan import SqlStore
from gizwits_async.simulator import FaultRule, Quirks, SimulatedCloud
from tests.scan.common import in_file, log_calls, truth


@pytest.mark.fault("P9")
async def test_a_store_that_cannot_be_used_is_left_as_it_is(
    program: Any, cloud: SimulatedCloud
) -> None:
    """Locked, of another range, newer, foreign, no database: said in one line, and left as it is."""
    code, out, _ = await program("scan", "--since", "1d", "--json")
    start = json.loads(out)["start"]
    assert code == 0
    held = in_file(Path("fleet.db"))

    async def refused(said: str, *words: str, expected: int = 1) -> None:
        for command in ("scan", "plan"):
            asked = cloud.tally["devices.search"]
            code, out, err = await program(command, *words)
            if (command, said) == ("plan", "in use by"):
                assert code == 0  # Looking is allowed while another scan writes.
                continue
            assert (code, out) == (expected, ""), err
            assert said in err
            assert len(err.splitlines()) == 1
            assert cloud.tally["devices.search"] == asked

    other = SqlStore("fleet.db")
    await other.open()
    await refused("in use by", "--since", "1d", expected=8)
    await other.aclose()
    await refused("name another store", "--start", str(start - 60))
    Path("notes.txt").write_text("somebody's notes of a whole year")
    await refused("is no SQLite database", "--since", "1d", "--out", "notes.txt")
    await refused("no such folder", "--since", "1d", "--out", "none/fleet.db")
    with closing(sqlite3.connect("foreign.db")) as base, base:
        base.execute("CREATE TABLE accounts (id)")
    await refused("holds tables, but no scan", "--since", "1d", "--out", "foreign.db")
    with closing(sqlite3.connect("fleet.db")) as base, base:
        base.execute("UPDATE scan_meta SET value = '99' WHERE key = 'schema'")
    await refused("update gizwits-async", "--since", "1d")
    assert in_file(Path("fleet.db")) == held
    assert Path("notes.txt").read_text() == "somebody's notes of a whole year"


async def test_refused_credentials_are_exit_4_and_the_scan_goes_on_later(
    program: Any, cloud: SimulatedCloud
) -> None:
    """The whitelist changes in mid-scan: nothing is lost, and the same command completes it."""
    cloud.faults.set([FaultRule(path="*/cmd", nth=2, action="status", status=403, code=5012)])
    code, out, err = await program("scan", "--since", "2d")
    assert (code, out) == (4, "")
    assert "credentials: " in err
    assert "5012" in err
    cloud.faults.set([])
    code, out, _ = await program("scan", "--since", "2d", "--json")
    report = json.loads(out)
    assert (code, report["complete"]) == (0, True)
    assert in_file(Path("fleet.db")) == truth(cloud, report["start"], report["end"])


async def test_a_quota_that_is_not_waited_for_is_exit_5_and_the_scan_goes_on_later(
    program: Any, cloud: SimulatedCloud
) -> None:
    """Our own count and the service's refusal alike; what was committed stays."""
    cloud.faults.set([FaultRule(path="*/cmd", nth=2, action="status", status=403, code=5013)])
    code, out, err = await program("scan", "--since", "2d", "--max-wait", "0")
    assert (code, out, "quota: " in err) == (5, "", True)
    cloud.faults.set([])
    code, out, err = await program(
        "scan", "--since", "2d", "--max-wait", "0", "--calls-per-hour", "30"
    )
    assert (code, out, "quota: " in err) == (5, "", True)
    code, out, _ = await program("scan", "--since", "2d", "--json")
    report = json.loads(out)
    assert (code, report["complete"]) == (0, True)
    assert in_file(Path("fleet.db")) == truth(cloud, report["start"], report["end"])


async def test_a_log_that_is_closed_for_the_product_is_exit_3(
    program: Any, cloud: SimulatedCloud
) -> None:
    """The report says which, what the service said, and what would help."""
    cloud.quirks = Quirks(forbidden_logs={"cmd"})
    code, out, err = await program("scan", "--since", "1d")
    assert (code, out) == (3, "")
    assert "cmd given up" in err
    assert "to go on: ask the service" in err
    code, out, _ = await program("scan", "--since", "1d", "--json")
    report = json.loads(out)
    assert (code, list(report["given_up"]), report["complete"]) == (3, ["cmd"], False)


@pytest.mark.parametrize("form", [(), ("--json",)])
async def test_a_plan_of_active_devices_says_what_that_saves(
    form: tuple[str, ...], program: Any, cloud: SimulatedCloud
) -> None:
    """`plan` takes the flag of `scan`; the share is in the table and in JSON."""
    cloud.fleet.add(evolve(cloud.fleet.devices[0], did="quiet", mac="ACCF23FFFFFF"))
    # Ten days: at each hour of a day some windows lie before all that the devices ever reported.
    code, out, err = await program("plan", "--since", "10d", "--active-only", *form)
    assert (code, cloud.tally["reports.active"] > 0, log_calls(cloud)) == (0, True, 0)
    if form:
        found = json.loads(out)
        assert 0.3 < found["active_share"] < 1
        assert found["windows"]["online"] == 4 * 5 > found["windows"]["data"]
    else:
        assert "reported data by the service's count" in err
    assert not Path("fleet.db").exists()


async def test_named_devices_are_scanned_without_a_listing(
    program: Any, cloud: SimulatedCloud
) -> None:
    """By --device, given several times, or by a file of dids; the others are not asked."""
    dids = [device.did for device in cloud.fleet.devices]
    code, out, _ = await program("scan", "--since", "1d", "--device", dids[0], "--json")
    assert (code, json.loads(out)["devices"]) == (0, 1)
    Path("dids.txt").write_text("\n".join(dids[:2]))
    words = ("--device", "@dids.txt", "--device", dids[2], "--json", "--out", "other.db")
    code, out, _ = await program("scan", "--since", "1d", *words)
    report = json.loads(out)
    assert (code, report["devices"], cloud.tally["devices.search"]) == (0, 3, 0)
    assert in_file(Path("other.db")) == truth(cloud, report["start"], report["end"])
    code, _, err = await program("scan", "--since", "1d", "--device", "@missing.txt")
    assert (code, "missing.txt" in err) == (1, True)


async def test_status_tells_what_is_known_of_the_rules(program: Any, cloud: SimulatedCloud) -> None:
    """Those by which a scan passes over windows; with --ask-everything it passes over none."""
    code, out, _ = await program("scan", "--since", "1d", "--ask-everything", "--json")
    assert (code, json.loads(out)["skipped"]) == (0, {})
    code, out, _ = await program("status", "fleet.db", "--format", "json")
    assert code == 0
    assert list(json.loads(out)["rules"]) == ["online", "offline", "sessions", "derived"]
    assert json.loads(out)["rules"]["online"]["proven"] is False


async def test_an_incomplete_listing_is_exit_3(
    program: Any, cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report names it in both forms."""
    monkeypatch.setattr("gizwits_async.streams.end_check._PAUSES", (0.0, 0.01, 0.01))
    cloud.quirks = Quirks(total="over")
    code, _, err = await program("scan", "--since", "1d")
    assert (code, "listing incomplete: 3 of " in err) == (3, True)
    code, out, _ = await program("scan", "--since", "1d", "--json")
    assert (code, "listing incomplete: 3 of " in json.loads(out)["listing"]) == (3, True)


async def test_since_last_goes_on_from_the_last_scan(program: Any, cloud: SimulatedCloud) -> None:
    """Without an earlier scan it is a usage error; after one it reads one window a log."""
    code, out, err = await program("scan", "--since", "last")
    assert (code, out) == (2, "")
    assert "no last scan" in err
    assert "--since 4d" in err
    assert log_calls(cloud) == 0
    code, out, _ = await program("scan", "--since", "3d", "--json")
    first = json.loads(out)
    assert (code, first["complete"]) == (0, True)
    code, out, _ = await program("scan", "--since", "last", "--json")
    again = json.loads(out)
    assert (code, again["complete"], again["start"]) == (0, True, first["start"])
    assert again["windows"] == again["log_calls"] == 3 * 3
    assert in_file(Path("fleet.db")) == truth(cloud, again["start"], again["end"])
