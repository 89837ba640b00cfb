"""A store notes which days of which log its commits changed."""

import sqlite3
from contextlib import closing
from pathlib import Path

from gizwits_async.models.devices import DataRecord, Device
from gizwits_async.scan import SqlStore
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.days import LAST_DAY
from gizwits_async.scan.store.protocol import Change
from gizwits_async.scan.task import Task
from tests.scan.common import DAY


def days_in(path: Path) -> dict[tuple[str, int], int]:
    """Return the version of each log and day."""
    with closing(sqlite3.connect(path)) as base:
        return {
            (log, day): v for log, day, v in base.execute("SELECT log, day, version FROM scan_day")
        }


def page(*times: float, replaced: tuple[int, int] | None = None) -> Change:
    """Return a page with records at these times."""
    rows = tuple(DataRecord(ts=time, attrs={}) for time in times)
    task = Task.new("d", "data", 0).opened(9 * DAY, 9 * DAY, 5000.0)
    return Change(after=task, rows=rows, replaced=replaced)


async def test_a_commit_gives_the_days_that_it_changes_a_new_version(tmp_path: Path) -> None:
    """Days of its rows and of rows that it deletes; all others keep theirs."""
    path = tmp_path / "fleet.db"
    store = SqlStore(path)
    await store.open()
    state = ScanState(product_key="p", start=0, end=9 * DAY, listing="done")
    await store.begin(state, again=False)
    await store.add([Device(did="d")], ["data"], state)
    await store.commit(page(5, DAY - 0.5, DAY, 2 * DAY))
    assert days_in(path) == {("data", 0): 1, ("data", 1): 2, ("data", 2): 3}
    await store.commit(page(DAY + 5))
    assert days_in(path) == {("data", 0): 1, ("data", 1): 4, ("data", 2): 3}
    await store.commit(page(replaced=(2 * DAY, 3 * DAY)))
    assert days_in(path) == {("data", 0): 1, ("data", 1): 4, ("data", 2): 5}
    await store.commit(page(replaced=(2 * DAY, 5 * DAY)))  # Nothing is there to be replaced.
    await store.commit(page())
    assert days_in(path)["data", 2] == 5
    await store.commit(page(1e300))
    assert days_in(path)["data", LAST_DAY] == 6
    await store.aclose()
