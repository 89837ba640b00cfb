"""A page in PostgreSQL as one statement: its records, the days that they change, and its task.

Each statement is two messages to the server and back, which cost more than what they write: prepared
statements are unknown to the next connection of a pooler.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    Connection,
    Double,
    Table,
    Text,
    bindparam,
    cast,
    exists,
    func,
    insert,
    literal,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from gizwits_async.scan.store.column_types import Plain, to_plain_texts
from gizwits_async.scan.store.days import NEXT_VERSION, marking
from gizwits_async.scan.store.moves import MOVE, move_of
from gizwits_async.scan.store.prepared import Prepared
from gizwits_async.scan.store.records import StoredPage, times_of, types_of
from gizwits_async.scan.store.tables import DAYS, DEVICES
from gizwits_async.scan.task import LogName

__all__ = ["write_wide_page"]


def write_wide_page(
    connection: Connection,
    table: Table,
    page: StoredPage,
    *,
    bodies: Sequence[str | None],
) -> None:
    """Write a page.

    Args:
        connection: In a transaction.
        table: That of the records of the log.
        page: The page.
        bodies: What each of its records holds, as text.
    """
    log = page.task.log
    given: dict[str, Any] = {
        "times": times_of(log, page.records),
        "bodies": bodies,
        "days": sorted(page.days),
        **move_of(page.product, page.task),
    }
    if log != "data":
        given["types"] = to_plain_texts(list(types_of(log, page.records)))
    _statement(table, log).run(connection, [given])


@cache
def _statement(table: Table, log: LogName) -> Prepared:
    """Return the statement of a page of a log; takes `move_of`, times, types, bodies and days."""
    texts = ["bodies"] if log == "data" else ["types", "bodies"]
    given = (
        func.unnest(
            bindparam("times", type_=ARRAY(Double)),
            *(bindparam(name, type_=ARRAY(Text)) for name in texts),
        )
        .table_valued("times", *texts)
        .render_derived()
    )
    own = {"online": ("type", "payload"), "cmd": ("type", "payload"), "data": ("attrs",)}[log]
    *types, body = (given.c[name] for name in texts)
    device = _device()
    columns: list[Any] = [device.c.number, given.c.times, *types]
    columns.append(body if log == "cmd" else cast(body, JSONB))
    rows = insert(table).from_select(
        ["device", "timestamp", *own], select(*columns).join_from(device, given, true())
    )
    day: Any = func.unnest(bindparam("days", type_=ARRAY(BigInteger))).column_valued("day")
    values = select(bindparam("of_log", type_=Text), day, NEXT_VERSION, literal(0))
    days = postgresql.insert(DAYS).from_select(["log", "day", "version", "pruned"], values)
    return Prepared(MOVE.add_cte(rows.cte("rows"), marking(days).cte("days")))


def _device() -> CTE:
    """Return the number of the device, which gets one if it has none."""
    product, did = bindparam("of_product", type_=Text), bindparam("of_did", type_=Plain)
    number, key = DEVICES.c.number, (DEVICES.c.product_key, DEVICES.c.did)
    known = select(number).where(key[0] == product, key[1] == did).cte("known")
    absent = select(product, did).where(~exists(select(known.c.number)))
    new = insert(DEVICES).from_select(key, absent).returning(number).cte("new")
    return union_all(select(known.c.number), select(new.c.number)).cte("device")
