"""Makes the tables of a store, and reads what its table `scan_meta` says of it."""

import shlex
from collections.abc import Mapping
from uuid import uuid4

from sqlalchemy import Connection, inspect, select

from gizwits_async.scan.errors import ScanStoreError, StoreOutdatedError
from gizwits_async.scan.store.backend import Backend
from gizwits_async.scan.store.meta import SCHEMA, STORE_ID, Meta, rows_of, schema_in
from gizwits_async.scan.store.tables import LEASE, META, METADATA

__all__ = ["create_tables", "prepare_tables", "read_meta", "write_meta"]


def read_meta(connection: Connection, backend: Backend) -> Meta:
    """Return the table `scan_meta`; nothing if there is no store yet.

    Raises:
        ScanStoreError: The database holds something else, or a newer version wrote the store.
    """
    found = inspect(connection)
    names = set(found.get_table_names(backend.schema))
    if META.name not in names:
        _refuse_others(backend, names | set(found.get_view_names(backend.schema)))
        return {}
    schema = connection.scalar(select(META.c.value).where(META.c.key == "schema"))
    if schema_in(schema, backend.name) < SCHEMA:
        address = shlex.join(backend.arguments)
        raise StoreOutdatedError(
            f"{backend.name} was written by an earlier version (schema {schema}, this one writes"
            f" {SCHEMA}): run `gizwits-async upgrade {address}`, or a scan, which does it too"
        )
    meta: dict[str, dict[str, str]] = {}
    for product, key, value in connection.execute(select(META)):
        meta.setdefault(product, {})[key] = value
    return meta


def _refuse_others(backend: Backend, names: set[str]) -> None:
    """Refuse to be created in a database that holds other things.

    Raises:
        ScanStoreError: It does, and they would be in the way.
    """
    if names and not backend.shares_database:
        raise ScanStoreError(f"{backend.name} holds tables, but no scan; it was left as it is")
    if taken := names & {*METADATA.tables, *backend.records.names}:
        raise ScanStoreError(
            f"{backend.name} holds a {min(taken)} that is of no scan; it was left as it is: give the"
            " store a schema of its own, or another database"
        )


def create_tables(connection: Connection, backend: Backend) -> None:
    """Create the tables and views that do not exist."""
    METADATA.create_all(connection)
    backend.records.create(connection)


def prepare_tables(connection: Connection, backend: Backend) -> Meta | None:
    """Create the tables of a new store; return the meta of any, None if it is to be upgraded.

    Raises:
        ScanStoreError: As `read_meta`.
    """
    try:
        meta = read_meta(connection, backend)
    except StoreOutdatedError:
        LEASE.create(connection, checkfirst=True)
        return None
    if not meta:
        create_tables(connection, backend)
        values = {"schema": str(SCHEMA), STORE_ID: uuid4().hex}
        write_meta(connection, backend, values, product="")
        meta = {"": values}
    return meta


def write_meta(
    connection: Connection, backend: Backend, values: Mapping[str, str], product: str
) -> None:
    """Write values of a product into the table `scan_meta`."""
    new = backend.insert(META)
    key = [META.c.product, META.c.key]
    new = new.on_conflict_do_update(index_elements=key, set_={"value": new.excluded.value})
    connection.execute(new, rows_of(values, product))
