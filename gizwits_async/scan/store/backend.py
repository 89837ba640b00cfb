"""What a store needs of its database; `sqlite.py` and `postgres.py` provide it."""

from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

__all__ = ["Backend"]


class Backend(Protocol):
    """A database that can hold a store."""

    @property
    def name(self) -> str:
        """What to call the store in a message: without a password."""
        ...

    @property
    def schema(self) -> str | None:
        """The schema of the tables; None is the connection's own."""
        ...

    @property
    def insert(self) -> Any:
        """The INSERT of its dialect, which has an ON CONFLICT clause."""
        ...

    @property
    def clock(self) -> Any:
        """SQL expression: the time in seconds, as a number."""
        ...

    @property
    def shares_clock(self) -> bool:
        """Whether `clock` is the same clock for all machines: that of a database server."""
        ...

    @property
    def guards(self) -> tuple[Any, ...]:
        """SQL expressions that limit the transaction that selects them."""
        ...

    @property
    def deadline(self) -> float | None:
        """Seconds after which a transaction counts as unanswered; None: it always ends by itself."""
        ...

    def abort(self, driver_connection: Any) -> None:
        """Close a connection of the driver that does not answer, without sending anything."""
        ...

    def absent(self) -> bool:
        """Return whether there is nothing to read.

        Raises:
            ScanStoreError: It cannot be a store.
        """
        ...

    def engine(self, *, reads: bool) -> AsyncEngine:
        """Return a new engine.

        Args:
            reads: Whether its transactions only read, each of them as of one moment.
        """
        ...

    def lock(self) -> bool:
        """Take the lock of this machine; return False if another process, or store, holds it.

        It only answers sooner than the lease would. True where there is no such lock.
        """
        ...

    def unlock(self) -> None:
        """Release the lock of this machine; safe to repeat."""
        ...

    async def enter(self, connection: AsyncConnection) -> None:
        """Begin the transaction that opens a store: one process at a time gets past this."""
        ...

    async def prepare(self, engine: AsyncEngine) -> None:
        """Configure the database, once it is sure to hold a store."""
        ...
