"""A scan's store as a lake for other tools: a folder a table, a file a day, a column a data point."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from os import PathLike
from pathlib import PurePath
from typing import Any, Literal, TypeAlias

from attrs import field, frozen

from gizwits_async.errors import ArgumentError
from gizwits_async.models.product import ProductDataPoints
from gizwits_async.scan.definition import definition_in
from gizwits_async.scan.errors import ScanStoreError
from gizwits_async.scan.export.delta import DeltaTables
from gizwits_async.scan.export.lake import Lake, lake_of
from gizwits_async.scan.export.manifest import Manifest, Table, read_manifest
from gizwits_async.scan.export.sinks import Files, Sink, blocking
from gizwits_async.scan.export.tables import Exported, Source, TableWriter
from gizwits_async.scan.export.writers import Compression, Format
from gizwits_async.scan.store.address import backend_of, hidden
from gizwits_async.scan.store.meta import STORE_ID, products_in, state_in, values_in
from gizwits_async.scan.store.snapshot import Snapshot
from gizwits_async.scan.task import LOGS, LogName

__all__ = ["ExportReport", "LakeFormat", "export"]

LakeFormat: TypeAlias = Format | Literal["delta"]
_FORMATS = ("parquet", "csv", "jsonl", "delta")
_MANIFEST = "manifest.json"


@frozen(kw_only=True)
class ExportReport:
    """What a lake holds after an export, and what the export changed."""

    rows: Mapping[str, int] = field(factory=dict)
    """Rows of each table in the lake: of the logs, of `devices`, and of `gaps`."""
    misfits: Mapping[str, int] = field(factory=dict)
    """Values of each log that fit no column of the definition, and are in `_rest`."""
    files: tuple[PurePath, ...] = ()
    """The files that this export wrote, sorted; for Delta tables the partitions."""
    unchanged: int = 0
    """Files, or partitions, that were left as they are."""
    late: Mapping[str, int] = field(factory=dict)
    """Rows of each log that came after their day was pruned from the store: they stay in it, and out
    of the lake, which has the whole day as it was before."""


async def export(
    store: str | PathLike[str],
    out: str | PathLike[str],
    to: LakeFormat = "parquet",
    *,
    logs: Sequence[LogName] = LOGS,
    datapoints: ProductDataPoints | None = None,
    csv_safe: bool = False,
    compress: Compression | None = None,
    by_product: bool = False,
    schema: str | None = None,
    filesystem: Any | None = None,
) -> ExportReport:
    """Write what changed in a store since the last export into a lake.

    ```
    lake/devices/part-0.parquet                  what the service lists
    lake/online/date=2026-11-22/part-0.parquet   one file a day of UTC
    lake/cmd/date=2026-11-22/part-0.parquet
    lake/data/date=2026-11-22/part-0.parquet
    lake/gaps/part-0.parquet                     what is missing, and why
    lake/manifest.json                           what all that is; written last
    ```

    The rows of a file are in order of device and time. Those of a log have `product_key`, `did` and
    `timestamp`; the data log has one column a data point, the others `type` and `payload`. The cmd
    log has both: its payloads are decoded where the data points are known, and `problem` says why a
    payload could not be. A data point whose name another column has, in whatever case, is written
    to `attrs.NAME`; its own name and what else the definition says of it stand in the Parquet
    field's metadata and in the manifest. A log without records is an empty file.

    The product's definition is the contract of the columns: a bool is a boolean however it came, an
    enum is text, a number an integer of the width of its range, or a double if it is scaled. A value
    that does not fit its column, and a point that is not defined, go into `_rest`, an object in JSON
    Lines and its text elsewhere, and change no other row. Without a definition, each column is as
    wide as all its values need, also those of earlier exports; nothing is narrowed or rounded.

    Only days that a commit of the store changed since the last export to this lake are written. A
    day that was pruned from the store stays in the lake, and the manifest says so. A file appears
    under its name when it is whole and on the disk, and replaces an earlier one. Delta tables change
    by one commit each, which happens once, also if an export is killed and run again. The store is
    only read, as of one moment, and may be in use.

    Args:
        store: Path or URL of the store.
        out: Folder, created if it does not exist; or a URL that begins with `s3://`, `gs://` or
            `az://` (extra `parquet`), with the credentials of the environment.
        to: `parquet` (extra `parquet`), `csv`, `jsonl`, or `delta` (extra `delta`).
        logs: Which logs.
        datapoints: `await client.product.datapoints()`, the definition. None uses the one that the
            scan kept in the store; without one, the columns come from the records.
        csv_safe: Whether to put a quote before texts in a CSV that a spreadsheet would run.
        compress: `gzip`, or `zstd` (extra `parquet`), for CSV and JSON Lines.
        by_product: Whether the files of a product stand below `product=KEY`, above the date, so that
            stores of several products can share a lake.
        schema: Schema of a PostgreSQL database that holds the store; None is the connection's.
        filesystem: A `pyarrow.fs.FileSystem` in which `out` is a path; not for Delta tables.

    Raises:
        ScanStoreError: There is no store, a newer version wrote it, it cannot be read, or a record
            is at no date; the message names the device. Or the lake holds something else.
        StoreLockedError: Another export is writing to the folder.
        ImportError: A package is not installed.
        ArgumentError: An unknown format, log or kind of URL.
        OSError: The folder cannot be written.
    """
    store = hidden(store)
    _check_arguments(to, logs, compress)
    lake, sink = await blocking(
        partial(_opened_sink, out, to, compress, filesystem=filesystem, csv_safe=csv_safe)
    )
    async with Snapshot(backend_of(store, schema)) as rows:
        how = {"csv_safe": csv_safe, "compress": compress}
        sources = await _sources(rows, datapoints, how=how)
        if len(sources) > 1 and not by_product:
            raise ScanStoreError(f"{rows.name} holds several products: keep them apart by_product")
        async with _taken(lake) as text:
            before = await blocking(read_manifest, text, f"{lake.name}/{_MANIFEST}")
            found: list[Exported] = []
            for source in sources:
                _check(before, source, to, by_product=by_product, where=lake.name)
                writer = TableWriter(
                    source, sink, before, by_product=by_product, nested=to == "jsonl"
                )
                found += await writer.all(logs)
            after = _manifest(before, [one.table for one in found], to, by_product=by_product)
            await blocking(_write_manifest, lake, after, text)
    return _report(lake, found)


def _check_arguments(to: LakeFormat, logs: Sequence[LogName], compress: Compression | None) -> None:
    if to not in _FORMATS:
        raise ArgumentError(f"to must be one of {', '.join(_FORMATS)}, not {to!r}")
    if unknown := [log for log in logs if log not in LOGS]:
        raise ArgumentError(f"logs must be some of {', '.join(LOGS)}, not {unknown}")
    if compress is not None and to not in {"csv", "jsonl"}:
        raise ArgumentError(f"compress is for csv and jsonl; {to} is compressed by itself")


def _opened_sink(
    out: str | PathLike[str],
    to: LakeFormat,
    compress: Compression | None,
    *,
    filesystem: Any | None,
    csv_safe: bool,
) -> tuple[Lake, Sink]:
    """Return where the tables go; it imports large packages, and so is called in a thread."""
    lake = lake_of(out, filesystem)
    if to == "delta":
        return lake, DeltaTables(lake)
    return lake, Files(lake, to, compress, csv_safe=csv_safe)


async def _sources(
    rows: Snapshot, datapoints: ProductDataPoints | None, *, how: Mapping[str, Any]
) -> list[Source]:
    """Return what there is to export of each product.

    Raises:
        ScanStoreError: No scan has begun in the store.
    """
    meta = await rows.meta()
    products = products_in(meta)
    sources = []
    for product in products:
        values = values_in(meta, product, rows.name)
        only = len(products) == 1
        given = datapoints is not None and (only or datapoints.product_key == product)
        if (state := state_in(values, rows.name)) is not None:
            source = Source(
                rows=rows,
                store=values.get(STORE_ID, ""),
                state=state,
                definition=datapoints if given else definition_in(values, rows.name),
                how=how,
            )
            sources.append(source)
    if not sources:
        raise ScanStoreError(f"{rows.name}: no scan has begun in it, there is nothing to export")
    return sources


@asynccontextmanager
async def _taken(lake: Lake) -> AsyncIterator[bytes | None]:
    """Take the lake for this export, and give its manifest."""
    await blocking(lake.__enter__)
    try:
        yield await blocking(lake.read, _MANIFEST)
    finally:
        await blocking(lake.__exit__, None, None, None)


def _check(
    before: Manifest | None, source: Source, to: LakeFormat, *, by_product: bool, where: str
) -> None:
    """Refuse a lake that holds something else.

    Raises:
        ScanStoreError: With advice.
    """
    if before is None:
        return
    if before.format != to:
        raise ScanStoreError(f"{where} holds {before.format}, not {to}: give another folder")
    if before.by_product != by_product:
        raise ScanStoreError(
            f"{where} was written with by_product={before.by_product}: do the same, or give another folder"
        )
    for table in before.tables:
        if table.settings.get("compress") != source.how["compress"]:
            raise ScanStoreError(  # The old files would stay beside the new ones.
                f"{where} was written with compress={table.settings.get('compress')}: do the same,"
                " or give another folder"
            )
        if table.product_key != source.product:
            if not by_product:
                raise ScanStoreError(
                    f"{where} holds product {table.product_key}, the store {source.product}: give"
                    " another folder, or let both share one from the beginning with by_product"
                )
        elif table.store and table.store != source.store:
            raise ScanStoreError(
                f"{where} was written from another store of this product: give another folder"
            )


def _manifest(
    before: Manifest | None, tables: Sequence[Table], to: LakeFormat, *, by_product: bool
) -> Manifest:
    """Return the manifest with its entries of these tables replaced."""
    new = {(table.name, table.product_key): table for table in tables}
    old = [] if before is None else before.tables
    kept = [table for table in old if (table.name, table.product_key) not in new]
    return Manifest(
        format=to,
        by_product=by_product,
        tables=sorted([*kept, *tables], key=lambda table: (table.product_key, table.name)),
    )


def _write_manifest(lake: Lake, manifest: Manifest, before: bytes | None) -> None:
    text = manifest.as_json()
    if text == before:
        return
    if lake.read(_MANIFEST) != before:
        raise ScanStoreError(f"another export wrote to {lake.name} meanwhile: run this one again")
    draft = lake.draft()
    try:
        draft.file.write(text)
        draft.finish()
        lake.publish(draft, _MANIFEST)
    finally:
        draft.drop()


def _report(lake: Lake, found: Sequence[Exported]) -> ExportReport:
    changed = sorted(path for one in found for path in one.changed)
    rows, misfits, late = Counter[str](), Counter[str](), Counter[str]()
    for one in found:
        rows[one.table.name] += one.table.rows
        if one.table.name in LOGS:
            misfits[one.table.name] += one.table.misfits
            late[one.table.name] += one.late
    return ExportReport(
        rows=dict(rows),
        misfits=dict(misfits),
        files=tuple(lake.path(path) for path in changed),
        unchanged=sum(len(one.table.files) for one in found) - len(changed),
        late=dict(late),
    )
