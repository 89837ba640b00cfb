"""Where the rows of a table go: files of one format, a day each. `delta.py` has the other kind."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO, Any, Protocol, TypeVar

from attrs import define, evolve, frozen

from gizwits_async.scan.export.cells import Cells
from gizwits_async.scan.export.columns import Column, instant
from gizwits_async.scan.export.lake import Draft, Lake
from gizwits_async.scan.export.manifest import File
from gizwits_async.scan.export.writers import (
    Compression,
    Format,
    Writer,
    suffix_of,
    writer_of,
)
from gizwits_async.scan.store.whole import whole

__all__ = ["DayRows", "Files", "Part", "Sink", "Target", "blocking"]

T = TypeVar("T")


async def blocking(work: Callable[..., T], *arguments: Any) -> T:
    """Run some work in a thread, to its end even if the caller is cancelled."""
    return await whole(asyncio.to_thread(work, *arguments))


@frozen(kw_only=True)
class Target:
    """A table of the lake, of one product or of all."""

    name: str
    product: str
    columns: tuple[Column, ...]
    by_product: bool
    """Whether the product's files stand in a folder of their own."""
    app: str
    """Identifies what is written: the store, the table, and how its columns are made."""
    version: int = 0
    """Version of the rows in the store; larger than that of any earlier state."""


@define
class DayRows:
    """What was written of a day; of the whole table if it has no days."""

    day: str | None
    version: int = 0
    rows: int = 0
    first: float | None = None
    last: float | None = None
    misfits: int = 0

    def add(self, times: Sequence[float]) -> None:
        """Count rows."""
        self.rows += len(times)
        self.first = min(times) if self.first is None else min(self.first, *times)
        self.last = max(times) if self.last is None else max(self.last, *times)

    def file(self, path: str) -> File:
        """Return the entry of the manifest."""
        return File(
            path=path,
            rows=self.rows,
            first=instant(self.first),
            last=instant(self.last),
            day=self.day,
            version=self.version,
            misfits=self.misfits,
        )


class Part:
    """Rows on their way into the lake: a draft, and the writer that fills it."""

    def __init__(self, lake: Lake, writer: Callable[[IO[bytes]], Writer]) -> None:
        self.draft: Draft = lake.draft()
        self._writer = writer(self.draft.file)
        self._finished = False
        self.days: list[DayRows] = []
        """The days of the rows, in order."""

    def write(self, cells: Cells) -> None:
        """Add rows of the last day."""
        self._writer.write(cells)

    def finish(self) -> tuple[str, int]:
        """Complete the draft, and return its SHA-256 and its bytes."""
        self._writer.close()
        self._finished = True
        return self.draft.finish()

    def drop(self) -> None:
        """Remove the draft, unless it was published; safe to repeat."""
        if not self._finished:
            self._finished = True
            with suppress(OSError):  # What is buffered may not fit on the disk.
                self._writer.close()
        self.draft.drop()


class Sink(Protocol):
    """Takes the rows of tables. All methods block: call them in a thread."""

    whole_table: bool
    """Whether all days that changed are one part."""

    def part(self, target: Target) -> Part:
        """Begin a part."""
        ...

    def has(self, file: File) -> bool:
        """Return whether the lake has what an entry of the manifest names."""
        ...

    def publish(
        self, target: Target, part: Part, before: Sequence[File]
    ) -> tuple[list[File], bool]:
        """Put a part into the lake.

        Args:
            target: The table.
            part: All its rows are written.
            before: The entries of the manifest for its days so far.

        Returns:
            Their entries now, and whether the lake was changed.
        """
        ...


class Files:
    """Files `TABLE/date=2026-11-22/part-0.parquet`, with `product=KEY` above the date if wanted."""

    whole_table = False

    def __init__(
        self, lake: Lake, to: Format, compress: Compression | None, *, csv_safe: bool
    ) -> None:
        """Take the lake.

        Raises:
            ImportError: A package is not installed.
        """
        self._lake, self._to, self._compress, self._csv_safe = lake, to, compress, csv_safe
        writer_of(to, compress, ())

    def part(self, target: Target) -> Part:
        """See `Sink.part`."""
        writer = writer_of(self._to, self._compress, target.columns, csv_safe=self._csv_safe)
        return Part(self._lake, writer)

    def has(self, file: File) -> bool:
        """See `Sink.has`."""
        return self._lake.size(file.path) == file.bytes

    def publish(
        self, target: Target, part: Part, before: Sequence[File]
    ) -> tuple[list[File], bool]:
        """See `Sink.publish`."""
        sha256, size = part.finish()
        [day] = part.days
        folders = [target.name, f"product={target.product}" if target.by_product else None]
        folders.append(f"date={day.day}" if day.day else None)
        name = f"part-0{suffix_of(self._to, self._compress)}"
        path = "/".join([*filter(None, folders), name])
        file = evolve(day.file(path), sha256=sha256, bytes=size)
        if any(old.path == path and old.sha256 == sha256 for old in before) and self.has(file):
            return [file], False
        self._lake.publish(part.draft, path)
        return [file], True
