"""From the path or URL of a store to its database."""

import os
from os import PathLike

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from gizwits_async.options import Secret
from gizwits_async.scan.store.backend import Backend
from gizwits_async.scan.store.postgres import PostgresBackend
from gizwits_async.scan.store.sqlite import SqliteBackend

__all__ = ["backend_of", "hidden"]


def hidden(where: str | PathLike[str]) -> Secret:
    """Return a path or URL so that no traceback with locals shows the password in it."""
    return Secret(os.fspath(where))


def backend_of(where: str | PathLike[str], schema: str | None = None) -> Backend:
    """Return the database that a path or URL names.

    Args:
        where: Path of a SQLite file, or a URL.
        schema: Schema of the tables in PostgreSQL; None is the connection's own.

    Raises:
        ValueError: The URL cannot be read, names a database that is not supported, or one that has
            no schemas although one is given.
    """
    where = text = hidden(where)
    if not text:
        raise ValueError("the store is missing: give the path of a file, or a URL")
    if "://" not in text:
        return _sqlite(URL.create("sqlite", database=text), schema)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is None:  # Raised outside the handler, whose context would hold the parser's frames.
        raise ValueError("the URL of the store cannot be read")
    match url.get_backend_name():
        case "sqlite":
            return _sqlite(url.set(drivername="sqlite"), schema)
        case "postgresql" | "postgres":
            plain = url.drivername in {"postgresql", "postgres"}
            return PostgresBackend(
                url.set(drivername="postgresql+asyncpg") if plain else url, schema
            )
        case other:
            del url  # It may hold a password, in any part of it.
            raise ValueError(f"the store must be sqlite or postgresql, not {other}")


def _sqlite(url: URL, schema: str | None) -> SqliteBackend:
    if schema is not None:
        raise ValueError("only a PostgreSQL store has a schema; give another file instead")
    return SqliteBackend(url)
