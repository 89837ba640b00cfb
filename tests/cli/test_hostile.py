"""Texts that come from devices and the service are shown on the terminal and in files, never obeyed."""

import csv
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from gizwits_async.simulator import (
    FaultRule,
    SimulatedCloud,
    SimulatedReply,
    SimulatedRequest,
)
from gizwits_async.simulator.state.timeline import Record

EVIL = "\x1b]8;;http://evil\x1b\\[link=http://evil][red]\x1b[2J\x9b31m\x07\u202e=1+1"


def obeys(text: str) -> list[str]:
    """Return the characters that control a terminal, line breaks apart."""
    return [c for c in text if not c.isprintable() and c != "\n"]


@pytest.mark.fault("P13")
@pytest.mark.parametrize("form", ["table", "json", "jsonl"])
async def test_names_of_devices_reach_no_terminal_as_they_are(
    form: str, program: Any, cloud: SimulatedCloud
) -> None:
    """Each form shows the whole name, with its control characters escaped."""
    did = cloud.fleet.devices[0].did
    cloud.fleet.change(did, city=EVIL, is_disabled=False)
    for kind in ("online", "cmd", "data"):
        event: Any = {"type": EVIL, "payload": EVIL}
        body = {"attrs": {EVIL: EVIL}} if kind == "data" else event
        cloud.fleet.append(kind, did, Record(at=cloud.fleet.now - 5, body=body))
    for words in (
        ("devices",),
        ("logs", did, "--log", "cmd"),
        ("logs", did),
        ("reports", "summary"),
    ):
        code, out, err = await program(*words, "--format", form)
        assert (code, obeys(out), obeys(err)) == (0, [], [])
        assert "[link=http://evil][red]" in out or words[0] == "reports"


@pytest.mark.fault("P13")
async def test_a_report_of_a_scan_shows_what_the_service_said_and_does_not_obey_it(
    program: Any, cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Failing devices, a log that is given up, refused credentials: escapes and markup are text."""
    odd = evolve(cloud.fleet.devices[0], did=f"d{EVIL}", mac="ACCF23FFFFFF")
    cloud.fleet.add(odd)
    rule = FaultRule(path="*/cmd", action="status", status=403, code=5018)
    cloud.faults.set([rule])
    answer = cloud.handle

    def handle(request: SimulatedRequest, now: float) -> SimulatedReply:
        reply = answer(request, now)
        evil = json.dumps(EVIL).strip('"').encode()
        return evolve(reply, body=reply.body.replace(b"simulated fault", evil))

    monkeypatch.setattr(cloud, "handle", handle)
    code, out, err = await program("scan", "--since", "1d")
    assert (code, out, obeys(err)) == (3, "", [])
    assert "cmd given up" in err
    assert err.count("[link=http://evil][red]") >= 2
    assert "\\x1b]8;;http://evil" in err  # The did; what the service says is cleaned before that.
    cloud.faults.set([evolve(rule, path="*/devices/search", code=5012, status=400)])
    for command, expected in (("devices", 4), ("doctor", 4)):
        code, out, err = await program(command)
        assert (code, out, obeys(err)) == (expected, "", [])
        assert "[red]" in err


@pytest.mark.fault("P13")
async def test_a_csv_that_is_made_safe_has_no_cell_that_a_spreadsheet_runs(
    program: Any, cloud: SimulatedCloud
) -> None:
    """Headers and cells of all logs; numbers and everything else stay as they were."""
    did = cloud.fleet.devices[0].did
    begins = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
    texts = [f"{begin}cmd|' /C calc'!A0" for begin in begins]
    for number, text in enumerate(texts):
        at = cloud.fleet.now - 100 + number
        cloud.fleet.append(
            "data", did, Record(at=at, body={"attrs": {text: text, "room_temp": -5}})
        )
        event = {"type": text, "payload": text}
        cloud.fleet.append("cmd", did, Record(at=at, body=event))
        cloud.fleet.append("online", did, Record(at=at, body={"type": "dev_online", "payload": {}}))
    assert (await program("scan", "--since", "1d"))[0] == 0
    for words, run in ((("--csv-safe",), False), ((), True)):
        code, *_ = await program("export", "fleet.db", "--to", "csv", "--out", "files", *words)
        assert code == 0
        cells = []
        for file in Path("files").rglob("*.csv"):
            with file.open(newline="", encoding="utf-8-sig") as opened:
                cells += [cell for row in csv.reader(opened) for cell in row]
        bad = {cell for cell in cells if cell.startswith(begins) and not is_number(cell)}
        assert bad == (set(texts) if run else set())
        assert {text if run else f"'{text}" for text in texts} <= set(cells)
        assert -5.0 in {float(cell) for cell in cells if is_number(cell)}
    with sqlite3.connect("fleet.db") as store:
        kept = {text for (text,) in store.execute("SELECT type FROM cmd_log")}
    store.close()
    assert set(texts) <= kept


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
