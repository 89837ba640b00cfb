"""Values that are good JSON and break sinks: from the wire into stores, files, terminals."""

import asyncio
import csv
import json
import sqlite3
import sys
import time
import unicodedata
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from gizwits_async.cli.app import run
from gizwits_async.models.devices import DataRecord
from gizwits_async.scan import FleetScan, SqlStore
from gizwits_async.scan.export import export
from gizwits_async.simulator import Fleet, Record, SimulatedCloud, SimulatorServer
from gizwits_async.simulator.environment import environment_of
from tests.doubles import client_of, virtually
from tests.faults.spoken import END, START, T1, page, spoken

DID = "d" * 22
NOW = int(time.time())

HUGE = {"sixty-four": 2**63, "below": -(2**64) - 1, "googol": 10**100, "beyond floats": 10**400}
HALVES = {"lone \ud800": "half \udfff", "\udc80": ["\ud83d", {"in\udead": 1}]}
WORLD = "设备😀 \u202eLTR\u202c \u200bzero\u200d é 機"
NAMES = {WORLD: WORLD, "1 MB": "机" * 350_000, "👩‍👩‍👧": "ﷺ", "nul": "a\0b"}
ODD = {"J5": HUGE, "J7": HALVES, "J16": NAMES}


def cloud_with(attrs: dict[str, Any]) -> SimulatedCloud:
    """Return a service with one device that reported these values, and has such a name."""
    records = [Record(at=NOW - 100 - n, body={"attrs": attrs}) for n in range(3)]
    frames = [Record(at=NOW - 50, body={"type": next(iter(attrs)), "payload": "00"})]
    events = [Record(at=NOW - 60, body={"type": "dev_online", "payload": attrs})]
    logs: Any = {("data", DID): records, ("cmd", DID): frames, ("online", DID): events}
    fleet = Fleet.of([DID], logs, now=NOW)
    names = [one for one in attrs.values() if isinstance(one, str)] or [str(2**70)]
    fleet.change(DID, city=names[0][:1000], country=next(iter(attrs)))
    return SimulatedCloud(fleet)


async def scanned(attrs: dict[str, Any], path: Path) -> SimulatedCloud:
    """Scan such a device into a file."""
    cloud = cloud_with(attrs)
    async with client_of(cloud) as client:
        report = await FleetScan(client, SqlStore(path), start=NOW - 3600, end=NOW - 1).run()
        assert report.complete
    # Their definition does not know these points: they would all be in the column `_rest`.
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("DELETE FROM scan_meta WHERE key = 'datapoints'")
    return cloud


async def sinks_keep(attrs: dict[str, Any], folder: Path) -> None:
    """The stream, the store and every kind of file give these attrs as they were, or as text."""
    async with client_of(cloud_with(attrs)) as client:
        found = await client.devices.data_log(DID, start=NOW - 3600, end=NOW - 1).collect()
        assert [record.attrs for record in found] == [attrs] * 3
    await scanned(attrs, folder / "fleet.db")
    with closing(sqlite3.connect(folder / "fleet.db")) as base:
        stored = [text for (text,) in base.execute("SELECT attrs FROM data_log")]
        assert [json.loads(text) for text in stored] == [attrs] * 3
    report = await export(folder / "fleet.db", folder / "jsonl", "jsonl", logs=["data"])
    (file,) = [Path(one) for one in report.files if "data" in one.parts]
    rows = [json.loads(line) for line in file.read_text("ascii").splitlines()]
    assert [{k: v for k, v in row.items() if k in attrs} for row in rows] == [attrs] * 3
    for to in ("csv", "parquet"):
        report = await export(folder / "fleet.db", folder / to, to)  # type: ignore[arg-type]
        assert report.rows == {"online": 1, "cmd": 1, "data": 3, "devices": 1, "gaps": 0}
        (file,) = [Path(one) for one in report.files if "data" in one.parts]
        if to == "csv":
            csv.field_size_limit(10**7)
            with file.open(encoding="utf-8-sig", newline="") as opened:
                rows = list(csv.DictReader(opened))
        else:
            rows = duckdb.read_parquet(str(file)).to_arrow_table().to_pylist()
        for row in rows:
            for name, value in attrs.items():
                assert _cell(row[_encodable(name)]) == _cell(value)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _cell(value: object) -> str:
    """Return a value as it may stand in a table of texts."""
    return _encodable(value if isinstance(value, str) else json.dumps(value))


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the console against a device with odd values and return its output."""
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)

    async def called(attrs: dict[str, Any], *words: str) -> int:
        async with SimulatorServer(cloud := cloud_with(attrs)) as server:
            for name, value in environment_of(cloud, server.url).items():
                monkeypatch.setenv(name, value)
            return await asyncio.to_thread(run, words)

    return called


def is_harmless(text: str) -> bool:
    """Return whether a text is printable but for line breaks."""
    return text.translate(dict.fromkeys(map(ord, "\n\u200c\u200d"))).isprintable()


async def terminal_shows(attrs: dict[str, Any], shell: Any, capsys: Any) -> None:
    """Every form is written; JSON lines say it exactly; no control character reaches the terminal."""
    sys.stdout.reconfigure(errors="strict")  # type: ignore[union-attr]
    for log in ("data", "online", "cmd"):
        assert await shell(attrs, "logs", DID, "--log", log, "--since", "1d") == 0
        out = capsys.readouterr().out
        assert is_harmless(out)
        if log != "cmd":
            field = {"data": "attrs", "online": "payload"}[log]
            assert json.loads(out.splitlines()[0])[field] == attrs
    assert await shell(attrs, "devices", "--format", "table") == 0
    table = capsys.readouterr().out
    assert is_harmless(table)
    assert len({cell_len(line) for line in table.splitlines()}) == 1, "the frame is crooked"


@pytest.mark.fault("J5")
async def test_integers_beyond_64_bits_are_kept(tmp_path: Path, shell: Any, capsys: Any) -> None:
    """Exact in models, store, JSON Lines and on the terminal; text where a column has no such type."""
    await sinks_keep(HUGE, tmp_path)
    await terminal_shows(HUGE, shell, capsys)
    assert (await _typed(HUGE))["beyond floats"] == 10**400


@pytest.mark.fault("J7")
async def test_half_characters_are_kept(tmp_path: Path, shell: Any, capsys: Any) -> None:
    r"""As ASCII JSON in store and lines, as `\ud800` where text must be UTF-8 or a terminal."""
    await sinks_keep(HALVES, tmp_path)
    await terminal_shows(HALVES, shell, capsys)
    assert await _typed(HALVES) == HALVES


@pytest.mark.fault("J16")
async def test_all_of_unicode_and_a_megabyte_are_kept(
    tmp_path: Path, shell: Any, capsys: Any
) -> None:
    """Round trip through every sink; what is wide, zero-width or right-to-left keeps a table straight."""
    assert {"Cf", "So", "Mn"} & {unicodedata.category(c) for c in "".join(NAMES)}
    await sinks_keep(NAMES, tmp_path)
    await terminal_shows(NAMES, shell, capsys)
    assert await _typed(NAMES) == NAMES


async def _typed(attrs: dict[str, Any]) -> Any:
    async with spoken(json.dumps(page({"ts": T1, "attrs": attrs})).encode()) as (client, _):
        (record,) = await client.devices.data_log("d", start=START, end=END).collect()
        return record.attrs


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(2**63, 2**80).map(lambda n: n * 10**300)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(st.characters(exclude_categories=[])), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
ATTRS = st.dictionaries(st.text(st.characters(exclude_categories=[])), ANY_JSON, max_size=4)


@pytest.mark.fault("J5", "J7", "J16")
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(attrs=ATTRS, ascii_=st.booleans())
def test_any_value_reaches_the_caller_as_it_was(attrs: Any, ascii_: bool) -> None:
    """Any JSON value of a device, escaped or not, is in the record with its type."""

    async def main() -> None:
        text = json.dumps(page({"ts": T1, "attrs": attrs}), ensure_ascii=ascii_)
        try:
            body = text.encode()
        except UnicodeEncodeError:  # Half a character has no UTF-8: only its escape can be sent.
            body = json.dumps(json.loads(text)).encode()
        async with spoken(body) as (client, _):
            found = await client.devices.data_log("d", start=START, end=END).collect()
            assert found == [DataRecord(ts=T1, attrs=attrs)]
            assert repr(found[0].attrs) == repr(attrs), "types too"

    virtually(main())
