"""What people paste as the address of a store works, or is refused with advice, and shows no password."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import trustme
from sqlalchemy import URL

from gizwits_async.scan import FleetScan, ScanStoreError, SqlStore
from gizwits_async.scan.store.address import backend_of
from gizwits_async.scan.store.postgres_options import connect_arguments
from tests.doubles import client_of
from tests.ports import kept_port
from tests.scan.cluster import PGBOUNCER, cluster, connected, held, pooler
from tests.scan.common import DAY, cloud_of, truth

NOW = 1_790_000_000
START = NOW - 2 * DAY
PASSWORD = "se@cret/1"


@pytest.mark.parametrize(
    ("where", "advice"),
    [
        ("postgresql://app:hunt@er2@db.example/fleet", "write %40 for @"),
        ("postgresql://app:hunt/er2@db.example/fleet", "%2F for /"),
        ("postgresql://app:12/hunter2@db.example/fleet", "%2F for /"),
        ("postgresql://app:1?hunter2@db.example/fleet", "%3F for ?"),
        ("postgresql://app:hunt#er2@db.example/fleet", "%23 for #"),
        ("postgres://app:hunter2@db.example:x/fleet", "cannot be read"),
        ("host=localhost dbname=fleet password=hunter2", r"postgresql://USER@HOST/DATABASE"),
        (" user = app password = hunter2", "PGPASSWORD"),
        ("sqlite+pysqlcipher://:hunter2@/fleet.db", "not encrypted by pysqlcipher"),
        ("postgresql+pg8000://app:hunter2@db/fleet", r"postgresql\+psycopg://"),
        ("mysql://app:hunter2@db/fleet", "sqlite or postgresql, not mysql"),
        ("app:hunter2://db/fleet", "not what stands before"),
        ("postgresql+hunter2!://db/fleet", "driver what stands before"),
    ],
)
def test_what_cannot_work_is_refused_with_advice(where: str, advice: str) -> None:
    """No part of a password is in the error, nor in a local of a frame that it passed."""
    with pytest.raises(ValueError, match=advice) as caught:
        SqlStore(where)
    parts = ("hunter2", "hunt", "er2")
    assert not any(part in str(caught.value) for part in parts)
    assert caught.value.__context__ is None
    frame = caught.value.__traceback__
    while frame is not None:
        if "gizwits_async" in frame.tb_frame.f_code.co_filename:
            for name, value in frame.tb_frame.f_locals.items():
                assert not any(part in repr(value) for part in parts), name
        frame = frame.tb_next


@pytest.mark.parametrize(
    ("where", "name"),
    [
        (
            "postgresql://app:hunt%40er2@db.example/fleet",
            "postgresql+asyncpg://app:***@db.example/fleet",
        ),
        ("postgres://app@db/fleet?password=hunter2", "postgresql+asyncpg://app@db/fleet"),
        ("postgresql+psycopg2://app:hunter2@db/fleet", "postgresql+asyncpg://app:***@db/fleet"),
        ("postgres+psycopg://app:hunter2@db/fleet", "postgresql+psycopg://app:***@db/fleet"),
        ("postgresql://app:hunter2@one:5433,two/fleet", "postgresql+asyncpg://app:***@/fleet"),
        ("sqlite+aiosqlite:////data/a@b.db", "/data/a@b.db"),
        ("folder/host=3.db", "folder/host=3.db"),
    ],
)
def test_names_show_no_password(where: str, name: str) -> None:
    """A name says which database it is, with the driver that is used."""
    assert backend_of(where).name == name
    assert repr(SqlStore(where)) == f"<SqlStore {name}>"


def test_several_hosts_reach_the_driver() -> None:
    """As libpq spells them; the one that takes writes is looked for unless the URL says otherwise."""
    url = backend_of("postgresql://app:p%40w@one:5433,two/fleet?application_name=x")._url  # type: ignore[attr-defined]
    assert isinstance(url, URL)
    plain, arguments = connect_arguments(url)
    assert (plain.password, plain.query) == ("p@w", {"host": ("one:5433", "two")})
    assert arguments["dsn"] == "postgresql://?application_name=x&target_session_attrs=read-write"
    url = backend_of("postgresql+psycopg://one,two/fleet?target_session_attrs=any")._url  # type: ignore[attr-defined]
    assert connect_arguments(url)[1]["target_session_attrs"] == "any"


@pytest.fixture(scope="module")
def secured() -> Iterator[tuple[str, Path]]:
    """A server that wants TLS and a password; its address, and the certificate of its authority."""
    authority = trustme.CA()
    with (
        kept_port() as port,
        authority.cert_pem.tempfile() as path,
        cluster(port, authority.issue_cert("127.0.0.1", "localhost")) as local,
    ):

        async def prepare() -> None:
            folder = local.partition("host=")[2]
            async with connected(host=folder, port=port, user="postgres") as connection:
                await connection.execute(f"CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'")
                await connection.execute("CREATE DATABASE fleet OWNER app")
                await connection.execute("CREATE SCHEMA one AUTHORIZATION app")

        asyncio.run(prepare())
        yield f"app:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/fleet", Path(path)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql+psycopg"])
async def test_a_pasted_url_with_libpq_options_works(
    secured: tuple[str, Path], scheme: str
) -> None:
    """TLS checked against a given authority, a time limit and settings, by either driver."""
    address, authority = secured
    schema = scheme.replace("+", "_")
    options = (
        f"sslmode=verify-full&sslrootcert={authority}&connect_timeout=5&application_name=night"
    )
    options += f"&options=-csearch_path%3D{schema}&keepalives_idle=20"
    cloud = cloud_of(1, 2)
    async with connected(f"postgresql://{address}", ssl="require") as connection:
        await connection.execute(f"CREATE SCHEMA {schema}")
        where = f"{scheme}://{address}?{options}"
        assert (await FleetScan(client_of(cloud), where, start=START, end=NOW).run()).complete
        found = await connection.fetchval(f"SELECT count(*) FROM {schema}.data_log")
    assert found == truth(cloud, START, NOW, ["data"]).total()


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg"])
async def test_a_server_that_proves_nothing_is_refused(
    secured: tuple[str, Path], scheme: str
) -> None:
    """`verify-full` without its authority, a wrong password: an error with the address only."""
    address, authority = secured
    other = trustme.CA()
    with other.cert_pem.tempfile() as path:
        url = f"{scheme}://{address}?sslmode=verify-full&sslrootcert={path}"
        with pytest.raises(ScanStoreError, match=r"(?i)certificate") as caught:
            await SqlStore(url).open()
    assert "cret" not in str(caught.value)
    wrong = address.replace(quote(PASSWORD, safe=""), "hunter2")
    url = f"{scheme}://{wrong}?sslmode=verify-full&sslrootcert={authority}"
    with pytest.raises(ScanStoreError, match="password authentication failed") as caught:
        await SqlStore(url).open()
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("mode", ["direct", *(["transaction"] if PGBOUNCER else [])])
async def test_psycopg_scans_too(url: str, mode: str) -> None:
    """Directly and through a pooler in transaction mode, without prepared statements."""
    cloud = cloud_of(3, 3)
    way = url.replace("asyncpg", "psycopg")
    if mode == "direct":
        assert (await FleetScan(client_of(cloud), way, start=START, end=NOW).run()).complete
    else:
        with pooler(url, "transaction") as pooled:
            way = pooled.replace("asyncpg", "psycopg")
            assert (await FleetScan(client_of(cloud), way, start=START, end=NOW).run()).complete
    assert await held(url) == truth(cloud, START, NOW)


async def test_an_option_that_a_driver_does_not_know_is_named(url: str) -> None:
    """With the driver that knows it."""
    with pytest.raises(ScanStoreError, match=r"channel_binding.*postgresql\+psycopg://"):
        await SqlStore(f"{url}&channel_binding=require").open()


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """psycopg is no extra of ours; the error says what to install."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    store = SqlStore("postgresql+psycopg://db/fleet")
    with pytest.raises(ImportError, match="this store needs psycopg: install 'psycopg"):
        asyncio.run(store.open())
