"""The file formats of an export. Each file gets its name only when it is whole."""

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from gizwits_async.scan.export.columns import Kind, MisfitError, fitted

__all__ = ["Writer", "defused", "writer_of"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters that make a spreadsheet run a text as a formula; the last four are full-width."""


class Writer(Protocol):
    """A file that is being written."""

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows.

        Raises:
            MisfitError: A value does not fit its column, or has none.
        """
        ...

    def finish(self) -> Path:
        """Give the file its name, and return it."""
        ...

    def drop(self) -> None:
        """Remove the unfinished file."""
        ...


def writer_of(to: str, path: Path, kinds: Mapping[str, Kind], *, csv_safe: bool) -> Writer:
    """Return a writer of this format.

    Raises:
        ImportError: It needs pyarrow, which is not installed.
    """
    if to == "parquet":
        return _Parquet(path, kinds)
    return _Csv(path, kinds, safe=csv_safe) if to == "csv" else _Jsonl(path)


def defused(value: object) -> object:
    """Return a cell that no spreadsheet runs as a formula; numbers stay numbers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _encodable(text: object) -> str:
    """Return a text that has a UTF-8 encoding: lone surrogates are written as escapes."""
    return str(text).encode("utf-8", "backslashreplace").decode()


def _cell(row: Mapping[str, Any], name: str, kind: Kind) -> bool | int | float | str | None:
    try:
        return fitted(row.get(name), kind)
    except MisfitError as error:
        where = f"device {row['did']} at {row['timestamp']}, column {name}"
        raise MisfitError(f"{where}: {error}") from None


def _refuse_unknown(rows: Sequence[Mapping[str, Any]], kinds: Mapping[str, Kind]) -> None:
    """Raise an error for a cell whose column is not in the file: it would be dropped silently."""
    known = {"did", "timestamp", *kinds}
    for row in rows:
        if not row.keys() <= known:
            names = ", ".join(sorted(row.keys() - known))
            raise MisfitError(
                f"device {row['did']} at {row['timestamp']}: there is no column for {names}"
            )


class _Text:
    """A text file."""

    encoding = "utf-8"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._file = self._part.open("w", encoding=self.encoding, newline="")

    def finish(self) -> Path:
        self._file.close()
        return self._part.replace(self._path)

    def drop(self) -> None:
        self._file.close()
        self._part.unlink(missing_ok=True)


class _Jsonl(_Text):
    """One JSON object a line, in ASCII, with the values as the service returned them."""

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._file.writelines(
            json.dumps({**row, "timestamp": row["timestamp"].isoformat()}) + "\n" for row in rows
        )


class _Csv(_Text):
    """A table with a header."""

    # With a byte order mark: without it spreadsheets read the file in the encoding of their locale.
    encoding = "utf-8-sig"

    def __init__(self, path: Path, kinds: Mapping[str, Kind], *, safe: bool) -> None:
        super().__init__(path)
        self._kinds, self._safe = kinds, safe
        self._rows = csv.writer(self._file)
        self._rows.writerow(self._checked(["did", "timestamp", *map(_encodable, kinds)]))

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        _refuse_unknown(rows, self._kinds)
        for row in rows:
            cells = [_cell(row, name, kind) for name, kind in self._kinds.items()]
            time: datetime = row["timestamp"]
            self._rows.writerow(self._checked([_encodable(row["did"]), time.isoformat(), *cells]))

    def _checked(self, cells: Sequence[object]) -> Sequence[object]:
        return [defused(cell) for cell in cells] if self._safe else cells


class _Parquet:
    """Typed columns; a row group for each batch of rows."""

    def __init__(self, path: Path, kinds: Mapping[str, Kind]) -> None:
        try:
            import pyarrow as pa  # type: ignore[import-untyped]  # noqa: PLC0415 - its own extra
            import pyarrow.parquet as pq  # type: ignore[import-untyped]  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise ImportError(
                f"Parquet needs {error.name}: install 'gizwits-async[parquet]'"
            ) from error
        types = {"bool": pa.bool_(), "int": pa.int64(), "long": pa.int64(), "float": pa.float64()}
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._kinds = kinds
        self._schema = pa.schema(
            [
                ("did", pa.string()),
                ("timestamp", pa.timestamp("us", tz="UTC")),
                *((_encodable(name), types.get(kind, pa.string())) for name, kind in kinds.items()),
            ]
        )
        self._table = pa.table
        self._writer = pq.ParquetWriter(self._part, self._schema, compression="zstd")

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add a row group."""
        _refuse_unknown(rows, self._kinds)
        columns = [[_encodable(row["did"]) for row in rows], [row["timestamp"] for row in rows]]
        columns += [[_cell(row, name, kind) for row in rows] for name, kind in self._kinds.items()]
        self._writer.write_table(self._table(columns, schema=self._schema))

    def finish(self) -> Path:
        """See `Writer.finish`."""
        self._writer.close()
        return self._part.replace(self._path)

    def drop(self) -> None:
        """See `Writer.drop`."""
        self._writer.close()
        self._part.unlink(missing_ok=True)
