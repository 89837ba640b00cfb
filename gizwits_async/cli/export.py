"""`gizwits-async export`: the logs of a store as files by day, for warehouses and spreadsheets."""

from pathlib import Path
from typing import Literal

from attrs import frozen
from cyclopts import Parameter

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.exits import Exit
from gizwits_async.cli.flags import Flag, Logs
from gizwits_async.cli.language import _
from gizwits_async.cli.output import say

__all__ = ["export"]


@Parameter(name="*")
@frozen(kw_only=True)
class Files:
    """Which files to write."""

    to: Literal["parquet", "csv", "jsonl"] = "parquet"
    """Kind of file; parquet needs the extra of that name."""
    out: Path = Path("export")
    """Folder; made if need be."""
    log: Logs = ("online", "cmd", "data")
    """A log to export; may be given several times. All three by default."""
    csv_safe: Flag = False
    """Put a quote before texts that a spreadsheet would run."""
    typed: Flag = False
    """Ask the service for the product's data points, instead of using those that the scan kept in the
    store; without it nothing is called."""


async def export(
    store: str, /, *, files: Files = Files(), connection: Connection = Connection()
) -> int:
    """Write the files and say what they hold.

    Args:
        store: SQLite file or SQLAlchemy URL that a scan has filled.
        files: Which files to write.
        connection: How the service is reached, with --typed.
    """
    from gizwits_async.scan.export import export as write_files

    points = None
    if files.typed:
        async with connection.client() as gizwits:
            points = await gizwits.product.datapoints()
    found = await write_files(
        store, files.out, files.to, logs=files.log, datapoints=points, csv_safe=files.csv_safe
    )
    for name, count in found.rows.items():
        say(_("{count:,} {log} records", count=count, log=name))
    say(_("{count:,} files below {folder}", count=len(found.files), folder=files.out))
    return Exit.OK
