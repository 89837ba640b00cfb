"""`gizwits-async product`: the data points of the product, what they mean and which can be set."""

from collections.abc import Mapping
from typing import Any

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.exits import Exit
from gizwits_async.cli.language import _
from gizwits_async.cli.output import OutputFlags, each
from gizwits_async.cli.tables import Column, write_rows

__all__ = ["product"]


async def product(
    *, output: OutputFlags = OutputFlags(), connection: Connection = Connection()
) -> int:
    """Write the data points, one a row.

    Args:
        output: How they are written.
        connection: How the service is reached.
    """
    async with connection.client() as gizwits:
        found = await gizwits.product.datapoints()
    columns = (
        Column("name", _("name")),
        Column("display_name", _("display name")),
        Column("data_type", _("kind")),
        Column("range", _("range")),
        Column("settable", _("settable")),
        Column("desc", _("description")),
    )
    await write_rows(each(found.datapoints), output.format, columns=columns, row=_row)
    return Exit.OK


def _row(point: Mapping[str, Any]) -> dict[str, Any]:
    settable = point["type"] in {"status_writable", "W"}
    return {**point, "range": _range(point), "settable": _("yes") if settable else None}


def _range(point: Mapping[str, Any]) -> str | None:
    if point.get("enum"):
        return " ".join(point["enum"])
    if not (spec := point.get("uint_spec")):
        return None
    low, high = (spec[end] * spec["ratio"] + spec["addition"] for end in ("min", "max"))
    step = "" if spec["ratio"] == 1 else _(", step {step:g}", step=spec["ratio"])
    return _("{low:g} to {high:g}", low=low, high=high) + step
