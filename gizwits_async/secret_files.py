"""Reads secrets from files, and refuses files that other users of the machine can read."""

import os
import stat
from pathlib import Path

from gizwits_async.errors import CredentialsError
from gizwits_async.options import Secret

__all__ = ["is_mounted_read_only", "read_secret", "read_text"]

_MAX_BYTES = 1_000_000
"""Bytes of a file of secrets, at most: a path to something else must not fill the memory."""


def read_text(path: Path) -> Secret:
    """Return the text of a file that holds secrets, without a byte order mark.

    Raises:
        CredentialsError: It cannot be read, is no UTF-8 text, or others can read it. A file on a read-only
            mount may be readable for others: that is how Docker and Kubernetes mount secrets.
    """
    try:
        mode = path.stat().st_mode
        too_open = os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO)
        if too_open and not is_mounted_read_only(path):
            raise CredentialsError(f"{path} can be read by others; run: chmod 600 {path}")
        with path.open("rb") as opened:
            return Secret(opened.read(_MAX_BYTES).decode("utf-8-sig"))
    except OSError as error:
        reason = error.strerror
    except UnicodeDecodeError:
        reason = "it is no UTF-8 text"  # The error itself would quote the bytes.
    raise CredentialsError(f"{path}: {reason}")


def read_secret(path: Path) -> Secret:
    """Return the one secret in a file, without the line break at its end.

    Raises:
        CredentialsError: As `read_text`, or the file is empty.
    """
    secret = Secret(read_text(path).strip("\r\n"))
    if not secret:
        raise CredentialsError(f"{path} is empty")
    return secret


def is_mounted_read_only(path: Path) -> bool:
    """Return whether nobody can write to the file because of how its file system is mounted."""
    flags = os.statvfs(path).f_flag if hasattr(os, "statvfs") else 0
    return bool(flags & getattr(os, "ST_RDONLY", 1))
