"""Locks between the processes of one machine that end with their process, even by `kill -9`."""

import os
import sqlite3
from contextlib import suppress
from errno import ENOLCK, ENOSYS, ENOTSUP, EOPNOTSUPP
from io import FileIO
from typing import Protocol

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["DatabaseLock", "FileLock", "Lock", "lock_at", "open_private"]

_UNSUPPORTED = {ENOLCK, ENOSYS, ENOTSUP, EOPNOTSUPP}
"""Errors of a file system without locks."""


def open_private(path: str) -> FileIO:
    """Open a file for reading and writing; a new one can be read by its user only.

    Raises:
        OSError: It cannot be opened.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
    return FileIO(os.open(path, flags, 0o600), "r+")


class Lock(Protocol):
    """A lock that never blocks."""

    def acquire(self) -> bool:
        """Take the lock, if no other process holds it."""
        ...

    def release(self) -> None:
        """Give the lock back."""
        ...

    def close(self) -> None:
        """Close the file behind it, which releases it too."""
        ...


class FileLock:
    """`flock` on a file, whose content it does not touch."""

    def __init__(self, path: str) -> None:
        """Open the file, and make it if it is missing.

        Raises:
            OSError: The file cannot be opened, or its file system has no locks.
        """
        self._file = open_private(path)
        try:
            if self.acquire():
                self.release()
        except OSError:
            self._file.close()
            raise

    def acquire(self) -> bool:
        """Take the lock, if no other process holds it."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Give the lock back."""
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class DatabaseLock:
    """A write transaction on an empty SQLite database: for platforms and file systems without `flock`."""

    def __init__(self, path: str) -> None:
        """Open the database, and make it if it is missing.

        Raises:
            OSError: It cannot be opened.
        """
        try:
            # One event loop after another may use it, each in a thread of its own.
            self._database = sqlite3.connect(
                path, timeout=0, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise _os_error(error) from None

    def acquire(self) -> bool:
        """Take the lock, if no other process holds it."""
        try:
            self._database.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_BUSY:
                raise _os_error(error) from None
            return False
        return True

    def release(self) -> None:
        """Give the lock back."""
        try:
            self._database.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise _os_error(error) from None

    def close(self) -> None:
        """Close the database."""
        with suppress(sqlite3.Error):
            self._database.close()


def _os_error(error: sqlite3.Error) -> OSError:
    return OSError(getattr(error, "sqlite_errorcode", 0), str(error))


def lock_at(path: str) -> Lock:
    """Return the best lock that the platform and the file system have.

    Raises:
        OSError: The file cannot be opened.
    """
    if fcntl is not None:
        try:
            return FileLock(path)
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
    return DatabaseLock(f"{path}.sqlite")
