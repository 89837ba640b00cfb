"""`gizwits-async profiles`: the enterprises of the configuration file, and whether they can call."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.exits import Exit
from gizwits_async.cli.language import _
from gizwits_async.cli.output import OutputFlags, each
from gizwits_async.cli.tables import Column, write_rows
from gizwits_async.options import BASE_URL, CALLS_PER_HOUR

__all__ = ["check", "list"]

_TOGETHER = 10
"""Products that are tried at a time."""


async def list(  # noqa: A001 - the name of the command
    *, credentials: Path | None = None, output: OutputFlags = OutputFlags()
) -> int:
    """List the profiles.

    Args:
        credentials: The configuration file, of mode 0600; GIZWITS_CONFIG by default.
        output: How the data is written.
    """
    from gizwits_async.profiles import outline

    rows = [
        {
            "profile": name,
            "products": ", ".join(known["products"]),
            "calls_per_hour": known["calls_per_hour"] or CALLS_PER_HOUR,
            "base_url": known["base_url"] or BASE_URL,
        }
        for name, known in outline(credentials).items()
    ]
    await write_rows(each(rows), output.format)
    return Exit.OK


async def check(*, credentials: Path | None = None, output: OutputFlags = OutputFlags()) -> int:
    """Try each profile. Exit code 3 if one of them cannot call.

    Args:
        credentials: The configuration file, of mode 0600; GIZWITS_CONFIG by default.
        output: How the data is written.
    """
    from gizwits_async.profiles import outline

    names = [
        (name, product)
        for name, known in outline(credentials).items()
        for product in known["products"]
    ]
    slots = asyncio.Semaphore(_TOGETHER)
    failed = 0

    async def tried() -> AsyncIterator[Mapping[str, Any]]:
        nonlocal failed
        waiting = [
            asyncio.ensure_future(_try(slots, credentials, name, product))
            for name, product in names
        ]
        try:
            for row in waiting:
                found = await row
                failed += not found["ok"]
                yield found
        finally:
            for row in waiting:
                row.cancel()

    columns = [
        Column("profile", _("profile")),
        Column("product", _("product")),
        Column("ok", _("can call")),
        Column("devices", _("devices")),
        Column("calls_left", _("calls left")),
        Column("problem", _("problem")),
    ]
    await write_rows(tried(), output.format, columns=columns)
    return Exit.INCOMPLETE if failed else Exit.OK


async def _try(
    slots: asyncio.Semaphore, credentials: Path | None, name: str, product: str
) -> dict[str, Any]:
    """Return what came of a login and of one call to the device list."""
    from gizwits_async.cli.failures import explain
    from gizwits_async.errors import GizwitsError

    row: dict[str, Any] = {
        "profile": name,
        "product": product,
        "ok": False,
        "devices": None,
        "calls_left": None,
        "problem": None,
    }
    connection = Connection(profile=name, product=product, credentials=credentials)
    async with slots:
        try:
            async with connection.client() as gizwits:
                await gizwits.check_shared()
                row["devices"] = await gizwits.devices.search(show_disabled=True).total()
                row["calls_left"] = gizwits.quota.snapshot().remaining
        except (GizwitsError, ValueError, OSError, ImportError) as error:
            found = explain(error)
            row["problem"] = str(error) if found is None else found[1].replace("\n  ", "; ")
        else:
            row["ok"] = True
    return row
