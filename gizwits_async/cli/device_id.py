"""Device ids on the command line: a MAC address stands for the device that has it."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gizwits_async.client import GizwitsClient

__all__ = ["bare_mac", "did_of", "is_mac"]

_MAC = re.compile(r"[0-9A-Fa-f]{2}([:-]?[0-9A-Fa-f]{2}){5}")


def is_mac(text: str) -> bool:
    """Return whether a text is a MAC address; device ids have 22 characters."""
    return bool(_MAC.fullmatch(text))


async def did_of(gizwits: "GizwitsClient", device: str) -> str:
    """Return the id of a device; a MAC address costs one call.

    Raises:
        NotFoundError: No device of the product has this address.
    """
    if not is_mac(device):
        return device
    return (await gizwits.devices.detail(bare_mac(device))).did


def bare_mac(text: str) -> str:
    """Return a MAC address as the service writes it: capital letters without separators."""
    return text.replace(":", "").replace("-", "").upper()
