"""A lake holds what the store holds, each record once, and changes only where the store did."""

import asyncio
import gzip
import hashlib
import json
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import duckdb
import fsspec
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from filelock import FileLock

from gizwits_async.errors import ArgumentError
from gizwits_async.models.devices import DataRecord, Device
from gizwits_async.scan import FleetScan, ScanStoreError, SqlStore, StoreLockedError
from gizwits_async.scan.export import ExportReport, export
from gizwits_async.scan.export.export import _write_manifest
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.address import backend_of
from gizwits_async.scan.store.protocol import Change
from gizwits_async.scan.store.snapshot import Snapshot
from gizwits_async.scan.task import Task
from gizwits_async.simulator import SimulatedCloud
from tests.doubles import client_of
from tests.scan.common import DAY, cloud_of

NOW = 1_790_000_000
START = NOW - 2 * DAY
CHILD = Path(__file__).with_name("lake_child.py")
FORMATS = ("parquet", "csv", "jsonl", "delta")


async def put(path: Path, *times: float, product: str = "p", did: str = "d", **attrs: Any) -> None:
    """Put records of a device into a store, which is made if there is none."""
    store = SqlStore(path)
    store.choose_product(product)
    await store.open()
    state = ScanState(product_key=product, start=0, end=9 * DAY, listing="done")
    await store.begin(state, again=False)
    await store.add([Device(did=did, mac="aa")], ["data"], state)
    task = Task.new(did, "data", 0).opened(9 * DAY, 9 * DAY, 9.0 * DAY)
    rows = tuple(
        DataRecord(ts=time, attrs={"n": number} | attrs) for number, time in enumerate(times)
    )
    await store.commit(Change(after=task.closed(0), rows=rows))
    await store.aclose()


def manifest(lake: Path) -> dict[str, Any]:
    """Return the tables of a manifest by name."""
    return {
        table["name"]: table
        for table in json.loads((lake / "manifest.json").read_bytes())["tables"]
    }


def states(lake: Path) -> dict[str, tuple[int, int]]:
    """Return what changes when a file is written."""
    files = (path for path in lake.rglob("*") if path.is_file() and path.name != "lock")
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


def names(report: ExportReport, lake: Path) -> list[str]:
    """Return the files that an export wrote, from the lake."""
    return [file.relative_to(lake).as_posix() for file in report.files]


# --- the same rows as another writer's


@pytest.fixture
async def scanned(tmp_path: Path) -> tuple[Path, SimulatedCloud]:
    """A store with a scan of a small fleet."""
    path, cloud = tmp_path / "scanned.db", cloud_of(4, 3)
    await FleetScan(client_of(cloud), path, start=START, end=NOW).run()
    return path, cloud


def by_hand(cloud: SimulatedCloud) -> dict[str, pa.Table]:
    """Return what each table should hold, by a writer that shares no code with the export."""
    rows: dict[str, list[dict[str, Any]]] = {"online": [], "cmd": [], "data": []}
    for device in cloud.fleet.devices:
        for log, found in rows.items():
            for record in cloud.truth(log, device.did, START, NOW):
                row = {"product_key": cloud.credentials.product_key, "did": device.did}
                if log == "data":
                    row |= record["attrs"]
                else:
                    payload = record["payload"]
                    text = payload if log == "cmd" else json.dumps(payload)
                    row |= {"type": record["type"], "payload": text}
                row["timestamp"] = datetime.fromtimestamp(
                    record["ts" if log == "data" else "timestamp"], UTC
                )
                found.append(row)
    return {log: pa.Table.from_pylist(found) for log, found in rows.items()}


def reader(lake: Path, table: str, to: str) -> Any:
    """Return a table of a lake as DuckDB reads it."""
    if to == "delta":
        return DeltaTable(str(lake / table)).to_pyarrow_dataset()
    call = {"parquet": "read_parquet", "csv": "read_csv", "jsonl": "read_json"}[to]
    return duckdb.sql(f"SELECT * FROM {call}('{lake}/{table}/**/*.{to}', union_by_name=true)")


@pytest.mark.parametrize("to", FORMATS)
async def test_no_row_differs_from_another_writers(
    to: Any, scanned: tuple[Path, SimulatedCloud], tmp_path: Path
) -> None:
    """EXCEPT ALL is empty in both directions, for each log, in each format."""
    path, cloud = scanned
    await export(path, tmp_path / "lake", to)
    for log, wanted in by_hand(cloud).items():
        base = duckdb.connect()
        base.execute("SET TimeZone = 'UTC'")
        base.register("wanted", wanted)
        found = reader(tmp_path / "lake", log, to)
        base.register(
            "found", found.to_arrow_table() if hasattr(found, "to_arrow_table") else found
        )
        # Texts of CSV were types of their own; numbers are compared as numbers.
        kinds = {name: kind for name, kind, *_ in base.execute("DESCRIBE wanted").fetchall()}
        columns = ", ".join(f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in kinds.items())
        for one, other in (("wanted", "found"), ("found", "wanted")):
            query = f"(SELECT {columns} FROM {one}) EXCEPT ALL (SELECT {columns} FROM {other})"
            assert base.execute(query).fetchall() == []
        assert wanted.num_rows > 0
        base.close()


@pytest.mark.parametrize("to", FORMATS)
async def test_devices_and_gaps_are_the_same_in_each_format(to: Any, tmp_path: Path) -> None:
    """EXCEPT ALL is empty in both directions for the two tables without days, too."""
    path, lake = tmp_path / "fleet.db", tmp_path / "lake"
    store = SqlStore(path)
    await store.open()
    state = ScanState(product_key="p", start=0, end=1000, listing="done")
    await store.begin(state, again=False)
    await store.add([Device(did="a", mac="aa", city="广州市"), Device(did="b")], ["cmd"], state)
    await store.fail(Task.new("a", "cmd", 0), "NotFoundError", "device gone")
    await store.aclose()
    await export(path, lake, to)
    wanted = {
        "devices": "SELECT * FROM (VALUES ('p', 'a', 'aa', '广州市'), ('p', 'b', NULL, NULL))"
        " AS t(product_key, did, mac, city)",
        "gaps": "SELECT * FROM (VALUES ('p', 'a', 'cmd', 0, 1000, 'failed', 'device gone'),"
        " ('p', 'b', 'cmd', 0, 1000, 'unread', NULL))"
        ' AS t(product_key, did, log, "start", "end", reason, message)',
    }
    for table, rows in wanted.items():
        base = duckdb.connect()
        source = reader(lake, table, to)
        base.register("found", source if to == "delta" else source.to_arrow_table())
        names = base.execute(f"SELECT * FROM ({rows}) LIMIT 0").description or ()
        columns = ", ".join(
            f'CAST(epoch("{name}") AS INTEGER)' if name in {"start", "end"} else f'"{name}"'
            for name, *_ in names
        )
        for query in (
            f"SELECT {columns} FROM found EXCEPT ALL ({rows})",
            f"({rows}) EXCEPT ALL SELECT {columns} FROM found",
        ):
            assert base.execute(query).fetchall() == []
        base.close()


async def test_the_products_of_one_store_have_folders_of_their_own(tmp_path: Path) -> None:
    """A store of two products is exported by product, and each is read as one thing or alone."""
    path, lake = tmp_path / "fleet.db", tmp_path / "lake"
    await put(path, 5, product="p")
    await put(path, 6, 7, product="q", did="e", other=True)
    with pytest.raises(ScanStoreError, match="several products"):
        await export(path, lake)
    await export(path, lake, by_product=True)
    rows = duckdb.sql(
        f"SELECT product_key, count(*) FROM read_parquet('{lake}/data/**/*.parquet', union_by_name=true)"
        " GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert rows == [("p", 1), ("q", 2)]
    alone = pq.read_table(lake / "data/product=q/date=1970-01-01/part-0.parquet")
    assert alone.column("did").to_pylist() == ["e", "e"]
    assert {row["did"] for row in pq.read_table(lake / "devices").to_pylist()} == {"d", "e"}
    assert (await export(path, lake, by_product=True)).files == ()


async def test_a_table_of_devices_and_one_of_what_is_missing(
    scanned: tuple[Path, SimulatedCloud], tmp_path: Path
) -> None:
    """Each device as it was listed; gaps, failures and what was not read, with the reason."""
    path, cloud = scanned
    await export(path, tmp_path / "lake")
    devices = pq.read_table(tmp_path / "lake/devices").to_pylist()
    assert {row["did"]: row["mac"] for row in devices} == {
        d.did: d.mac for d in cloud.fleet.devices
    }
    assert {row["product_key"] for row in devices} == {cloud.credentials.product_key}
    gaps = pq.read_table(tmp_path / "lake/gaps")
    assert (gaps.num_rows, gaps.schema.names[:4]) == (0, ["product_key", "did", "log", "start"])
    store = SqlStore(tmp_path / "fleet.db")
    await store.open()
    state = ScanState(product_key="p", start=0, end=1000, listing="done")
    await store.begin(state, again=False)
    await store.add([Device(did="a"), Device(did="b")], ["data", "cmd"], state)
    await store.fail(Task.new("a", "cmd", 0), "NotFoundError", "device gone")
    task = Task.new("b", "data", 0).opened(1000, 2000, 5000.0)
    await store.commit(Change(after=task.closed(0), gaps=((0, 400),)))
    await store.aclose()
    await export(tmp_path / "fleet.db", tmp_path / "other")
    gaps = pq.read_table(tmp_path / "other/gaps").to_pylist()
    found = [
        (
            row["did"],
            row["log"],
            row["start"].timestamp(),
            row["end"].timestamp(),
            row["reason"],
            row["error"],
        )
        for row in gaps
    ]
    assert found == [
        ("a", "cmd", 0, 1000, "failed", "NotFoundError"), ("a", "data", 0, 1000, "unread", None),
        ("b", "cmd", 0, 1000, "unread", None), ("b", "data", 0, 400, "expired", None),
    ]  # fmt: skip


@pytest.mark.parametrize("to", FORMATS)
async def test_a_log_without_records_is_an_empty_table(to: Any, tmp_path: Path) -> None:
    """Readers find its columns, and no rows."""
    await put(tmp_path / "fleet.db", 5)
    await export(tmp_path / "fleet.db", tmp_path / "lake", to)
    files = [path for path in (tmp_path / "lake/cmd").rglob("*") if path.is_file()]
    assert files
    if to == "parquet":
        table = ds.dataset(tmp_path / "lake/cmd", partitioning="hive").to_table()
        assert (table.num_rows, table.schema.names[:4]) == (
            0,
            ["product_key", "did", "timestamp", "type"],
        )
    elif to == "delta":
        assert DeltaTable(str(tmp_path / "lake/cmd")).to_pyarrow_table().num_rows == 0


# --- only what changed


@pytest.mark.parametrize("to", FORMATS)
async def test_only_days_that_changed_are_written(to: Any, tmp_path: Path) -> None:
    """A night without news writes nothing at all; news of a day writes that day, and the manifest."""
    path, lake = tmp_path / "fleet.db", tmp_path / "lake"
    await put(path, *(day * DAY + 5 for day in range(6)))
    first = await export(path, lake, to)
    assert first.unchanged == 0
    before = states(lake)
    again = await export(path, lake, to)
    assert (again.files, again.rows, states(lake)) == ((), first.rows, before)
    assert again.unchanged == len(first.files)
    await put(path, 3 * DAY + 7)
    third = await export(path, lake, to)
    written = [name.rpartition("/part-0")[0] or name for name in names(third, lake)]
    assert written == ["data/date=1970-01-04"]
    assert third.rows["data"] == 7
    entries = {file["day"]: file for file in manifest(lake)["data"]["files"]}
    assert entries["1970-01-04"]["rows"] == 2
    assert entries["1970-01-04"]["last"] == "1970-01-04T00:00:07.000000+00:00"


async def test_the_manifest_describes_the_lake(tmp_path: Path) -> None:
    """Rows, instants, columns, hashes, and until when nothing is missing."""
    path, lake = tmp_path / "fleet.db", tmp_path / "lake"
    await put(path, 5.25, DAY + 6, Temp=20)
    await export(path, lake)
    table = manifest(lake)["data"]
    assert (table["rows"], table["product_key"]) == (2, "p")
    assert table["first"] == "1970-01-01T00:00:05.250000+00:00"
    assert table["complete_until"] == datetime.fromtimestamp(9 * DAY, UTC).isoformat(
        timespec="microseconds"
    )
    assert [field["name"] for field in table["fields"]] == [
        "product_key",
        "did",
        "timestamp",
        "Temp",
        "n",
    ]
    for file in table["files"]:
        body = (lake / file["path"]).read_bytes()
        assert (hashlib.sha256(body).hexdigest(), len(body)) == (file["sha256"], file["bytes"])


async def test_a_file_that_is_gone_is_written_again(tmp_path: Path) -> None:
    """A day's file that was deleted is written by the next export."""
    path, lake = tmp_path / "fleet.db", tmp_path / "lake"
    await put(path, 5, DAY + 5)
    await export(path, lake)
    (lake / "data/date=1970-01-02/part-0.parquet").unlink()
    assert names(await export(path, lake), lake) == ["data/date=1970-01-02/part-0.parquet"]


async def test_days_that_were_pruned_stay_in_the_lake(tmp_path: Path) -> None:
    """The manifest marks them; late rows of such a day do not replace it, and the report counts them."""
    path, lake = tmp_path / "fleet.db", tmp_path / "lake"
    await put(path, 5, 6, DAY + 5)
    await export(path, lake)
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("DELETE FROM data_record WHERE timestamp < 86400")
        base.execute("UPDATE scan_day SET pruned = version WHERE day = 0")
    assert (await export(path, lake)).late["data"] == 0
    await put(path, 7)
    report = await export(path, lake)
    assert (report.files, report.rows["data"], report.late["data"]) == ((), 3, 1)
    assert [file["pruned"] for file in manifest(lake)["data"]["files"]] == [True, False]
    assert pq.read_table(lake / "data/date=1970-01-01/part-0.parquet").num_rows == 2


async def test_a_wider_type_rewrites_all_days(tmp_path: Path) -> None:
    """A column has one type in all files, with and without a definition."""
    path, lake = tmp_path / "fleet.db", tmp_path / "lake"
    await put(path, 5, DAY + 5)
    await export(path, lake)
    await put(path, 2 * DAY + 5, n=0.5)
    report = await export(path, lake)
    assert len([name for name in names(report, lake) if name.startswith("data")]) == 3
    types = {pq.read_schema(file).field("n").type for file in lake.glob("data/*/*.parquet")}
    assert types == {pa.float64()}


# --- whole files, one writer


async def test_one_export_writes_to_a_folder_at_a_time(tmp_path: Path) -> None:
    """A second one is refused at once; what a killed one left behind is swept by the next."""
    path, lake = tmp_path / "fleet.db", tmp_path / "lake"
    await put(path, 5)
    (lake / "_temporary").mkdir(parents=True)
    left = lake / "_temporary/left.part"
    left.touch()
    with (
        FileLock(lake / "_temporary/lock"),
        pytest.raises(StoreLockedError, match="another export"),
    ):
        await export(path, lake)
    assert left.exists()
    await export(path, lake)
    assert not left.exists()


async def test_a_lake_of_something_else_is_refused(tmp_path: Path) -> None:
    """Another format, layout, product or store: an error with advice, and nothing is changed."""
    one, two, three, lake = (tmp_path / name for name in ("one.db", "two.db", "three.db", "lake"))
    await put(one, 5)
    await put(two, 5, product="q")
    await put(three, 5)
    await export(one, lake)
    before = states(lake)
    for store, how, words in (
        (one, {"to": "csv"}, "holds parquet, not csv"),
        (one, {"by_product": True}, "by_product=False"),
        (two, {}, "holds product p"),
        (three, {}, "another store of this product"),
    ):
        with pytest.raises(ScanStoreError, match=words):
            await export(store, lake, **how)  # type: ignore[arg-type]
    assert states(lake) == before


async def test_products_share_delta_tables(tmp_path: Path) -> None:
    """A product's export replaces none of the rows of the other one."""
    one, two, lake = tmp_path / "one.db", tmp_path / "two.db", tmp_path / "lake"
    await put(one, 5, 6)
    await put(two, 5, product="q")
    await export(one, lake, "delta", by_product=True)
    await export(two, lake, "delta", by_product=True)
    await put(one, 7)
    await export(one, lake, "delta", by_product=True)
    for table, wanted in (("data", {"p": 3, "q": 1}), ("devices", {"p": 1, "q": 1})):
        rows = DeltaTable(str(lake / table)).to_pyarrow_table().to_pylist()
        assert Counter(row["product_key"] for row in rows) == wanted


async def test_long_rows_are_read_few_at_a_time(tmp_path: Path) -> None:
    """What is held in memory is bounded in bytes, and nothing is left out."""
    path = tmp_path / "fleet.db"
    await put(path, *map(float, range(1, 2300)), text="x" * 2000)
    async with Snapshot(backend_of(path)) as snapshot:
        sizes = [len(rows.times) async for rows in snapshot.rows("data", 0, "p")]
    assert sum(sizes) == 2299
    assert max(sizes[1:]) * 2000 < 2**20


async def test_products_share_a_lake(tmp_path: Path) -> None:
    """The product stands above the date, and in a column; each export writes its own files."""
    one, two, lake = tmp_path / "one.db", tmp_path / "two.db", tmp_path / "lake"
    await put(one, 5, 6)
    await put(two, 5, product="q")
    await export(one, lake, by_product=True)
    report = await export(two, lake, by_product=True)
    assert "data/product=q/date=1970-01-01/part-0.parquet" in names(report, lake)
    query = f"SELECT product_key, product, count(*) FROM '{lake}/data/*/*/*.parquet' GROUP BY ALL ORDER BY 1"
    assert duckdb.sql(query).fetchall() == [("p", "p", 2), ("q", "q", 1)]
    assert (await export(one, lake, by_product=True)).files == ()


@pytest.mark.parametrize("compress", ["gzip", "zstd"])
@pytest.mark.parametrize("to", ["csv", "jsonl"])
async def test_texts_can_be_compressed(to: Any, compress: Any, tmp_path: Path) -> None:
    """Readers know it by the end of the name; equal rows make equal files."""
    path, lake = tmp_path / "fleet.db", tmp_path / "lake"
    await put(path, 5.5, 6)
    report = await export(path, lake, to, compress=compress)
    [file] = [Path(file) for file in report.files if "data" in file.parts]
    assert file.name == f"part-0.{to}.{'gz' if compress == 'gzip' else 'zst'}"
    call = "read_csv" if to == "csv" else "read_json"
    assert duckdb.sql(f"SELECT n, timestamp = '1970-01-01 00:00:05.5+00' FROM {call}('{file}')").fetchall() == [
        (0, True), (1, False),
    ]  # fmt: skip
    if compress == "gzip":
        assert b"1970-01-01T00:00:05.500000+00:00" in gzip.decompress(file.read_bytes())
    with pytest.raises(ArgumentError, match="compressed by itself"):
        await export(path, tmp_path / "other", "parquet", compress=compress)


# --- buckets


@pytest.fixture(params=["arrow", "fsspec"])
def bucket(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """A file system as pyarrow has it, or as it wraps one of fsspec."""
    if request.param == "arrow":
        (tmp_path / "bucket").mkdir()
        yield pyarrow.fs.SubTreeFileSystem(str(tmp_path / "bucket"), pyarrow.fs.LocalFileSystem())
    else:
        memory = fsspec.filesystem("memory", skip_instance_cache=True)
        yield pyarrow.fs.PyFileSystem(pyarrow.fs.FSSpecHandler(memory))
        memory.rm("/", recursive=True)


async def test_a_bucket_is_a_lake(bucket: Any, tmp_path: Path) -> None:
    """The same files, incremental too, with nothing temporary in it."""
    await put(tmp_path / "fleet.db", 5, DAY + 5)
    first = await export(tmp_path / "fleet.db", "lake", filesystem=bucket)
    await put(tmp_path / "fleet.db", DAY + 6)
    second = await export(tmp_path / "fleet.db", "lake", filesystem=bucket)
    assert [str(file) for file in second.files] == ["data/date=1970-01-02/part-0.parquet"]
    found = bucket.get_file_info(pyarrow.fs.FileSelector("lake", recursive=True))
    files = {one.path.lstrip("/").removeprefix("lake/") for one in found if one.is_file}
    assert files == {"manifest.json", *(str(file) for file in first.files)}
    paths = [one.path for one in found if "/data/" in one.path and one.is_file]
    assert sum(pq.read_table(bucket.open_input_file(path)).num_rows for path in paths) == 3


@pytest.mark.parametrize("out", ["ftp://host/lake", "hdfs://x", Path("s3://bucket/lake")])
async def test_other_addresses_are_refused(out: Any, tmp_path: Path) -> None:
    """In one sentence, before anything is made."""
    await put(tmp_path / "fleet.db", 5)
    with pytest.raises(ArgumentError, match="s3://, gs:// or az://"):
        await export(tmp_path / "fleet.db", out)


# --- Delta tables


async def test_each_export_is_one_commit_of_a_delta_table(tmp_path: Path) -> None:
    """Days are replaced, columns added; DuckDB, polars and pyarrow read the same."""
    path, lake = tmp_path / "fleet.db", tmp_path / "lake"
    await put(path, 5, DAY + 5)
    await export(path, lake, "delta")
    await put(path, DAY + 6, 2 * DAY, more="x")
    await export(path, lake, "delta")
    await export(path, lake, "delta")
    table = DeltaTable(str(lake / "data"))
    assert table.version() == 1
    dataset = table.to_pyarrow_dataset()
    by_arrow = Counter(row["date"].isoformat() for row in dataset.to_table().to_pylist())
    assert by_arrow == {"1970-01-01": 1, "1970-01-02": 2, "1970-01-03": 1}
    frame = pl.scan_delta(str(lake / "data")).collect()
    assert Counter(day.isoformat() for day in frame["date"]) == by_arrow
    assert sorted(frame["more"].drop_nulls()) == ["x", "x"]
    query = "SELECT CAST(date AS VARCHAR), count(*) FROM dataset GROUP BY 1"
    assert dict(duckdb.sql(query).fetchall()) == by_arrow


async def test_a_commit_without_its_manifest_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed right after the commit, and run again: the transaction in the table says that it is there."""
    path, lake = tmp_path / "fleet.db", tmp_path / "lake"
    await put(path, 5, 6)

    def killed(*arguments: Any) -> None:
        raise OSError("killed")

    monkeypatch.setattr(sys.modules[_write_manifest.__module__], "_write_manifest", killed)
    with pytest.raises(OSError, match="killed"):
        await export(path, lake, "delta")
    monkeypatch.undo()
    await export(path, lake, "delta")
    table = DeltaTable(str(lake / "data"))
    assert (table.version(), table.to_pyarrow_table().num_rows) == (0, 2)
    assert manifest(lake)["data"]["rows"] == 2


# --- kill -9


def killed_at(step: int, store: Path, lake: Path, to: str) -> int | None:
    """Export in a process that kills itself at a step; return all its steps if it came to its end."""
    words = [sys.executable, str(CHILD), str(store), str(lake), to, str(step)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=CHILD.parents[2], check=False)
    assert done.returncode in {0, -9}, done.stderr
    return None if done.returncode else int(done.stdout)


def read(lake: Path, to: str) -> Counter[tuple[str, int]]:
    """Return the records of the data log as readers find them."""
    if to == "delta":
        if not DeltaTable.is_deltatable(str(lake / "data")):
            return Counter()
        rows = DeltaTable(str(lake / "data")).to_pyarrow_table().to_pylist()
    else:
        if not (lake / "data").exists():
            return Counter()
        duckdb.sql(f"SELECT count(*) FROM '{lake}/data/*/*.parquet'").fetchall()
        rows = ds.dataset(lake / "data", partitioning="hive").to_table().to_pylist()
    return Counter((row["did"], row["n"]) for row in rows)


async def kills(to: str, steps: list[int], folder: Path) -> None:
    """Kill an export of a new lake and one of more rows at each of these steps, and run each again."""
    store, more = folder / "fleet.db", folder / "more.db"
    times = [hour * 3600.0 for hour in range(72)]
    await put(store, *times)
    for number, step in enumerate(steps):
        lake = folder / f"lake{number}"
        killed_at(step, store, lake, to)
        assert max(read(lake, to).values(), default=1) == 1
        await export(store, lake, to)  # type: ignore[arg-type]
        assert read(lake, to) == Counter(("d", n) for n in range(72))
        more.write_bytes(store.read_bytes())
        await put(more, 1800, DAY + 1800, did="e")
        killed_at(step, more, lake, to)
        assert max(read(lake, to).values()) == 1
        await export(more, lake, to)  # type: ignore[arg-type]
        assert read(lake, to) == Counter([*(("d", n) for n in range(72)), ("e", 0), ("e", 1)])
        assert list((lake / "_temporary").glob("*.part")) == []


@pytest.mark.parametrize("to", ["parquet", "delta"])
async def test_readers_never_fail_while_a_lake_is_written(to: Any, tmp_path: Path) -> None:
    """Whatever a reader finds in between, its files are whole, and no record is there twice."""
    path, lake = tmp_path / "fleet.db", tmp_path / "lake"
    await put(path, *(day * DAY + 5.0 for day in range(3)))
    await export(path, lake, to)
    over, found = Event(), list[int]()

    def reading() -> None:
        while not over.is_set():
            records = read(lake, to)
            assert max(records.values()) == 1
            found.append(len(records))

    reader = asyncio.ensure_future(asyncio.to_thread(reading))
    for number in range(4):
        await put(path, *(day * DAY + 60.0 * number for day in range(3)), did=f"d{number}")
        await export(path, lake, to)
    over.set()
    await reader
    assert found == sorted(found)
    assert set(found) <= set(range(3, 16))


@pytest.mark.parametrize("to", ["parquet", "delta"])
async def test_a_killed_export_is_whole_after_the_next(to: str, tmp_path: Path) -> None:
    """Readers never fail, and each record is there once."""
    await kills(to, [7, 14], tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("to", ["parquet", "delta"])
async def test_fifty_killed_exports(to: str, tmp_path: Path) -> None:
    """At fifty steps at random, two in each lake: readers never fail, each record is there once."""
    random = Random(18)
    await kills(to, [random.randrange(1, 46) for _ in range(25)], tmp_path)
