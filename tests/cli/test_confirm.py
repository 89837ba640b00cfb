"""`control --confirm` and `logs --decode`: exit codes, and the JSON that scripts read on stdout."""

import json
import re
from typing import Any

import pytest

from gizwits_async.cli.output import Format
from gizwits_async.models.frame import Frame
from gizwits_async.simulator import FaultRule, Quirks, SimulatedCloud
from gizwits_async.simulator.state.timeline import Record


def online(cloud: SimulatedCloud) -> str:
    return next(d.did for d in cloud.fleet.devices if d.is_online and not d.is_disabled)


def react(cloud: SimulatedCloud, **quirks: Any) -> None:
    """Change how the service and its devices behave while it runs."""
    cloud.quirks = Quirks(**quirks)


CONTROL = ("--attr", "set_temp=21", "--attr", "mode=制热", "--yes", "--confirm")


async def test_a_confirmed_control_is_exit_0(program: Any, cloud: SimulatedCloud) -> None:
    """The result is one JSON object on stdout, the words are on stderr."""
    react(cloud, report_delay=0.05)
    code, out, err = await program("control", online(cloud), *CONTROL)
    result = json.loads(out)
    assert (code, result["state"], result["confirmed"]) == (0, "confirmed", True)
    assert result["wanted"] == {"set_temp": 21, "mode": "制热"}
    assert result["wanted"].items() <= result["reported"].items()
    assert result["calls"] == cloud.tally.total() - cloud.tally["token"] == 3
    assert "confirmed after" in err


async def test_a_person_reads_the_time_of_the_report(
    program: Any, cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal shows when the device reported as the time of day, and not in epoch seconds."""
    react(cloud, report_delay=0.05)
    monkeypatch.setattr(Format, "chosen", Format.TABLE)
    code, out, _ = await program("control", online(cloud), *CONTROL)
    assert code == 0
    assert re.search(r"reported_at *│ 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d ", out)


@pytest.mark.parametrize(
    ("quirks", "said"),
    [
        ({"device_reaction": "silent"}, "no report was seen"),
        ({"device_reaction": "refuse", "report_delay": 0.0}, "other values"),
        ({"device_reaction": "silent", "forbidden_logs": {"cmd", "data"}}, "because of Forbidden"),
    ],
)
async def test_an_unconfirmed_control_is_exit_3(
    quirks: Any, said: str, program: Any, cloud: SimulatedCloud
) -> None:
    """The service accepted the command, but the device did not report the values."""
    react(cloud, **quirks)
    code, out, err = await program("control", online(cloud), *CONTROL, "--within", "0")
    assert (code, json.loads(out)["state"]) == (3, "sent")
    assert said in err
    assert cloud.tally["devices.control"] == 1


async def test_a_refused_control_is_exit_1(program: Any, cloud: SimulatedCloud) -> None:
    """Forbidden and offline: nothing was sent, and nothing is on stdout."""
    did = online(cloud)
    react(cloud, control_forbidden=True)
    code, out, err = await program("control", did, *CONTROL)
    assert (code, out) == (1, "")
    assert "5404" in err
    react(cloud)
    cloud.fleet.change(did, is_online=False)
    code, out, err = await program("control", did, *CONTROL)
    assert (code, out) == (1, "")
    assert "5305" in err
    assert cloud.product.controls == []


async def test_a_value_that_the_product_does_not_allow_is_exit_2(
    program: Any, cloud: SimulatedCloud
) -> None:
    """The message says which values are allowed, and nothing is sent."""
    words = ("--yes", "--confirm")
    for pair, said in (("set_temp=99", "16 to 30"), ("wings=1", "writable are")):
        code, out, err = await program("control", online(cloud), "--attr", pair, *words)
        assert (code, out) == (2, "")
        assert said in err
    code, _, err = await program("control", online(cloud), "--raw", "02", *words)
    assert code == 2
    assert "--confirm goes with --attr" in err
    code, _, _ = await program("control", online(cloud), *CONTROL, "--within", "-1")
    assert code == 2
    assert cloud.tally["devices.control"] == 0


@pytest.mark.parametrize("words", [("--yes",), ("--dry-run",)])
async def test_values_are_checked_before_anything_is_shown_or_sent(
    words: Any, program: Any, cloud: SimulatedCloud
) -> None:
    """A misspelt name, an unknown word, a number out of range and a sensor are usage errors."""
    for pair, said in (
        ("swich=true", "no such data point"),
        ("mode=heat", "mode"),
        ("set_temp=300", "16 to 30"),
        ("room_temp=20", "read-only"),
    ):
        code, out, err = await program("control", online(cloud), "--attr", pair, *words)
        assert (code, out, "POST" in err) == (2, "", False)
        assert said in err
    assert cloud.tally["devices.control"] == 0


async def test_a_lost_reply_is_cleared_up_by_a_report(program: Any, cloud: SimulatedCloud) -> None:
    """A report of the device confirms the command although its reply was lost."""
    react(cloud, report_delay=0.05)
    cloud.faults.set([FaultRule(path="*/control", action="effect_without_reply")])
    code, out, _ = await program("control", online(cloud), *CONTROL)
    assert (code, json.loads(out)["state"]) == (0, "confirmed")
    assert len(cloud.product.controls) == 1


async def test_the_cmd_log_is_shown_decoded(program: Any, cloud: SimulatedCloud) -> None:
    """Reports hold what the data log holds; the definition is fetched once."""
    did = cloud.fleet.devices[1].did
    words = ("logs", did, "--log", "cmd", "--since", "4d", "--sort", "asc", "--decode")
    code, out, err = await program(*words)
    rows = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert cloud.tally["product.datapoints"] == 1
    expected = cloud.truth("cmd", did, 0, 4e9)
    assert [row["payload"] for row in rows] == [row["payload"] for row in expected]
    reports = [row["attrs"] for row in rows if row["action"] == 4]
    assert reports == [row["attrs"] for row in cloud.truth("data", did, 0, 4e9)]
    assert {row["problem"] for row in rows} == {None}


async def test_a_frame_that_cannot_be_read_is_shown_with_the_reason(
    program: Any, cloud: SimulatedCloud
) -> None:
    """One bad record does not end the listing."""
    did = cloud.fleet.devices[0].did
    cut = Frame.build(b"\x04\x01", command=0x0091).to_hex()
    for payload in ("zz", cut):
        body = {"type": "dev2app", "payload": payload}
        cloud.fleet.append("cmd", did, Record(at=cloud.fleet.now - 5, body=body))
    words = ("logs", did, "--log", "cmd", "--decode", "--limit", "2")
    code, out, _ = await program(*words)
    rows = [json.loads(line) for line in out.splitlines()]
    assert (code, [row["attrs"] for row in rows]) == (0, [{}, {}])
    assert all(row["problem"] for row in rows)
    code, table, _ = await program(*words, "--format", "table")
    assert code == 0
    assert "problem" in table


async def test_only_the_cmd_log_is_decoded(program: Any, cloud: SimulatedCloud) -> None:
    """The records of the data log need no decoding; the error costs no call."""
    code, _, err = await program("logs", "x", "--decode")
    assert code == 2
    assert "--log cmd" in err
    assert cloud.tally.total() == 0


async def test_a_decoded_log_that_breaks_off_goes_on_decoded(
    program: Any, cloud: SimulatedCloud
) -> None:
    """The printed command includes `--decode`."""
    did = cloud.fleet.devices[1].did
    cloud.faults.set([FaultRule(path="*/cmd", nth=2, action="status", status=403, code=5302)])
    words = ("logs", did, "--log", "cmd", "--since", "3d", "--decode")
    code, first, err = await program(*words)
    assert code == 1
    command = err.split("go on with: gizwits-async ", 1)[1].splitlines()[0]
    assert "--decode" in command
    cloud.faults.set([])
    code, second, _ = await program(*command.split())
    assert code == 0
    rows = [json.loads(line) for line in (first + second).splitlines()]
    assert len(rows) == len(cloud.truth("cmd", did, 0, 4e9))
    assert all("attrs" in row for row in rows)
