"""The folder, or bucket, that an export writes to. A file appears under its name when it is whole."""

import os
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from datetime import timedelta
from hashlib import file_digest
from importlib import import_module
from os import PathLike
from pathlib import Path, PurePath, PurePosixPath
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, Protocol, Self
from uuid import uuid4

from filelock import FileLock, Timeout

from gizwits_async.errors import ArgumentError
from gizwits_async.options import Secret
from gizwits_async.scan.errors import ScanStoreError, StoreLockedError

__all__ = ["Draft", "Lake", "lake_of"]

_TEMPORARY = "_temporary"
"""Readers of folders pass over names that begin with an underscore."""
_CHUNK = 2**20
_OUTAGE = timedelta(seconds=60)
"""For how long a bucket that does not answer is tried again; pyarrow's own limit is 15 minutes."""


class Draft:
    """A file that is being written, where no reader looks."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file: BinaryIO = path.open("w+b")

    def finish(self) -> tuple[str, int]:
        """Complete it, and return its SHA-256 and its bytes."""
        self.file.flush()
        size = self.file.seek(0, os.SEEK_END)
        with self.path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest(), size

    def drop(self) -> None:
        """Remove it, unless it was published; safe to repeat."""
        with suppress(OSError):  # What is buffered may not fit on the disk.
            self.file.close()
        self.path.unlink(missing_ok=True)


class Lake(AbstractContextManager["Lake"], Protocol):
    """Where the files go. Paths are relative, with slashes. All methods block: call them in a thread."""

    name: str
    """What to call it in a message."""
    url: str
    """Where it is, for other libraries; it may hold credentials."""

    def read(self, path: str) -> bytes | None:
        """Return a file; None if there is none."""
        ...

    def size(self, path: str) -> int | None:
        """Return the bytes of a file; None if there is none."""
        ...

    def draft(self) -> Draft:
        """Begin a file."""
        ...

    def publish(self, draft: Draft, path: str) -> None:
        """Give a finished file its name, over an earlier one."""
        ...

    def path(self, path: str) -> PurePath:
        """Return a path as callers see it."""
        ...


def lake_of(out: str | PathLike[str], filesystem: Any | None = None) -> Lake:
    """Return the lake at a path or URL; nothing is created.

    Args:
        out: A folder, or a URL that begins with `s3://`, `gs://` or `az://`.
        filesystem: A `pyarrow.fs.FileSystem` in which `out` is a path.

    Raises:
        ArgumentError: It is a URL of another kind.
        ImportError: pyarrow is not installed, and it is needed for a URL.
    """
    text = os.fspath(out)
    if filesystem is not None:
        return _Remote(lambda: (filesystem, text), text)
    scheme, separator, rest = text.partition("://")
    if scheme in {"s3", "gs", "az"} and separator:
        try:
            import_module("pyarrow.fs")
        except ModuleNotFoundError as error:
            raise ImportError(
                f"{scheme}:// needs {error.name}: install 'gizwits-async[parquet]'"
            ) from error
        return _Remote(lambda: _filesystem(scheme, rest), _shown(text), text)
    if separator or (not isinstance(out, str) and re.match(r"(s3|gs|az):/", text)):
        text = _shown(text)
        raise ArgumentError(
            f"exports go to a folder, or as a text to s3://, gs:// or az://, not to {text}"
        )
    return _Folder(Path(text))


def _shown(url: str) -> str:
    """Return a URL without the credentials that pyarrow takes in it."""
    return re.sub("(?<=://)[^/?#]*@", "***@", url)


class _Folder:
    """A folder of this machine. One export at a time writes to it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.name = folder, str(folder)
        self.url = self.name
        self._lock = FileLock(folder / _TEMPORARY / "lock", timeout=0, thread_local=False)

    def __enter__(self) -> Self:
        temporary = self._folder / _TEMPORARY
        temporary.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire()
        except Timeout:
            raise StoreLockedError(
                f"another export is writing to {self.name}; wait for it or stop it"
            ) from None
        for left in temporary.glob("*.part"):  # Of an export that was killed: we have the lock.
            left.unlink(missing_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def read(self, path: str) -> bytes | None:
        try:
            return (self._folder / path).read_bytes()
        except FileNotFoundError:
            return None

    def size(self, path: str) -> int | None:
        try:
            return (self._folder / path).stat().st_size
        except FileNotFoundError:
            return None

    def draft(self) -> Draft:
        return Draft(self._folder / _TEMPORARY / f"{uuid4().hex}.part")

    def publish(self, draft: Draft, path: str) -> None:
        os.fsync(draft.file.fileno())
        draft.file.close()
        target = self._folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.path.replace(target)
        if os.name == "posix":  # The name, too, must survive a power cut.
            folder = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def path(self, path: str) -> PurePath:
        return self._folder / path


class _Remote:
    """A file system of pyarrow, where an object appears when its upload is complete."""

    def __init__(
        self, opened: Callable[[], tuple[Any, str]], name: str, url: str | None = None
    ) -> None:
        self._opened, self.name = opened, name
        self.url: str = Secret(name if url is None else url)
        self._filesystem: Any = None
        self._base = ""
        self._temporary: TemporaryDirectory[str] | None = None
        self._manifest: bytes | None = None

    def __enter__(self) -> Self:
        try:
            self._filesystem, self._base = self._opened()
        except (OSError, ValueError) as error:
            raise ScanStoreError(f"{self.name}: {error}") from None
        self._temporary = TemporaryDirectory(prefix="gizwits-async-")
        return self

    def __exit__(self, *_: object) -> None:
        if self._temporary is not None:
            self._temporary.cleanup()

    def read(self, path: str) -> bytes | None:
        if self.size(path) is None:
            return None
        with self._filesystem.open_input_stream(self._at(path)) as file:
            return bytes(file.read())

    def size(self, path: str) -> int | None:
        found = self._filesystem.get_file_info(self._at(path))
        return found.size if found.is_file else None

    def draft(self) -> Draft:
        folder = "" if self._temporary is None else self._temporary.name
        return Draft(Path(folder) / f"{uuid4().hex}.part")

    def publish(self, draft: Draft, path: str) -> None:
        self._filesystem.create_dir(self._at(path).rpartition("/")[0], recursive=True)
        draft.file.seek(0)
        with self._filesystem.open_output_stream(self._at(path)) as target:
            copyfileobj(draft.file, target, _CHUNK)
        draft.drop()

    def path(self, path: str) -> PurePath:
        return PurePosixPath(path)

    def _at(self, path: str) -> str:
        return f"{self._base.rstrip('/')}/{path}"


def _filesystem(scheme: str, rest: str) -> tuple[Any, str]:
    """Return the file system of a URL, with the credentials of the environment, and the path in it."""
    from pyarrow import fs  # type: ignore[import-untyped]  # noqa: PLC0415 - its own extra

    if scheme == "az":
        account = os.environ.get("AZURE_STORAGE_ACCOUNT_NAME", "")
        if not account:
            raise ValueError("az:// needs the environment variable AZURE_STORAGE_ACCOUNT_NAME")
        key = os.environ.get("AZURE_STORAGE_ACCOUNT_KEY")
        return fs.AzureFileSystem(account, account_key=key), rest
    if scheme == "gs":
        return fs.GcsFileSystem(retry_time_limit=_OUTAGE), rest
    opened: tuple[Any, str] = fs.FileSystem.from_uri(f"{scheme}://{rest}")
    return opened
