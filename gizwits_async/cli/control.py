"""`gizwits-async control`: a command to a real machine, so it is shown and asked about first."""

import asyncio
import json
import sys
from typing import Any

from attrs import frozen

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.output import Format, plain, printable, say, write_value
from gizwits_async.client import GizwitsClient

__all__ = ["Order", "control"]

_UNCONFIRMED = 3


@frozen(kw_only=True)
class Order:
    """What to tell a device, as it was typed."""

    did: str
    attr: tuple[str, ...] = ()
    raw: str | None = None
    within: float | None = None
    """Seconds to wait until the device reports that it obeyed; None: not at all."""


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
    if order.within is not None and attrs is None:
        raise ValueError("--confirm goes with --attr: what bytes do is the device's secret")
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
    try:
        async with connection.client() as gizwits:
            if attrs is not None and order.within is not None:
                return await _confirmed(gizwits, order.did, attrs, order.within)
            await gizwits.devices.control(order.did, attrs=attrs, raw=raw)
    except asyncio.CancelledError:
        say("the device may have been told: look at its logs before you send it again")
        raise
    say("taken by the service; what it did shows in: gizwits-async logs " + order.did)
    return 0


async def _confirmed(gizwits: GizwitsClient, did: str, attrs: dict[str, Any], within: float) -> int:
    result = await gizwits.devices.control_and_confirm(did, attrs, within=within)
    write_value({"state": result.state, **plain(result)}, Format.AUTO)
    spent = f"after {result.seconds:.1f} s and {result.calls} calls"
    if result.confirmed:
        say(f"confirmed {spent}: the device reported {printable(result.wanted)}")
        return 0
    taken = "sent" if result.taken else "the reply was lost, and no log shows the command"
    seen = "the last report shows other values"
    if not result.reported:
        seen = "no report was seen"
    elif result.matches:
        seen = "a report shows the values, but perhaps from before the command"
    say(f"{taken}, but not confirmed {spent}: {seen}")
    if result.obstacle:
        say(f"because of {result.obstacle}")
    return _UNCONFIRMED
