"""A store read as of one moment, for exports: a scan may write to it meanwhile."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Self

from sqlalchemy import Connection, CursorResult, Select, select

from gizwits_async.scan.errors import StoreMissingError
from gizwits_async.scan.store.backend import Backend, Runner
from gizwits_async.scan.store.meta import state_in
from gizwits_async.scan.store.session import STORE_FAILS, translated
from gizwits_async.scan.store.tables import LOG_TABLES, META
from gizwits_async.scan.task import LogName

__all__ = ["Snapshot"]

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

    async def meta(self) -> dict[str, str]:
        """Return the table `scan_meta`, once it is sure that this version can read the store.

        Raises:
            ScanStoreError: A newer version wrote it, it is damaged, or cannot be read.
        """
        meta: dict[str, str] = {}
        async for batch in self._rows(select(META)):
            meta |= {row["key"]: row["value"] for row in batch}
        state_in(meta, self.name)
        return meta

    def records(
        self, log: LogName, *, by_day: bool = False
    ) -> AsyncGenerator[Sequence[Mapping[str, Any]], None]:
        """Read the rows of a log, some thousand at a time.

        Args:
            log: Which log.
            by_day: Whether they come day by day, each in order of device and time; else in any order.

        Raises:
            ScanStoreError: The store cannot be read.
        """
        table = LOG_TABLES[log]
        query = select(table)
        if by_day:
            day = self._backend.whole(table.c.timestamp / 86_400.0)
            query = query.order_by(day, table.c.did, table.c.timestamp)
        return self._rows(query)

    async def _rows(
        self, query: Select[tuple[Any, ...]]
    ) -> AsyncGenerator[Sequence[Mapping[str, Any]], None]:
        if self._run is None:
            raise AssertionError("unreachable")
        result: CursorResult[Any] | None = None

        def read(connection: Connection) -> list[dict[str, Any]]:
            nonlocal result
            if result is None:
                result = connection.execute(query, execution_options={"stream_results": True})
            return [dict(row) for row in result.mappings().fetchmany(_BATCH)]

        try:
            while batch := await self._run(read):
                yield batch
        except STORE_FAILS as error:
            failure = translated(self._backend, error)
        else:
            return
        finally:
            await self._run(lambda _: None if result is None else result.close())
        raise failure
