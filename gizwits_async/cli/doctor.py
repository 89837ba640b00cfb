"""`gizwits-async doctor`: whether calls can work from here, and what is wrong if not."""

import time

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.exits import Exit
from gizwits_async.cli.language import _
from gizwits_async.cli.output import say
from gizwits_async.client import GizwitsClient
from gizwits_async.errors import GizwitsError, NotSentError
from gizwits_async.models.authorization import Token

__all__ = ["doctor"]

_SKEW = 30.0
"""Seconds by which the clocks may differ without a warning."""
_DAY = 86_400


async def doctor(*, connection: Connection = Connection()) -> int:
    """Try a login and a listing, and say what each shows."""
    async with connection.client() as gizwits:
        _found("ok", _("credentials are there"))
        token = await _login(gizwits)
        left = (token.expires_at - time.time()) / _DAY
        _found("ok", _("logged in; the token is good for {days:.1f} days", days=left))
        total = await gizwits.devices.search(show_disabled=True).total()
        count = _("an unknown number of") if total is None else total
        _found("ok", _("the product has {count} devices", count=count))
        skew = gizwits.server_time() - time.time()
        _found(
            "ok" if abs(skew) < _SKEW else "warning",
            _("the server's clock is {skew:+.0f} s from ours (replies correct for it)", skew=skew),
        )
        quota = gizwits.quota.snapshot()
        _found(
            "ok",
            _(
                "{remaining} of {limit} calls are left this hour, {source}",
                remaining=quota.remaining,
                limit=quota.limit,
                source=_("by its headers")
                if quota.source == "server"
                else _("by our own count: no headers came"),
            ),
        )
    return Exit.OK


async def _login(gizwits: GizwitsClient) -> Token:
    """Fetch a token; of an error, say at which step it happened and let it pass."""
    try:
        return await gizwits.authorization.create_token()
    except NotSentError:
        _found("failed", _("no connection: name, port, firewall or TLS; perhaps plain http only"))
        raise
    except GizwitsError:
        _found("failed", _("no login was possible"))
        raise


def _found(verdict: str, text: str) -> None:
    say(f"{_(verdict):8} {text}")
