"""The SQL store in PostgreSQL, on a real server that the tests start."""

import asyncio
import os
import struct
import sys
import time
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError

from gizwits_async.models.devices import CommandRecord, DataRecord, Device
from gizwits_async.scan import (
    FleetScan,
    ScanStoreError,
    SqlStore,
    StoreMismatchError,
)
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.postgres import PostgresBackend
from gizwits_async.scan.store.protocol import Change
from gizwits_async.scan.task import Task
from gizwits_async.simulator import SimulatorServer
from gizwits_async.simulator.environment import environment_of
from tests.doubles import client_of
from tests.scan.cluster import held, sql
from tests.scan.common import DAY, cloud_of, truth
from tests.scan.test_lease import STATE, commit
from tests.scan.test_store import killed, lively

NOW = 1_790_000_000
START = NOW - 2 * DAY


async def test_a_scan_into_postgresql_is_the_truth(url: str) -> None:
    """The tables hold the records of the range, each once; the next run adds what came since."""
    cloud = cloud_of(3, 3)
    assert (await FleetScan(client_of(cloud), url, start=START, end=NOW).run()).complete
    assert await held(url) == truth(cloud, START, NOW)
    again = await FleetScan(client_of(cloud), url, start=START).run()
    assert again.complete
    assert await held(url) == truth(cloud, START, again.end)


@pytest.mark.fault("P8")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.slow)])
async def test_killed_at_random_postgresql_ends_with_the_truth(url: str, kills: int) -> None:
    """`kill -9` of the scanning process, and the same command again: each record once."""
    now = int(time.time())
    cloud = lively(now, 2 + 2 * kills)
    assert await killed(url, cloud, now, kills, seed=kills) >= kills // 2
    assert await held(url) == truth(cloud, now - 2 * DAY, now - 1000)


@pytest.mark.fault("P9")
async def test_what_is_no_store_of_this_scan_is_left_as_it_is_in_postgresql(url: str) -> None:
    """Foreign tables, another range, a newer schema: refused with the reason, no row touched."""
    await sql(url, "CREATE VIEW devices AS SELECT 7 AS id", "CREATE TABLE accounts (id int)")
    with pytest.raises(ScanStoreError, match="holds a devices that is of no scan"):
        await SqlStore(url).open()
    await sql(url, "DROP VIEW devices")
    cloud = cloud_of(2, 3)
    await FleetScan(client_of(cloud), url, start=START, end=NOW).run()
    before = await held(url)
    with pytest.raises(StoreMismatchError, match="name another store"):
        await FleetScan(client_of(cloud), url, start=START + 5, end=NOW).run()
    await sql(url, "UPDATE scan_meta SET value = '99' WHERE key = 'schema'")
    with pytest.raises(StoreMismatchError, match="newer version"):
        await FleetScan(client_of(cloud), url, start=START, end=NOW).run()
    assert await held(url) == before == truth(cloud, START, NOW)
    assert (await sql(url, "SELECT count(*) FROM accounts"))[0][0] == 0


async def test_odd_values_survive_in_postgresql(url: str) -> None:
    """NUL, lone surrogates and integers beyond 64 bits, which its text and numbers do not take."""
    store = SqlStore(url)
    await store.open()
    state = ScanState(product_key="p", start=0, end=1000, listing="done")
    await store.begin(state, again=False)
    did = '"\ud800\0'
    await store.add([Device(did=did, mac="\0", online_latest=10**400)], ["data"], state)
    [task] = await store.due(["data"], 1000, 5)
    assert task.did == did
    rows = (DataRecord(ts=5, attrs={"\0": "\ud800", "n": 2**80}),)
    await store.commit(Change(after=task.opened(1000, 2000, 5000.0).closed(0), rows=rows))
    command = CommandRecord(timestamp=5.5, type="\0", payload="\udfff")
    await store.commit(Change(after=Task.new(did, "cmd", 0), rows=(command,)))
    await store.fail(task, "Odd", "\0" * 3)
    assert (await store.failures(["data"], 5))[1][0].text == "\0" * 3
    await store.aclose()


@pytest.mark.fault("P10")
async def test_the_password_of_a_store_is_not_printed(url: str, tmp_path: Path) -> None:
    """No report, plan, export or error of the program shows the password of a store."""
    cloud = cloud_of(1, 2, now=int(time.time()))
    named = url.replace("postgres@", "postgres:hunter2@")
    away = "postgresql+asyncpg://u:hunter2@127.0.0.1:9/none"
    output = ""
    (tmp_path / "file").touch()
    async with SimulatorServer(cloud) as server:
        for words in (
            ("plan", "--since", "1d", "--out", named),
            ("scan", "--since", "1d", "--out", named),
            ("scan", "--start", "5", "--out", named),
            ("export", named, "--to", "csv", "--out", str(tmp_path / "file" / "out")),
            ("scan", "--since", "1d", "--out", away),
        ):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "gizwits_async.cli", *words, stdout=PIPE, stderr=STDOUT,
                env=os.environ | environment_of(cloud, server.url) | {"COLUMNS": "300"},
            )  # fmt: skip
            said, _ = await process.communicate()
            output += said.decode()
    assert "written to" in output
    assert "postgres:***@" in output
    assert "hunter2" not in output
    assert "Traceback" not in output


async def test_a_server_that_is_away_is_a_clear_error() -> None:
    """A refused connection is a ScanStoreError with the address, without the password."""
    store = SqlStore("postgresql+asyncpg://u:hunter2@127.0.0.1:9/none")
    with pytest.raises(ScanStoreError, match=r"127\.0\.0\.1:9") as caught:
        await store.open()
    assert "hunter2" not in str(caught.value)
    await asyncio.sleep(0)


async def test_schemas_are_stores_of_their_own(url: str) -> None:
    """They are made if absent, and two scans write to two of them at the same time."""
    clouds = {"pump": cloud_of(2, 3), 'Odd "one"': cloud_of(3, 3)}
    reports = await asyncio.gather(
        *(
            FleetScan(client_of(cloud), SqlStore(url, schema=name), start=START, end=NOW).run()
            for name, cloud in clouds.items()
        )
    )
    assert all(report.complete for report in reports)
    for name, cloud in clouds.items():
        quoted = '"' + name.replace('"', '""') + '"'
        assert await held(url, quoted) == truth(cloud, START, NOW)
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    assert (await sql(url, tables))[0][0] == 0
    assert "(schema pump)" in SqlStore(url, schema="pump").name


@pytest.mark.parametrize(
    "options",
    [
        "statement_cache_size=0&prepared_statement_cache_size=0",
        "statement_cache_size=100&prepared_statement_cache_size=50",
        "command_timeout=20&timeout=5&ssl=disable",
        "sslmode=prefer&connect_timeout=5",
    ],
)
async def test_options_of_the_url_reach_the_driver_with_their_types(url: str, options: str) -> None:
    """Numbers as numbers, and libpq's spellings too; any of the usual schemes."""
    cloud = cloud_of(1, 2)
    where = f"{url}&{options}".replace("postgresql+asyncpg:", "postgres:")
    assert (await FleetScan(client_of(cloud), where, start=START, end=NOW).run()).complete
    assert await held(url) == truth(cloud, START, NOW)


async def test_settings_of_the_url_reach_the_server(url: str) -> None:
    """`options` and `application_name` are for the server, not for the driver."""
    await sql(url, "CREATE SCHEMA fleet")
    store = SqlStore(f"{url}&options=-csearch_path%3Dfleet&application_name=nightly")
    await store.open()
    names = await sql(url, "SELECT application_name FROM pg_stat_activity")
    assert "nightly" in {row[0] for row in names}
    await store.begin(STATE, again=False)
    await commit(store)
    await store.aclose()
    assert (await held(url, "fleet")).total() == 1


async def test_a_wrong_number_in_the_url_is_a_clear_error(url: str) -> None:
    """It is named, and is no bare ValueError of the driver."""
    with pytest.raises(ScanStoreError, match="statement_cache_size must be a number"):
        await SqlStore(f"{url}&statement_cache_size=many").open()


def test_only_postgresql_has_schemas() -> None:
    """A schema of a SQLite file would be ignored."""
    with pytest.raises(ValueError, match="schema"):
        SqlStore("fleet.db", schema="pump")


async def test_many_stores_of_a_server_share_few_connections(url: str) -> None:
    """A process that scans for a hundred tenants does not need a hundred connections."""
    stores = [SqlStore(url, schema=f"tenant{number}") for number in range(30)]
    await asyncio.gather(*(store.open() for store in stores))
    await asyncio.gather(*(store.begin(STATE, again=False) for store in stores))
    await asyncio.gather(*(commit(store) for store in stores))
    count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    assert (await sql(url, count))[0][0] <= 5 + 1  # The one that counts.
    await asyncio.gather(*(store.aclose() for store in stores))
    async with asyncio.timeout(30):  # The server notices a closed connection a little later.
        while (await sql(url, count))[0][0] > 1:
            await asyncio.sleep(0.05)
    for number in range(30):
        assert (await held(url, f"tenant{number}")).total() == 1


async def test_tables_and_columns_say_what_they_hold(url: str) -> None:
    """Those that analysts read have a comment each, and an index by time is used by its name."""
    store = SqlStore(url)
    await store.open()
    await store.aclose()
    silent = """
        SELECT relname, attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
        WHERE relname IN ('devices', 'scan_task', 'online_log', 'cmd_log', 'data_log', 'data_record')
        AND attnum > 0 AND col_description(pg_class.oid, attnum) IS NULL"""
    assert await sql(url, silent) == []
    unnamed = """
        SELECT relname FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace = 'public'::regnamespace
        AND obj_description(oid, 'pg_class') IS NULL"""
    assert await sql(url, unnamed) == []
    names = {row[0] for row in await sql(url, "SELECT indexname FROM pg_indexes")}
    assert {"data_record_by_time", "cmd_record_by_time", "online_record_by_time"} <= names


@pytest.mark.fault("P8")
async def test_a_session_of_which_only_the_last_words_arrived_is_replaced(url: str) -> None:
    """The message of a server that ends a session may be read before the end of the connection.

    asyncpg answers the next statement with an InternalClientError then, which SQLAlchemy 2.0 passes
    on as it is.
    """
    words = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0"
    message = b"E" + struct.pack("!i", len(words) + 4) + words

    drivers: list[Any] = []

    def end(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        driver._protocol.data_received(message)
        drivers.append(driver)

    def end_within(connection: Connection) -> None:
        connection.execute(text("SELECT 1"))
        end(connection)
        connection.execute(text("SELECT 1"))

    store = SqlStore(url)
    await store.open()
    await store.begin(STATE, again=False)
    backend = PostgresBackend(make_url(url), None)
    database = backend.database(reads=False)  # It shares the connections of the store.
    with pytest.raises(DBAPIError) as caught:
        await database.run(end_within)
    assert backend.trouble(caught.value) == "lost"
    await database.run(end)
    await commit(store)
    await database.aclose()
    await store.aclose()
    for driver in drivers:
        driver.terminate()
    assert (await held(url)).total() == 1
