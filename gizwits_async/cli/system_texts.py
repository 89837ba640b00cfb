"""What the operating system says of files and ports, in the language of the console.

Python takes these texts from the C library in English, whatever the language is.
"""

import os
from typing import Final

from gizwits_async.cli.language import N_, _

__all__ = ["SYSTEM_TEXTS", "cannot_listen", "described"]

SYSTEM_TEXTS: Final = frozenset(
    {
        N_("Address already in use"),
        N_("Cannot assign requested address"),
        N_("Device or resource busy"),
        N_("Directory not empty"),
        N_("Disk quota exceeded"),
        N_("File exists"),
        N_("File name too long"),
        N_("File too large"),
        N_("Input/output error"),
        N_("Invalid argument"),
        N_("Is a directory"),
        N_("Name or service not known"),
        N_("No space left on device"),
        N_("No such file or directory"),
        N_("Not a directory"),
        N_("Operation not permitted"),
        N_("Permission denied"),
        N_("Read-only file system"),
        N_("Too many levels of symbolic links"),
        N_("Too many open files"),
    }
)
"""In the words of Linux, which are those of macOS too for all but a few."""


def described(error: Exception) -> str:
    """Return the text of an error; that of a file or folder as `PATH: REASON`, without its number."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def cannot_listen(host: str, port: int, error: OSError) -> str:
    """Return a sentence about a port that could not be opened."""
    # That of a port in use is a sentence around the reason; the codes of DNS are negative.
    code = error.errno or 0
    reason = os.strerror(code) if code > 0 else error.strerror or str(error)
    return _("cannot listen on {where}: {reason}", where=f"{host}:{port}", reason=_(reason))
