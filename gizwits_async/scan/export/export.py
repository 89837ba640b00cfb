"""A scan's store as files for other tools: one folder a log and day, one column a data point."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from os import PathLike
from pathlib import Path

from attrs import field, frozen

from gizwits_async.models.product import ProductDataPoints
from gizwits_async.scan.definition import definition_in
from gizwits_async.scan.errors import ScanStoreError
from gizwits_async.scan.export.cells import layout_of
from gizwits_async.scan.export.columns import MisfitError, widened
from gizwits_async.scan.export.partitions import DayFiles, Format
from gizwits_async.scan.store.address import backend_of, hidden
from gizwits_async.scan.store.snapshot import Snapshot
from gizwits_async.scan.task import LOGS, LogName

__all__ = ["ExportReport", "export"]


@frozen(kw_only=True)
class ExportReport:
    """What an export wrote."""

    rows: Mapping[LogName, int] = field(factory=dict)
    """Rows of each log."""
    files: tuple[Path, ...] = ()
    """The files, sorted."""


async def export(
    store: str | PathLike[str],
    out: str | PathLike[str],
    to: Format = "parquet",
    *,
    logs: Sequence[LogName] = LOGS,
    datapoints: ProductDataPoints | None = None,
    csv_safe: bool = False,
    schema: str | None = None,
) -> ExportReport:
    """Write the logs of a store into `out/log=data/date=2026-11-22/part-0.parquet` and so on.

    Days are those of UTC. Each row has `did` and `timestamp`; the data log has one column a data
    point, the others `type` and `payload`. The cmd log has both: its payloads are decoded where the
    data points are known, and `problem` says why one could not be. A data point with the name of
    one of these columns is written to `attrs.NAME`. A file appears under its name when it is whole,
    and replaces an earlier one. The store is only read, as of one moment, and may be in use.

    Args:
        store: Path or URL of the store.
        out: Folder; created if it does not exist.
        to: `parquet` (extra `parquet`), `csv` or `jsonl`.
        logs: Which logs.
        datapoints: `await client.product.datapoints()`: gives the columns of data points and their
            types, also of points that were never reported. None uses the definition that the scan
            kept in the store; without one, the columns of the data log come from its records. A
            column is widened if a record holds a value that its type cannot.
        csv_safe: Whether to put a quote before texts in a CSV that a spreadsheet would run.
        schema: Schema of a PostgreSQL database that holds the store; None is the connection's.

    Raises:
        ScanStoreError: There is no store, a newer version wrote it, it cannot be read, or a value
            fits no column; the message names device, time and column.
        ImportError: pyarrow is not installed.
        ValueError: An unknown format or log.
        OSError: The folder cannot be written.
    """
    store = hidden(store)
    if to not in {"parquet", "csv", "jsonl"}:
        raise ValueError(f'to must be "parquet", "csv" or "jsonl", not {to!r}')
    if unknown := [log for log in logs if log not in LOGS]:
        raise ValueError(f"logs must be some of {', '.join(LOGS)}, not {unknown}")
    rows: dict[LogName, int] = {}
    files: list[Path] = []
    # One snapshot for the column types and the rows: a scan that commits between two reads could
    # otherwise add values that the columns cannot hold.
    async with Snapshot(backend_of(store, schema)) as snapshot:
        meta = await snapshot.meta()
        points = definition_in(meta, snapshot.name) if datapoints is None else datapoints
        for log in logs:
            folder = Path(out) / f"log={log}"
            rows[log], written = await _export_log(
                snapshot, log, folder, to, points, csv_safe=csv_safe
            )
            files += written
    return ExportReport(rows=rows, files=tuple(sorted(files)))


async def _export_log(
    snapshot: Snapshot,
    log: LogName,
    folder: Path,
    to: Format,
    points: ProductDataPoints | None,
    *,
    csv_safe: bool,
) -> tuple[int, list[Path]]:
    """Write the files of one log, and return how many rows they hold."""
    layout, count = layout_of(log, points), 0
    if layout.is_open and to != "jsonl":  # JSON has no columns.
        async with aclosing(snapshot.records(log)) as batches:
            async for batch in batches:
                for row in batch:
                    widened(layout.kinds, layout.cells(row).items())
    days = DayFiles(folder, to, layout.kinds, csv_safe=csv_safe)
    try:
        async with aclosing(snapshot.records(log, by_time=True)) as batches:
            async for batch in batches:
                for row in batch:
                    days.add(row["did"], row["timestamp"], layout.cells(row))
                count += len(batch)
        days.finish()
    except MisfitError as error:
        raise ScanStoreError(f"{snapshot.name}: {log} log, {error}") from None
    finally:
        days.drop()
    return count, days.finished
