"""Options in the URL of a PostgreSQL store, as libpq spells them, for either driver. No I/O."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import URL
from sqlalchemy.exc import ArgumentError

__all__ = ["connect_arguments"]

_CONNECT = 10
"""Seconds that connecting may take."""
_NUMBERS: Mapping[str, Callable[[str], int | float]] = {
    "command_timeout": float,
    "max_cacheable_statement_size": int,
    "max_cached_statement_lifetime": int,
    "prepared_statement_cache_size": int,
    "statement_cache_size": int,
    "timeout": float,
}
"""Options of asyncpg that are no text."""
_IN_DSN = frozenset(
    {"sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "sslpassword", "sslnegotiation"}
    | {"ssl_min_protocol_version", "ssl_max_protocol_version", "passfile", "target_session_attrs"}
    | {"krbsrvname", "gsslib", "application_name", "options"}
)
"""Options that asyncpg knows as libpq does, in a DSN only."""
_NEEDLESS = frozenset(
    {"keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"}
    | {"gssencmode", "fallback_application_name"}
)
"""Options of libpq without a use here: a transaction has a limit, and the lease keeps a connection busy."""
_OF_URL = frozenset({"host", "port"})
"""Options that SQLAlchemy reads itself."""


def connect_arguments(url: URL) -> tuple[URL, dict[str, Any]]:
    """Return the URL without the options that its driver wants otherwise, and those.

    Raises:
        ArgumentError: A number among them is none.
    """
    return _for_asyncpg(url) if url.get_driver_name() == "asyncpg" else _for_psycopg(url)


def _for_psycopg(url: URL) -> tuple[URL, dict[str, Any]]:
    # Statements are not prepared, as for asyncpg below. psycopg takes libpq's options as they are.
    return url, {
        "prepare_threshold": None,
        "connect_timeout": str(_CONNECT),
        "keepalives_idle": "30",
        "keepalives_interval": "10",
        "keepalives_count": "3",
        **{name: _last(value) for name, value in url.query.items() if name not in _OF_URL},
    }


def _for_asyncpg(url: URL) -> tuple[URL, dict[str, Any]]:
    # Prepared statements without a name and a cache: behind a pooler in transaction mode the next
    # transaction may run on another connection, where a statement that was prepared is unknown.
    arguments: dict[str, Any] = {
        "statement_cache_size": 0,
        "prepared_statement_cache_size": 0,
        "timeout": float(_CONNECT),
    }
    dsn: dict[str, str] = {}
    for spelling, value in url.query.items():
        name = "timeout" if spelling == "connect_timeout" else spelling
        if name in _IN_DSN:
            dsn[name] = _last(value)
        elif name in _NUMBERS:
            arguments[name] = _number(name, _last(value))
        elif name not in _OF_URL | _NEEDLESS:
            arguments[name] = _last(value)
    if dsn:
        arguments["dsn"] = f"postgresql://?{urlencode(dsn)}"
    if not arguments["prepared_statement_cache_size"]:
        arguments["prepared_statement_name_func"] = str  # The empty name.
    kept = {name: value for name, value in url.query.items() if name in _OF_URL}
    return url.set(query=kept), arguments


def _last(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else value[-1]


def _number(name: str, text: str) -> int | float:
    try:
        return _NUMBERS[name](text)
    except ValueError:
        pass
    raise ArgumentError(f"an option of its URL is wrong: {name} must be a number")
