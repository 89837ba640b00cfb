"""The connections that all stores in one PostgreSQL database share."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlalchemy import Connection, literal, make_url, select, text
from sqlalchemy.exc import DBAPIError

from gizwits_async.scan.store.postgres import PostgresBackend


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
