"""A scan's store as files for other tools: one folder a log and day, one column a data point."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from os import PathLike
from pathlib import Path
from typing import Any

from attrs import field, frozen

from gizwits_async.models.product import ProductDataPoints
from gizwits_async.scan.definition import definition_in
from gizwits_async.scan.errors import ScanStoreError
from gizwits_async.scan.export.cells import Layout, layout_of, widen
from gizwits_async.scan.export.columns import Kind, MisfitError
from gizwits_async.scan.export.partitions import DayFiles, Format
from gizwits_async.scan.store.address import backend_of, hidden
from gizwits_async.scan.store.meta import values_in
from gizwits_async.scan.store.snapshot import Snapshot
from gizwits_async.scan.task import LOGS, LogName

__all__ = ["ExportReport", "export"]


@frozen(kw_only=True)
class ExportReport:
    """What an export wrote."""

    rows: Mapping[LogName, int] = field(factory=dict)
    """Rows of each log."""
    misfits: Mapping[LogName, int] = field(factory=dict)
    """Values of each log that fit no column of the definition, and are in `_rest`."""
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

    Days are those of UTC, and the rows of a day are in order of device and time. Each row has `did`
    and `timestamp`; the data log has one column a data point, the others `type` and `payload`. The
    cmd log has both: its payloads are decoded where the data points are known, and `problem` says
    why one could not be. A data point whose name another column has, in whatever case, is written
    to `attrs.NAME`.

    The product's definition is the contract of the columns: a bool is a boolean however it came, an
    enum is text, a number an integer of the width of its range, or a double if it is scaled. A
    value that does not fit its column, and a point that is not defined, go into `_rest`, an
    object in JSON Lines and its text elsewhere, and change no other row. Without a definition, each column is as wide as all its values
    need; nothing is narrowed or rounded.

    A file appears under its name when it is whole and on the disk, and replaces an earlier one. The
    store is only read, as of one moment, and may be in use.

    Args:
        store: Path or URL of the store.
        out: Folder; created if it does not exist.
        to: `parquet` (extra `parquet`), `csv` or `jsonl`.
        logs: Which logs.
        datapoints: `await client.product.datapoints()`, the definition. None uses the one that the
            scan kept in the store; without one, the columns come from the records.
        csv_safe: Whether to put a quote before texts in a CSV that a spreadsheet would run.
        schema: Schema of a PostgreSQL database that holds the store; None is the connection's.

    Raises:
        ScanStoreError: There is no store, a newer version wrote it, it cannot be read, or a record
            is at no date; the message names the device.
        ImportError: pyarrow is not installed.
        ValueError: An unknown format or log.
        OSError: The folder cannot be written.
    """
    store = hidden(store)
    if to not in {"parquet", "csv", "jsonl"}:
        raise ValueError(f'to must be "parquet", "csv" or "jsonl", not {to!r}')
    if unknown := [log for log in logs if log not in LOGS]:
        raise ValueError(f"logs must be some of {', '.join(LOGS)}, not {unknown}")
    written: dict[LogName, _Written] = {}
    # One snapshot for the column types and the rows: a scan that commits between two reads could
    # otherwise add values that the columns cannot hold.
    async with Snapshot(backend_of(store, schema)) as snapshot:
        meta = values_in(await snapshot.meta(), "", snapshot.name)
        points = definition_in(meta, snapshot.name) if datapoints is None else datapoints
        for log in logs:
            folder = Path(out) / f"log={log}"
            written[log] = await _export_log(snapshot, log, folder, to, points, csv_safe=csv_safe)
    return ExportReport(
        rows={log: each.rows for log, each in written.items()},
        misfits={log: each.misfits for log, each in written.items()},
        files=tuple(sorted(file for each in written.values() for file in each.files)),
    )


@frozen(kw_only=True)
class _Written:
    """The export of one log."""

    rows: int
    misfits: int
    files: tuple[Path, ...]


async def _export_log(
    snapshot: Snapshot,
    log: LogName,
    folder: Path,
    to: Format,
    definition: ProductDataPoints | None,
    *,
    csv_safe: bool,
) -> _Written:
    """Write the files of one log."""
    kinds: dict[str, Kind] = {}
    if log == "data" and definition is None:
        async with aclosing(snapshot.records(log)) as batches:
            async for batch in batches:
                for row in batch:
                    widen(kinds, row)
    layout, rows = layout_of(log, definition, kinds, nested=to == "jsonl"), 0
    days = DayFiles(folder, to, layout.columns, csv_safe=csv_safe)
    try:
        async with aclosing(snapshot.records(log, by_day=True)) as batches:
            async for batch in batches:
                for row in batch:
                    _add(days, layout, row)
                rows += len(batch)
        days.finish()
    except MisfitError as error:
        raise ScanStoreError(f"{snapshot.name}: {log} log, {error}") from None
    finally:
        days.drop()
    misfits = 0 if layout.points is None else layout.points.misfits
    return _Written(rows=rows, misfits=misfits, files=tuple(days.finished))


def _add(days: DayFiles, layout: Layout, row: Mapping[str, Any]) -> None:
    try:
        days.add(row["did"], row["timestamp"], layout.cells(row))
    except MisfitError as error:
        where = f"device {row['did']} at {row['timestamp']!r}"
        raise MisfitError(f"{where}: {error}") from None
