"""Listings on the console: with a limit, and logs that say how to go on."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any, Literal

from attrs import frozen

from gizwits_async.cli.output import Format, plain, say, write_rows
from gizwits_async.cli.times import moment, span
from gizwits_async.client import GizwitsClient
from gizwits_async.errors import GizwitsError
from gizwits_async.models.devices import CommandRecord
from gizwits_async.models.times import as_epoch
from gizwits_async.payload import DataPointCodec, PayloadError, Value, codec_of
from gizwits_async.streams import LogStream, Stream

__all__ = ["COLUMNS", "Listing", "limited", "show_log"]

COLUMNS = ("did", "mac", "is_online", "is_faulty", "is_alert", "country", "city")
"""What a table of devices shows: as much as a terminal has room for."""


@frozen(kw_only=True)
class Listing:
    """What to show of one log."""

    did: str
    log: Literal["online", "cmd", "data"] = "data"
    since: str | None = None
    start: str | None = None
    end: str | None = None
    sort: Literal["asc", "desc"] = "desc"
    limit: int | None = None
    resume: str | None = None
    decode: bool = False
    """Whether the data points in the frames of the cmd log are shown."""


def limited(
    stream: Stream[Any], limit: int | None, resume: str | None = None
) -> AsyncIterator[Any]:
    """Return the first `limit` items of a stream; all without one. None of them costs no call.

    Raises:
        ValueError: The limit is negative; at once, and not when the first item is asked for.
    """
    if limit is not None and limit < 0:
        raise ValueError(f"--limit must not be negative, not {limit}")
    return _first(stream, limit, resume)


async def _first(stream: Stream[Any], limit: int | None, resume: str | None) -> AsyncIterator[Any]:
    left = limit
    if left == 0:
        return
    async with aclosing(stream.pages(resume)) as pages:
        async for page in pages:
            for item in page.items:
                if left == 0:
                    return
                yield item
                left = None if left is None else left - 1
            if left == 0:
                return


async def show_log(gizwits: GizwitsClient, listing: Listing, form: Format) -> None:
    """Write the records of a log; when it breaks off, say how to go on."""
    if listing.since is not None and listing.start is not None:
        raise ValueError("give --since or --start, not both")
    if listing.decode and listing.log != "cmd":
        raise ValueError("--decode goes with --log cmd: the other logs are readable as they are")
    start = None if listing.start is None else moment(listing.start)
    end = None if listing.end is None else moment(listing.end)
    if listing.since is not None:
        # A resumed walk has its range from the token; the same words must be the same query.
        until = int(as_epoch("end", end) or time.time())
        start, end = until - span(listing.since), until
    walk: LogStream[Any] = getattr(gizwits.devices, f"{listing.log}_log")(
        listing.did, start=start, end=end, sort=listing.sort
    )
    try:
        records: AsyncIterator[Any] = limited(walk, listing.limit, listing.resume)
        if listing.decode:
            codec = codec_of(await gizwits.product.datapoints())
            records = _decoded(records, codec)
        await write_rows(records, form)
    except GizwitsError as error:
        if error.resume:
            say(_how_to_go_on(listing, start, end, error.resume))
        raise


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
        # One that could not be read is kept as it came, with the reason.
        yield {**plain(record), "action": frame.action, "attrs": attrs, "problem": problem}


def _how_to_go_on(listing: Listing, start: object, end: object, resume: str) -> str:
    words = [f"logs {listing.did}", f"--log {listing.log}", f"--sort {listing.sort}"]
    if listing.decode:
        words.append("--decode")
    for name, value in (("start", start), ("end", end)):
        if value is not None:
            words.append(f"--{name} {getattr(value, 'isoformat', lambda v=value: v)()}")
    return f"go on with: gizwits-async {' '.join(words)} --resume {resume}"
