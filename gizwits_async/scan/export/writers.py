"""The file formats of an export. Each file gets its name only when it is whole."""

import csv
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Protocol

from gizwits_async.scan.export.columns import Column

__all__ = ["Writer", "defused", "writer_of"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters that make a spreadsheet run a text as a formula; the last four are full-width."""

_ROW_GROUP = 100_000
"""Rows that Parquet readers skip, or read, as one."""


class Writer(Protocol):
    """A file that is being written."""

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows: column -> value, as the columns hold them."""
        ...

    def finish(self) -> Path:
        """Give the file its name, and return it."""
        ...

    def drop(self) -> None:
        """Remove the unfinished file."""
        ...


def writer_of(to: str, path: Path, columns: Sequence[Column], *, csv_safe: bool) -> Writer:
    """Return a writer of this format.

    Raises:
        ImportError: It needs pyarrow, which is not installed.
    """
    if to == "parquet":
        return _Parquet(path, columns)
    return _Csv(path, columns, safe=csv_safe) if to == "csv" else _Jsonl(path)


def defused(value: object) -> object:
    """Return a cell that no spreadsheet runs as a formula; numbers stay numbers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _encodable(text: object) -> str:
    """Return a text that has a UTF-8 encoding: lone surrogates are written as escapes."""
    return str(text).encode("utf-8", "backslashreplace").decode()


class _File:
    """A file under a temporary name, which readers of the folder pass over."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f".{path.name}.part")
        self._file = self._part.open("wb")

    def finish(self) -> Path:
        """See `Writer.finish`."""
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())
        return self._part.replace(self._path)

    def drop(self) -> None:
        """See `Writer.drop`."""
        with suppress(OSError):  # What is buffered may not fit on the disk.
            self._file.close()
        self._part.unlink(missing_ok=True)


class _Jsonl(_File):
    """One JSON object a line, in ASCII."""

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """See `Writer.write`."""
        lines = (json.dumps({**row, "timestamp": _iso(row["timestamp"])}) + "\n" for row in rows)
        self._file.writelines(line.encode() for line in lines)


class _Csv(_File):
    """A table with a header."""

    def __init__(self, path: Path, columns: Sequence[Column], *, safe: bool) -> None:
        super().__init__(path)
        # With a byte order mark: without it spreadsheets read the file in the encoding of their locale.
        self._text = TextIOWrapper(self._file, "utf-8-sig", newline="", write_through=True)
        self._names, self._safe = [column.name for column in columns], safe
        self._rows = csv.writer(self._text)
        self._rows.writerow(self._checked(["did", "timestamp", *map(_encodable, self._names)]))

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """See `Writer.write`."""
        for row in rows:
            cells = [row.get(name) for name in self._names]
            start = [_encodable(row["did"]), _iso(row["timestamp"])]
            self._rows.writerow(self._checked([*start, *cells]))

    def _checked(self, cells: Sequence[object]) -> Sequence[object]:
        return [defused(cell) for cell in cells] if self._safe else cells


class _Parquet(_File):
    """Typed columns; a row group for each hundred thousand rows."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        try:
            import pyarrow as pa  # type: ignore[import-untyped]  # noqa: PLC0415 - its own extra
            import pyarrow.parquet as pq  # type: ignore[import-untyped]  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise ImportError(
                f"Parquet needs {error.name}: install 'gizwits-async[parquet]'"
            ) from error
        super().__init__(path)
        self._names = [column.name for column in columns]
        fields = [
            pa.field(_encodable(column.name), _arrow_type(pa, column), metadata=_metadata(column))
            for column in columns
        ]
        time = pa.timestamp("us", tz="UTC")
        self._schema = pa.schema([("did", pa.string()), ("timestamp", time), *fields])
        self._table, self._concat = pa.table, pa.concat_tables
        # A file, and not its name: pyarrow reads a colon in a name as the scheme of a URI.
        self._writer = pq.ParquetWriter(self._file, self._schema, compression="zstd")
        self._waiting: list[Any] = []

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """See `Writer.write`."""
        columns = [[_encodable(row["did"]) for row in rows], [row["timestamp"] for row in rows]]
        columns += [[row.get(name) for row in rows] for name in self._names]
        self._waiting.append(self._table(columns, schema=self._schema))
        if sum(table.num_rows for table in self._waiting) >= _ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._writer.write_table(self._concat(waiting), row_group_size=2 * _ROW_GROUP)

    def finish(self) -> Path:
        """See `Writer.finish`."""
        self._flush()
        self._writer.close()
        return super().finish()

    def drop(self) -> None:
        """See `Writer.drop`."""
        with suppress(OSError):
            self._writer.close()
        super().drop()


def _arrow_type(pa: Any, column: Column) -> Any:
    match column.kind:
        case "bool":
            return pa.bool_()
        case "int" | "long":
            return {8: pa.int8(), 16: pa.int16(), 32: pa.int32()}.get(column.bits, pa.int64())
        case "float":
            return pa.float64()
        case _:
            return pa.string()


def _metadata(column: Column) -> dict[str, str]:
    return {key: _encodable(value) for key, value in column.info.items()}


def _iso(time: datetime) -> str:
    return time.isoformat(timespec="microseconds")
