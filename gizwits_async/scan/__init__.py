"""Scans of a whole fleet's logs into a store, that stop and go on without losing a record."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gizwits_async.scan.errors import (
    ScanStoreError,
    StoreLockedError,
    StoreLostError,
    StoreMismatchError,
    StoreMissingError,
    StoreOutdatedError,
)
from gizwits_async.scan.fleet import FleetScan
from gizwits_async.scan.pages import ScanPages
from gizwits_async.scan.presence import Prediction, Seen
from gizwits_async.scan.report import (
    Failure,
    Gap,
    ScanPage,
    ScanPlan,
    ScanProgress,
    ScanReport,
)
from gizwits_async.scan.rules import Rule, RuleTrust
from gizwits_async.scan.scan_range import ScanState, Since
from gizwits_async.scan.settings import Derive, Skip
from gizwits_async.scan.store.memory import MemoryStore
from gizwits_async.scan.store.protocol import Change, Remaining, ScanStore
from gizwits_async.scan.task import LogName, Record, Span, Task
from gizwits_async.scan.trust import LastRun, Trust

if TYPE_CHECKING:
    from gizwits_async.scan.export.export import export
    from gizwits_async.scan.export.streamed import to_arrow
    from gizwits_async.scan.prune import PruneReport, prune_store
    from gizwits_async.scan.store.coverage import LogCoverage
    from gizwits_async.scan.store.runs import Run
    from gizwits_async.scan.store.sql import SqlStore
    from gizwits_async.scan.store.status import ProductStatus, StoreStatus, store_status

__all__ = [
    "Change",
    "Derive",
    "Failure",
    "FleetScan",
    "Gap",
    "LastRun",
    "LogCoverage",
    "LogName",
    "MemoryStore",
    "Prediction",
    "ProductStatus",
    "PruneReport",
    "Record",
    "Remaining",
    "Rule",
    "RuleTrust",
    "Run",
    "ScanPage",
    "ScanPages",
    "ScanPlan",
    "ScanProgress",
    "ScanReport",
    "ScanState",
    "ScanStore",
    "ScanStoreError",
    "Seen",
    "Since",
    "Skip",
    "Span",
    "SqlStore",
    "StoreLockedError",
    "StoreLostError",
    "StoreMismatchError",
    "StoreMissingError",
    "StoreOutdatedError",
    "StoreStatus",
    "Task",
    "Trust",
    "export",
    "prune_store",
    "store_status",
    "to_arrow",
]


_LAZY = {
    "LogCoverage": "gizwits_async.scan.store.coverage",
    "ProductStatus": "gizwits_async.scan.store.status",
    "PruneReport": "gizwits_async.scan.prune",
    "Run": "gizwits_async.scan.store.runs",
    "SqlStore": "gizwits_async.scan.store.sql",
    "StoreStatus": "gizwits_async.scan.store.status",
    "prune_store": "gizwits_async.scan.prune",
    "store_status": "gizwits_async.scan.store.status",
    "to_arrow": "gizwits_async.scan.export.streamed",
}
"""Where names are whose packages come with an extra: `import gizwits_async.scan` must do without them."""


def __getattr__(name: str) -> Any:
    if name != "export" and name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        if name == "export":
            return import_module("gizwits_async.scan.export")
        return getattr(import_module(_LAZY[name]), name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("gizwits_async"):
            raise
        raise ImportError(f"{name} needs {error.name}: install 'gizwits-async[scan]'") from error
