"""Writes how far a task is, and finds the number by which the records of its device are stored."""

from operator import attrgetter

from sqlalchemy import Connection, bindparam, insert, select, update

from gizwits_async.scan.store.prepared import Prepared
from gizwits_async.scan.store.tables import DEVICES, TASKS
from gizwits_async.scan.task import Task

__all__ = ["MOVE", "OF_TASK", "PREPARED_MOVE", "UNCHANGED", "key_of", "move_of", "number_of"]

UNCHANGED = frozenset({"failed", "error", "error_text"})
"""Columns of a task that no page changes."""
OF_TASK = [TASKS.c[name] == bindparam(f"of_{name}") for name in ("product", "did", "log", "part")]
"""WHERE clause of one task; takes `key_of`."""
_MOVED = [column for column in TASKS.c if not column.primary_key and column.key not in UNCHANGED]
_TO = [f"to_{column.key}" for column in _MOVED]
_read_moved = attrgetter(*(column.key for column in _MOVED))
MOVE = (
    update(TASKS)
    .where(*OF_TASK)
    .values({column: bindparam(name) for column, name in zip(_MOVED, _TO, strict=True)})
)
"""Writes a task as it is now; takes `move_of`."""
PREPARED_MOVE = Prepared(MOVE)
_NUMBER = Prepared(
    select(DEVICES.c.number).where(
        DEVICES.c.product_key == bindparam("product_key"), DEVICES.c.did == bindparam("did")
    )
)


def key_of(product: str, task: Task) -> dict[str, str | int]:
    """Return the parameters of `OF_TASK`."""
    return {"of_product": product, "of_did": task.did, "of_log": task.log, "of_part": task.part}


def move_of(product: str, task: Task) -> dict[str, str | int | None]:
    """Return the parameters of `MOVE`."""
    return key_of(product, task) | dict(zip(_TO, _read_moved(task), strict=True))


def number_of(connection: Connection, product: str, did: str) -> int:
    """Return the number of a device, which gets one if it has none."""
    key = {"product_key": product, "did": did}
    found = _NUMBER.row(connection, key)
    if found is None:
        found = connection.execute(insert(DEVICES).returning(DEVICES.c.number), key).one()
    return int(found[0])
