"""When the runs of a scan began and ended."""

from attrs import frozen
from sqlalchemy import Connection, select, update

from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.backend import Backend
from gizwits_async.scan.store.tables import RUNS

__all__ = ["Run", "find_runs", "note_run"]


@frozen(kw_only=True)
class Run:
    """A run of a scan: one range, however often it was interrupted and gone on with."""

    run: int
    start: int
    """First second of its range, in epoch seconds UTC."""
    end: int
    """The second after its last one."""
    began: float
    """When it began, in epoch seconds UTC by the clock of the database."""
    ended: float | None
    """When it came to its end; None if it was interrupted, or is under way."""


def note_run(connection: Connection, backend: Backend, state: ScanState) -> None:
    """Note that a run begins, or ends if the state is `over`."""
    product, run = state.product_key, state.run
    new = backend.insert(RUNS).values(
        product=product, run=run, range_start=state.start, range_end=state.end, began=backend.clock
    )
    connection.execute(new.on_conflict_do_nothing())
    if state.over:
        this = (RUNS.c.product == product, RUNS.c.run == run)
        connection.execute(update(RUNS).where(*this).values(ended=backend.clock))


def find_runs(connection: Connection, product: str, limit: int) -> list[Run]:
    """Return the last runs of a product, the latest first."""
    columns = (RUNS.c.run, RUNS.c.range_start, RUNS.c.range_end, RUNS.c.began, RUNS.c.ended)
    query = select(*columns).where(RUNS.c.product == product).order_by(RUNS.c.run.desc())
    return [
        Run(run=run, start=start, end=end, began=began, ended=ended)
        for run, start, end, began, ended in connection.execute(query.limit(limit))
    ]
