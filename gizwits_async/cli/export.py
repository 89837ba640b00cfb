"""`gizwits-async export`: the logs of a store as files by day, for warehouses and spreadsheets."""

from pathlib import Path
from typing import Literal

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.output import say
from gizwits_async.scan.export import export as write_files

__all__ = ["export"]


async def export(
    store: str,
    *,
    to: Literal["parquet", "csv", "jsonl"],
    out: Path,
    log: tuple[Literal["online", "cmd", "data"], ...],
    csv_safe: bool,
    typed: Connection | None,
) -> int:
    """Write the files and say what they hold.

    Args:
        store: Path or URL of the store.
        to: Kind of file.
        out: Folder.
        log: Which logs.
        csv_safe: Whether to defuse what a spreadsheet would run.
        typed: Where to ask for the product's data points; None takes what the store knows.
    """
    points = None
    if typed is not None:
        async with typed.client() as gizwits:
            points = await gizwits.product.datapoints()
    found = await write_files(store, out, to, logs=log, datapoints=points, csv_safe=csv_safe)
    for name, count in found.rows.items():
        say(f"{count:,} {name} records")
    say(f"{len(found.files):,} files below {out}")
    return 0
