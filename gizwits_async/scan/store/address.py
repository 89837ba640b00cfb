"""From the path or URL of a store to its database."""

import os
import re
from os import PathLike

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from gizwits_async.options import Secret
from gizwits_async.scan.store.backend import Backend
from gizwits_async.scan.store.passwords import check_password
from gizwits_async.scan.store.postgres import PostgresBackend
from gizwits_async.scan.store.sqlite import SqliteBackend

__all__ = ["backend_of", "hidden"]

_LIBPQ = re.compile(
    r"\s*(host|hostaddr|port|dbname|user|password|service|sslmode|passfile)\s*=", re.IGNORECASE
)
"""How a connection text of libpq begins: `host=... password=...`."""
_HOSTS = re.compile(r"(?P<before>[^/?#]*@)?(?P<hosts>[^/?#@]*,[^/?#@]*)(?P<rest>.*)", re.DOTALL)
"""What follows the scheme of a URL with several hosts."""
_DRIVERS = {
    "": "asyncpg",
    "asyncpg": "asyncpg",
    "psycopg": "psycopg",
    "psycopg_async": "psycopg",
    "psycopg2": "asyncpg",  # What other programs have; it is no driver for asyncio.
}


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
            no schemas although one is given. No part of the URL is shown: it may be of a password.
    """
    where = text = hidden(where)
    if not text:
        raise ValueError("the store is missing: give the path of a file, or a URL")
    kind, driver, rest = _split(text)
    if rest is None:
        if _LIBPQ.match(text):
            raise ValueError(
                "the store is a connection text of libpq: write postgresql://USER@HOST/DATABASE,"
                " with the password in PGPASSWORD or ~/.pgpass"
            )
        return _sqlite(URL.create("sqlite", database=text), schema)
    match kind:
        case "sqlite":
            if driver not in {"", "aiosqlite", "pysqlite"}:
                raise ValueError(
                    f"a store is not encrypted by {_shown(driver)}, and a plain file would not be what"
                    " was asked for: keep sqlite:///PATH on an encrypted disk"
                )
            return _sqlite(_read("sqlite", rest), schema)
        case "postgresql" | "postgres":
            if driver not in _DRIVERS:
                raise ValueError(
                    f"the driver {_shown(driver)} is not for asyncio: write postgresql://... or"
                    " postgresql+psycopg://..."
                )
            return PostgresBackend(_postgres(_DRIVERS[driver], rest), schema)
        case _:
            raise ValueError(f"the store must be sqlite or postgresql, not {_shown(kind)}")


def _split(text: Secret) -> tuple[Secret, Secret, Secret | None]:
    """Return the scheme of a URL, the driver in it, and what follows; None where there is no scheme."""
    scheme, mark, rest = text.partition("://")
    kind, _, driver = scheme.partition("+")
    return Secret(kind), Secret(driver), Secret(rest) if mark else None


def _sqlite(url: URL, schema: str | None) -> SqliteBackend:
    if schema is not None:
        raise ValueError("only a PostgreSQL store has a schema; give another file instead")
    return SqliteBackend(url)


def _postgres(driver: str, rest: Secret) -> URL:
    check_password(rest)
    several = _HOSTS.fullmatch(rest)
    if several is None:
        return _read(f"postgresql+{driver}", rest)
    # SQLAlchemy takes several hosts as options only.
    path, _, query = several["rest"].partition("?")
    options = [f"host={host}" for host in several["hosts"].split(",")] + ([query] if query else [])
    if "target_session_attrs=" not in query:
        options.append("target_session_attrs=read-write")
    found = Secret(f"{several['before'] or '@'}{path}?{'&'.join(options)}")
    del several
    return _read(f"postgresql+{driver}", found)


def _read(driver: str, rest: Secret) -> URL:
    rest = Secret(f"{driver}://{rest}")
    try:
        return make_url(rest)
    except (ArgumentError, ValueError):
        pass  # Raised outside the handler, whose context would hold the parser's frames.
    raise ValueError("the URL of the store cannot be read")


def _shown(word: str) -> str:
    """Return a word of a scheme; nothing that could be of a password."""
    return word if re.fullmatch(r"[a-z0-9_]{1,20}", word) else "what stands before ://"
