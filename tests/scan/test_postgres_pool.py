"""The connections that all stores in one PostgreSQL database share."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlalchemy import Connection, func, literal, make_url, select, text
from sqlalchemy.exc import DBAPIError

from gizwits_async.models.devices import DataRecord, Device
from gizwits_async.scan import ScanState, SqlStore
from gizwits_async.scan.store.postgres import _OPENING, PostgresBackend
from gizwits_async.scan.store.protocol import Change
from tests.scan.cluster import PGBOUNCER, connected, held, plain, pooler, sql


def _one(connection: Connection) -> Any:
    return connection.scalar(select(literal(1)))


async def test_waiting_for_a_free_connection_is_no_silence_of_the_server(url: str) -> None:
    """Hundreds of stores share a few connections: the deadline begins when one of them is free."""
    backend = PostgresBackend(make_url(url), None)
    database = backend.database(reads=False)
    async with AsyncExitStack() as busy:
        for _ in range(5):
            await busy.enter_async_context(database.pinned())
        backend.deadline = 0.001
        waiting = asyncio.ensure_future(database.run(_one))
        await asyncio.sleep(0.05)
        backend.deadline = 20.0
    assert await waiting == 1
    await database.aclose()


async def test_a_transaction_that_fails_leaves_nothing_and_a_connection_that_is_free(
    url: str,
) -> None:
    """Each of the few connections is used again after errors, with nothing of them in the tables."""
    database = PostgresBackend(make_url(url), None).database(reads=False)

    def work(connection: Connection, last: str) -> None:
        with database.transaction(connection):
            connection.execute(text("CREATE TABLE IF NOT EXISTS kept (id int)"))
            connection.execute(text("INSERT INTO kept VALUES (1)"))
            connection.execute(text(last))

    for _ in range(6):
        with pytest.raises(DBAPIError):
            await database.run(lambda connection: work(connection, "SELECT 1 / 0"))
    await database.run(lambda connection: work(connection, "SELECT 1"))
    assert await database.run(lambda c: c.scalar(text("SELECT count(*) FROM kept"))) == 1
    await database.aclose()


async def test_a_loop_that_cancels_all_of_its_tasks_leaves_no_connection(url: str) -> None:
    """As `asyncio.run` does in the end: the connection in use is given back before its pool is closed."""
    database, began = PostgresBackend(make_url(url), None).database(reads=False), asyncio.Event()
    drivers: list[Any] = []

    def work(connection: Connection) -> None:
        with database.transaction(connection):
            drivers.append(connection.connection.driver_connection)
            began.set()
            connection.connection.run_async(lambda driver: driver.execute("SELECT pg_sleep(60)"))

    async def main() -> None:
        try:
            await database.run(work)
        finally:
            await database.aclose()

    running = asyncio.ensure_future(main())
    await began.wait()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await asyncio.wait({running})
    assert running.cancelled()
    assert [driver.is_closed() for driver in drivers] == [True]


async def test_waiting_for_another_that_opens_the_store_is_no_silence_of_the_server(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upgrade may hold the lock for minutes: the wait is cut into attempts, and goes on."""
    monkeypatch.setattr(PostgresBackend, "guards", (func.set_config("lock_timeout", "50", True),))
    locks = "SELECT pg_advisory_lock(hashtextextended('public', $1))"
    store = SqlStore(url)
    async with connected(plain(url)) as other:
        await other.execute(locks.replace("$1", str(_OPENING)))
        monkeypatch.setattr(PostgresBackend, "deadline", 0.5)
        opening = asyncio.ensure_future(store.open())
        await asyncio.wait({opening}, timeout=0.8)
        assert not opening.done()
        monkeypatch.setattr(PostgresBackend, "deadline", 20.0)
    assert await opening is None
    await store.aclose()


if PGBOUNCER:

    @pytest.mark.parametrize("path", ["other", ""])
    @pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
    async def test_the_search_path_of_another_client_moves_no_page(
        server: str, url: str, path: str, driver: str
    ) -> None:
        """A pooler hands it on, as `pg_dump` leaves it: a page stays in the store that it was read for."""
        state = ScanState(product_key="pk", start=0, end=9)
        with pooler(server, "transaction", "max_db_connections = 1") as pooled:
            direct, way = (
                url,
                url.replace(server.partition("host=")[2], pooled.partition("host=")[2]),
            )
            driven = way.replace("asyncpg", driver, 1)
            ours, other = SqlStore(driven), SqlStore(driven, schema="other")
            for store in (ours, other):
                store.choose_product("pk")
                await store.open()
                await store.begin(state, again=False)
                await store.add([Device(did="d")], ["data"], state)
            await sql(way, f"SELECT set_config('search_path', '{path}', false)")
            [task] = await ours.due(["data"], 9, 9)
            rows = (DataRecord(ts=1, attrs={}),)
            await ours.commit(Change(after=task.opened(9, 9, 5.0).took(1.0, "g1.x"), rows=rows))
            for store in (ours, other):
                await store.aclose()
        found = [(await held(direct, schema)).total() for schema in ("public", "other")]
        assert found == [1, 0]
