"""`gizwits-async devices`: the devices of the product."""

from attrs import frozen
from cyclopts import Parameter

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.flags import Flag
from gizwits_async.cli.language import _
from gizwits_async.cli.limits import limited
from gizwits_async.cli.output import OutputFlags
from gizwits_async.cli.tables import Column, write_rows

__all__ = ["devices"]


@Parameter(name="*")
@frozen(kw_only=True)
class DeviceFilter(OutputFlags):
    """Which devices to list, and how."""

    online: bool | None = None
    """Only connected ones, or only those that are not."""
    faulty: bool | None = None
    """Only those with a pending fault, or only those without."""
    alert: bool | None = None
    """Only those with a pending alert, or only those without."""
    disabled: Flag = False
    """List signed-off devices too."""
    group: str | None = None
    """Only devices of this group id."""
    country: str | None = None
    """Only devices there."""
    region: str | None = None
    """Only devices in this province."""
    city: str | None = None
    """Only devices in this city."""
    limit: int | None = None
    """How many at most."""


async def devices(
    *, query: DeviceFilter = DeviceFilter(), connection: Connection = Connection()
) -> int:
    """List the devices that match the query."""
    async with connection.client() as gizwits:
        found = gizwits.devices.search(
            is_online=query.online,
            is_faulty=query.faulty,
            is_alert=query.alert,
            gid=query.group,
            country=query.country,
            region=query.region,
            city=query.city,
            show_disabled=query.disabled or None,
        )
        await write_rows(limited(found, query.limit), query.format, columns=_columns())
    return 0


def _columns() -> tuple[Column, ...]:
    """Return what a table shows: as much as a terminal has room for."""
    return (
        Column("did", "did"),
        Column("mac", _("MAC")),
        Column("is_online", _("online")),
        Column("is_faulty", _("fault")),
        Column("is_alert", _("alert")),
        Column("country", _("country")),
        Column("city", _("city")),
    )
