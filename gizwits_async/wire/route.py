"""How connections reach the service: through which proxy, and which certificates they trust."""

import netrc
import os
from pathlib import Path
from ssl import SSLContext
from urllib.request import getproxies, proxy_bypass

from attrs import field, frozen
from yarl import URL

from gizwits_async.errors import ArgumentError
from gizwits_async.options import Secret

__all__ = ["Route", "route_to"]

_SCHEMES = frozenset({"http", "https", "socks4", "socks5", "socks5h"})
_PORTS = {"http": 80, "https": 443}
_SOCKS_PORT = 1080


@frozen(kw_only=True)
class Route:
    """The way to the service."""

    proxy: Secret | None = field(default=None, repr=False)
    """URL of the proxy with its credentials; None for direct connections."""
    tls: SSLContext | None = None
    """Certificate authorities that are trusted; None for those of the system."""

    @property
    def via(self) -> str | None:
        """Scheme, host and port of the proxy, without its credentials; None without proxy."""
        if self.proxy is None:
            return None
        url = URL(self.proxy)
        return f"{url.scheme}://{url.host_subcomponent}:{url.port}"

    def is_proxy(self, host: str, port: int | None) -> bool:
        """Return whether the proxy is at that host and port."""
        if self.proxy is None:
            return False
        url = URL(self.proxy)
        return (url.host, url.port) == (host, port)


def route_to(base_url: str, *, proxy: str | None, trust_env: bool, tls: SSLContext | None) -> Route:
    """Return the way to `base_url`.

    Args:
        base_url: Address of the service.
        proxy: URL of a proxy: `http`, `https`, `socks4` or `socks5`, with credentials if it wants any.
        trust_env: Whether `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY` and `.netrc` name it otherwise.
        tls: Certificate authorities that are trusted; None for those of the system.

    Raises:
        ArgumentError: The proxy is no URL of a proxy; the message does not show it.
    """
    if proxy is not None:
        return Route(proxy=_checked(Secret(proxy), "proxy"), tls=tls)
    return Route(proxy=_from_environment(URL(base_url)) if trust_env else None, tls=tls)


def _from_environment(target: URL) -> Secret | None:
    # Looked up once: aiohttp's own `trust_env` starts two threads a call, and applies `.netrc` to the
    # service too, where it collides with the header that holds the token.
    found = Secret(getproxies().get(target.scheme) or "")
    if not found or proxy_bypass(f"{target.host}:{target.port}"):
        return None
    checked = _checked(found, f"{target.scheme.upper()}_PROXY")
    url = URL(checked)
    if url.user is None and (account := _account(url.host or "")) is not None:
        return Secret(url.with_user(account[0]).with_password(account[1]))
    return checked


def _account(host: str) -> tuple[str, Secret] | None:
    path = Path(os.environ.get("NETRC") or Path.home() / ".netrc")
    try:
        found = netrc.netrc(path).authenticators(host)
    except (OSError, netrc.NetrcParseError):
        return None  # Most machines have none, and a broken one is not ours to judge.
    return None if found is None else (found[0], Secret(found[2]))


def _checked(proxy: Secret, name: str) -> Secret:
    try:
        url = URL(proxy if "://" in proxy else f"http://{proxy}")
    except ValueError:
        url = URL()
    if url.scheme not in _SCHEMES or not url.host or url.path not in {"", "/"}:
        # The value may hold a password and is not shown.
        raise ArgumentError(f"{name} must be http://HOST:PORT, https://... or socks5://...")
    return Secret(url.with_port(url.port or _PORTS.get(url.scheme, _SOCKS_PORT)))
