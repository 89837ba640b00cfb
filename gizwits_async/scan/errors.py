"""Errors of a scan's store: a branch of the tree in `gizwits_async.errors`.

```
ScanStoreError            the store cannot be used; it was left as it was
  StoreLockedError        another scan is writing to it
  StoreLostError          another scan took it over from this one
  StoreMissingError       it was to be read, and does not exist
  StoreMismatchError      it belongs to another range, or to a newer version
  StoreOutdatedError      it belongs to an earlier version, and has to be upgraded first
```
"""

from gizwits_async.errors import CLIENT_WIDE_ERRORS, GizwitsError

__all__ = [
    "SCAN_WIDE_ERRORS",
    "ScanStoreError",
    "StoreLockedError",
    "StoreLostError",
    "StoreMismatchError",
    "StoreMissingError",
    "StoreOutdatedError",
]


class ScanStoreError(GizwitsError):
    """The store cannot be read or written: damaged, read-only, full, or not the store of a scan."""


class StoreLockedError(ScanStoreError):
    """Another scan is writing to the store; the message names its process."""


class StoreLostError(ScanStoreError):
    """Another scan took the store over, because this one was silent; it wrote nothing after that."""


class StoreMissingError(ScanStoreError):
    """There is no store under this name, and the call is to read one."""


class StoreMismatchError(ScanStoreError):
    """The store belongs to another product or range, or was written by a newer version."""


class StoreOutdatedError(ScanStoreError):
    """The store was written by an earlier version; a scan, or `gizwits-async upgrade`, upgrades it."""


SCAN_WIDE_ERRORS = (*CLIENT_WIDE_ERRORS, ScanStoreError)
"""Errors that every other call of the scan would meet too: they end it."""
