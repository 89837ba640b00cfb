"""Streams: listings that can be iterated item by item or page by page, stopped and resumed.

A stream describes a listing and holds no state, so it can be iterated twice, or by two tasks at once.
The state is in the walk, and a walk holds no permit, connection or lock while the caller has a page.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Generic, Literal, TypeAlias, TypeVar

from attrs import frozen

from gizwits_async.schema import Model
from gizwits_async.streams.walk import Walk

__all__ = ["Page", "PageReader", "Pages", "Reader", "Sort", "Stream", "size_for"]

T = TypeVar("T")
Sort: TypeAlias = Literal["asc", "desc"]
"""Oldest first or newest first."""


def size_for(wanted: int | None, page_size: int) -> int:
    """Return the `limit` of a caller that stops after so many items; None: it may read all.

    At least two: with one, a page could not show that its second or list goes on.
    """
    return page_size if wanted is None else max(2, min(wanted, page_size))


@frozen(slots=False)  # Made once a reply: see `wire.request.Request`.
class Page(Model, Generic[T]):
    """The records that one reply completed."""

    items: tuple[T, ...]
    """The records; may be empty."""
    resume: str | None
    """The token to go on with, in this process or another: `stream.pages(resume=...)`. None on the
    last page, and only there."""
    gaps: tuple[tuple[int, int], ...] = ()
    """First and last second (epoch seconds UTC) of parts of a log that could not be asked for,
    because they fell off its 30-day edge first. Nearly always empty."""
    total: int | None = None
    """Items of the whole list as the service counts them; None if it gives no count, and for logs."""
    set_aside: int = 0
    """Rows of the reply that are left out, because their id or time cannot be read."""


class Reader(ABC, Generic[T]):
    """Reads the items of a listing, those of a whole reply at a time; for one task at a time."""

    @abstractmethod
    async def read(self) -> tuple[T, ...]:
        """Return the items that the next reply completes, perhaps none; see `Walk._step`."""

    async def release(self) -> None:
        """Release what the reader holds between two replies; nothing by default."""


class PageReader(Reader[T]):
    """A reader that can tell where it is."""

    @abstractmethod
    def page(self, items: tuple[T, ...]) -> Page[T]:
        """Return the items that `read` returned last as a page."""


class Stream(ABC, Generic[T]):
    """A listing, described but not begun."""

    @abstractmethod
    def pages(self, resume: str | None = None) -> Walk[Page[T]]:
        """Iterate page by page.

        Args:
            resume: `Page.resume` or `error.resume` of an earlier walk of an equal stream; None
                starts at the beginning.

        Returns:
            An async iterator over one page a reply, empty ones too, so that progress can be stored.

        Raises:
            ResumeMismatchError: The token belongs to another query, or cannot be read.
            GizwitsError: A call failed; `.resume` is the token to go on with.
        """

    def __aiter__(self) -> Walk[T]:
        """Iterate item by item."""
        return _Items(self._reader())

    def _reader(self, wanted: int | None = None) -> Reader[T]:
        """Return a reader for a caller that takes only the items, and stops after `wanted`."""
        del wanted
        return _ItemsOfPages(self.pages())

    async def first(self) -> T | None:
        """Return the first item, or None if there is none; asks for no more than two."""
        found = await self.collect(limit=1)
        return found[0] if found else None

    async def collect(self, limit: int | None = None) -> list[T]:
        """Return all items, or the first `limit` of them, as a list; asks for little more than those."""
        found: list[T] = []
        reader = self._reader(limit)
        try:
            while limit is None or len(found) < limit:
                found += await reader.read()
        except StopAsyncIteration:
            pass
        finally:
            await reader.release()
        return found[:limit]


class Pages(Walk[Page[T]]):
    """The pages of a reader."""

    def __init__(self, reader: PageReader[T]) -> None:
        super().__init__()
        self._reader = reader

    async def _step(self) -> Page[T]:
        return self._reader.page(await self._reader.read())

    async def _release(self) -> None:
        await self._reader.release()


class _Items(Walk[T]):
    """The items of a reader."""

    __slots__ = ("_left", "_reader")

    def __init__(self, reader: Reader[T]) -> None:
        super().__init__()
        self._reader = reader
        self._left: Iterator[T] = iter(())

    async def __anext__(self) -> T:
        # No lock and no further call for the items of a reply that is here: they are most of them.
        for item in self._left:
            return item
        return await super().__anext__()

    async def _step(self) -> T:
        while True:
            for item in self._left:
                return item
            # Nothing else keeps the items: the next reply can be built in their memory.
            self._left = iter(await self._reader.read())

    async def _release(self) -> None:
        self._left = iter(())
        await self._reader.release()


class _ItemsOfPages(Reader[T]):
    """Reads the items of a walk over pages."""

    def __init__(self, pages: Walk[Page[T]]) -> None:
        self._pages = pages

    async def read(self) -> tuple[T, ...]:
        return (await anext(self._pages)).items

    async def release(self) -> None:
        await self._pages.aclose()
