"""`gizwits-async doctor`: whether calls can work from here, and what is wrong if not."""

import time

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.output import say
from gizwits_async.errors import (
    ApiError,
    AuthenticationError,
    GizwitsError,
    NotSentError,
    QuotaExceededError,
    QuotaWaitError,
)

__all__ = ["examine"]

_SKEW = 30.0
_HINTS = {
    5003: "the enterprise id is unknown: compare it with the developer centre",
    5004: "the enterprise secret is wrong",
    5005: "the product secret is wrong",
    5007: "the Enterprise API is not enabled for this product: ask Gizwits",
    5008: "the product does not belong to this enterprise: ask Gizwits",
    5010: "the token belongs to another product key",
    5012: "this machine's public address is not in the whitelist: developer centre, company"
    " information, API settings",
    5015: "the product key is unknown",
}


async def examine(connection: Connection) -> int:
    """Try a login and a listing, and say what each tells."""
    async with connection.client() as gizwits:
        say("ok       credentials are there")
        began = time.time()
        try:
            token = await gizwits.authorization.create_token()
        except AuthenticationError as error:
            say(f"refused  {error}")
            say(f"         {_hint(error)}")
            raise
        except NotSentError as error:
            say(f"failed   {error}: name, port, firewall or TLS; the service may want plain http")
            return 1
        except (QuotaWaitError, QuotaExceededError):
            say("failed   no place in the quota for a login")
            raise
        except GizwitsError as error:
            say(f"failed   {type(error).__name__}: {error}")
            return 1
        left = token.expires_at - began
        say(f"ok       logged in; the token is good for {left / 86_400:.1f} days")
        total = await gizwits.devices.search(show_disabled=True).total()
        say(
            f"ok       the product has {'an unknown number of' if total is None else total} devices"
        )
        skew = gizwits.server_time() - time.time()
        verdict = "ok      " if abs(skew) < _SKEW else "warning "
        say(f"{verdict} the server's clock is {skew:+.0f} s from ours (replies correct for it)")
        quota = gizwits.quota.snapshot()
        told = "by its headers" if quota.source == "server" else "by our own count: no headers came"
        say(f"ok       {quota.remaining} of {quota.limit} calls are left this hour, {told}")
    return 0


def _hint(error: ApiError) -> str:
    return _HINTS.get(error.code, "see the message") if isinstance(error.code, int) else ""
