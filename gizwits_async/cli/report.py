"""`gizwits-async report`: a page that shows what a store holds and lacks; the service is not called."""

import asyncio
import time
from importlib.util import find_spec
from pathlib import Path

from gizwits_async.cli.exits import Exit
from gizwits_async.cli.language import _, chosen
from gizwits_async.cli.numbers import within
from gizwits_async.cli.output import say
from gizwits_async.cli.suggestions import next_scan

__all__ = ["report"]


async def report(
    store: str,
    /,
    *,
    html: Path = Path("report.html"),
    days: int = 30,
    product: str = "",
    schema: str | None = None,
) -> int:
    """Write the page: coverage, gaps, records, devices online, quota, errors. Needs the extra `report`.

    Args:
        store: SQLite file or SQLAlchemy URL.
        html: The file to write.
        days: How many of the last days are shown.
        product: The product key, where the store has several.
        schema: Schema of a PostgreSQL database that holds the store.
    """
    within("--days", days, 1)
    from gizwits_async.scan.summary import read_summary

    for name in ("altair", "vl_convert"):
        if find_spec(name) is None:
            raise ImportError(f"a report needs {name}: install 'gizwits-async[report]'")
    from gizwits_async.cli.report_page import page

    summary = await read_summary(store, product=product, days=days, schema=schema)
    language = {"en": "en", "zh": "zh-CN"}[chosen()]
    go_on = next_scan(store, schema, summary.coverage, derives=summary.derives)
    text = page(summary, language=language, now=time.time(), go_on=go_on)
    await asyncio.to_thread(html.write_text, text, encoding="utf-8")
    say(_("written to {path}", path=html))
    return Exit.OK
