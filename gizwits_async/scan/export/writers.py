"""How rows become a file of each format; each file gets its name only when it is whole."""

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from gizwits_async.scan.export.columns import Kind, fitted

__all__ = ["Writer", "defused", "writer_of"]

_RUN = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""With what a text begins that a spreadsheet takes for a formula; the last four are wide forms."""


class Writer(Protocol):
    """A file that is being written."""

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows."""
        ...

    def finish(self) -> Path:
        """Give the file its name, and return it."""
        ...

    def drop(self) -> None:
        """Leave nothing behind."""
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
    """Return a cell that no spreadsheet runs; numbers stay what they are."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_RUN) else value


def _clean(text: object) -> str:
    return str(text).encode("utf-8", "backslashreplace").decode()


class _Text:
    """A text file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._file = self._part.open("w", encoding="utf-8", newline="")

    def finish(self) -> Path:
        self._file.close()
        return self._part.replace(self._path)

    def drop(self) -> None:
        self._file.close()
        self._part.unlink(missing_ok=True)


class _Jsonl(_Text):
    """One JSON object a line, ASCII, values as the service gave them."""

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._file.writelines(
            json.dumps({**row, "timestamp": row["timestamp"].isoformat()}) + "\n" for row in rows
        )


class _Csv(_Text):
    """A table with a header."""

    def __init__(self, path: Path, kinds: Mapping[str, Kind], *, safe: bool) -> None:
        super().__init__(path)
        self._kinds, self._safe = kinds, safe
        self._rows = csv.writer(self._file)
        self._rows.writerow(self._checked(["did", "timestamp", *map(_clean, kinds)]))

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        for row in rows:
            cells = [fitted(row.get(name), kind) for name, kind in self._kinds.items()]
            time: datetime = row["timestamp"]
            self._rows.writerow(self._checked([_clean(row["did"]), time.isoformat(), *cells]))

    def _checked(self, cells: Sequence[object]) -> Sequence[object]:
        return [defused(cell) for cell in cells] if self._safe else cells


class _Parquet:
    """Columns with types; a row group for each batch of rows."""

    def __init__(self, path: Path, kinds: Mapping[str, Kind]) -> None:
        try:
            import pyarrow as pa  # type: ignore[import-untyped]  # noqa: PLC0415 - its own extra
            import pyarrow.parquet as pq  # type: ignore[import-untyped]  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise ImportError(
                f"Parquet needs {error.name}: install 'gizwits-async[parquet]'"
            ) from error
        types = {"bool": pa.bool_(), "int": pa.int64(), "float": pa.float64(), "text": pa.string()}
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._kinds = kinds
        self._schema = pa.schema(
            [
                ("did", pa.string()),
                ("timestamp", pa.timestamp("us", tz="UTC")),
                *((_clean(name), types[kind]) for name, kind in kinds.items()),
            ]
        )
        self._table = pa.table
        self._writer = pq.ParquetWriter(self._part, self._schema, compression="zstd")

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add a row group."""
        columns = [[_clean(row["did"]) for row in rows], [row["timestamp"] for row in rows]]
        columns += [
            [fitted(row.get(name), kind) for row in rows] for name, kind in self._kinds.items()
        ]
        self._writer.write_table(self._table(columns, schema=self._schema))

    def finish(self) -> Path:
        """See `Writer.finish`."""
        self._writer.close()
        return self._part.replace(self._path)

    def drop(self) -> None:
        """See `Writer.drop`."""
        self._writer.close()
        self._part.unlink(missing_ok=True)
