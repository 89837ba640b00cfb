"""`gizwits-async device`: one device, by its MAC address or its device id."""

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.device_id import bare_mac, is_mac
from gizwits_async.cli.exits import Exit
from gizwits_async.cli.language import _
from gizwits_async.cli.output import OutputFlags
from gizwits_async.cli.tables import write_value
from gizwits_async.errors import NotFoundError

__all__ = ["device"]


async def device(
    device: str, /, *, output: OutputFlags = OutputFlags(), connection: Connection = Connection()
) -> int:
    """Write what the service knows of a device.

    Args:
        device: Device id or MAC address. The service has no look-up by id: the list of devices is
            walked, at a call for each hundred of them.
        output: How it is written.
        connection: How the service is reached.

    Raises:
        NotFoundError: The product has no such device.
    """
    async with connection.client() as gizwits:
        if is_mac(device):
            write_value(await gizwits.devices.detail(bare_mac(device)), output.format)
            return Exit.OK
        async for found in gizwits.devices.search(show_disabled=True):
            if found.did == device:
                write_value(found, output.format)
                return Exit.OK
    raise NotFoundError(_("the product has no device {device}", device=device))
