"""The console program: what it writes to which stream, and its exit codes."""

import asyncio
import io
import json
import os
import re
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.table import Table

from gizwits_async.cli import main, output
from gizwits_async.simulator import FaultRule, SimulatedCloud


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


async def test_devices_are_json_lines_in_a_pipe(program: Any, cloud: SimulatedCloud) -> None:
    """Data goes to stdout, one object a line; nothing else is written there."""
    code, out, err = await program("devices", "--disabled")
    assert (code, err) == (0, "")
    assert {row["did"] for row in rows(out)} == {device.did for device in cloud.fleet.devices}


async def test_devices_can_be_a_table_or_one_json_list(program: Any, cloud: SimulatedCloud) -> None:
    """The three forms hold the same devices."""
    _, table, _ = await program("devices", "--disabled", "--format", "table")
    _, listed, _ = await program("devices", "--disabled", "--format", "json")
    for device in cloud.fleet.devices:
        assert device.did in table
    assert len(json.loads(listed)) == len(cloud.fleet.devices)


async def test_an_empty_listing_is_empty_in_every_form(program: Any, cloud: SimulatedCloud) -> None:
    """Nothing found is no error, and JSON stays JSON."""
    assert await program("devices", "--city", "Nowhere", "--format", "json") == (0, "[]\n", "")
    assert await program("devices", "--limit", "0") == (0, "", "")
    assert await program("devices", "--limit", "0", "--format", "table") == (0, "", "")
    asked = cloud.tally.total()
    assert await program("devices", "--limit", "0", "--format", "json") == (0, "[]\n", "")
    assert cloud.tally.total() == asked, "nothing of a listing costs nothing"


async def test_escape_sequences_in_names_do_not_reach_the_terminal(
    program: Any, cloud: SimulatedCloud
) -> None:
    """An escape sequence in a name is written as text."""
    did = cloud.fleet.devices[0].did
    cloud.fleet.change(did, city="\x1b[2J" + "Evil", is_disabled=False)
    _, table, _ = await program("devices", "--format", "table")
    assert "\x1b[2J" not in table
    assert "\\x1b[2JEvil" in table


async def test_a_mac_with_an_emojis_name_in_it_is_shown_as_it_is(
    program: Any, cloud: SimulatedCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """`:AB:` is the short name of an emoji, which neither lines nor tables may insert for it."""
    mac = "AC:CF:23:AB:12:34"
    cloud.fleet.change(cloud.fleet.devices[0].did, city=mac, is_disabled=False)
    assert mac in (await program("devices", "--format", "table"))[1]
    output.say(f"failed: {mac}")
    table = Table(title=mac)
    table.add_row(mac)
    output.stderr().print(table)
    assert capsys.readouterr().err.count(mac) == 3


async def test_logs_show_what_the_service_has(program: Any, cloud: SimulatedCloud) -> None:
    """All records of the range, newest first, and `--limit` cuts."""
    did = cloud.fleet.devices[1].did
    code, out, _ = await program("logs", did, "--log", "cmd", "--since", "4d")
    truth = cloud.truth("cmd", did, 0, 4e9)
    assert code == 0
    assert [row["timestamp"] for row in rows(out)] == [r["timestamp"] for r in reversed(truth)]
    code, out, _ = await program("logs", did, "--since", "4d", "--sort", "asc", "--limit", "2")
    assert [r["ts"] for r in rows(out)] == [r["ts"] for r in cloud.truth("data", did, 0, 4e9)][:2]


async def test_a_log_that_breaks_off_says_how_to_go_on(program: Any, cloud: SimulatedCloud) -> None:
    """The printed records and those of the printed command together are the whole log."""
    did = cloud.fleet.devices[1].did
    cloud.faults.set([FaultRule(path="*/data", nth=2, action="status", status=403, code=5302)])
    code, first, err = await program("logs", did, "--since", "3d")
    assert code == 1
    command = err.split("go on with: gizwits-async ", 1)[1].splitlines()[0]
    cloud.faults.set([])
    code, second, _ = await program(*command.split())
    assert code == 0
    truth = cloud.truth("data", did, 0, 4e9)
    assert [row["ts"] for row in rows(first + second)] == [r["ts"] for r in reversed(truth)]


async def test_a_log_of_no_device_is_not_to_be_gone_on_with(
    program: Any, cloud: SimulatedCloud
) -> None:
    """A resume token leads nowhere where there is no such device."""
    for name in ("nosuch", "x" * 22):
        code, out, err = await program("logs", name)
        assert (code, out, err.startswith("not found: ")) == (1, "", True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["logs", "a/b"], "did cannot stand in a path"),
        (["logs", "x", "--since", "4q"], "write 90s, 30m"),
        (["logs", "x", "--since", "4d", "--start", "5"], "not both"),
        (["logs", "x", "--start", "2026-11-22T00:00:00"], "no offset"),
        (["logs", "x", "--start", "2020-01-01T00:00:00Z"], "30 days"),
        (["logs", "x", "--start", "9999999999"], "future"),
        (["logs", "x", "--resume", "nonsense"], "no resume token"),
        (["devices", "--limit", "-1"], "--limit must not be negative, not -1"),
        (["logs", "x", "--limit", "-1"], "--limit must not be negative"),
        (
            ["logs", "x", "--log", "cmd", "--decode", "--limit", "-5"],
            "--limit must not be negative",
        ),
        (["reports", "active", "--limit", "-1"], "--limit must not be negative"),
        (["scan"], "give --since"),
        (["scan", "--since", "1d", "--calls-per-hour", "3"], "calls"),
        (["devices", "--calls-per-hour", "1" + "0" * 400], "calls must be at most 1,000,000,000"),
        (["devices", "--base-url", "http://example.com"], "plain http"),
        (["control", "x"], "give --attr"),
        (["control", "x", "--attr", "switch"], "NAME=VALUE"),
        (["control", "x", "--raw", "xyz"], "hexadecimal"),
        (["simulate", "--port", "99999"], "--port must be from 0 to 65535, not 99999"),
        (["simulate", "--port", "-5"], "--port must be from 0 to 65535, not -5"),
        (["fleet", "--serve", "--port", "99999"], "--port must be from 0 to 65535, not 99999"),
        (["simulate", "--devices", "-1"], "--devices must be from 0 to 1000000, not -1"),
        (["simulate", "--days", "0"], "--days must be from 1 to 366, not 0"),
        (["simulate", "--calls-per-hour", "0"], "--calls-per-hour must be at least 1, not 0"),
        (["simulate", "--latency", "-1"], "--latency must be at least 0, not -1.0"),
        (
            ["simulate", "--devices", "1" + "0" * 12],
            "--devices must be from 0 to 1000000, not 1000",
        ),
        (["simulate", "--days", "1" + "0" * 400], "--days must be from 1 to 366, not 1000"),
        (["demo", "--devices", "-1"], "--devices must be from 1 to 1000000, not -1"),
        (["demo", "--days", "31"], "--days must be from 1 to 30, not 31"),
        (["scan", "--since", "1d", "--concurrency", "9" * 20], "from 1 to 1000, not 9999"),
        (["worker", "--concurrency", "0"], "--concurrency must be from 1 to 10000, not 0"),
        (["report", "fleet.db", "--days", "0"], "--days must be at least 1, not 0"),
        (["prune", "fleet.db", "--before=-1d"], "--before: a span must not be negative"),
        (["simulate", "--latency", "nan"], "--latency must be at least 0, not nan"),
        (["devices", "--nonsense"], ""),
        (["nonsense"], ""),
    ],
)
async def test_bad_usage_is_exit_2_and_says_what_is_right(
    words: list[str], said: str, program: Any, cloud: SimulatedCloud
) -> None:
    """Wrong arguments are found before the service is called."""
    code, out, err = await program(*words)
    assert (code, out) == (2, "") or not said
    assert code == 2
    assert said in err
    assert cloud.tally.total() == cloud.tally["token"] == 0


async def test_the_environment_is_read_as_everywhere(
    program: Any, cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty variable is not set, one that is nonsense is usage, and a flag goes before both."""
    for name in ("GIZWITS_CALLS_PER_HOUR", "GIZWITS_REDIS_URL", "GIZWITS_REPLICAS"):
        monkeypatch.setenv(name, "")
    assert (await program("devices"))[0] == 0
    monkeypatch.setenv("GIZWITS_CALLS_PER_HOUR", "many")
    code, _, err = await program("devices")
    assert code == 2
    assert "usage: GIZWITS_CALLS_PER_HOUR must be a whole number" in err
    assert (await program("devices", "--calls-per-hour", "3600"))[0] == 0
    monkeypatch.setenv("GIZWITS_CALLS_PER_HOUR", "")
    url = os.environ["GIZWITS_BASE_URL"]
    monkeypatch.setenv("GIZWITS_BASE_URL", "")
    assert (await program("devices", "--base-url", url))[0] == 0
    # No call goes to the real service: the quota, which is read after the address, is refused.
    code, _, err = await program("devices", "--calls-per-hour", "3")
    assert code == 2
    assert "base_url" not in err


async def test_credentials_are_exit_4(
    program: Any, cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Missing credentials, files that others can read, and refusals share one exit code."""
    file = tmp_path / "credentials.toml"
    own = cloud.credentials
    file.write_text(
        f'enterprise_id = "{own.enterprise_id}"\nenterprise_secret = "{own.enterprise_secret!s}"\n'
        f'product_key = "{own.product_key}"\nproduct_secret = "{own.product_secret!s}"\n'
    )
    file.chmod(0o644)
    code, _, err = await program("devices", "--credentials", str(file))
    assert code == 4
    assert "chmod 600" in err
    file.chmod(0o600)
    monkeypatch.delenv("GIZWITS_ENTERPRISE_SECRET")
    assert (await program("devices", "--credentials", str(file)))[0] == 0
    code, _, err = await program("devices")
    assert code == 4
    assert "GIZWITS_ENTERPRISE_SECRET" in err
    file.write_text("product_key = 'only'")
    assert "missing enterprise_id" in (await program("devices", "--credentials", str(file)))[2]
    file.write_text("a secret that is no TOML")
    code, _, err = await program("devices", "--credentials", str(file))
    assert code == 4
    assert "a secret" not in err
    assert (await program("devices", "--credentials", str(tmp_path / "none")))[0] == 4
    monkeypatch.setenv("GIZWITS_ENTERPRISE_SECRET", "canary-wrong")
    code, out, err = await program("doctor")
    assert code == 4
    assert "the enterprise secret is wrong" in err
    assert "canary" not in out + err


async def test_a_quota_that_is_used_up_is_exit_5(program: Any, cloud: SimulatedCloud) -> None:
    """With `--max-wait 0` a command ends instead of waiting for quota."""
    code, _, err = await program("devices", "--calls-per-hour", "30", "--max-wait", "0")
    assert (code, "quota" in err) in {(5, True), (0, False)}
    cloud.faults.set([FaultRule(path="*/devices/search", action="status", status=403, code=5013)])
    code, _, err = await program("devices", "--max-wait", "0")
    assert code == 5
    assert "quota" in err


async def test_a_login_that_finds_no_quota_is_exit_5_for_the_doctor_too(
    program: Any, cloud: SimulatedCloud
) -> None:
    """`doctor` has the exit codes of all commands, and names the step that failed first."""
    cloud.faults.set([FaultRule(path="*/access_token", action="status", status=403, code=5013)])
    code, out, err = await program("doctor", "--max-wait", "0")
    assert (code, out) == (5, "")
    assert "failed   no login was possible" in err
    assert "quota: " in err


async def test_the_doctor_finds_everything_well(program: Any, cloud: SimulatedCloud) -> None:
    """Two calls, six findings."""
    code, out, err = await program("doctor")
    assert (code, out) == (0, "")
    assert err.count("ok  ") == 6
    assert cloud.tally.total() == 2


async def test_a_scan_fills_a_database_and_reports(program: Any, cloud: SimulatedCloud) -> None:
    """The store holds all records, the report is JSON on stdout, and `plan` writes no file."""
    code, out, _ = await program("plan", "--since", "3d", "--json")
    plan = json.loads(out)
    assert code == 0
    assert not Path("fleet.db").exists()
    code, out, _ = await program("scan", "--since", "3d", "--json", "--log", "data")
    report = json.loads(out)
    assert (code, report["complete"]) == (0, True)
    assert 1 <= report["ratio"] < 2  # An empty window is a call above the floor.
    assert plan["devices"] == report["devices"] == 3
    truth = sum(
        len(cloud.truth("data", device.did, report["start"], report["end"]))
        for device in cloud.fleet.devices
    )
    with sqlite3.connect("fleet.db") as store:
        assert store.execute("select count(*) from data_log").fetchone() == (truth,)
    store.close()
    code, out, err = await program("plan", "--since", "3d")
    assert code == 0
    assert json.loads(out)["devices"] == 3, "in a pipe data goes to stdout, as elsewhere"
    assert "windows left" in err


async def test_a_scan_with_a_failing_device_is_exit_3(program: Any, cloud: SimulatedCloud) -> None:
    """The scan continues with the other devices, and reports what is missing."""
    did = cloud.fleet.devices[0].did
    cloud.faults.set([FaultRule(path=f"*/{did}/*", action="status", status=404, code=5301)])
    code, out, err = await program("scan", "--since", "1d", "--log", "cmd")
    assert (code, out) == (3, "")
    assert f"failed: {did} cmd: NotFoundError" in err
    assert "to go on:" in err


async def test_control_asks_shows_and_sends_once(
    program: Any, cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command is sent once, and only after it was agreed to."""
    did = next(d.did for d in cloud.fleet.devices if d.is_online and not d.is_disabled)

    def controls() -> int:
        return cloud.tally["devices.control"]

    code, _, err = await program("control", did, "--attr", "switch=1", "--dry-run")
    assert (code, controls()) == (0, 0)
    assert '"switch": 1' in err
    code, _, err = await program("control", did, "--attr", "switch=1")
    assert (code, controls()) == (2, 0)
    for answer, expected in (("n\n", (1, 0)), ("y\n", (0, 1))):
        typed = io.StringIO(answer)
        typed.isatty = lambda: True  # type: ignore[method-assign]
        monkeypatch.setattr(sys, "stdin", typed)
        code, _, _ = await program("control", did, "--attr", "mode=制冷", "--attr", "switch=1")
        assert (code, controls()) == expected
    code, _, _ = await program("control", did, "--raw", "02", "--yes")
    assert (code, controls()) == (0, 2)


async def test_groups_are_made_filled_and_deleted(program: Any, cloud: SimulatedCloud) -> None:
    """Each command sees the effect of the one before it."""
    mac = cloud.fleet.devices[0].mac
    _, out, _ = await program("groups", "create")
    gid = rows(out)[0]["gid"]
    assert rows((await program("groups", "tree"))[1])[0]["gid"] == gid
    code, out, _ = await program("groups", "assign", gid, mac)
    assert (code, rows(out)[0]["success"]) == (0, [mac])
    assert (await program("groups", "assign", gid, "NOSUCHMAC"))[0] == 3
    assert rows((await program("groups", "macs", gid))[1]) == [{"mac": mac}]
    assert (await program("groups", "assign", gid, mac, "--remove"))[0] == 0
    assert (await program("groups", "delete", gid))[0] == 0
    assert (await program("groups", "macs", gid))[0] == 1


@pytest.mark.parametrize(
    "name",
    [
        "summary", "locations", "realtime", "liveness", "activated", "active", "fault-devices",
        "alert-devices", "fault-events", "alert-events", "new-users", "active-users",
        "user-locations", "total-users",
    ],
)  # fmt: skip
async def test_every_report_is_shown(name: str, program: Any, cloud: SimulatedCloud) -> None:
    """Each one answers, in JSON and as a table."""
    code, out, err = await program("reports", name, "--format", "json")
    assert (code, err) == (0, "")
    json.loads(out)
    assert (await program("reports", name, "--format", "table"))[0] == 0


async def test_help_and_version(program: Any) -> None:
    """Both are answers, not errors."""
    code, out, _ = await program("--help")
    assert code == 0
    assert "Exit codes" in out
    assert (await program("--version"))[0] == 0


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_a_stopped_scan_says_so_and_goes_on(
    number: signal.Signals, expected: int, cloud: SimulatedCloud
) -> None:
    """Ctrl-C and SIGTERM save the state and say how to go on; the same command completes the scan."""
    cloud.faults.set([FaultRule(path="*/cmd", nth=4, action="stall")])
    words = [sys.executable, "-m", "gizwits_async", "scan", "--since", "3d", "--json"]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*words, stdout=pipe, stderr=pipe)
    while cloud.tally["log.cmd"] < 3 and process.returncode is None:
        await asyncio.sleep(0.01)
    process.send_signal(number)
    out, err = await process.communicate()
    assert process.returncode == expected, err
    assert b"the state is saved; to go on: gizwits-async scan --since last" in err
    ended = json.loads(out)
    assert (ended["complete"], ended["saved"], ended["error"]) == (False, True, "Interrupted")
    cloud.faults.set([])
    process = await asyncio.create_subprocess_exec(*words, stdout=pipe, stderr=pipe)
    out, err = await process.communicate()
    assert process.returncode == 0, err
    with sqlite3.connect("fleet.db") as store:
        (count,) = store.execute("select count(*) from cmd_log").fetchone()
    store.close()
    report = json.loads(out)
    devices = cloud.fleet.devices
    truth = [cloud.truth("cmd", d.did, report["start"], report["end"]) for d in devices]
    assert count == sum(map(len, truth))


async def test_the_demo_is_a_success(program: Any) -> None:
    """A small fleet through real sockets: every record once, at nearly the least number of calls."""
    code, out, err = await program("demo", "--devices", "2", "--days", "2")
    assert (code, out) == (0, "")
    assert "each once" in err
    assert re.search(r"ratio 1\.[01]", err)


def test_the_program_is_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`gizwits-async` runs `main`, which says what is missing when the extra is not there."""
    monkeypatch.setattr(sys, "argv", ["gizwits-async", "--version"])
    assert main() == 0
    capsys.readouterr()
    monkeypatch.setitem(sys.modules, "cyclopts", None)
    for name in [name for name in sys.modules if name.startswith("gizwits_async.cli.")]:
        monkeypatch.delitem(sys.modules, name)
    assert main() == 1
    assert "gizwits-async[cli]" in capsys.readouterr().err


@pytest.mark.parametrize("to", ["parquet", "csv", "jsonl"])
async def test_a_store_is_exported_by_day(to: str, program: Any, cloud: SimulatedCloud) -> None:
    """Every record of the store stands in one file of its day."""
    await program("scan", "--since", "2d", "--active-only")
    code, out, err = await program("export", "fleet.db", "--to", to, "--out", "files", "--typed")
    assert (code, out) == (0, "")
    with sqlite3.connect("fleet.db") as store:
        (count,) = store.execute("select count(*) from data_log").fetchone()
        days = store.execute(
            "select distinct date(timestamp, 'unixepoch') from data_log"
        ).fetchall()
    store.close()
    assert f"{count:,} data records" in err
    assert {"3 devices", "0 gaps"} <= set(err.splitlines())
    files = {path.relative_to("files") for path in Path("files/data").glob("*/*")}
    assert files == {Path(f"data/date={day}/part-0.{to}") for (day,) in days}
    code, out, err = await program(
        "export", "fleet.db", "--to", to, "--out", "files", "--typed", "--json"
    )
    assert json.loads(out)["files"] == []
    assert "0 files written below files" in err
    assert (await program("export", "none.db", "--to", to))[0] == 9


async def test_codegen_writes_a_module_that_reads_the_records_of_the_product(
    cloud, program, tmp_path
):
    """The file is whole Python source with a class of the chosen name; a bad name is a usage error."""
    code, out, err = await program("codegen", "--out", "product.py", "--name", "Air")
    assert (code, out, err) == (0, "", "")
    assert "class Air(TypedRecord):" in (tmp_path / "product.py").read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["product.py"]
    code, out, err = await program("codegen", "--name", "class")
    assert (code, out) == (2, "")
    assert "cannot be the name of a class" in err
    code, _, err = await program("codegen", "--out", "nope/product.py")
    assert (code, "nope/product.py" in err, "partial" in err) == (1, True, False)
