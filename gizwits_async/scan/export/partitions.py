"""The day files of one log: rows come day by day, so that one file is open at a time."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

from gizwits_async.scan.export.columns import Column, MisfitError
from gizwits_async.scan.export.writers import Writer, writer_of

__all__ = ["DayFiles", "Format"]

Format: TypeAlias = Literal["parquet", "csv", "jsonl"]
_ROW_GROUP = 10_000
"""Rows that are held in memory before they are written."""


class DayFiles:
    """Files `date=2026-11-22/part-0.parquet`, one a day of UTC, in the folder of a log."""

    def __init__(
        self, folder: Path, to: Format, columns: Sequence[Column], *, csv_safe: bool
    ) -> None:
        self._folder, self._to, self._columns, self._csv_safe = folder, to, columns, csv_safe
        self._day: date | None = None
        self._writer: Writer | None = None
        self._waiting: list[Mapping[str, Any]] = []
        self.finished: list[Path] = []
        """The files that are whole."""

    def add(self, did: str, timestamp: float, cells: Mapping[str, Any]) -> None:
        """Put a row into the file of its day.

        Args:
            did: The device.
            timestamp: Epoch seconds UTC, not of an earlier day than any row so far.
            cells: Its other columns.

        Raises:
            MisfitError: The timestamp is no date.
        """
        try:
            time = datetime.fromtimestamp(timestamp, UTC)
        except (ValueError, OverflowError, OSError):
            raise MisfitError(f"{timestamp!r} is no date") from None
        if time.date() != self._day:
            self.finish()
            self._begin(time.date())
        self._waiting.append({"did": did, "timestamp": time, **cells})
        if len(self._waiting) >= _ROW_GROUP:
            self._flush()

    def finish(self) -> None:
        """Write what waits, and give the open file its name."""
        if self._writer is not None:
            self._flush()
            self.finished.append(self._writer.finish())
            self._writer = None

    def drop(self) -> None:
        """Remove the file that is not finished."""
        if self._writer is not None:
            self._writer.drop()

    def _begin(self, day: date) -> None:
        path = self._folder / f"date={day}" / f"part-0.{self._to}"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = writer_of(self._to, path, self._columns, csv_safe=self._csv_safe)
        self._day = day

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if self._writer is not None and waiting:
            self._writer.write(waiting)
