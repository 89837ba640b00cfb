"""What an export, a pruning or an upgrade must never lose: restored stores, lost files, several products."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from gizwits_async.errors import ArgumentError
from gizwits_async.scan import ScanStoreError, SqlStore, prune_store
from gizwits_async.scan.export import export
from tests.doubles import client_of
from tests.scan.common import DAY, cloud_of
from tests.scan.test_lake import put

OLD = Path(__file__).with_name("stores") / "schema-1.db"


def sql(path: Path, *statements: str) -> list[Any]:
    """Run statements on a store, and return the rows of the last."""
    with closing(sqlite3.connect(path)) as base, base:
        return [base.execute(one).fetchall() for one in statements][-1]


async def kept(path: Path, lake: Path) -> tuple[int, int]:
    """Return the rows that a pruning of the first day removes, and those that are left."""
    report = await prune_store(path, before=DAY, lake=lake, now=lambda: 9 * DAY)
    return report.rows, sql(path, "SELECT count(*) FROM data_log")[0][0]


async def test_an_upgraded_store_has_a_name_of_its_own(tmp_path: Path) -> None:
    """It can be pruned, and no lake of another store counts as its own."""
    stores = tmp_path / "one.db", tmp_path / "two.db"
    for path in stores:
        shutil.copy(OLD, path)
        await SqlStore(path).upgrade()
    await export(stores[0], tmp_path / "lake", "jsonl")
    with pytest.raises(ScanStoreError, match="another store"):
        await export(stores[1], tmp_path / "lake", "jsonl")
    report = await prune_store(stores[0], before=1_800_000_000, lake=tmp_path / "lake")
    assert report.rows > 0


async def test_rows_at_no_date_are_not_passed_over_after_an_upgrade(tmp_path: Path) -> None:
    """The export names them, as it does in a new store; days before 1970 are found."""
    path = tmp_path / "old.db"
    shutil.copy(OLD, path)
    copy = (
        "INSERT INTO data_log (did, timestamp, attrs) SELECT did, {}, attrs FROM data_log LIMIT 1"
    )
    sql(path, copy.format("1.7e12"), copy.format("-40000.5"))
    await SqlStore(path).upgrade()
    days = {day for (day,) in sql(path, "SELECT day FROM scan_day WHERE log = 'data'")}
    assert {-1, 2_932_897} < days
    with pytest.raises(ScanStoreError, match="no date"):
        await export(path, tmp_path / "lake", "jsonl")


async def test_a_day_whose_file_is_gone_is_not_pruned(tmp_path: Path) -> None:
    """The manifest alone does not say that the lake has it."""
    path, lake = tmp_path / "fleet.db", tmp_path / "lake"
    await put(path, 5, DAY + 5)
    await export(path, lake, "jsonl")
    sql(path, f"UPDATE scan_task SET seen = {9 * DAY}, upto = {9 * DAY}")
    (lake / "data/date=1970-01-01/part-0.jsonl").unlink()
    assert await kept(path, lake) == (0, 2)


@pytest.mark.parametrize("failed", [1, 2])
async def test_a_window_that_is_set_aside_is_not_pruned(failed: int, tmp_path: Path) -> None:
    """A later run reads it again, and its rows would come late for the lake."""
    path, lake = tmp_path / "fleet.db", tmp_path / "lake"
    await put(path, 5, DAY + 5)
    await export(path, lake, "jsonl")
    sql(
        path,
        f"UPDATE scan_task SET seen = {9 * DAY}, upto = {9 * DAY}",
        "INSERT INTO scan_task (product, did, log, part, seen, upto, had, until, covered, asked,"
        f" windows, pages, failed) VALUES ('p', 'd', 'data', 9, 9, 9, 0, 99, 9, 0, 0, 0, {failed})",
    )
    assert await kept(path, lake) == (0, 2)


async def test_a_store_that_was_restored_reaches_its_delta_table(tmp_path: Path) -> None:
    """Its versions are smaller than those of the table, and its rows other ones."""
    path, lake = tmp_path / "fleet.db", tmp_path / "lake"
    await put(path, 5)
    shutil.copy(path, tmp_path / "copy.db")
    for second in range(3):
        await put(path, 2 * DAY + second)
    await export(path, lake, "delta")
    shutil.copy(tmp_path / "copy.db", path)
    await put(path, 3 * DAY + 1)
    await export(path, lake, "delta")
    assert "1970-01-04" in map(
        str, DeltaTable(str(lake / "data")).to_pyarrow_table()["date"].to_pylist()
    )


async def test_other_columns_and_back_again_change_a_delta_table(tmp_path: Path) -> None:
    """An export with a definition, between two without one, leaves no value in `_rest`."""
    path, lake = tmp_path / "fleet.db", tmp_path / "lake"
    points = await client_of(cloud_of(1, 5)).product.datapoints()
    await put(path, 5, 6)
    for definition in (None, points, None):
        await export(path, lake, "delta", datapoints=definition)
    assert DeltaTable(str(lake / "data")).to_pyarrow_table()["n"].to_pylist() == [0, 1]


async def test_another_compression_is_refused(tmp_path: Path) -> None:
    """The files of both would lie side by side, and readers of the folder find each row twice."""
    path, lake = tmp_path / "fleet.db", tmp_path / "lake"
    await put(path, 5)
    await export(path, lake, "csv")
    with pytest.raises(ScanStoreError, match="compress=None"):
        await export(path, lake, "csv", compress="gzip")


async def test_a_time_at_no_date_of_another_product_is_an_error_with_its_device(
    tmp_path: Path,
) -> None:
    """Not an OverflowError of the product that comes first."""
    path = tmp_path / "fleet.db"
    await put(path, 5, product="a")
    await put(path, 1.7e12, product="b", did="odd")
    with pytest.raises(ScanStoreError, match="device odd"):
        await export(path, tmp_path / "lake", "jsonl", by_product=True)


async def test_credentials_in_the_address_of_a_lake_are_not_shown(tmp_path: Path) -> None:
    """Neither in the message of a wrong address, nor in that of a wrong option."""
    path = tmp_path / "fleet.db"
    await put(path, 5)
    for url in ("https://me:hush@host/x", "s3://me:hush@bucket/x?nonsense=1"):
        with pytest.raises((ArgumentError, ScanStoreError)) as raised:
            await export(path, url, "jsonl")
        assert "hush" not in str(raised.value)


async def test_a_product_that_came_after_a_pruning_goes_on_being_exported(tmp_path: Path) -> None:
    """A day that was pruned for one product is whole for another that is added later."""
    path, lake = tmp_path / "fleet.db", tmp_path / "lake"
    await put(path, 5, product="p")
    await export(path, lake, "jsonl", by_product=True)
    sql(path, f"UPDATE scan_task SET seen = {9 * DAY}, upto = {9 * DAY}")
    assert await kept(path, lake) == (1, 0)
    for second in (6, 7):
        await put(path, second, product="q", did=f"e{second}")
        await export(path, lake, "jsonl", by_product=True)
    rows = [line for file in lake.glob("data/**/*.jsonl") for line in file.read_text().splitlines()]
    assert len(rows) == 3
    tables = json.loads((lake / "manifest.json").read_text())["tables"]
    days = {table["product_key"]: table["files"] for table in tables if table["name"] == "data"}
    assert [(file["rows"], file["pruned"]) for file in days["p"]] == [(1, True)]
    assert [(file["rows"], file["pruned"]) for file in days["q"]] == [(2, False)]


async def test_a_store_of_several_products_is_made_small(tmp_path: Path) -> None:
    """An upgrade concerns all products: none has to be named."""
    path = tmp_path / "fleet.db"
    await put(path, 5, product="p")
    await put(path, 6, product="q")
    await SqlStore(path).upgrade()
    assert sql(path, "SELECT count(*) FROM data_log") == [(2,)]
