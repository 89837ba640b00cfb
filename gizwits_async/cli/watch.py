"""`gizwits-async watch`: what a device reports from now on, a line a record."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Any

from attrs import frozen
from cyclopts import Parameter

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.definition import Definition, definition_of
from gizwits_async.cli.device_id import did_of
from gizwits_async.cli.exits import Exit
from gizwits_async.cli.flags import Flag
from gizwits_async.cli.language import _
from gizwits_async.cli.log_view import LogView
from gizwits_async.cli.output import (
    Format,
    OutputFlags,
    json_text,
    printable,
    say,
    stderr,
    write_line,
)
from gizwits_async.cli.suggestions import command

if TYPE_CHECKING:
    from gizwits_async.client import GizwitsClient

__all__ = ["ViewFlags", "follow", "watch"]


@Parameter(name="*")
@frozen(kw_only=True)
class ViewFlags(OutputFlags):
    """How records are shown to people; JSON is not changed by it."""

    columns: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = ()
    """A data point to show; may be given several times. All that fit by default."""
    utc: Flag = False
    """Times in UTC, and not in local time."""

    @property
    def words(self) -> list[str]:
        """The flags that were given, for a command that goes on."""
        words = [f"--format={self.format}"] if self.format is not Format.AUTO else []
        words += [word for column in self.columns for word in ("--columns", column)]
        return words + (["--utc"] if self.utc else [])

    async def view(self, gizwits: "GizwitsClient") -> LogView:
        """Return how records are shown; the product's definition may cost a call."""
        as_table = self.format.chosen is Format.TABLE
        definition = await definition_of(gizwits) if as_table else Definition()
        return LogView(definition=definition, wanted=self.columns, utc=self.utc)


async def watch(
    device: str,
    /,
    *,
    query: ViewFlags = ViewFlags(),
    every: float = 30.0,
    connection: Connection = Connection(),
) -> int:
    """Follow the data log of a device until a signal ends it.

    Args:
        device: Device id or MAC address.
        query: How records are shown.
        every: Seconds between two calls.
        connection: How the service is reached.
    """
    async with connection.client() as gizwits:
        did = await did_of(gizwits, device)
        return await follow(gizwits, did, query, every=every, connection=connection)


async def follow(
    gizwits: "GizwitsClient",
    did: str,
    query: ViewFlags,
    *,
    every: float = 30.0,
    resume: str | None = None,
    connection: Connection = Connection(),
) -> int:
    """Write what a device reports: first all its data points, then those that changed.

    Args:
        gizwits: The client.
        did: Device id.
        query: How records are shown.
        every: Seconds between two calls.
        resume: Where an earlier run ended; None begins with the present.
        connection: How the service is reached, for the command that goes on.
    """
    view = await query.view(gizwits)
    before: Mapping[str, Any] = {}
    if stderr().is_terminal:
        say(_("the log is asked every {every:g} s; Ctrl-C ends this", every=every))
    try:
        async with aclosing(gizwits.devices.watch(did, every=every).pages(resume)) as pages:
            async for page in pages:
                for record in page.items:
                    _write(query.format.chosen, view, record, before)
                    before = record.attrs
                resume = page.resume
    except asyncio.CancelledError:
        if resume:
            words = ["--follow", *query.words, *connection.words, "--resume", resume]
            say(_("go on with:"), command=command("logs", did, *words))
        raise
    return Exit.OK


def _write(form: Format, view: LogView, record: Any, before: Mapping[str, Any]) -> None:
    if form is not Format.TABLE:
        write_line(json_text(record))
        return
    from gizwits_async.models import to_dict

    changed = {name: one for name, one in record.attrs.items() if before.get(name, ...) != one}
    write_line(printable(view.line(to_dict(record), changed)))
