"""`gizwits-async logs`: a log of one device, and how to go on when it breaks off."""

import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from attrs import frozen
from cyclopts import Parameter

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.device_id import did_of
from gizwits_async.cli.flags import Duration, Flag, Log, Moment
from gizwits_async.cli.language import _
from gizwits_async.cli.limits import limited
from gizwits_async.cli.log_view import decoded
from gizwits_async.cli.output import say
from gizwits_async.cli.suggestions import command
from gizwits_async.cli.tables import write_rows
from gizwits_async.cli.watch import ViewFlags, follow
from gizwits_async.errors import GizwitsError, NotFoundError

if TYPE_CHECKING:
    from gizwits_async import LogStream
    from gizwits_async.client import GizwitsClient

__all__ = ["LogQuery", "logs"]


@Parameter(name="*")
@frozen(kw_only=True)
class LogQuery(ViewFlags):
    """What to show of one log."""

    log: Log = "data"
    """online, cmd or data."""
    since: Duration | None = None
    """How far back: 90s, 30m, 12h, 4d or 1w; two days by default."""
    start: Moment | None = None
    """Instead of --since: ISO 8601 with offset, or epoch seconds."""
    end: Moment | None = None
    """ISO 8601 with offset, or epoch seconds; now by default."""
    sort: Literal["asc", "desc"] = "desc"
    """asc for oldest first, desc for newest first."""
    limit: int | None = None
    """How many records at most."""
    resume: str | None = None
    """Where to go on, as an interrupted walk of the same log said."""
    decode: Flag = False
    """Of --log cmd: show the data points in each frame, for one more call in all."""
    follow: Flag = False
    """Of the data log: show what the device reports from now on, until Ctrl-C."""

    @property
    def range(self) -> tuple[float | None, float | None]:
        """First and last moment in epoch seconds; None is the default of the log.

        A range that ends now is fixed here: the command that goes on must name the same one.
        """
        start, end = _epoch(self.start), _epoch(self.end)
        if self.since is None:
            return start, end
        end = int(time.time() if end is None else end)
        return end - _whole_windows(self.since), end

    def check(self) -> None:
        """Raise a ValueError if flags were given that do not go together."""
        if self.since is not None and self.start is not None:
            raise ValueError(_("give --since or --start, not both"))
        if self.decode and self.log != "cmd":
            raise ValueError(
                _("--decode goes with --log cmd: the other logs are readable as they are")
            )
        if self.follow and self.log != "data":
            raise ValueError(_("--follow goes with --log data"))


def _whole_windows(span: timedelta) -> int:
    """Return the seconds of a span, less one for every two days.

    A query owns one second less than it spans: four days take two queries, and not three.
    """
    from gizwits_async.models.times import LOG_SPAN

    seconds = int(span.total_seconds())
    return seconds - seconds // LOG_SPAN


def _epoch(moment: float | datetime | None) -> float | None:
    return moment.timestamp() if isinstance(moment, datetime) else moment


async def logs(
    device: str, /, *, query: LogQuery = LogQuery(), connection: Connection = Connection()
) -> int:
    """Write the records of a log.

    Args:
        device: Device id or MAC address.
        query: Which records, and in which form.
        connection: How the service is reached.
    """
    query.check()
    start, end = query.range
    async with connection.client() as gizwits:
        did = await did_of(gizwits, device)
        if query.follow:
            return await follow(gizwits, did, query, resume=query.resume, connection=connection)
        walk: LogStream[Any] = getattr(gizwits.devices, f"{query.log}_log")(
            did, start=start, end=end, sort=query.sort
        )
        try:
            await _write(gizwits, limited(walk, query.limit, query.resume), query)
        except GizwitsError as error:
            if error.resume and not isinstance(error, NotFoundError):
                walk_on = _how_to_go_on(query, start, end, error.resume)
                go_on = command("logs", did, *walk_on, *connection.words)
                say(_("go on with:"), command=go_on)
            raise
    return 0


async def _write(gizwits: "GizwitsClient", records: AsyncIterator[Any], query: LogQuery) -> None:
    from gizwits_async.payload import codec_of

    if query.decode:
        records = decoded(records, codec_of(await gizwits.product.datapoints()))
    view = await query.view(gizwits)
    await write_rows(records, query.format, columns=view.columns(), row=view.row, title=view.title)


def _how_to_go_on(
    query: LogQuery, start: float | None, end: float | None, resume: str
) -> list[str]:
    words = ["--log", query.log, "--sort", query.sort, *query.words]
    words += ["--decode"] if query.decode else []
    for name, value in (("start", start), ("end", end)):
        if value is not None:
            words += [f"--{name}", str(value)]
    return [*words, "--resume", resume]
