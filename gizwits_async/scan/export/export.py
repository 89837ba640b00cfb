"""A scan's store as files for other tools: one folder a log and day, one column a data point."""

import json
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, Literal, TypeAlias

from attrs import field, frozen
from sqlalchemy import Table, select

from gizwits_async.models.devices import CommandRecord
from gizwits_async.models.product import ProductDataPoints
from gizwits_async.payload import DataPointCodec, PayloadError
from gizwits_async.scan.definition import definition_in
from gizwits_async.scan.errors import ScanStoreError
from gizwits_async.scan.export.columns import Kind, column_of, kind_of, merged, wanted_kinds
from gizwits_async.scan.export.writers import Writer, writer_of
from gizwits_async.scan.store.backend import backend_of, hidden
from gizwits_async.scan.store.meta import state_in
from gizwits_async.scan.store.session import STORE_FAILS, connected, translated
from gizwits_async.scan.store.tables import LOG_TABLES, META
from gizwits_async.scan.task import LOGS, LogName

__all__ = ["ExportReport", "Format", "export"]

_log = logging.getLogger("gizwits_async.scan")

Format: TypeAlias = Literal["parquet", "csv", "jsonl"]
_AT_ONCE = 2_000
"""Rows that are read, and for each day held, at a time."""
_OPEN = 256
"""Files that are open at a time: many systems allow a process 1,024, and others have use for some."""


@frozen(kw_only=True)
class ExportReport:
    """What was written."""

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
) -> ExportReport:
    """Write the logs of a store into `out/log=data/date=2026-11-22/part-0.parquet` and so on.

    Days are those of UTC. Each row has `did` and `timestamp`; the data log has one column a data
    point, the others `type` and `payload`. The cmd log has both: its payloads are decoded where the
    data points are known, and `problem` says why one could not be. A data point that is called like
    a column of ours stands in `attrs.NAME`. A file appears under its name when it is whole, in
    place of one that was there. The store is only read, and may be in use.

    Args:
        store: Path or URL of the store.
        out: Folder; made if need be.
        to: `parquet` (extra `parquet`), `csv` or `jsonl`.
        logs: Which logs.
        datapoints: `await client.product.datapoints()`: gives the columns of data points and their
            types, also of points that never were reported. None takes what the scan kept in the
            store; if it could not learn them, the data log's are taken from the records.
        csv_safe: Whether to put a quote before texts in a CSV that a spreadsheet would run.

    Raises:
        ScanStoreError: There is no store, a newer version wrote it, or it cannot be read.
        ImportError: pyarrow is not installed.
        ValueError: An unknown format or log.
        OSError: The folder cannot be written.
    """
    store = hidden(store)
    if to not in {"parquet", "csv", "jsonl"}:
        raise ValueError(f'to must be "parquet", "csv" or "jsonl", not {to!r}')
    if unknown := [log for log in logs if log not in LOGS]:
        raise ValueError(f"logs must be some of {', '.join(LOGS)}, not {unknown}")
    source = _Source(store)
    meta = await source.meta()
    points = definition_in(meta, source.name) if datapoints is None else datapoints
    rows: dict[LogName, int] = {}
    files: list[Path] = []
    for log in logs:
        shape = _shape_of(log, points)
        if log == "data":
            async with aclosing(source.batches(LOG_TABLES[log])) as batches:
                async for batch in batches:
                    for row in batch:
                        for name, value in shape.cells(row).items():
                            shape.kinds[name] = merged(shape.kinds.get(name), kind_of(value))
        days = _Days(Path(out) / f"log={log}", to, shape.kinds, csv_safe=csv_safe)
        try:
            rows[log] = 0
            while days.left():
                rows[log] += await _walked(source.batches(LOG_TABLES[log]), days, shape)
                files += days.finish()
        finally:
            days.close()
    return ExportReport(rows=rows, files=tuple(sorted(files)))


@frozen
class _Shape:
    """The columns of a log beside `did` and `timestamp`, and how a row fills them."""

    kinds: dict[str, Kind]
    cells: Callable[[Mapping[str, Any]], dict[str, Any]]


async def _walked(
    rows: AsyncGenerator[Sequence[Mapping[str, Any]], None], days: "_Days", shape: _Shape
) -> int:
    """Walk over the rows once, and return how many were put into files."""
    async with aclosing(rows) as batches:
        count = 0
        async for batch in batches:
            count += sum(days.add(row, shape.cells) for row in batch)
        return count


def _shape_of(log: LogName, points: ProductDataPoints | None) -> _Shape:
    plain: dict[str, Kind] = {"type": "text", "payload": "text"}
    if log == "data":
        return _Shape(wanted_kinds(points), lambda row: _columns(row["attrs"]))
    codec = None if log == "online" or points is None else _codec_of(points)
    if codec is None:
        return _Shape(plain, _told)
    decoded: dict[str, Kind] = {**plain, "problem": "text", **wanted_kinds(points)}
    return _Shape(decoded, partial(_decoded, codec))


def _codec_of(points: ProductDataPoints) -> DataPointCodec | None:
    try:
        return DataPointCodec(points)
    except ValueError as error:
        _log.warning("payloads are exported as they are, not decoded: %s", error)
        return None


def _columns(attrs: Mapping[str, Any]) -> dict[str, Any]:
    return {column_of(name): value for name, value in attrs.items()}


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    payload = row["payload"]
    text = payload if payload is None or isinstance(payload, str) else json.dumps(payload)
    return {"type": row["type"], "payload": text}


def _decoded(codec: DataPointCodec, row: Mapping[str, Any]) -> dict[str, Any]:
    record = CommandRecord(
        timestamp=row["timestamp"], type=row["type"] or "", payload=row["payload"]
    )
    told, problem = _told(row), record.frame.problem
    if problem is None:
        try:
            return {**told, "problem": None, **_columns(codec.decode(record).attrs)}
        except PayloadError as error:
            problem = str(error)
    return {**told, "problem": problem}


class _Source:
    """The tables of a store, read in order of their rows, a few thousand at a time."""

    def __init__(self, store: str | PathLike[str]) -> None:
        self._backend = backend_of(store)
        self.name = self._backend.name
        if self._backend.absent():
            raise ScanStoreError(f"{self.name}: there is no store")

    async def meta(self) -> dict[str, str]:
        """Return what the store says of itself, once it is sure that this version can read it."""
        meta: dict[str, str] = {}
        async for batch in self.batches(META):
            meta |= {row["key"]: row["value"] for row in batch}
        state_in(meta, self.name)
        return meta

    async def batches(self, table: Table) -> AsyncGenerator[Sequence[Mapping[str, Any]], None]:
        """Read a table."""
        engine = None
        try:
            engine = self._backend.engine()
            async with aclosing(await connected(engine)) as connection:
                result = await connection.stream(select(table))
                async for batch in result.mappings().partitions(_AT_ONCE):
                    yield [dict(row) for row in batch]
        except STORE_FAILS as error:
            failure = translated(self._backend, error)
        else:
            return
        finally:
            if engine is not None:
                await engine.dispose()
        raise failure  # Not in the handler, as in `Session`.


class _Days:
    """The files of one log, one a day, each with the rows that are to go into it next.

    Rows come in no order, and a file cannot be taken up again: where there are too many days, some
    are left for another walk over the rows.
    """

    def __init__(
        self, folder: Path, to: Format, kinds: Mapping[str, Kind], *, csv_safe: bool
    ) -> None:
        self._folder, self._to, self._kinds, self._csv_safe = folder, to, kinds, csv_safe
        self._open: dict[str, tuple[Writer, list[Mapping[str, Any]]]] = {}
        self._done: set[str] = set()
        self._left = True

    def left(self) -> bool:
        """Return whether a walk over the rows is needed, or another one; it begins now."""
        left, self._left = self._left, False
        return left

    def add(
        self, row: Mapping[str, Any], cells: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    ) -> bool:
        """Put a row into the file of its day, and return whether this walk is the one for that."""
        time = datetime.fromtimestamp(row["timestamp"], UTC)
        day = f"{time:%Y-%m-%d}"
        if day in self._done:
            return False
        if day not in self._open:
            if len(self._open) >= _OPEN:
                self._left = True
                return False
            path = self._folder / f"date={day}" / f"part-0.{self._to}"
            path.parent.mkdir(parents=True, exist_ok=True)
            writer = writer_of(self._to, path, self._kinds, csv_safe=self._csv_safe)
            self._open[day] = writer, []
        writer, waiting = self._open[day]
        waiting.append({"did": row["did"], "timestamp": time, **cells(row)})
        if len(waiting) >= _AT_ONCE:
            writer.write(waiting)
            waiting.clear()
        return True

    def finish(self) -> list[Path]:
        """Write what waits, and give the files their names; this walk over the rows has ended."""
        done: list[Path] = []
        self._done |= self._open.keys()
        while self._open:
            _, (writer, waiting) = self._open.popitem()
            try:
                writer.write(waiting)
            except BaseException:
                writer.drop()
                raise
            done.append(writer.finish())
        return done

    def close(self) -> None:
        """Drop what was not finished."""
        while self._open:
            self._open.popitem()[1][0].drop()
