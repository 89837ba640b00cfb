"""Writes the stores of schema 1 that the tests upgrade, with the version that wrote them last.

```
git worktree add /tmp/schema-1 74e93a5
PYTHONPATH=/tmp/schema-1 python tests/scan/stores/make.py tests/scan/stores/schema-1.db
PYTHONPATH=/tmp/schema-1 python tests/scan/stores/make.py postgresql+asyncpg://... > schema-1.sql
```

The last one prints the statements that make the same tables in another PostgreSQL database.
"""

import asyncio
import sys
from contextlib import suppress
from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from gizwits_async.client import GizwitsClient
from gizwits_async.models.devices import CommandRecord, DataRecord, Device, OnlineEvent
from gizwits_async.quota import HourlyQuota
from gizwits_async.scan import FleetScan, SqlStore
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store import tables  # type: ignore[attr-defined] - of schema 1
from gizwits_async.scan.store.protocol import Change
from gizwits_async.scan.task import Task
from gizwits_async.simulator import Fleet, Rates, SimulatedCloud, SimulatorTransport

NOW = 1_790_000_000
START = NOW - 2 * 86_400
PAGES = 7


def fleet() -> Fleet:
    """Return the fleet that is scanned."""
    return Fleet.generate(2, 3, rates=Rates(reports=70, edge=0))


async def interrupted(store: SqlStore) -> None:
    """Scan until some pages are stored: devices, tasks, an open window, the definition."""
    cloud = SimulatedCloud(fleet(), quota=10**9)
    quota = HourlyQuota(10_000_000, burst=1000, reserve=0)
    pages = 0

    def count(_: object) -> None:
        nonlocal pages
        pages += 1
        if pages == PAGES:
            running.cancel()

    async with GizwitsClient(
        cloud.credentials, transport=SimulatorTransport(cloud), quota=quota
    ) as client:
        scan = FleetScan(client, store, start=START, end=NOW, concurrency=1)
        running = asyncio.ensure_future(scan.run(on_progress=count))
        with suppress(asyncio.CancelledError):
            await running


async def odd(store: SqlStore) -> None:
    """Add a device with values that databases refuse, a failed task and a gap."""
    state = await store.open()
    assert isinstance(state, ScanState)
    did = 'odd "\0'
    await store.add([Device(did=did, mac="\ud800", city="广州")], ["cmd", "data", "online"], state)
    records = {
        "data": DataRecord(ts=START + 5, attrs={"制冷": "\ud800", "\0": 2**80, "x": [1.0, None]}),
        "cmd": CommandRecord(timestamp=START + 5.25, type="\0", payload='"quoted"'),
        "online": OnlineEvent(timestamp=START + 5.5, type="dev_online", payload={"k": True}),
    }
    for log, record in records.items():
        task = Task.new(did, log, START)  # type: ignore[arg-type]
        change = Change(after=task, rows=(record, record), gaps=((START, START + 3),))
        await store.commit(change)
    await store.fail(Task.new(did, "cmd", START), "ServerError", "it failed")
    await store.aclose()


def write(statement: object) -> None:
    """Print a statement."""
    sys.stdout.write(f"{statement};\n".lstrip())


async def dump(store: SqlStore) -> None:
    """Print the tables as statements for PostgreSQL."""
    await store.peek()
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]

    def show(connection: object) -> None:
        names = inspect(connection).get_table_names()  # type: ignore[call-overload]
        for table in tables.METADATA.sorted_tables:
            assert table.name in names
            write(CreateTable(table).compile(dialect=dialect))
            for index in table.indexes:
                write(CreateIndex(index).compile(dialect=dialect))
            cells = ", ".join(f"quote_nullable({column.name}::text)" for column in table.c)
            for row in connection.exec_driver_sql(f"SELECT {cells} FROM {table.name}"):  # type: ignore[attr-defined]
                write(f"INSERT INTO {table.name} VALUES ({', '.join(row)})")

    await store._session.do(show)
    await store.aclose()


async def main(where: str) -> None:
    """Write the store, and print it if it is one of PostgreSQL."""
    store = SqlStore(where)
    await interrupted(store)
    await odd(store)
    if "://" in where:
        await dump(store)
    else:
        Path(f"{where}.lock").unlink()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
