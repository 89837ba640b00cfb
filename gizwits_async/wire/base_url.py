"""Checks the address of the service: complete, and safe for the secrets that travel there."""

import warnings
from ipaddress import ip_address

from yarl import URL

from gizwits_async.errors import ArgumentError

__all__ = ["checked_base_url"]


def checked_base_url(base_url: str, *, allow_insecure: bool) -> str:
    """Return `base_url` without a final slash.

    Raises:
        ArgumentError: It is no http or https URL; it holds a user, password, query or fragment; or it
            is plain http to another host than loopback, without `allow_insecure`.
    """
    url = _parsed(base_url)
    if isinstance(url, str):
        raise ArgumentError(url)
    if url.scheme == "http" and not _is_loopback(url.host or ""):
        if not allow_insecure:
            raise ArgumentError(
                f"base_url {url.origin()} is plain http, which shows the secrets to everyone on the"
                " way; use https, or pass allow_insecure=True (GIZWITS_ALLOW_INSECURE=1)"
            )
        warnings.warn(
            f"plain http to {url.origin()}: enterprise and product secret are sent unencrypted",
            stacklevel=4,
        )
    return str(url).rstrip("/")


def _parsed(base_url: str) -> URL | str:
    """Return the URL, or what is wrong with it."""
    shown = str.__str__(base_url).rpartition("@")[2][:80]  # A password may precede an "@".
    try:
        url = URL(base_url)
        (url.host or "").encode("idna")  # Otherwise the first call fails, with a bare UnicodeError.
    except (ValueError, TypeError):
        return f"base_url is not a URL: {shown!r}"
    if url.scheme not in {"http", "https"} or not url.host:
        return f"base_url must begin with https:// and name a host: {shown!r}"
    if url.user or url.password or url.query_string or url.fragment:
        return "base_url must not contain a user, password, query or fragment"
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"  # Not "127.example.com", which anybody may own.
