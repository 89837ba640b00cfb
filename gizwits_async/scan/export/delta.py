"""Delta tables: each export is one commit a table, and a transaction of its own makes it happen once."""

from collections.abc import Iterator, Sequence
from typing import Any

from attrs import evolve

from gizwits_async.scan.errors import ScanStoreError
from gizwits_async.scan.export.lake import Lake
from gizwits_async.scan.export.manifest import File
from gizwits_async.scan.export.sinks import DayRows, Part, Target
from gizwits_async.scan.export.writers import writer_of

__all__ = ["DeltaTables"]

_ROWS = 10_000
"""Rows that are handed over at a time."""


class DeltaTables:
    """Delta tables `TABLE`, partitioned by date; see `Sink`.

    A commit replaces the days that changed by a predicate, adds columns that are new, and carries
    the version of the store's rows as an application transaction. An export that was killed after
    its commit finds that version in the table, and does not commit again.
    """

    whole_table = True

    def __init__(self, lake: Lake) -> None:
        """Take the lake.

        Raises:
            ImportError: deltalake is not installed.
        """
        try:
            import deltalake  # noqa: PLC0415 - its own extra
        except ModuleNotFoundError as error:
            raise ImportError(
                f"Delta tables need {error.name}: install 'gizwits-async[delta]'"
            ) from error
        self._deltalake, self._lake = deltalake, lake

    def part(self, target: Target) -> Part:
        """See `Sink.part`."""
        return Part(self._lake, writer_of("parquet", None, target.columns))

    def has(self, file: File) -> bool:
        """See `Sink.has`."""
        return self._opened(file.path.partition("/")[0]) is not None

    def publish(
        self, target: Target, part: Part, before: Sequence[File]
    ) -> tuple[list[File], bool]:
        """See `Sink.publish`."""
        sha256, _ = part.finish()
        files = [_entry(target, day, sha256) for day in part.days]
        table = self._opened(target.name)
        if table is not None and self._is_there(table, target, files, before):
            return files, False
        try:
            self._commit(target, part, table)
        except (self._deltalake.exceptions.DeltaError, OSError) as error:
            raise ScanStoreError(
                f"{self._lake.name}: the Delta table {target.name} was not changed (give another folder"
                f" if the type of a column is new): {error}"
            ) from None
        return files, True

    def _is_there(
        self, table: Any, target: Target, files: Sequence[File], before: Sequence[File]
    ) -> bool:
        if not target.version:  # The store has no versions of this table: compare the rows.
            return {file.sha256 for file in before} == {file.sha256 for file in files}
        if {file.day: file.version for file in before} == {f.day: f.version for f in files}:
            return False  # No export was killed: the columns are others.
        # A larger version is that of a store before it was restored from a copy.
        return bool(table.transaction_version(target.app) == target.version)

    def _commit(self, target: Target, part: Part, table: Any | None) -> None:
        dated = part.days[0].day is not None
        keys = [*(["product_key"] if target.by_product else []), *(["date"] if dated else [])]
        app = self._deltalake.Transaction(target.app, target.version)
        self._deltalake.write_deltalake(
            self._where(target.name) if table is None else table,
            _reader(part, dated=dated),
            mode="overwrite",
            predicate=None if table is None else _predicate(target, part),
            schema_mode="merge",
            partition_by=keys or None,
            writer_properties=self._deltalake.WriterProperties(
                compression="ZSTD", max_row_group_size=100_000
            ),
            commit_properties=self._deltalake.CommitProperties(app_transactions=[app]),
        )

    def _opened(self, name: str) -> Any | None:
        where = self._where(name)
        if not self._deltalake.DeltaTable.is_deltatable(where):
            return None
        return self._deltalake.DeltaTable(where)

    def _where(self, name: str) -> str:
        return f"{self._lake.url.rstrip('/')}/{name}"


def _entry(target: Target, day: DayRows, sha256: str) -> File:
    partition = f"date={day.day}" if day.day else ""
    return evolve(day.file(f"{target.name}/{partition}"), sha256=None if day.day else sha256)


def _predicate(target: Target, part: Part) -> str:
    key = target.product.replace("'", "''")
    days = ", ".join(f"'{day.day}'" for day in part.days if day.day)
    return f"product_key = '{key}'" + (f" AND date IN ({days})" if days else "")


def _reader(part: Part, *, dated: bool) -> Any:
    """Return the rows of a part, each with the date of its day."""
    import pyarrow as pa  # type: ignore[import-untyped]  # noqa: PLC0415 - its own extra
    import pyarrow.parquet as pq  # type: ignore[import-untyped]  # noqa: PLC0415

    source = pq.ParquetFile(part.draft.file)
    schema = source.schema_arrow.remove_metadata()
    if not dated:
        batches = source.iter_batches(_ROWS)
        return pa.RecordBatchReader.from_batches(schema, (b.cast(schema) for b in batches))
    schema = schema.append(pa.field("date", pa.date32()))

    def batches_of_days() -> Iterator[Any]:
        days = iter(part.days)
        day = next(days)
        left = day.rows
        for batch in source.iter_batches(_ROWS):
            rest = batch
            while rest.num_rows:
                while not left:
                    day = next(days)
                    left = day.rows
                count = min(left, rest.num_rows)
                dates = pa.array([day.day] * count).cast(pa.date32())
                columns = [*rest.slice(0, count).columns, dates]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)
                rest, left = rest.slice(count), left - count

    return pa.RecordBatchReader.from_batches(schema, batches_of_days())
