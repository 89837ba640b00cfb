"""What a SQL store keeps for the rules by which windows are passed over; see `scan/skipper.py`."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from msgspec.structs import asdict
from sqlalchemy import Connection, Table, bindparam, delete, select, update

from gizwits_async.scan.presence import Seen
from gizwits_async.scan.store.prepared import Prepared
from gizwits_async.scan.store.tables import PRESENCE, SKIPPED, TASKS

__all__ = ["find_presence", "forget_skipped", "unskip", "write_presence"]


def unskip(connection: Connection, *, product: str, rule: str) -> int:
    """See `ScanStore.unskip`."""
    result = connection.execute(
        update(TASKS)
        .where(TASKS.c.product == product, TASKS.c.failed == SKIPPED, TASKS.c.error == rule)
        .values(failed=0, error=None)
    )
    return result.rowcount


def forget_skipped(connection: Connection, *, product: str) -> None:
    """Forget what a run passed over; see `ScanStore.begin`."""
    connection.execute(delete(TASKS).where(TASKS.c.product == product, TASKS.c.failed == SKIPPED))


def find_presence(connection: Connection, *, product: str) -> dict[str, Seen]:
    """See `ScanStore.presence`."""
    query = select(PRESENCE).where(PRESENCE.c.product == product)
    return {
        row["did"]: Seen(
            online=None if row["online"] is None else bool(row["online"]),
            latest=row["latest"],
            since=row["since"],
            at=row["at"],
        )
        for row in connection.execute(query).mappings()
    }


def write_presence(
    connection: Connection,
    *,
    product: str,
    seen: Mapping[str, Seen],
    upsert: Callable[[Table], Any],
) -> None:
    """See `ScanStore.keep_presence`.

    Args:
        connection: In a transaction.
        product: Its product key.
        seen: Device -> what is known of it.
        upsert: Makes an INSERT that has `on_conflict_do_update`.
    """
    # As a number: psycopg sends a bool as one, which no integer column takes.
    rows = [
        {"product": product, "did": did, **asdict(known), "online": _number(known.online)}
        for did, known in seen.items()
    ]
    if rows:
        _statement(upsert).run(connection, rows)


@cache
def _statement(upsert: Callable[[Table], Any]) -> Prepared:
    new = upsert(PRESENCE).values({column.key: bindparam(column.key) for column in PRESENCE.c})
    others = {c.key: new.excluded[c.key] for c in PRESENCE.c if not c.primary_key}
    key = [PRESENCE.c.product, PRESENCE.c.did]
    return Prepared(new.on_conflict_do_update(index_elements=key, set_=others))


def _number(flag: bool | None) -> int | None:  # noqa: FBT001 - a value
    return None if flag is None else int(flag)
