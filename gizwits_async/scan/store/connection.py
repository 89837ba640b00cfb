"""A SQL store as a scan opens it: its lease, its transactions, and the product that is meant."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from os import PathLike
from typing import Any, TypeVar

from sqlalchemy import Connection

from gizwits_async.scan.errors import ScanStoreError, StoreMissingError
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.address import backend_of, hidden
from gizwits_async.scan.store.creation import prepare_tables, read_meta, write_meta
from gizwits_async.scan.store.hold import Hold
from gizwits_async.scan.store.meta import Meta, products_in, state_in, values_in
from gizwits_async.scan.store.session import Session
from gizwits_async.scan.store.upgrade import upgrade_tables
from gizwits_async.scan.store.whole import whole

__all__ = ["StoreConnection"]

_log = logging.getLogger("gizwits_async.scan")
T = TypeVar("T")


class StoreConnection:
    """Opens and closes a store, and runs work on it."""

    def __init__(
        self,
        where: str | PathLike[str],
        *,
        schema: str | None = None,
        lease: float = 15.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Name a store; nothing is opened.

        Args:
            where: Path of a SQLite file, or an SQLAlchemy URL with an asyncio driver:
                `sqlite+aiosqlite:///fleet.db`, `postgresql+asyncpg://...`, `postgresql+psycopg://...`.
                Options of the driver may stand in the URL.
            schema: Schema of a PostgreSQL database for the tables; created if it does not exist.
            lease: Seconds of silence after which another scan may take the store over.
            sleep: Waits between looks at the lease of another scan, and renewals of its own.

        Raises:
            ValueError: The URL cannot be read, names another kind of database, or one without
                schemas; or the lease is not positive.
        """
        where = hidden(where)
        self._backend = backend_of(where, schema)
        if not lease > 0:
            raise ValueError(f"lease must be positive, not {lease}")
        self._lease, self._sleep = lease, sleep
        self._session = Session(self._backend, reads=True)
        self._hold: Hold | None = None
        self._product = ""
        self._run = 0
        self._upgrades = False

    @property
    def name(self) -> str:
        """What to call it: its path, or its URL without a password."""
        return self._backend.name

    @property
    def arguments(self) -> tuple[str, ...]:
        """Its address and schema, as words of a command; without a password."""
        return self._backend.arguments

    def __repr__(self) -> str:
        # Tools that show locals call it also where `__init__` failed.
        return f"<{type(self).__name__} {getattr(getattr(self, '_backend', None), 'name', '')}>"

    # --- opening and closing

    def choose_product(self, product_key: str) -> None:
        """See `ScanStore.choose_product`."""
        self._product = product_key

    async def open(self) -> ScanState | None:
        """Take the lease of the store, create it if need be, and return what it knows of its scan.

        If another scan holds the lease and gives no sign of life, this waits until it does, or
        until the lease has run out.

        Raises:
            StoreLockedError: Another scan writes to it.
            StoreMismatchError: A newer version wrote it.
            ScanStoreError: It is damaged, read-only, full, or no store of a scan.
        """
        self._session = Session(self._backend, reads=False)
        self._hold = Hold(self._backend, self._session, limit=self._lease, sleep=self._sleep)
        try:
            state = await self._hold.take(self._created)
            if isinstance(state, bool):
                await self._upgrade()
                state = await self._session.do(self._state)
            self._know(state)
            await self._session.prepare()
        except BaseException:
            await self.aclose()
            raise
        self._session.reconnects = True
        return state

    async def upgrade(self) -> None:
        """Move a store of an earlier version into the tables of this one, and make its file small.

        Raises:
            StoreMissingError: There is no store.
            ScanStoreError: As `open`.
        """
        if self._backend.absent():
            raise StoreMissingError(f"{self.name}: there is no store")
        self._upgrades = True
        try:
            await self.open()
            await self._session.compact()
        finally:
            self._upgrades = False
            await self.aclose()

    async def peek(self) -> ScanState | None:
        """Return what the store knows; nothing is created or locked. Call `aclose` afterwards.

        Raises:
            ScanStoreError: As `open`.
        """
        if self._backend.absent():
            return None
        self._session = Session(self._backend, reads=True)
        try:
            state = await self._session.do(self._state)
        except BaseException:
            await self.aclose()
            raise
        self._know(state)
        return state

    async def aclose(self) -> None:
        """Give the lease back and close the connection; safe to repeat."""
        await whole(self._close())

    async def _close(self) -> None:
        hold, self._hold = self._hold, None
        self._session.reconnects = False
        try:
            if hold is not None:
                await hold.release()
        finally:
            await self._session.aclose()

    def _state(self, connection: Connection) -> ScanState | None:
        return state_in(self._meta(connection), self.name)

    def _created(self, connection: Connection) -> ScanState | bool | None:
        """Create the tables of a new store; return False if those of an old one must be upgraded."""
        meta = prepare_tables(connection, self._backend)
        return False if meta is None else state_in(self._values(meta), self.name)

    async def _upgrade(self) -> None:
        """Move what an earlier version wrote into the tables of this one, as one transaction."""
        backend = self._backend
        _log.warning("%s is being upgraded; earlier versions cannot open it any more", self.name)

        def work(connection: Connection) -> int:
            backend.enter(connection)  # Others wait here, instead of for the row of the lease.
            return upgrade_tables(connection, backend)

        deadline, backend.deadline = backend.deadline, None
        try:
            moved = await self._write(work)
        finally:
            backend.deadline = deadline
        _log.warning("%s was upgraded: %d records", self.name, moved)

    def _know(self, state: ScanState | None) -> None:
        if state is not None:
            self._product = state.product_key
        self._run = 0 if state is None else state.run

    def _meta(self, connection: Connection) -> dict[str, str]:
        return self._values(read_meta(connection, self._backend))

    def _values(self, meta: Meta) -> dict[str, str]:
        product = self._product
        if self._upgrades and not product:
            product = next(iter(products_in(meta)), "")  # Any: an upgrade concerns all of them.
        return values_in(meta, product, self.name)

    def _put(self, connection: Connection, values: dict[str, str]) -> None:
        write_meta(connection, self._backend, values, self._product)

    async def _write(self, work: Callable[[Connection], T]) -> T:
        if self._hold is None:
            raise ScanStoreError(f"{self.name} is not open")
        return await self._hold.write(work)

    async def _change(self, work: Callable[..., T], **arguments: Any) -> T:
        """Write what concerns the product."""
        return await self._write(partial(work, product=self._product, **arguments))

    async def _read(self, work: Callable[..., T], **arguments: Any) -> T:
        """Read what concerns the product."""
        return await self._session.do(partial(work, product=self._product, **arguments))
