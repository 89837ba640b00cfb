"""`gizwits-async export`: the logs of a store as a lake by day, for warehouses and spreadsheets."""

from typing import TYPE_CHECKING, Literal

from attrs import frozen
from cyclopts import Parameter

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.exits import Exit
from gizwits_async.cli.flags import LOGS, Flag, Logs
from gizwits_async.cli.language import _
from gizwits_async.cli.output import json_text, say, write_line

if TYPE_CHECKING:
    from gizwits_async.scan.export import ExportReport

__all__ = ["export"]


@Parameter(name="*")
@frozen(kw_only=True)
class Files:
    """Which files to write."""

    to: Literal["parquet", "csv", "jsonl", "delta"] = "parquet"
    """Kind of file; parquet and delta need the extra of that name."""
    out: str = "export"
    """Folder, made if need be; or an address that begins with s3://, gs:// or az://."""
    log: Logs = LOGS
    """A log to export; may be given several times. All three by default."""
    by_product: Flag = False
    """Put the files of a product below product=KEY, so that several products can share the folder."""
    compress: Literal["gzip", "zstd"] | None = None
    """Compress CSV and JSON Lines."""
    csv_safe: Flag = False
    """Put a quote before texts that a spreadsheet would run."""
    schema: str | None = None
    """Schema of a PostgreSQL database that holds the store."""
    typed: Flag = False
    """Ask the service for the product's data points, instead of using those that the scan kept in the
    store; without it nothing is called."""
    json: Flag = False
    """Print what the export did as JSON on standard output."""


async def export(
    store: str, /, *, files: Files = Files(), connection: Connection = Connection()
) -> int:
    """Write what changed since the last export to the folder, and say what it holds.

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
        store,
        files.out,
        files.to,
        logs=files.log,
        datapoints=points,
        csv_safe=files.csv_safe,
        compress=files.compress,
        by_product=files.by_product,
        schema=files.schema,
    )
    _say(found, files.out)
    if files.json:
        write_line(json_text(_as_json(found)))
    return Exit.OK


def _say(found: "ExportReport", folder: str) -> None:
    for name, count in found.rows.items():
        if name == "devices":
            say(_("{count:,} devices", count=count))
        elif name == "gaps":
            say(_("{count:,} gaps", count=count))
        else:
            say(_("{count:,} {log} records", count=count, log=name))
    for name, count in found.misfits.items():
        if count:
            say(
                _(
                    "{count:,} values of the {log} log fit no column: see _rest",
                    count=count,
                    log=name,
                )
            )
    for name, count in found.late.items():
        if count:
            say(
                _(
                    "{count:,} records of the {log} log stay out: their days were pruned before they came",
                    count=count,
                    log=name,
                )
            )
    say(
        _(
            "{count:,} files written below {folder}, {unchanged:,} unchanged",
            count=len(found.files),
            folder=folder,
            unchanged=found.unchanged,
        )
    )


def _as_json(found: "ExportReport") -> dict[str, object]:
    return {
        "rows": dict(found.rows),
        "misfits": dict(found.misfits),
        "files": [str(file) for file in found.files],
        "unchanged": found.unchanged,
        "late": dict(found.late),
    }
