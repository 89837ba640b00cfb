"""The first items of a stream, for `--limit`."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, TypeVar

from gizwits_async.cli.language import _

if TYPE_CHECKING:
    from gizwits_async import Stream

__all__ = ["limited"]

T = TypeVar("T")


def limited(stream: "Stream[T]", limit: int | None, resume: str | None = None) -> AsyncIterator[T]:
    """Return the first `limit` items of a stream, all of them if it is None; 0 makes no call.

    Raises:
        ValueError: The limit is negative; raised here, before the first item is asked for.
    """
    if limit is not None and limit < 0:
        raise ValueError(_("--limit must not be negative, not {limit}", limit=limit))
    return _first(stream, limit, resume)


async def _first(stream: "Stream[T]", limit: int | None, resume: str | None) -> AsyncIterator[T]:
    if limit == 0:
        return
    count = 0
    async with aclosing(stream.pages(resume)) as pages:
        async for page in pages:
            for item in page.items:
                yield item
                count += 1
                if count == limit:
                    return
