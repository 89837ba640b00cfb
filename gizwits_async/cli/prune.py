"""`gizwits-async prune`: removes old records from a store, once a lake has them."""

from datetime import UTC, datetime

from attrs import asdict, frozen
from cyclopts import Parameter

from gizwits_async.cli.exits import Exit
from gizwits_async.cli.flags import Duration, Flag
from gizwits_async.cli.language import _
from gizwits_async.cli.output import json_text, say, write_line

__all__ = ["prune"]


@Parameter(name="*")
@frozen(kw_only=True)
class PruneFlags:
    """Which records to remove."""

    before: Duration
    """Age from which records are removed: 90d, 12w. Whole days in UTC are removed."""
    lake: str | None = None
    """Folder or URL that `export` writes the store to; days that it does not have are kept."""
    force: Flag = False
    """Remove what no lake has, too."""
    schema: str | None = None
    """Schema of a PostgreSQL database that holds the store."""
    json: Flag = False
    """Print what was removed as JSON on standard output."""


async def prune(store: str, /, *, flags: PruneFlags) -> int:
    """Remove the records of old days; a scan may run meanwhile. Nothing is scanned anew by that.

    Args:
        store: SQLite file or SQLAlchemy URL.
        flags: Which records to remove.
    """
    from gizwits_async.scan import prune_store
    from gizwits_async.scan.calendar import iso_day

    if flags.lake is None and not flags.force:
        raise ValueError(
            _("give --lake with what `export` wrote, or --force to remove records that no lake has")
        )
    found = await prune_store(
        store,
        before=datetime.now(UTC) - flags.before,
        lake=flags.lake,
        force=flags.force,
        schema=flags.schema,
    )
    say(
        _(
            "{rows:,} records of {days:,} days removed, all before {first}",
            rows=found.rows,
            days=found.days,
            first=iso_day(found.before),
        )
    )
    if found.kept:
        say(_("{kept:,} days kept: the lake does not have them as they are", kept=found.kept))
    if flags.json:
        write_line(json_text(asdict(found)))
    return Exit.OK
