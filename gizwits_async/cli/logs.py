"""`gizwits-async logs`: a log of one device, and how to go on when it breaks off."""

import time
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Literal

from attrs import frozen
from cyclopts import Parameter

from gizwits_async import LogStream
from gizwits_async.cli.connection import Connection
from gizwits_async.cli.flags import Duration, Flag, Log, Moment, whole_windows
from gizwits_async.cli.language import _
from gizwits_async.cli.limits import limited
from gizwits_async.cli.output import OutputFlags, say
from gizwits_async.cli.tables import write_rows
from gizwits_async.client import GizwitsClient
from gizwits_async.errors import GizwitsError
from gizwits_async.models import to_dict
from gizwits_async.models.devices import CommandRecord
from gizwits_async.payload import DataPointCodec, PayloadError, Value, codec_of

__all__ = ["logs"]


@Parameter(name="*")
@frozen(kw_only=True)
class LogQuery(OutputFlags):
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

    @property
    def range(self) -> tuple[float | None, float | None]:
        """First and last moment in epoch seconds; None is the default of the log.

        A range that ends now is fixed here: the command that goes on must name the same one.
        """
        start, end = _epoch(self.start), _epoch(self.end)
        if self.since is None:
            return start, end
        end = int(time.time() if end is None else end)
        return end - whole_windows(self.since), end


def _epoch(moment: float | datetime | None) -> float | None:
    return moment.timestamp() if isinstance(moment, datetime) else moment


async def logs(
    did: str, /, *, query: LogQuery = LogQuery(), connection: Connection = Connection()
) -> int:
    """Write the records of a log.

    Args:
        did: Device id.
        query: Which records, and in which form.
        connection: How the service is reached.
    """
    if query.since is not None and query.start is not None:
        raise ValueError(_("give --since or --start, not both"))
    if query.decode and query.log != "cmd":
        raise ValueError(_("--decode goes with --log cmd: the other logs are readable as they are"))
    start, end = query.range
    async with connection.client() as gizwits:
        walk: LogStream[Any] = getattr(gizwits.devices, f"{query.log}_log")(
            did, start=start, end=end, sort=query.sort
        )
        try:
            await write_rows(await _records(gizwits, walk, query), query.format)
        except GizwitsError as error:
            if error.resume:
                say(_how_to_go_on(did, query, start, end, error.resume))
            raise
    return 0


async def _records(
    gizwits: GizwitsClient, walk: LogStream[Any], query: LogQuery
) -> AsyncIterator[Any]:
    records = limited(walk, query.limit, query.resume)
    if not query.decode:
        return records
    return _decoded(records, codec_of(await gizwits.product.datapoints()))


async def _decoded(
    records: AsyncIterator[CommandRecord], codec: DataPointCodec
) -> AsyncIterator[Mapping[str, Any]]:
    async for record in records:
        frame, attrs = record.frame, dict[str, Value]()
        problem = frame.problem
        try:
            attrs = codec.decode(frame)
        except PayloadError as error:
            problem = problem or str(error)
        # A frame that cannot be decoded is shown as it came, with the reason.
        yield {**to_dict(record), "action": frame.action, "attrs": attrs, "problem": problem}


def _how_to_go_on(
    did: str, query: LogQuery, start: float | None, end: float | None, resume: str
) -> str:
    words = [f"logs {did}", f"--log {query.log}", f"--sort {query.sort}"]
    if query.decode:
        words.append("--decode")
    for name, value in (("start", start), ("end", end)):
        if value is not None:
            words.append(f"--{name} {value}")
    return _("go on with: {command}", command=f"gizwits-async {' '.join(words)} --resume {resume}")
