"""What is exported is what the store holds, in the types of the data points, and runs nowhere."""

import csv
import json
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import duckdb
import pytest

from gizwits_async.models.devices import DataRecord, Device
from gizwits_async.scan import FleetScan, ScanStoreError, SqlStore
from gizwits_async.scan.export.export import _Days, export
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.protocol import Change
from gizwits_async.scan.task import Task
from tests.doubles import client_of
from tests.scan.common import DAY, cloud_of, truth

NOW = 1_790_000_000
START = NOW - 2 * DAY


@pytest.fixture
async def scanned(tmp_path: Path) -> tuple[Path, Counter[tuple[str, str, str]]]:
    cloud, path = cloud_of(3, 3), tmp_path / "fleet.db"
    await FleetScan(client_of(cloud), path, start=START, end=NOW).run()
    return path, truth(cloud, START, NOW)


async def test_duckdb_over_parquet_equals_the_store(
    scanned: tuple[Path, Counter[tuple[str, str, str]]], tmp_path: Path
) -> None:
    """Counts, days and sums by a query over the files are those of the records."""
    path, records = scanned
    report = await export(path, tmp_path / "out")
    by_log = Counter(log for _, log, _ in records.elements())
    assert report.rows == by_log
    assert [file.name for file in report.files] == ["part-0.parquet"] * len(report.files)
    data = [(did, json.loads(text)) for did, log, text in records.elements() if log == "data"]
    temps = sum(row["attrs"]["room_temp"] for _, row in data)
    days = Counter(f"{datetime.fromtimestamp(row['ts'], UTC):%Y-%m-%d}" for _, row in data)
    base = duckdb.connect()
    files = f"read_parquet('{tmp_path}/out/log=data/*/*.parquet', hive_partitioning=true)"
    found = base.execute(f"SELECT count(*), sum(room_temp), count(DISTINCT did) FROM {files}")
    assert found.fetchone() == (len(data), temps, len({did for did, _ in data}))
    rows = base.execute(f"SELECT CAST(date AS VARCHAR), count(*) FROM {files} GROUP BY 1")
    assert dict(rows.fetchall()) == days
    kinds = {
        name: kind for name, kind, *_ in base.execute(f"DESCRIBE SELECT * FROM {files}").fetchall()
    }
    assert kinds["timestamp"] == "TIMESTAMP WITH TIME ZONE"
    assert kinds["room_temp"] in {"BIGINT", "DOUBLE"}


async def test_json_lines_hold_every_value_as_it_was(
    scanned: tuple[Path, Counter[tuple[str, str, str]]], tmp_path: Path
) -> None:
    """Read back, the lines are the records."""
    path, records = scanned
    report = await export(path, tmp_path / "out", "jsonl", logs=["data"])
    found: Counter[tuple[str, str, str]] = Counter()
    for file in report.files:
        for line in file.read_text().splitlines():
            row = json.loads(line)
            ts = datetime.fromisoformat(row.pop("timestamp")).timestamp()
            plain = {"attrs": {k: v for k, v in row.items() if k != "did"}, "ts": ts}
            found[row["did"], "data", json.dumps(plain, sort_keys=True)] += 1
    assert found == Counter({key: n for key, n in records.items() if key[1] == "data"})


async def test_cells_that_a_spreadsheet_would_run_are_defused(tmp_path: Path) -> None:
    """Texts that begin like a formula get a quote before them; negative numbers do not."""
    store = SqlStore(tmp_path / "fleet.db")
    await store.open()
    state = ScanState(product_key="p", start=0, end=1000, listing="done")
    await store.begin(state, again=False)
    await store.add([Device(did="d")], ["data"], state)
    attrs = {"name": '=cmd("x")', "temp": -5, "big": 2**70, "odd": "\ud800", "@at": "+1"}
    rows = (DataRecord(ts=5, attrs=attrs), DataRecord(ts=6, attrs={"temp": 2.5, "flag": True}))
    task = Task.new("d", "data", 0).opened(1000, 2000, 5000.0)
    await store.commit(Change(after=task.closed(0), rows=rows))
    await store.aclose()
    [file] = (await export(tmp_path / "fleet.db", tmp_path, "csv", csv_safe=True)).files
    with file.open(newline="") as opened:
        first, second = csv.DictReader(opened)
    assert first["name"] == '\'=cmd("x")'
    assert first["'@at"] == "'+1"
    assert first["temp"] == "-5.0"
    assert first["big"] == str(2**70)
    assert first["odd"] == "\\ud800"
    assert second["flag"] == "True"
    [plain] = (await export(tmp_path / "fleet.db", tmp_path, "csv")).files
    assert '"=cmd(""x"")"' in plain.read_text()
    [packed] = (await export(tmp_path / "fleet.db", tmp_path)).files
    rows_ = duckdb.execute(f"SELECT name, temp, big, flag FROM '{packed}'").fetchall()
    assert rows_ == [('=cmd("x")', -5.0, str(2**70), None), (None, 2.5, None, True)]


@pytest.mark.parametrize("to", ["csv", "parquet"])
async def test_more_days_than_files_may_be_open(
    to: Literal["csv", "parquet"], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days in no order, far more than are open at a time: each row once, in the file of its day."""
    store = SqlStore(tmp_path / "fleet.db")
    await store.open()
    state = ScanState(product_key="p", start=0, end=1000 * DAY, listing="done")
    await store.begin(state, again=False)
    await store.add([Device(did="d")], ["data"], state)
    rows = tuple(DataRecord(ts=n * 7 % 23 * DAY + n, attrs={"n": n}) for n in range(200))
    task = Task.new("d", "data", 0).opened(1000 * DAY, 1000 * DAY, 5000.0)
    await store.commit(Change(after=task.closed(0), rows=rows))
    await store.aclose()
    opened: list[int] = []
    add = _Days.add

    def counting(days: _Days, *arguments: Any) -> bool:
        added = add(days, *arguments)
        opened.append(len(days._open))
        return added

    monkeypatch.setattr(sys.modules[_Days.__module__], "_OPEN", 5)
    monkeypatch.setattr(_Days, "add", counting)
    report = await export(tmp_path / "fleet.db", tmp_path / "out", to, logs=["data"])
    assert report.rows == {"data": 200}
    assert len(report.files) == 23
    assert max(opened) == 5
    reader = f"read_{to}('{tmp_path}/out/log=data/*/*.{to}', hive_partitioning=true)"
    found = duckdb.execute(
        f"SELECT count(*), count(DISTINCT n), count(DISTINCT date) FROM {reader}"
    )
    assert found.fetchone() == (200, 200, 23)


async def test_what_is_no_store_is_not_exported(tmp_path: Path) -> None:
    """A missing file, an unknown format or log: an error, and nothing is made."""
    with pytest.raises(ScanStoreError, match="there is no store"):
        await export(tmp_path / "fleet.db", tmp_path / "out")
    for wrong in ({"to": "xlsx"}, {"logs": ["offline"]}):
        with pytest.raises(ValueError, match="must be"):
            await export(tmp_path / "fleet.db", tmp_path / "out", **wrong)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
