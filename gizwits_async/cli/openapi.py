"""`gizwits-async openapi`: the OpenAPI description of the Enterprise API."""

import json
import sys

from gizwits_async.cli.exits import Exit
from gizwits_async.cli.language import chosen

__all__ = ["openapi"]


async def openapi() -> int:
    """Write the OpenAPI 3.1 description as JSON, its texts in the chosen language."""
    from gizwits_async.simulator.openapi import load_openapi

    json.dump(load_openapi(chosen()), sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
    return Exit.OK
