"""The file formats of an export: each writes columns of fitted values into a binary file."""

import csv
import gzip
import json
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from io import TextIOWrapper
from typing import IO, Any, Literal, Protocol, TypeAlias

from msgspec import UNSET

from gizwits_async.scan.export.cells import Cells
from gizwits_async.scan.export.columns import Column, encodable, instant

__all__ = ["Compression", "Format", "Writer", "suffix_of", "writer_of"]

Format: TypeAlias = Literal["parquet", "csv", "jsonl"]
Compression: TypeAlias = Literal["gzip", "zstd"]
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters that make a spreadsheet run a text as a formula; the last four are full-width."""

_ROW_GROUP = 100_000
"""Rows that Parquet readers skip, or read, as one."""
_BUFFER = 64 * 2**20
"""Bytes of rows that are held until they are written as a row group, however few rows they are."""
_SUFFIXES: Mapping[str | None, str] = {None: "", "gzip": ".gz", "zstd": ".zst"}


class Writer(Protocol):
    """Writes the rows of one file."""

    def write(self, cells: Cells) -> None:
        """Add rows, column by column."""
        ...

    def close(self) -> None:
        """Write what is buffered; the file itself stays open."""
        ...


def suffix_of(to: Format, compress: Compression | None) -> str:
    """Return the end of the names of files."""
    return f".{to}{_SUFFIXES[compress]}"


def writer_of(
    to: Format, compress: Compression | None, columns: Sequence[Column], *, csv_safe: bool = False
) -> Callable[[IO[bytes]], Writer]:
    """Return what makes a writer of this format for a file.

    Raises:
        ImportError: It needs pyarrow, which is not installed.
    """
    if to == "parquet" or compress == "zstd":
        try:
            import_module("pyarrow")
        except ModuleNotFoundError as error:
            raise ImportError(
                f"this kind of file needs {error.name}: install 'gizwits-async[parquet]'"
            ) from error
    if to == "parquet":
        return partial(_Parquet, columns)
    text = partial(_Csv, columns, safe=csv_safe) if to == "csv" else partial(_Jsonl, columns)
    return partial(_Compressed, compress, text) if compress else text


def _defused(value: object) -> object:
    """Return a cell that no spreadsheet runs as a formula; numbers stay numbers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


class _Jsonl:
    """One JSON object a line, in ASCII."""

    def __init__(self, columns: Sequence[Column], file: IO[bytes]) -> None:
        self._file, self._columns = file, columns

    def write(self, cells: Cells) -> None:
        """See `Writer.write`."""
        names = [column.name for column in self._columns]
        for row in zip(*_with_times(self._columns, cells), strict=True):
            pairs = zip(names, row, strict=True)
            line = json.dumps({name: value for name, value in pairs if value is not UNSET})
            self._file.write(line.encode() + b"\n")

    def close(self) -> None:
        """See `Writer.close`."""


class _Csv:
    """A table with a header."""

    def __init__(self, columns: Sequence[Column], file: IO[bytes], *, safe: bool) -> None:
        # With a byte order mark: without it spreadsheets read the file in the encoding of their locale.
        self._text = TextIOWrapper(file, "utf-8-sig", newline="", errors="backslashreplace")
        self._columns, self._safe = columns, safe
        self._rows = csv.writer(self._text)
        self._rows.writerow(self._checked([encodable(column.name) for column in columns]))

    def write(self, cells: Cells) -> None:
        """See `Writer.write`."""
        rows = zip(*_with_times(self._columns, cells), strict=True)
        self._rows.writerows(self._checked(row) for row in rows)

    def close(self) -> None:
        """See `Writer.close`."""
        self._text.flush()
        self._text.detach()  # Or the file would be closed with the text.

    def _checked(self, cells: Sequence[object]) -> Sequence[object]:
        return [_defused(cell) for cell in cells] if self._safe else cells


class _Compressed:
    """Another writer into a compressed stream."""

    def __init__(
        self,
        how: Compression,
        writer: Callable[[IO[bytes]], Writer],
        file: IO[bytes],
    ) -> None:
        if how == "gzip":
            # No name and no time in it: equal rows make equal files.
            self._stream: Any = gzip.GzipFile("", "wb", 6, file, mtime=0)
        else:
            import pyarrow as pa  # type: ignore[import-untyped]  # noqa: PLC0415 - its own extra

            # A descriptor of its own: the stream closes what it writes to.
            target = os.fdopen(os.dup(file.fileno()), "wb")
            self._stream = pa.CompressedOutputStream(pa.PythonFile(target, "w"), "zstd")
        self._writer = writer(self._stream)
        self.write = self._writer.write

    def close(self) -> None:
        """See `Writer.close`."""
        self._writer.close()
        self._stream.close()


class _Parquet:
    """Typed columns; a row group for each hundred thousand rows."""

    def __init__(self, columns: Sequence[Column], file: IO[bytes]) -> None:
        import pyarrow.parquet as pq  # type: ignore[import-untyped]  # noqa: PLC0415 - its own extra

        from gizwits_async.scan.export.arrow import batch_of, schema_of  # noqa: PLC0415 - the same

        self._columns, self._schema, self._batch_of = columns, schema_of(columns), batch_of
        self._writer = pq.ParquetWriter(file, self._schema, compression="zstd")
        self._batches: list[Any] = []
        self._rows = self._bytes = 0

    def write(self, cells: Cells) -> None:
        """See `Writer.write`."""
        batch = self._batch_of(self._schema, self._columns, cells)
        self._batches.append(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._rows >= _ROW_GROUP or self._bytes >= _BUFFER:
            self._flush()

    def close(self) -> None:
        """See `Writer.close`."""
        if self._batches:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        import pyarrow as pa  # noqa: PLC0415 - its own extra

        table = pa.Table.from_batches(self._batches, self._schema)
        self._batches, self._rows, self._bytes = [], 0, 0
        self._writer.write_table(table, row_group_size=2 * _ROW_GROUP)


def _with_times(columns: Sequence[Column], cells: Cells) -> Cells:
    """Return the values with times as ISO 8601 texts, with six digits."""
    return [
        list(map(instant, values)) if column.kind == "time" else values
        for column, values in zip(columns, cells, strict=True)
    ]
