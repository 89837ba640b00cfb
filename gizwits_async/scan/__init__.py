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
from gizwits_async.scan.presence import Seen
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
from gizwits_async.scan.settings import Skip
from gizwits_async.scan.store.memory import MemoryStore
from gizwits_async.scan.store.protocol import Change, Remaining, ScanStore
from gizwits_async.scan.task import LogName, Record, Span, Task

if TYPE_CHECKING:
    from gizwits_async.scan.export.export import export
    from gizwits_async.scan.export.streamed import to_arrow
    from gizwits_async.scan.store.sql import SqlStore

__all__ = [
    "Change",
    "Failure",
    "FleetScan",
    "Gap",
    "LogName",
    "MemoryStore",
    "Record",
    "Remaining",
    "Rule",
    "RuleTrust",
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
    "Task",
    "export",
    "to_arrow",
]


def __getattr__(name: str) -> Any:
    # Their packages come with an extra, and `import gizwits_async.scan` must do without them.
    if name not in {"SqlStore", "export", "to_arrow"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        if name == "export":
            return import_module("gizwits_async.scan.export")
        if name == "to_arrow":
            return import_module("gizwits_async.scan.export.streamed").to_arrow
        return import_module("gizwits_async.scan.store.sql").SqlStore
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("gizwits_async"):
            raise
        raise ImportError(f"{name} needs {error.name}: install 'gizwits-async[scan]'") from error
