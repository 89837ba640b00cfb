"""What is exported is what the store holds, in the types of the data points, and runs nowhere."""

import csv
import json
import resource
import subprocess
import sys
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gizwits_async import scan
from gizwits_async.models.devices import DataRecord, Device
from gizwits_async.models.product import DataPoint, Entity, ProductDataPoints, UintSpec
from gizwits_async.scan import FleetScan, ScanStoreError, SqlStore
from gizwits_async.scan.export import ExportReport, export
from gizwits_async.scan.export.columns import (
    Column,
    Kind,
    MisfitError,
    inferred,
    joined,
    kind_of,
    promised,
)
from gizwits_async.scan.export.points import Points
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.protocol import Change
from gizwits_async.scan.store.snapshot import LogRows, Snapshot
from gizwits_async.scan.task import Task
from tests.doubles import client_of
from tests.scan.common import DAY, cloud_of, row, truth

NOW = 1_790_000_000
START = NOW - 2 * DAY


def sql(query: str) -> list[Any]:
    """Return the rows of a query; the connection that all share would keep what was not fetched."""
    with duckdb.connect() as base:
        return base.execute(query).fetchall()


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
    assert report.rows == {**by_log, "devices": 3, "gaps": 0}
    assert [file.name for file in report.files] == ["part-0.parquet"] * len(report.files)
    data = [(did, json.loads(text)) for did, log, text in records.elements() if log == "data"]
    temps = sum(row["attrs"]["room_temp"] for _, row in data)
    days = Counter(f"{datetime.fromtimestamp(row['ts'], UTC):%Y-%m-%d}" for _, row in data)
    base = duckdb.connect()
    files = f"read_parquet('{tmp_path}/out/data/*/*.parquet', hive_partitioning=true)"
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
    for file in of(report):
        for line in file.read_text().splitlines():
            found_row = json.loads(line)
            ts = datetime.fromisoformat(found_row.pop("timestamp")).timestamp()
            keys = {"product_key", "did"}
            attrs = {name: value for name, value in found_row.items() if name not in keys}
            found[row(found_row["did"], "data", {"attrs": floats(attrs), "ts": ts})] += 1
    wanted: Counter[tuple[str, str, str]] = Counter()
    for (did, log, text), count in records.items():
        if log == "data":
            record = json.loads(text)
            wanted[row(did, log, {**record, "attrs": floats(record["attrs"])})] += count
    assert found == wanted


def floats(attrs: dict[str, Any]) -> dict[str, Any]:
    """Return data points so that equal numbers have equal JSON."""
    return {
        name: float(value) if isinstance(value, int) else value for name, value in attrs.items()
    }


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
    [file] = of(await export(tmp_path / "fleet.db", tmp_path, "csv", csv_safe=True))
    assert file.read_bytes().startswith(BOM_UTF8)
    with file.open(newline="", encoding="utf-8-sig") as opened:
        first, second = csv.DictReader(opened)
    assert first["name"] == '\'=cmd("x")'
    assert first["'@at"] == "'+1"
    assert first["temp"] == "-5.0"
    assert first["big"] == str(2**70)
    assert first["odd"] == "\\ud800"
    assert second["flag"] == "True"
    [plain] = of(await export(tmp_path / "fleet.db", tmp_path / "plain", "csv"))
    assert '"=cmd(""x"")"' in plain.read_text()
    [packed] = of(await export(tmp_path / "fleet.db", tmp_path / "packed"))
    rows_ = sql(f"SELECT name, temp, big, flag FROM '{packed}'")
    assert rows_ == [('=cmd("x")', -5.0, str(2**70), None), (None, 2.5, None, True)]


def of(report: ExportReport, table: str = "data") -> list[Path]:
    """Return the files of a table that an export wrote."""
    return [Path(file) for file in report.files if table in file.parts]


async def stored(path: Path, *rows: DataRecord, name: str = "d") -> None:
    """Put records of a device into a store, which is made if there is none."""
    store = SqlStore(path)
    await store.open()
    state = ScanState(product_key="p", start=0, end=1000 * DAY, listing="done")
    await store.begin(state, again=False)
    await store.add([Device(did=name)], ["data"], state)
    task = Task.new(name, "data", 0).opened(1000 * DAY, 1000 * DAY, 5000.0)
    await store.commit(Change(after=task.closed(0), rows=rows))
    await store.aclose()


@contextmanager
def few_files() -> Iterator[None]:
    """Let this process open only a few more files than it has open."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = len(list(Path("/proc/self/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (opened + 12, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.parametrize("to", ["csv", "parquet", "jsonl"])
async def test_more_days_than_files_may_be_open(
    to: Literal["csv", "parquet", "jsonl"], tmp_path: Path
) -> None:
    """Days in no order, far more than files may be open: each row once, in the file of its day."""
    rows = [DataRecord(ts=n * 7 % 230 * DAY + n, attrs={"n": n}) for n in range(690)]
    await stored(tmp_path / "fleet.db", *rows)
    with few_files():
        report = await export(tmp_path / "fleet.db", tmp_path / "out", to, logs=["data"])
    assert report.rows["data"] == 690
    assert len(of(report)) == 230
    reader = "read_json" if to == "jsonl" else f"read_{to}"
    files = f"{reader}('{tmp_path}/out/data/*/*.{to}', hive_partitioning=true)"
    found = sql(f"SELECT count(*), count(DISTINCT n), count(DISTINCT date) FROM {files}")
    assert found == [(690, 690, 230)]


async def test_a_column_holds_every_value_in_whatever_order_they_come(tmp_path: Path) -> None:
    """Null first, an integer beyond a double's precision beside a fraction, a flag beside a number."""
    values = {
        "late": [None, 5, None],
        "precise": [2**53 + 1, 0.5, None],
        "flag": [True, 3, 2.5],
        "big": [2**62 + 1, 1, None],
    }
    rows = [
        DataRecord(ts=number, attrs={name: column[number] for name, column in values.items()})
        for number in range(3)
    ]
    for order in (rows, rows[::-1]):
        folder = tmp_path / str(order[0].ts)
        folder.mkdir()
        await stored(folder / "fleet.db", *order)
        [file] = of(await export(folder / "fleet.db", folder, logs=["data"]))
        found = sql(f"SELECT late, precise, flag, big FROM '{file}' ORDER BY timestamp")
        late, precise, flag, big = zip(*found, strict=True)
        assert late == (None, 5, None)
        assert precise == (str(2**53 + 1), "0.5", None)
        assert flag == (1.0, 3.0, 2.5)
        assert big == (2**62 + 1, 1, None)
        [text] = of(await export(folder / "fleet.db", folder / "text", "csv", logs=["data"]))
        lines = text.read_text().splitlines()
        assert {str(2**53 + 1), str(2**62 + 1)} <= set(",".join(lines).split(","))


async def test_an_export_sees_one_moment_of_a_store_that_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that a scan commits between the look at the types and the rows are in neither."""
    path = tmp_path / "fleet.db"
    await stored(path, DataRecord(ts=5, attrs={"temp": 21}))
    rows, passes = Snapshot.rows, []

    async def writing(snapshot: Snapshot, *arguments: Any) -> AsyncIterator[LogRows]:
        passes.append(arguments)
        attrs = {"temp": 21.7, "more": 1}
        await stored(path, DataRecord(ts=6 + len(passes), attrs=attrs), name=f"e{len(passes)}")
        async for batch in rows(snapshot, *arguments):
            yield batch

    monkeypatch.setattr(Snapshot, "rows", writing)
    [file] = of(await export(path, tmp_path / "out", logs=["data"]))
    assert len(passes) == 2
    assert sql(f"SELECT count(*), max(temp) FROM '{file}'")[0] == (1, 21)
    assert sql(f"DESCRIBE SELECT temp FROM '{file}'")[0][1] == "BIGINT"
    monkeypatch.undo()
    [file] = of(await export(path, tmp_path / "out", logs=["data"]))
    assert sql(f"SELECT sum(temp), sum(more) FROM '{file}'")[0] == (64.4, 2)


KINDS: tuple[Kind, ...] = ("null", "bool", "int", "long", "float", "text")
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


@given(st.sampled_from(KINDS), st.sampled_from(KINDS), st.sampled_from(KINDS))
def test_kinds_join_in_any_order(one: Kind, two: Kind, three: Kind) -> None:
    """A semilattice: idempotent, commutative, associative, with null below and text above all."""
    assert joined(one, one) == one
    assert joined(one, two) == joined(two, one)
    assert joined(one, joined(two, three)) == joined(joined(one, two), three)
    assert joined("null", one) == one
    assert joined("text", one) == "text"


@given(st.lists(VALUES, min_size=1))
def test_a_joined_kind_narrows_no_value(values: list[object]) -> None:
    """Every value that went into a kind comes back from its column as it was, or as its JSON."""
    kind: Kind = "null"
    for value in values:
        kind = joined(kind, kind_of(value))
    column = inferred({"point": kind})["point"]
    for value in values:
        cell = column.fitted(value)
        if kind == "text" and value is not None and not isinstance(value, str):
            assert cell == json.dumps(value)
        elif not isinstance(value, str):
            assert cell == value


@pytest.mark.parametrize(
    ("value", "kind", "bits"),
    [
        (21.7, "int", 64), (2, "bool", 64), (2**53 + 1, "float", 64), ("x", "float", 64),
        (128, "long", 8), (-129, "long", 8), (2**63, "long", 64), (5, "text", 64), (1e300, "long", 64),
        ([1], "long", 64), (float("inf"), "float", 64),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_refused(value: object, kind: Kind, bits: int) -> None:
    """No value is cut or rounded to its column."""
    with pytest.raises(MisfitError, match=f"kind {kind} cannot hold"):
        Column(name="point", kind=kind, bits=bits).fitted(value)


@given(st.lists(st.sampled_from(["did", "Date", "LOG", "temp", "Temp", "attrs.did", "_REST", "x"])))
def test_names_are_unique_without_regard_to_case(points: list[str]) -> None:
    """Columns of the export, and other points, keep their names; the order of records is no matter."""
    names = {point: column.name for point, column in inferred(dict.fromkeys(points, "int")).items()}
    ours = [
        "product_key",
        "product",
        "did",
        "timestamp",
        "type",
        "payload",
        "problem",
        "log",
        "date",
        "_rest",
    ]
    used = [name.lower() for name in (*ours, *names.values())]
    assert len(set(used)) == len(used)
    turned = inferred(dict.fromkeys(points[::-1], "int"))
    assert {point: column.name for point, column in turned.items()} == names


def point(name: str, data_type: str, **more: Any) -> DataPoint:
    return DataPoint(id=0, name=name, type="status_writable", data_type=data_type, **more)


DEFINITION = ProductDataPoints(
    product_key="p",
    entities=(
        Entity(
            attrs=(
                point("switch", "bool"),
                point("mode", "enum", enum=("auto", "heat")),
                point("temp", "uint8", display_name="Temperature"),
                point("small", "uint8", uint_spec=UintSpec(min=0, max=100)),
                point("scaled", "uint16", uint_spec=UintSpec(min=0, max=100, ratio=0.5)),
                point("wide", "uint32"),
                point("Did", "uint8", uint_spec=UintSpec(min=0, max=100, addition=-20)),
                point("raw", "binary"),
            )
        ),
    ),
)


async def test_the_definition_is_the_contract_of_the_columns(tmp_path: Path) -> None:
    """Types come from it, whatever was reported; the rest is kept in one column, and counted."""
    rows = (
        {"switch": 1, "mode": "heat", "temp": 20, "scaled": 3, "wide": 2**32 - 1, "Did": -20},
        {"switch": True, "temp": 255, "scaled": 2.5, "raw": "AA==", "small": 5.0},
        {"switch": 2, "temp": "--", "mode": 1, "new": [1], "wide": 2**31, "small": 300},
    )
    records = [DataRecord(ts=number, attrs=attrs) for number, attrs in enumerate(rows)]
    await stored(tmp_path / "fleet.db", *records)
    report = await export(
        tmp_path / "fleet.db", tmp_path / "out", logs=["data"], datapoints=DEFINITION
    )
    [file] = of(report)
    assert report.misfits == {"data": 5}
    query = f"DESCRIBE SELECT * FROM read_parquet('{file}', hive_partitioning=false)"
    kinds = {name: kind for name, kind, *_ in sql(query)}
    assert kinds == {
        "product_key": "VARCHAR", "did": "VARCHAR", "timestamp": "TIMESTAMP WITH TIME ZONE", "switch": "BOOLEAN",
        "mode": "VARCHAR", "temp": "SMALLINT", "small": "TINYINT", "scaled": "DOUBLE",
        "wide": "BIGINT", "attrs.Did": "TINYINT", "raw": "VARCHAR", "_rest": "VARCHAR",
    }  # fmt: skip
    columns = 'switch, mode, temp, small, scaled, wide, "attrs.Did", raw, _rest'
    found = sql(f"SELECT {columns} FROM '{file}' ORDER BY timestamp")
    rest = {"switch": 2, "temp": "--", "mode": 1, "new": [1], "small": 300}
    assert found == [
        (True, "heat", 20, None, 3.0, 2**32 - 1, -20, None, None),
        (True, None, 255, 5, 2.5, None, None, "AA==", None),
        (None, None, None, None, None, 2**31, None, None, json.dumps(rest)),
    ]
    metadata = pq.read_schema(file).field("temp").metadata
    assert metadata[b"display_name"] == b"Temperature"
    assert (metadata[b"min"], metadata[b"max"]) == (b"0", b"255")
    report = await export(
        tmp_path / "fleet.db", tmp_path / "lines", "jsonl", logs=["data"], datapoints=DEFINITION
    )
    [lines] = of(report)
    *_, last = map(json.loads, lines.read_text().splitlines())
    assert last == {
        "product_key": "p", "did": "d", "timestamp": "1970-01-01T00:00:02.000000+00:00", "wide": 2**31,
        "_rest": rest,
    }  # fmt: skip


async def test_rows_of_a_day_are_in_order_of_device_and_time(tmp_path: Path) -> None:
    """Neighbours in a file are neighbours in a query; files stay small by that."""
    path = tmp_path / "fleet.db"
    for name in ("d1", "d0", "d2"):
        times = [n * 7919 % 50 * 7000.5 for n in range(50)]
        await stored(path, *(DataRecord(ts=time, attrs={}) for time in times), name=name)
    report = await export(path, tmp_path / "out", "jsonl", logs=["data"])
    assert len(of(report)) == 4
    for file in of(report):
        found = [json.loads(line) for line in file.read_text().splitlines()]
        keys = [(row["did"], row["timestamp"]) for row in found]
        assert keys == sorted(keys)


@pytest.mark.parametrize("to", ["csv", "parquet", "jsonl"])
async def test_any_folder_can_be_written(
    to: Literal["csv", "parquet", "jsonl"], tmp_path: Path
) -> None:
    """A colon in its name makes it no URI."""
    await stored(tmp_path / "fleet.db", DataRecord(ts=5, attrs={"n": 1}))
    out = tmp_path / "at-2026-11-27T12:00"
    [file] = of(await export(tmp_path / "fleet.db", out, to, logs=["data"]))
    assert file.is_file()
    drafts = (out / "_temporary").iterdir()
    assert [path.name for path in drafts] == ["lock"]


def test_attrs_that_are_no_object_are_kept() -> None:
    """A list, a number or null in their stead is a value of the column `attrs`, or of `_rest`."""
    bodies = ["[1]", "null", None, '"\\ud800"']
    inferred_ = Points(inferred({"attrs": "text"}), rest=False)
    assert inferred_.read([""] * 4, bodies) == [["[1]", None, None, "\\ud800"]]
    defined = Points(promised(DEFINITION))
    *_, rest = defined.read([""] * 4, bodies)
    assert rest == ['{"attrs": [1]}', None, None, '{"attrs": "\\ud800"}']
    assert defined.misfits == 2


async def test_a_record_at_no_date_stops_the_export(tmp_path: Path) -> None:
    """A timestamp that no calendar has is named, with its device."""
    await stored(tmp_path / "fleet.db", DataRecord(ts=10**17, attrs={}))
    with pytest.raises(ScanStoreError, match=r"data log, device d at 1e\+17: .* no date"):
        await export(tmp_path / "fleet.db", tmp_path / "out", "jsonl")


async def test_the_export_can_be_imported_from_both_rooms(tmp_path: Path) -> None:
    """`scan.export` is the function's name and its package's: both can be called."""
    await stored(tmp_path / "fleet.db", DataRecord(ts=5, attrs={}))
    from_scan = scan.export
    assert callable(from_scan)
    report = await from_scan(tmp_path / "fleet.db", tmp_path / "out", "jsonl", logs=["data"])
    assert report.rows["data"] == 1


@pytest.mark.parametrize("first", ["scan", "scan.export"])
def test_the_export_can_be_called_whichever_room_is_imported_first(first: str) -> None:
    """The import system binds the package over a name of its parent; it does so once, and late."""
    code = f"""
import gizwits_async.{first}
from gizwits_async.scan import export
from gizwits_async.scan.export import export as function
print(callable(export), callable(function))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.stdout.split() == ["True", "True"]


async def test_what_is_no_store_is_not_exported(tmp_path: Path) -> None:
    """A missing file, an unknown format or log: an error, and nothing is made."""
    with pytest.raises(ScanStoreError, match="there is no store"):
        await export(tmp_path / "fleet.db", tmp_path / "out")
    for wrong in ({"to": "xlsx"}, {"logs": ["offline"]}):
        with pytest.raises(ValueError, match="must be"):
            await export(tmp_path / "fleet.db", tmp_path / "out", **wrong)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
