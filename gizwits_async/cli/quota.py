"""`gizwits-async quota`: how many calls are left, and until when."""

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.exits import Exit
from gizwits_async.cli.language import _
from gizwits_async.cli.moments import clock_time, zone_name
from gizwits_async.cli.output import Format, OutputFlags
from gizwits_async.cli.tables import write_value

__all__ = ["quota"]


async def quota(
    *, output: OutputFlags = OutputFlags(), connection: Connection = Connection()
) -> int:
    """Write the state of the quota, at the cost of one call, whose reply carries it.

    Args:
        output: How it is written.
        connection: How the service is reached.
    """
    async with connection.client() as gizwits:
        await gizwits.devices.search().total()
        found = gizwits.quota.snapshot()
    if output.format.chosen is not Format.TABLE:
        write_value(found, output.format)
        return Exit.OK
    resets = _("unknown") if found.resets_at is None else clock_time(found.resets_at)
    source = _("the service") if found.source == "server" else _("our own count")
    rows = {
        _("calls allowed"): _(
            "{limit:,} in {seconds:,.0f} s", limit=found.limit, seconds=found.period
        ),
        _("calls left"): f"{found.remaining:,}",
        _("counted anew ({zone})", zone=zone_name()): resets,
        _("according to"): source,
    }
    write_value(rows, output.format)
    return Exit.OK
