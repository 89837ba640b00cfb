"""What a store holds: coverage of each device and log, gaps, size, and its last runs. Read only."""

from collections.abc import Mapping
from functools import partial
from os import PathLike

from attrs import field, frozen
from sqlalchemy import Connection

from gizwits_async.scan.errors import StoreMissingError
from gizwits_async.scan.report import Gap
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.address import backend_of, hidden
from gizwits_async.scan.store.backend import Backend
from gizwits_async.scan.store.counts import count_remaining, find_gaps
from gizwits_async.scan.store.coverage import LogCoverage, find_coverage, find_days
from gizwits_async.scan.store.creation import read_meta
from gizwits_async.scan.store.meta import TRUST, products_in, state_in, values_in
from gizwits_async.scan.store.protocol import Remaining
from gizwits_async.scan.store.runs import Run, find_runs
from gizwits_async.scan.store.session import Session
from gizwits_async.scan.task import LOGS, WINDOW, LogName
from gizwits_async.scan.trust import Trust

__all__ = ["ProductStatus", "StoreStatus", "store_status"]

_GAPS = 1_000
"""Gaps that are listed."""


@frozen(kw_only=True)
class ProductStatus:
    """The scan of one product."""

    state: ScanState
    """Its range, and how far the listing is."""
    left: Remaining
    """What is left to read."""
    trust: Trust
    """The rules by which windows are passed over."""
    runs: tuple[Run, ...]
    """The last runs, the latest first."""
    logs: tuple[LogCoverage, ...]
    """Each log of each device."""
    gaps: tuple[Gap, ...]
    """The first thousand of the spans that fell off the edge of a log."""
    gap_count: int
    """All of them."""

    @property
    def complete(self) -> bool:
        """Whether all of the range was read."""
        return self.state.listing == "done" and not any(self.left.windows.values())


@frozen(kw_only=True)
class StoreStatus:
    """A store."""

    name: str
    """Its path, or its URL without a password."""
    bytes: int
    """What it takes on the disk."""
    days: Mapping[LogName, tuple[int, int, int]] = field(factory=dict)
    """Log -> first and last day with records, in days since 1970-01-01 UTC, and how many days."""
    products: tuple[ProductStatus, ...] = ()
    """The scans in it, one a product."""


async def store_status(
    store: str | PathLike[str], *, schema: str | None = None, runs: int = 5
) -> StoreStatus:
    """Return what a store holds, as of one moment; a scan may run meanwhile.

    Args:
        store: Path or URL of the store.
        schema: Schema of a PostgreSQL database that holds it.
        runs: How many of the last runs to return.

    Raises:
        ScanStoreError: There is no store, or it cannot be read.
    """
    backend = backend_of(hidden(store), schema)
    if backend.absent():
        raise StoreMissingError(f"{backend.name}: there is no store")
    session = Session(backend, reads=True)
    try:
        return await session.do(partial(_read, backend=backend, runs=runs))
    finally:
        await session.aclose()


def _read(connection: Connection, *, backend: Backend, runs: int) -> StoreStatus:
    meta = read_meta(connection, backend)
    products = []
    for key in products_in(meta):
        values = values_in(meta, key, backend.name)
        state = state_in(values, backend.name)
        if state is not None:
            products.append(_product(connection, state, values.get(TRUST), runs))
    if not products:
        raise StoreMissingError(f"{backend.name}: there is no store")
    return StoreStatus(
        name=backend.name,
        bytes=backend.size(connection),
        days=find_days(connection),
        products=tuple(products),
    )


def _product(
    connection: Connection, state: ScanState, trust: str | None, runs: int
) -> ProductStatus:
    product = state.product_key
    count, gaps = find_gaps(connection, product=product, limit=_GAPS, dids=None)
    return ProductStatus(
        state=state,
        left=count_remaining(
            connection, product=product, logs=LOGS, end=state.end, owned=WINDOW, dids=None
        ),
        trust=Trust.from_json(trust),
        runs=tuple(find_runs(connection, product, runs)),
        logs=tuple(find_coverage(connection, product)),
        gaps=tuple(gaps),
        gap_count=count,
    )
