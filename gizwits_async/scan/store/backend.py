"""What a store needs of its database; `sqlite.py` and `postgres.py` provide it."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import ArgumentError

from gizwits_async.scan.store.records import RecordTables

__all__ = ["Backend", "Database", "Runner", "Trouble", "wrong_option"]

T = TypeVar("T")
Trouble: TypeAlias = Literal["lost", "busy"]
"""Why a transaction had no effect and may be repeated: its connection was lost, or others are at work."""


class Runner(Protocol):
    """Runs synchronous work on a connection, without blocking the event loop."""

    def __call__(self, work: Callable[[Connection], T]) -> Awaitable[T]:
        """Run it."""
        ...


class Database(Protocol):
    """The connections of one store.

    Work is synchronous, so that a transaction of many statements is one visit to the thread of
    SQLite, or one greenlet over an asyncio driver.
    """

    def transaction(self, connection: Connection) -> AbstractContextManager[object]:
        """Commit what the `with` block does on a connection, or roll it back."""
        ...

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run some work on a connection that is opened, or reused, for it.

        It runs to its end even if the caller is cancelled: half a transaction is of no use.

        Raises:
            SQLAlchemyError: The database refused; or the driver does not know an option of the URL.
            OSError: The database is away, or does not answer.
        """
        ...

    def pinned(self) -> AbstractAsyncContextManager[Runner]:
        """Give a runner that stays in one transaction, for a long read. Raises as `run`."""
        ...

    async def aclose(self) -> None:
        """Close the connections; safe to repeat."""
        ...


class Backend(Protocol):
    """A kind of database that can hold a store, and the address of one."""

    @property
    def name(self) -> str:
        """What to call the store in a message: without a password."""
        ...

    @property
    def arguments(self) -> tuple[str, ...]:
        """Its address and schema, as words of a command; without a password."""
        ...

    @property
    def schema(self) -> str | None:
        """The schema of the tables; None is the connection's own."""
        ...

    @property
    def records(self) -> RecordTables:
        """How it keeps records."""
        ...

    @property
    def shares_database(self) -> bool:
        """Whether a new store may lie beside other tables."""
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
    def lock_wait(self) -> float:
        """Seconds for which what another program has locked is waited for."""
        ...

    def trouble(self, error: Exception) -> Trouble | None:
        """Return why a transaction may be repeated that ended with this error before its commit."""
        ...

    def whole(self, number: Any) -> Any:
        """Return the SQL expression of a positive number without its fraction."""
        ...

    def absent(self) -> bool:
        """Return whether there is nothing to read.

        Raises:
            ScanStoreError: It cannot be a store.
        """
        ...

    def database(self, *, reads: bool) -> Database:
        """Return its connections; nothing is opened.

        Args:
            reads: Whether transactions only read, each of them as of one moment.
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

    def enter(self, connection: Connection) -> None:
        """Begin the transaction that opens a store: one process at a time gets past this."""
        ...

    def evict(self, connection: Connection, silence: float) -> None:
        """End the transaction of a holder that was silent for so many seconds.

        Its lock on the lease would keep others waiting for as long as the holder is frozen.
        """
        ...

    @property
    def deadline(self) -> float | None:
        """Seconds after which a transaction counts as unanswered; None for no limit."""
        ...

    @deadline.setter
    def deadline(self, seconds: float | None) -> None: ...

    def keep_views(self, connection: Connection) -> None:
        """Let views of others name a table as before when it is renamed."""
        ...

    def size(self, connection: Connection) -> int:
        """Return the bytes that the store takes on the disk."""
        ...

    def compact(self, connection: Connection) -> None:
        """Give room that is not used any more back to the disk, outside transactions."""
        ...

    def prepare(self, connection: Connection) -> None:
        """Configure the database, outside transactions, once it is sure to hold a store."""
        ...


def wrong_option(error: Exception) -> ArgumentError:
    """Return the TypeError or ValueError of a driver's `connect` as an error of the URL."""
    advice = (
        "; postgresql+psycopg:// takes all of libpq" if "unexpected keyword" in str(error) else ""
    )
    return ArgumentError(f"an option of its URL is wrong: {error}{advice}")
