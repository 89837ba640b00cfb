"""`gizwits-async bindings`: which devices a user may see and control."""

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.exits import Exit
from gizwits_async.cli.output import Format
from gizwits_async.cli.tables import write_value

__all__ = ["bind", "unbind"]


async def bind(uid: str, appid: str, /, *did: str, connection: Connection = Connection()) -> int:
    """Bind devices to a user, and write what became of each.

    Args:
        uid: User id.
        appid: The app that the user belongs to.
        did: Device ids, any number.
        connection: How the service is reached.
    """
    async with connection.client() as gizwits:
        found = await gizwits.bindings.bind(uid, appid, did)
    write_value(found, Format.JSONL)
    return Exit.INCOMPLETE if found.failed or found.unknown else Exit.OK


async def unbind(uid: str, appid: str, /, *did: str, connection: Connection = Connection()) -> int:
    """End bindings of a user, and write what became of each.

    Args:
        uid: User id.
        appid: The app that the user belongs to.
        did: Device ids, any number.
        connection: How the service is reached.
    """
    async with connection.client() as gizwits:
        found = await gizwits.bindings.unbind(uid, appid, did)
    write_value(found, Format.JSONL)
    return Exit.INCOMPLETE if found.failed or found.unknown else Exit.OK
