"""A store read as of one moment, for exports: a scan may write to it meanwhile."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, CursorResult

from gizwits_async.scan.errors import StoreMissingError
from gizwits_async.scan.store.backend import Backend, Runner
from gizwits_async.scan.store.creation import read_meta
from gizwits_async.scan.store.meta import Meta, products_in, state_in, values_in
from gizwits_async.scan.store.records import Reading
from gizwits_async.scan.store.session import STORE_FAILS, translated
from gizwits_async.scan.task import LogName, Span

__all__ = ["Snapshot"]

T = TypeVar("T")
_BATCH = 2_000
"""Rows that are read at a time."""


class Snapshot:
    """One read transaction over the tables of a store."""

    def __init__(self, backend: Backend) -> None:
        """Name the store; nothing is opened.

        Raises:
            StoreMissingError: There is no store.
        """
        self._backend = backend
        self.name = backend.name
        """What to call the store in a message."""
        if backend.absent():
            raise StoreMissingError(f"{self.name}: there is no store")
        self._database = backend.database(reads=True)
        self._stack = AsyncExitStack()
        self._run: Runner | None = None

    async def __aenter__(self) -> Self:
        """Open the store."""
        try:
            self._run = await self._stack.enter_async_context(self._database.pinned())
        except STORE_FAILS as error:
            failure = translated(self._backend, error)
        else:
            return self
        await self._database.aclose()
        raise failure  # Not in the handler, as in `Session`.

    async def __aexit__(self, *_: object) -> None:
        """End the transaction."""
        await self._stack.aclose()
        await self._database.aclose()

    async def meta(self) -> Meta:
        """Return the table `scan_meta`, once it is sure that this version can read the store.

        Raises:
            ScanStoreError: Another version wrote it, it is damaged, or cannot be read.
        """
        meta = await self._do(partial(read_meta, backend=self._backend))
        for product in products_in(meta):
            state_in(values_in(meta, product, self.name), self.name)
        return meta

    def records(
        self, log: LogName, *, span: Span | None = None, by_day: bool = False
    ) -> AsyncGenerator[Sequence[Mapping[str, Any]], None]:
        """Read the rows of a log, some thousand at a time, in order of product, device and time.

        Each has `product_key`, `did`, `timestamp`, and `attrs` or `type` and `payload`.

        Args:
            log: Which log.
            span: Seconds to read; None for all.
            by_day: Whether they come day by day.

        Raises:
            ScanStoreError: The store cannot be read.
        """
        return self._rows(
            self._backend.records.reading(
                log, span=span, whole=self._backend.whole if by_day else None
            )
        )

    async def _rows(self, reading: Reading) -> AsyncGenerator[Sequence[Mapping[str, Any]], None]:
        result: CursorResult[Any] | None = None

        def read(connection: Connection) -> list[dict[str, Any]]:
            nonlocal result
            if result is None:
                result = connection.execute(
                    reading.query, execution_options={"stream_results": True}
                )
            return [reading.row(row) for row in result.fetchmany(_BATCH)]

        try:
            while batch := await self._do(read):
                yield batch
        finally:
            await self._do(lambda _: None if result is None else result.close())

    async def _do(self, work: Callable[[Connection], T]) -> T:
        if self._run is None:
            raise AssertionError("unreachable")
        try:
            return await self._run(work)
        except STORE_FAILS as error:
            failure = translated(self._backend, error)
        raise failure
