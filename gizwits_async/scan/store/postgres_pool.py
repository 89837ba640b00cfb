"""Connections to PostgreSQL: few for any number of stores, and transactions on them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from functools import partial
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from gizwits_async.scan.store.backend import Backend, Runner, wrong_option
from gizwits_async.scan.store.postgres_options import connect_arguments
from gizwits_async.scan.store.whole import whole

__all__ = ["Pool"]

T = TypeVar("T")
_CONNECTIONS = 5
"""Connections to one address, for all stores of an event loop."""


class Pool:
    """Connections of an asyncio driver, few for any number of stores; see `Database`."""

    def __init__(self, url: URL, backend: Backend, options: dict[str, Any]) -> None:
        self._url, self._backend, self._options = url, backend, options
        # asyncpg's own transaction: what SQLAlchemy does for one costs as much as the page in it.
        self._own = url.get_driver_name() == "asyncpg" and "isolation_level" not in options
        if self._own:
            self._options = options | {"isolation_level": "AUTOCOMMIT"}
        self._shared: _Shared | None = None
        self._engine: AsyncEngine | None = None

    def transaction(self, connection: Connection) -> AbstractContextManager[object]:
        """See `Database.transaction`."""
        return _transaction(connection) if self._own else connection.begin()

    async def run(self, work: Callable[[Connection], T]) -> T:
        """See `Database.run`."""
        opened: list[AsyncConnection] = []

        async def attempt(engine: AsyncEngine) -> T:
            connection = await _opened(engine.connect())
            opened.append(connection)
            try:
                return await _translated(connection.run_sync(work))
            except DBAPIError as error:
                if self._backend.trouble(error) == "lost":  # Also where SQLAlchemy would keep it.
                    opened.clear()
                    await connection.invalidate()
                raise
            finally:
                opened.clear()
                await connection.close()

        async with self._free() as engine:
            return await whole(self._in_time(partial(attempt, engine), opened))

    @asynccontextmanager
    async def pinned(self) -> AsyncIterator[Runner]:
        """See `Database.pinned`."""
        async with self._free() as engine:
            connection = await _opened(engine.connect())

            async def run(work: Callable[[Connection], T]) -> T:
                return await self._in_time(
                    lambda: _translated(connection.run_sync(work)), [connection]
                )

            try:
                yield run
            finally:
                await connection.close()

    @asynccontextmanager
    async def _free(self) -> AsyncIterator[AsyncEngine]:
        """Give the engine when one of its connections is free.

        Hundreds of stores may wait here, longer than a server may take to answer.
        """
        if self._shared is None or self._engine is None:
            self._shared = _engines().acquire(self._url)
            self._engine = self._shared.engine.execution_options(**self._options)
        engine = self._engine
        async with self._shared.free:
            yield engine

    async def _in_time(self, work: Callable[[], Awaitable[T]], opened: list[AsyncConnection]) -> T:
        """Give up work that the server does not answer, and the connections that it has opened."""
        deadline = self._backend.deadline
        running = asyncio.ensure_future(work())
        try:
            await asyncio.wait({running}, timeout=deadline)
        except asyncio.CancelledError:
            # All tasks are cancelled, as at the end of `asyncio.run`. The caller closes the engine
            # next, which closes only connections that were given back.
            running.cancel()
            await asyncio.wait({running}, timeout=deadline)
            await _give_up(running, opened)
            raise
        if running.done():
            return running.result()
        # Not `asyncio.timeout`: a driver that is cancelled asks the server to stop, and waits for
        # an answer to that, too.
        await _give_up(running, opened)
        raise TimeoutError(f"no answer for {deadline:g} seconds")

    async def aclose(self) -> None:
        """See `Database.aclose`."""
        if self._shared is not None:
            self._shared = self._engine = None
            await _engines().release(self._url)


class _Shared:
    """The engine of one address, and who uses it."""

    def __init__(self, url: URL) -> None:
        self.engine = _engine_of(url)
        self.free = asyncio.Semaphore(_CONNECTIONS)
        self.users = 0


class _Engines:
    """The engines of one event loop, one an address: all stores of a server share its connections."""

    def __init__(self) -> None:
        self._shared: dict[URL, _Shared] = {}

    def acquire(self, url: URL) -> _Shared:
        """Return the engine of an address."""
        shared = self._shared.get(url)
        if shared is None:
            shared = self._shared[url] = _Shared(url)
        shared.users += 1
        return shared

    async def release(self, url: URL) -> None:
        """Close the connections when their last user has left."""
        self._shared[url].users -= 1
        if not self._shared[url].users:
            await self._shared.pop(url).engine.dispose()


_OF_LOOP: WeakKeyDictionary[asyncio.AbstractEventLoop, _Engines] = WeakKeyDictionary()


def _engines() -> _Engines:
    return _OF_LOOP.setdefault(asyncio.get_running_loop(), _Engines())


def _engine_of(url: URL) -> AsyncEngine:
    url, arguments = connect_arguments(url)
    try:
        return create_async_engine(
            url, connect_args=arguments, pool_size=_CONNECTIONS, max_overflow=0
        )
    except ModuleNotFoundError as error:
        extra = "'gizwits-async[postgres]'" if error.name == "asyncpg" else "'psycopg[binary]'"
        raise ImportError(f"this store needs {error.name}: install {extra}") from error


@contextmanager
def _transaction(connection: Connection) -> Iterator[None]:
    run = connection.connection.run_async
    try:
        run(lambda driver: driver.execute("BEGIN"))
        yield
        run(lambda driver: driver.execute("COMMIT"))
    except BaseException:
        try:
            run(lambda driver: driver.execute("ROLLBACK"))
        except BaseException:  # noqa: BLE001 - it is lost, or in use by what was given up
            connection.invalidate()
        raise


async def _opened(connection: AsyncConnection) -> AsyncConnection:
    try:
        return await _translated(connection)
    except (TypeError, ValueError) as error:
        wrong = wrong_option(error)
    raise wrong


async def _translated(work: Awaitable[T]) -> T:
    """Raise what SQLAlchemy 2.0 passes on of asyncpg as an error of SQLAlchemy.

    A refused login is such an error, and an InternalClientError, after which the connection is of
    no use: it comes where the server's last message has arrived, and not yet the end of the connection.
    """
    try:
        return await work
    except Exception as error:
        if not type(error).__module__.startswith("asyncpg."):
            raise
        state = getattr(error, "sqlstate", None) or ""
        useless = not state or state.startswith("08")
        raise DBAPIError(None, None, error, connection_invalidated=useless) from error


async def _give_up(running: "asyncio.Future[Any]", opened: list[AsyncConnection]) -> None:
    if not running.done():
        for connection in opened:
            _abort((await connection.get_raw_connection()).driver_connection)
        running.cancel()


def _abort(driver_connection: Any) -> None:
    """Close a connection that does not answer, without sending anything."""
    if hasattr(driver_connection, "terminate"):
        driver_connection.terminate()  # asyncpg
    else:
        driver_connection.pgconn.finish()  # psycopg
