"""`gizwits-async bindings`: which devices a user may see and control."""

from typing import TYPE_CHECKING

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.exits import Exit
from gizwits_async.cli.output import Format
from gizwits_async.cli.tables import write_value

if TYPE_CHECKING:
    from gizwits_async.models import Outcome

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
        return _written(await gizwits.bindings.bind(uid, appid, did))


async def unbind(uid: str, appid: str, /, *did: str, connection: Connection = Connection()) -> int:
    """End bindings of a user, and write what became of each.

    Args:
        uid: User id.
        appid: The app that the user belongs to.
        did: Device ids, any number.
        connection: How the service is reached.
    """
    async with connection.client() as gizwits:
        return _written(await gizwits.bindings.unbind(uid, appid, did))


def _written(found: "Outcome") -> Exit:
    write_value(found, Format.JSONL)
    return Exit.INCOMPLETE if found.failed or found.unknown else Exit.OK
