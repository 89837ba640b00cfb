"""The views for Grafana: each example query of a panel, asked of a real store in PostgreSQL."""

import re
from pathlib import Path

from gizwits_async.scan import FleetScan
from tests.doubles import client_of
from tests.scan.cluster import connected, plain
from tests.scan.common import DAY, cloud_of
from tests.scan.conftest import server, url

__all__ = ["server", "url"]

NOW = 1_790_000_000
START = NOW - 2 * DAY
SCRIPT = (Path(__file__).parents[2] / "examples" / "grafana.sql").read_text("utf-8")
PANEL = re.compile(r'^Panel "(.+?)" \(.+?\): +(SELECT .+)$', re.MULTILINE)


def _as_grafana_asks(query: str) -> str:
    """Return a query with the macros that Grafana's data source for PostgreSQL replaces."""
    query = query.replace("''", "'").removesuffix("';")
    query = re.sub(
        r"\$__timeFilter\((\w+)\)",
        rf"\1 BETWEEN to_timestamp({START}) AND to_timestamp({NOW})",
        query,
    )
    return query.replace("$__timeGroup(time, '1h')", "date_trunc('hour', time)")


async def test_each_panel_has_rows(url: str) -> None:
    """The script can be run again, and a reader of its schema alone gets rows for each panel."""
    cloud = cloud_of(3, 3)
    assert (await FleetScan(client_of(cloud), url, start=START, end=NOW).run()).complete
    async with connected(plain(url)) as connection:
        await connection.execute(SCRIPT)
        await connection.execute(SCRIPT)
        await connection.execute(f"""
            CREATE ROLE viewer_{NOW};
            GRANT USAGE ON SCHEMA grafana TO viewer_{NOW};
            GRANT SELECT ON ALL TABLES IN SCHEMA grafana TO viewer_{NOW};
            SET ROLE viewer_{NOW};
        """)
        panels = PANEL.findall(SCRIPT)
        found = {title: await connection.fetch(_as_grafana_asks(query)) for title, query in panels}
        reports = await connection.fetchval(
            "SELECT count(DISTINCT (did, time)) FROM grafana.values"
        )
        await connection.execute("RESET ROLE")
        assert reports == await connection.fetchval(
            "SELECT count(DISTINCT (device, time)) FROM data_record"
        )
    assert len(panels) == 7
    assert {title for title, rows in found.items() if not rows} == set()
