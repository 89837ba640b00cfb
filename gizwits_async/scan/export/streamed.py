"""Arrow tables and batches straight out of streams and scans, for programs that want no store."""

import json
from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from typing import Any

from gizwits_async.errors import ArgumentError
from gizwits_async.models.devices import CommandRecord, DataRecord, Device, OnlineEvent
from gizwits_async.models.product import ProductDataPoints
from gizwits_async.scan.export.cells import DEVICE_COLUMNS, Layout, layout_of, widen
from gizwits_async.scan.export.columns import Kind
from gizwits_async.scan.export.sinks import blocking
from gizwits_async.scan.report import ScanPage
from gizwits_async.scan.store.snapshot import LogRows
from gizwits_async.scan.task import LogName, Record, time_of

__all__ = ["batches", "to_arrow"]

_ROWS = 10_000


async def to_arrow(
    stream: AsyncIterable[Record] | AsyncIterable[Device],
    *,
    datapoints: ProductDataPoints | None = None,
) -> Any:
    """Read a stream to its end, and return what it gave as a `pyarrow.Table`.

    ```python
    log = client.devices.data_log(did, start=start, end=end)
    table = await to_arrow(log, datapoints=await client.product.datapoints())
    frame = table.to_pandas()          # pandas
    frame = polars.from_arrow(table)   # polars
    ```

    A log has the columns that an export gives it, but for `product_key` and `did`; a listing of
    devices has their fields.

    Args:
        stream: A log of a device, or a listing of devices.
        datapoints: The product's definition, for the columns of the data points. Without it they are
            as wide as the values need.

    Raises:
        GizwitsError: As the stream.
        ImportError: pyarrow is not installed (extra `parquet`).
    """
    items: list[Any] = [item async for item in stream]
    return await blocking(_table, items, datapoints)


async def batches(
    pages: AsyncIterable[ScanPage],
    log: LogName,
    product: str,
    datapoints: ProductDataPoints | None,
) -> AsyncGenerator[Any, None]:
    """Give the records of a scan as batches; see `FleetScan.to_arrow_batches`."""
    if log == "data" and datapoints is None:
        raise ArgumentError("batches of the data log need datapoints, for their columns")
    layout = layout_of(log, datapoints, {})
    held: list[tuple[str, Record]] = []
    async for page in pages:
        held += [(page.did, item) for item in page.items]
        if len(held) >= _ROWS:
            yield await blocking(_batch, layout, product, held)
            held = []
    if held:
        yield await blocking(_batch, layout, product, held)


def _table(items: Sequence[Any], datapoints: ProductDataPoints | None) -> Any:
    from gizwits_async.scan.export.arrow import batch_of, schema_of  # noqa: PLC0415 - its own extra

    if items and isinstance(items[0], Device):
        columns = DEVICE_COLUMNS[1:]
        cells: Any = [[getattr(item, column.name) for item in items] for column in columns]
    else:
        log = _log_of(items)
        rows = _rows("", [("", item) for item in items])
        kinds: dict[str, Kind] = {}
        if log == "data" and datapoints is None:
            widen(kinds, rows)
        layout = layout_of(log, datapoints, kinds)
        columns, cells = layout.columns[2:], layout.cells(rows)[2:]
    import pyarrow as pa  # type: ignore[import-untyped]  # noqa: PLC0415 - its own extra

    schema = schema_of(columns)
    return pa.Table.from_batches([batch_of(schema, columns, cells)], schema)


def _batch(layout: Layout, product: str, held: Sequence[tuple[str, Record]]) -> Any:
    from gizwits_async.scan.export.arrow import batch_of, schema_of  # noqa: PLC0415 - its own extra

    schema = schema_of(layout.columns)
    return batch_of(schema, layout.columns, layout.cells(_rows(product, held)))


def _log_of(items: Sequence[Record]) -> LogName:
    match items[:1]:
        case [OnlineEvent()]:
            return "online"
        case [CommandRecord()]:
            return "cmd"
        case _:
            return "data"


def _rows(product: str, records: Sequence[tuple[str, Record]]) -> LogRows:
    return LogRows(
        products=[product] * len(records),
        dids=[did for did, _ in records],
        times=[float(time_of(record)) for _, record in records],
        types=["" if isinstance(record, DataRecord) else record.type for _, record in records],
        names=[""] * len(records),
        bodies=[_body(record) for _, record in records],
    )


def _body(record: Record) -> str | None:
    if isinstance(record, DataRecord):
        return json.dumps(record.attrs)
    return record.payload if isinstance(record, CommandRecord) else json.dumps(record.payload)
