"""Where a shared quota is kept, by its URL. No I/O."""

from typing import TypeVar
from urllib.parse import unquote, urlsplit

from gizwits_async.options import Secret

__all__ = ["path_of", "secret_of"]

T = TypeVar("T")


def secret_of(url: str | T) -> Secret | T:
    """Return a URL so that no traceback with locals shows the password in it; a client as it is."""
    return Secret(url) if isinstance(url, str) else url


def path_of(url: str) -> str | None:
    """Return the path in a `file:///PATH` URL; None if the URL is of another scheme.

    Raises:
        ValueError: It names another machine, or no file. The URL is not shown.
    """
    parts = urlsplit(url)
    if parts.scheme != "file":
        return None
    path = unquote(parts.path)
    if (
        parts.netloc not in {"", "localhost"}
        or not path.strip("/")
        or path.endswith("/")
        or "\0" in path
    ):
        raise ValueError("a file URL of a quota must be file:///PATH, with the path of a file")
    if path[2:3] == ":":  # file:///C:/folder/quota
        path = path[1:]
    return path
