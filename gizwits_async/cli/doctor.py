"""`gizwits-async doctor`: whether calls can work from here, and what is wrong if not."""

import asyncio
import os
import socket
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rich.cells import set_cell_size

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.exits import Exit
from gizwits_async.cli.language import N_, _
from gizwits_async.cli.output import say
from gizwits_async.errors import GizwitsError, QuotaStoreError

if TYPE_CHECKING:
    from gizwits_async.client import GizwitsClient
    from gizwits_async.models import Token

__all__ = ["doctor"]

_SKEW = 30.0
"""Seconds by which the clocks may differ without a warning."""
_DAY = 86_400
_CONNECT = 5.0
"""Seconds that a connection may take."""
_FAMILIES = {socket.AF_INET: "IPv4", socket.AF_INET6: "IPv6"}
_PORTS = {"http": 80, "https": 443}
_NOT_IN_WHITE_LIST = 5012
_VERDICTS = (N_("ok"), N_("warning"), N_("failed"))
_VERDICT = 9
"""Cells for a verdict."""


async def doctor(*, connection: Connection = Connection()) -> int:
    """Try a connection, a login and a listing, and say what each shows."""
    async with connection.client() as gizwits:
        _found("ok", _("credentials: {source}", source=connection.source()))
        await _shared(gizwits)
        await _way(gizwits)
        token = await _login(gizwits)
        left = (token.expires_at - time.time()) / _DAY
        _found("ok", _("logged in; the token is good for {days:.1f} days", days=left))
        total = await gizwits.devices.search(show_disabled=True).total()
        count = _("an unknown number of") if total is None else total
        _found("ok", _("the product has {count} devices", count=count))
        _clock_and_quota(gizwits)
    return Exit.OK


async def _shared(gizwits: "GizwitsClient") -> None:
    """Say that a server of the shared quota refuses a setting; the error says which."""
    try:
        await gizwits.check_shared()
    except QuotaStoreError:
        _found("failed", _("quota and login are not shared with other processes"))
        raise


async def _way(gizwits: "GizwitsClient") -> None:
    """Say which way connections go, and whether that way is open."""
    target = gizwits.proxy or gizwits.base_url
    via = _("through the proxy {proxy}", proxy=gizwits.proxy) if gizwits.proxy else _("directly")
    trusted = os.environ.get("GIZWITS_CA_BUNDLE") or _("those of the system")
    way = _(
        "{url} {via}; certificate authorities: {trusted}",
        url=gizwits.base_url,
        via=via,
        trusted=trusted,
    )
    parts = urlsplit(target)
    port = parts.port or _PORTS.get(parts.scheme, 0)
    try:
        async with asyncio.timeout(_CONNECT):
            _reader, writer = await asyncio.open_connection(parts.hostname, port)
    except (OSError, TimeoutError):
        _found(
            "failed",
            _(
                "no connection to {host} port {port}: {way}",
                host=parts.hostname,
                port=port,
                way=way,
            ),
        )
        return  # The login says why.
    address, family = writer.get_extra_info("peername")[0], writer.get_extra_info("socket").family
    writer.close()
    reached = f"{address} ({_FAMILIES.get(family, family)})"
    _found("ok", _("{way}; reached {address}", way=way, address=reached))


async def _login(gizwits: "GizwitsClient") -> "Token":
    """Fetch a token; say that it failed before the error says why."""
    try:
        return await gizwits.authorization.create_token()
    except GizwitsError as error:
        _found("failed", _("no login was possible"))
        if gizwits.proxy and getattr(error, "code", None) == _NOT_IN_WHITE_LIST:
            _found(
                "failed",
                _(
                    "the white list must hold the public address of the proxy {proxy}",
                    proxy=gizwits.proxy,
                ),
            )
        raise


def _clock_and_quota(gizwits: "GizwitsClient") -> None:
    skew = gizwits.server_time() - time.time()
    verdict = "ok" if abs(skew) < _SKEW else "warning"
    _found(
        verdict,
        _("the server's clock is {skew:+d} s from ours (replies correct for it)", skew=round(skew)),
    )
    quota = gizwits.quota.snapshot()
    by = _("by its headers") if quota.source == "server" else _("by our own count: no headers came")
    _found(
        "ok",
        _(
            "{remaining} of {limit} calls are left this hour, {by}",
            remaining=quota.remaining,
            limit=quota.limit,
            by=by,
        ),
    )


def _found(verdict: str, text: str) -> None:
    say(text, prefix=set_cell_size(_(verdict), _VERDICT))
