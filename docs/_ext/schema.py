"""The schema of a scan's store as Markdown: its views, and its tables in SQLite and PostgreSQL."""

from collections.abc import Iterator, Mapping

from sources import attribute_docs, docs_of_class
from sqlalchemy import Dialect, Table, create_engine
from sqlalchemy.dialects import postgresql, sqlite
from tables import code, table

from gizwits_async.models import Device
from gizwits_async.scan.store import compact, wide
from gizwits_async.scan.store import tables as store
from gizwits_async.scan.task import LOGS, Task

__all__ = ["store_schema"]

_HEAD = ["column", "SQLite", "PostgreSQL", "", "meaning"]


def store_schema(_language: str) -> str:
    """Return the views to query, the tables of all stores, and those of records."""
    parts = ["## Views\n", *_views(), "## Tables\n"]
    about = attribute_docs(store)
    names = {id(value): name for name, value in vars(store).items() if name.isupper()}
    for each in store.METADATA.sorted_tables:
        parts += _shown(each, each.comment or about.get(names.get(id(each), ""), ""))
    parts.append("## Records in SQLite\n")
    for each in (compact.SHAPES, *compact.COMPACT_TABLES.values()):
        parts += _shown(
            each, attribute_docs(compact).get("SHAPES", "") if each is compact.SHAPES else ""
        )
    parts.append("## Records in PostgreSQL\n")
    for each in wide.WIDE_TABLES.values():
        parts += _shown(each, each.comment or "")
    return "\n".join(parts)


def _views() -> Iterator[str]:
    """Yield the columns of each view, as SQLite shows them after the tables were made."""
    of_view: Mapping[str, str] = vars(wide)["_OF_VIEW"]
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        store.METADATA.create_all(connection)
        compact.CompactRecords().create(connection)
        for log in LOGS:
            known = wide.WIDE_TABLES[log].c
            rows = []
            for _at, name, *_rest in connection.exec_driver_sql(f"PRAGMA table_info({log}_log)"):
                meaning = of_view.get(name) or str(known[name].comment)
                kind = _type(known[name].type, _POSTGRESQL) if name in known else "TEXT"
                rows.append([code(name), kind, meaning])
            yield f"**{log}_log**\n"
            yield table(["column", "PostgreSQL", "meaning"], rows)
    engine.dispose()


def _shown(each: Table, about: str) -> list[str]:
    """Return one table with its columns."""
    own = {store.TASKS: Task, store.DEVICES: Device}.get(each)
    docs = {} if own is None else docs_of_class(own)
    rows = []
    for column in each.columns:
        key = "key" if column.primary_key else "" if column.nullable else "not null"
        meaning = column.comment or docs.get(column.key, "")
        kinds = [_type(column.type, dialect) for dialect in (_SQLITE, _POSTGRESQL)]
        rows.append([code(column.name), *kinds, key, meaning])
    return [f"**{each.name}**\n", f"{about}\n", table(_HEAD, rows)]


_SQLITE, _POSTGRESQL = sqlite.dialect(), postgresql.dialect()


def _type(kind: object, dialect: Dialect) -> str:
    try:
        return str(kind.compile(dialect))  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 - a type of the other database
        return ""
