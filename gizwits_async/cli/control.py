"""`gizwits-async control`: a command to a real machine, so it is shown and asked about first."""

import json
import sys
from typing import Any

from attrs import frozen

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.output import printable, say

__all__ = ["Order", "control"]


@frozen(kw_only=True)
class Order:
    """What to tell a device, as it was typed."""

    did: str
    attr: tuple[str, ...] = ()
    raw: str | None = None


def _attrs(pairs: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise ValueError(f"not a data point: {pair!r}; write --attr NAME=VALUE")
        try:
            found[name] = json.loads(text)
        except ValueError:
            found[name] = text  # An enum's name needs no quotes.
    return found


async def control(order: Order, connection: Connection, *, yes: bool, dry_run: bool) -> int:
    """Send the command, after it was agreed to, and return the exit code."""
    attrs = _attrs(order.attr) or None
    try:
        raw = None if order.raw is None else bytes.fromhex(order.raw)
    except ValueError:
        raise ValueError("--raw takes hexadecimal bytes, for instance 12ffffffff") from None
    if (attrs is None) == (raw is None):
        raise ValueError("give --attr NAME=VALUE (as often as needed) or --raw HEX, and not both")
    body = {"attrs": attrs} if raw is None else {"raw": list(raw)}
    where = f"POST .../devices/{order.did}/control"
    say(f"{where} {printable(body)}")
    if dry_run:
        say("not sent: --dry-run")
        return 0
    if not yes:
        if not sys.stdin.isatty():
            raise ValueError("this moves a real machine: say --yes where nobody can be asked")
        sys.stderr.write("send it? [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
            say("not sent")
            return 1
    async with connection.client() as gizwits:
        await gizwits.devices.control(order.did, attrs=attrs, raw=raw)
    say("taken by the service; what it did shows in: gizwits-async logs " + order.did)
    return 0
