"""Types of the keyword arguments that clients take, so that type checkers find misspelt names."""

from collections.abc import Callable
from ssl import SSLContext
from typing import TypedDict

from gizwits_async.options import Options
from gizwits_async.wire.protocols import Quota, TokenStore, Transport
from gizwits_async.wire.report import OnCall
from gizwits_async.wire.sessions import Session

__all__ = ["ClientSettings", "ConnectionSettings"]


class ConnectionSettings(TypedDict, total=False):
    """Arguments of `GizwitsClient` about the service and the way to it; all may be left out."""

    base_url: str
    """Address of the service."""
    allow_insecure: bool
    """Whether to accept plain http to another host than this machine."""
    session: Session | None
    """An aiohttp session to borrow."""
    quota: Quota | None
    """The quota of the enterprise."""
    tokens: TokenStore | None
    """Keeps tokens."""
    transport: Transport | None
    """Replaces HTTP."""
    clock: Callable[[], float] | None
    """Returns epoch seconds UTC."""
    proxy: str | None
    """URL of a proxy, with its credentials."""
    trust_env: bool
    """Whether `HTTPS_PROXY` and the like name the proxy."""
    ssl: SSLContext | None
    """Trusted certificates."""


class ClientSettings(ConnectionSettings, total=False):
    """All arguments of `GizwitsClient` beside the credentials; all may be left out."""

    options: Options
    """How calls are made."""
    on_call: OnCall | None
    """Called with a `CallReport` after each call."""
