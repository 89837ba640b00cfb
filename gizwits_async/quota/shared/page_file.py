"""A small file of pages, one for each quota, that the processes of one machine share."""

import os
from io import FileIO

from gizwits_async.quota.ledger import PAGE_SIZE
from gizwits_async.quota.shared.locks import Lock, lock_at, open_private

__all__ = ["PageFile"]

_TRIES = 500
"""Attempts to get the lock in a row; another process holds it for some microseconds only."""


class PageFile:
    """One page of the file. A page is read and written whole, under a lock.

    A page begins with its name, 32 bytes. Processes with different names share the file, but no page.
    """

    def __init__(self, path: str, name: bytes, page: bytearray) -> None:
        """Make it; nothing is opened before `lock`.

        Args:
            path: The file; its folder must exist.
            name: 32 bytes that name the page.
            page: Where the page is read to and written from.
        """
        self._path, self._name, self._page = path, name, page
        self._fresh = bytes(page)
        self._file: FileIO | None = None
        self._lock: Lock | None = None
        self._offset = 0
        self._process = 0

    def lock(self) -> bool:
        """Take the lock and read the page; False if another process holds it for long.

        Raises:
            OSError: The file cannot be opened, read or extended.
        """
        if self._process != os.getpid():
            # A lock is inherited by a forked process, and would hold neither of the two back.
            self._open()
        lock, file = self._lock, self._file
        if lock is None or file is None:
            return False
        if not lock.acquire() and not any(lock.acquire() for _ in range(_TRIES)):
            return False
        try:
            file.seek(self._offset)
            if file.readinto(self._page) != PAGE_SIZE or self._page[:32] != self._name:
                self._find(file)
        except BaseException:
            lock.release()
            raise
        return True

    def unlock(self) -> None:
        """Write the page, and release the lock."""
        lock, file = self._lock, self._file
        if lock is None or file is None:
            return
        try:
            file.seek(self._offset)
            file.write(self._page)
        finally:
            lock.release()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None and self._lock is not None:
            self._file.close()
            self._lock.close()
        self._file = self._lock = None
        self._process = 0

    def _open(self) -> None:
        self.close()
        self._file = open_private(self._path)
        self._lock = lock_at(self._path)
        self._process = os.getpid()

    def _find(self, file: FileIO) -> None:
        """Read the page with our name, or begin one at the end of the file."""
        size = file.seek(0, os.SEEK_END)
        for offset in range(0, size - PAGE_SIZE + 1, PAGE_SIZE):
            file.seek(offset)
            file.readinto(self._page)
            if self._page[:32] == self._name:
                self._offset = offset
                return
        self._offset = size - size % PAGE_SIZE
        self._page[:] = self._fresh
        self._page[:32] = self._name
        file.seek(self._offset)
        file.write(self._page)
