"""`gizwits-async groups`: the tree of device groups, and what is in them."""

from attrs import frozen
from cyclopts import Parameter

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.exits import Exit
from gizwits_async.cli.flags import Flag
from gizwits_async.cli.language import _
from gizwits_async.cli.output import Format, OutputFlags, each, say
from gizwits_async.cli.tables import write_rows, write_value

__all__ = ["assign", "create", "delete", "macs", "tree"]


async def tree(
    *, output: OutputFlags = OutputFlags(), connection: Connection = Connection()
) -> int:
    """Show the tree of groups.

    Args:
        output: How the data is written.
        connection: How the service is reached.
    """
    async with connection.client() as gizwits:
        await write_rows(each(await gizwits.device_groups.tree()), output.format)
    return Exit.OK


async def macs(
    gid: str, /, *, output: OutputFlags = OutputFlags(), connection: Connection = Connection()
) -> int:
    """List the MAC addresses in a group.

    Args:
        gid: Group id.
        output: How the data is written.
        connection: How the service is reached.
    """
    async with connection.client() as gizwits:
        found = await gizwits.device_groups.macs(gid)
        await write_rows(each({"mac": mac} for mac in found), output.format)
    return Exit.OK


async def create(*, parent: str | None = None, connection: Connection = Connection()) -> int:
    """Create a group and write its id.

    Args:
        parent: Group id of its parent; without one it becomes the product's only root.
        connection: How the service is reached.
    """
    async with connection.client() as gizwits:
        write_value({"gid": await gizwits.device_groups.create(parent)}, Format.JSONL)
    return Exit.OK


async def delete(gid: str, /, *, connection: Connection = Connection()) -> int:
    """Delete an empty group.

    Args:
        gid: Group id.
        connection: How the service is reached.
    """
    async with connection.client() as gizwits:
        await gizwits.device_groups.delete(gid)
    say(_("deleted"))
    return Exit.OK


@Parameter(name="*")
@frozen(kw_only=True)
class Move:
    """How devices change their group."""

    move: Flag = False
    """Take them out of the group they are in, if they are in one."""
    remove: Flag = False
    """Take them out of this group instead."""


async def assign(
    gid: str, /, *mac: str, how: Move = Move(), connection: Connection = Connection()
) -> int:
    """Put devices into a group, or take them out. Exit code 3 if not all of them went.

    Args:
        gid: Group id.
        mac: MAC addresses, any number.
        how: Whether they are moved or removed.
        connection: How the service is reached.
    """
    async with connection.client() as gizwits:
        found = (
            await gizwits.device_groups.unassign(gid, mac)
            if how.remove
            else await gizwits.device_groups.assign(gid, mac, reassign=how.move)
        )
    write_value(found, Format.JSONL)
    return Exit.INCOMPLETE if found.failed or found.unknown else Exit.OK
