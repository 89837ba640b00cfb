"""Stores keep the records and the progress of a scan: in memory, or in a SQL database."""

from gizwits_async.scan.store.memory import MemoryStore
from gizwits_async.scan.store.protocol import Change, Remaining, ScanStore

__all__ = ["Change", "MemoryStore", "Remaining", "ScanStore"]
