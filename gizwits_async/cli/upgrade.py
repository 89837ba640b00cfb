"""`gizwits-async upgrade`: a store of an earlier version, in the tables of this one."""

from gizwits_async.cli.exits import Exit
from gizwits_async.cli.language import _
from gizwits_async.cli.output import say

__all__ = ["upgrade"]


async def upgrade(store: str, /, *, schema: str | None = None) -> int:
    """Upgrade a store, as the next scan would do too, and make its file small.

    Earlier versions cannot open it any more. If it is stopped, the store is as it was.

    Args:
        store: SQLite file or SQLAlchemy URL.
        schema: Schema of a PostgreSQL database that holds the store.
    """
    from gizwits_async.scan import SqlStore

    held = SqlStore(store, schema=schema)
    await held.upgrade()
    say(_("{store} has the tables of this version", store=held.name))
    return Exit.OK
