"""`gizwits-async groups` and `reports`: the product's groups, and what the service counts."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

from cyclopts import App, Parameter

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.listing import limited
from gizwits_async.cli.output import Format, say, write_rows, write_value

__all__ = ["groups", "reports"]

groups = App(name="groups", help="Show and change device groups.", help_format="plaintext")
reports = App(name="reports", help="Show what the service counts.", help_format="plaintext")

_SHANGHAI = timedelta(hours=8)
"""The reports' days are most likely Beijing's: their times carry no zone."""


@groups.command
async def tree(
    *,
    format: Format = Format.AUTO,  # noqa: A002 - the flag's name
    connection: Connection = Connection(),  # noqa: B008 - frozen
) -> int:
    """Show the tree of groups."""
    async with connection.client() as gizwits:
        await write_rows(_each(await gizwits.device_groups.tree()), format)
    return 0


@groups.command
async def macs(
    gid: str,
    *,
    format: Format = Format.AUTO,  # noqa: A002
    connection: Connection = Connection(),  # noqa: B008
) -> int:
    """List the MAC addresses in a group.

    Args:
        gid: Group id.
        format: table, json or jsonl.
    """
    async with connection.client() as gizwits:
        found = await gizwits.device_groups.macs(gid)
        await write_rows(_each({"mac": mac} for mac in found), format)
    return 0


@groups.command
async def create(
    *,
    parent: str | None = None,
    connection: Connection = Connection(),  # noqa: B008
) -> int:
    """Create a group and write its id.

    Args:
        parent: Group id of its parent; without one it becomes the product's only root.
    """
    async with connection.client() as gizwits:
        write_value({"gid": await gizwits.device_groups.create(parent)}, Format.JSONL)
    return 0


@groups.command
async def delete(gid: str, *, connection: Connection = Connection()) -> int:  # noqa: B008
    """Delete an empty group.

    Args:
        gid: Group id.
    """
    async with connection.client() as gizwits:
        await gizwits.device_groups.delete(gid)
    say("deleted")
    return 0


@groups.command
async def assign(
    gid: str,
    mac: Annotated[tuple[str, ...], Parameter(negative="")],
    *,
    move: Annotated[bool, Parameter(negative="")] = False,
    remove: Annotated[bool, Parameter(negative="")] = False,
    connection: Connection = Connection(),  # noqa: B008
) -> int:
    """Put devices into a group, or take them out. Exit code 3 if not all of them went.

    Args:
        gid: Group id.
        mac: MAC addresses, any number.
        move: Take them out of the group they are in, if they are in one.
        remove: Take them out of this group instead.
    """
    async with connection.client() as gizwits:
        found = (
            await gizwits.device_groups.unassign(gid, mac)
            if remove
            else await gizwits.device_groups.assign(gid, mac, reassign=move)
        )
    write_value(found, Format.JSONL)
    return 3 if found.failed or found.unknown else 0


Name = Literal[
    "summary",
    "locations",
    "realtime",
    "liveness",
    "activated",
    "active",
    "fault-devices",
    "alert-devices",
    "fault-events",
    "alert-events",
    "new-users",
    "active-users",
    "user-locations",
    "total-users",
]


@reports.default
async def report(
    name: Name,
    *,
    start: date | None = None,
    end: date | None = None,
    cycle: Literal["date", "week", "month"] = "date",
    group: str | None = None,
    limit: int | None = None,
    format: Format = Format.AUTO,  # noqa: A002
    connection: Connection = Connection(),  # noqa: B008
) -> int:
    """Show one report.

    Args:
        name: Which.
        start: First day, for reports over time; a week ago by default.
        end: Last day; yesterday by default.
        cycle: What a row of liveness and new-users counts.
        group: Only this group id, where the report knows groups.
        limit: How many rows at most, for activated and active.
        format: table, json or jsonl.
    """
    today = (datetime.now(UTC) + _SHANGHAI).date()
    first, last = start or today - timedelta(days=7), end or today - timedelta(days=1)
    async with connection.client() as gizwits:
        devices, users = gizwits.device_reports, gizwits.user_reports
        if name in {"activated", "active"}:
            ask = devices.activated_devices if name == "activated" else devices.active_devices
            await write_rows(limited(ask(start=first, end=last), limit), format)
            return 0
        asked: dict[str, Callable[[], Awaitable[object]]] = {
            "summary": devices.summary,
            "locations": lambda: devices.locations(gid=group),
            "realtime": lambda: devices.realtime(group),
            "liveness": lambda: devices.liveness_history(cycle, first, last, gid=group),
            "fault-devices": lambda: devices.fault_devices(group),
            "alert-devices": lambda: devices.alert_devices(group),
            "fault-events": lambda: devices.fault_events(group),
            "alert-events": lambda: devices.alert_events(group),
            "new-users": lambda: users.new_users(cycle, first, last, gid=group),
            "active-users": lambda: users.active_users(first, last),
            "user-locations": users.locations,
            "total-users": lambda: users.total(group),
        }
        write_value(await asked[name](), format)
    return 0


async def _each(items: Iterable[object]) -> AsyncGenerator[object, None]:
    for item in items:
        yield item
