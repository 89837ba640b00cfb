"""`gizwits-async control`: a command to a real machine, shown and agreed to before it is sent."""

import asyncio
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from attrs import frozen
from cyclopts import Parameter

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.definition import Definition, definition_of
from gizwits_async.cli.device_id import did_of
from gizwits_async.cli.exits import Exit
from gizwits_async.cli.flags import Flag
from gizwits_async.cli.language import N_, _
from gizwits_async.cli.library_texts import reworded
from gizwits_async.cli.named_values import named_values
from gizwits_async.cli.output import Format, printable, say
from gizwits_async.cli.suggestions import command
from gizwits_async.cli.tables import write_value

if TYPE_CHECKING:
    from gizwits_async.client import GizwitsClient

__all__ = ["agreed", "control"]

_NO_DATA_POINT = N_("not a data point: {pair}; write --attr NAME=VALUE")


@Parameter(name="*")
@frozen(kw_only=True)
class Order:
    """The command, and how it is confirmed."""

    attr: Annotated[tuple[str, ...], Parameter(negative="")] = ()
    """A data point as NAME=VALUE, in display units; may be given several times."""
    raw: str | None = None
    """Instead of --attr: the bytes in hexadecimal."""
    yes: Flag = False
    """Do not ask."""
    dry_run: Flag = False
    """Show what would be sent, and send nothing."""
    confirm: Flag = False
    """Of --attr: check the values, and wait until the device reports them. Exit code 0 if it did, 3 if
    it did not, 1 if the service refused the command; what is known is JSON on stdout."""
    within: float = 5.0
    """Seconds to wait for the report of --confirm."""

    @property
    def attrs(self) -> dict[str, Any] | None:
        """The data points by name; None if there are none."""
        # The name of an enum's value is no JSON, and needs no quotes.
        return named_values(self.attr, _NO_DATA_POINT) or None

    @property
    def raw_bytes(self) -> bytes | None:
        """The bytes of `--raw`; None without."""
        try:
            return None if self.raw is None else bytes.fromhex(self.raw)
        except ValueError:
            raise ValueError(_("--raw takes hexadecimal bytes, for instance 12ffffffff")) from None


async def control(
    device: str, /, *, order: Order = Order(), connection: Connection = Connection()
) -> int:
    """Send a command once it was agreed to.

    Args:
        device: Device id or MAC address.
        order: What to send.
        connection: How the service is reached.
    """
    attrs, raw = order.attrs, order.raw_bytes
    if (attrs is None) == (raw is None):
        raise ValueError(_("give --attr NAME=VALUE (as often as needed) or --raw HEX, not both"))
    if order.confirm and attrs is None:
        raise ValueError(_("--confirm goes with --attr: no report can be compared with raw bytes"))
    if not (order.yes or order.dry_run or sys.stdin.isatty()):
        raise ValueError(_("this moves a real machine: give --yes where nobody can be asked"))
    async with connection.client() as gizwits:
        did = await did_of(gizwits, device)
        if attrs is not None:
            # The definition may cost a call; with --confirm the values are checked later as well.
            call = not (order.yes and order.confirm)
            definition = await definition_of(gizwits, call=call)
            definition.check(attrs)
            _preview(definition, did, attrs)
        body = {"raw": list(raw)} if raw is not None else {"attrs": attrs}
        say(f"POST .../devices/{did}/control {printable(body)}")
        if order.dry_run:
            say(_("not sent: --dry-run"))
            return Exit.OK
        if not order.yes and not agreed():
            return Exit.FAILED
        return await _sent(gizwits, did, order, command("logs", did, *connection.words))


def _preview(definition: Definition, did: str, attrs: Mapping[str, Any]) -> None:
    say(_("device {did}:", did=did))
    for name, value in attrs.items():
        say(f"  {definition.label(name)} -> {definition.worded(name, value)}")


async def _sent(gizwits: "GizwitsClient", did: str, order: Order, look: str) -> int:
    attrs = order.attrs
    try:
        if attrs is not None and order.confirm:
            return await _confirmed(gizwits, did, attrs, order.within)
        await gizwits.devices.control(did, attrs=attrs, raw=order.raw_bytes)
    except asyncio.CancelledError:
        say(_("the command may have reached the device: look at its logs before you send it again"))
        raise
    say(_("accepted by the service; what the device did:"), command=look)
    return Exit.OK


def agreed() -> bool:
    """Ask on the terminal, and return whether the answer was yes."""
    sys.stderr.write(_("send it? [y/N] "))
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() in {"y", "yes", "是"}:
        return True
    say(_("not sent"))
    return False


async def _confirmed(
    gizwits: "GizwitsClient", did: str, attrs: dict[str, Any], within: float
) -> int:
    from gizwits_async.models import to_dict

    result = await gizwits.devices.control_and_confirm(did, attrs, within=within)
    write_value({"state": result.state, **to_dict(result)}, Format.AUTO)
    spent = _("after {seconds:.1f} s and {calls} calls", seconds=result.seconds, calls=result.calls)
    if result.confirmed:
        wanted = printable(result.wanted)
        say(_("confirmed {spent}: the device reported {values}", spent=spent, values=wanted))
        return Exit.OK
    taken = _("sent") if result.taken else _("the reply was lost, and no log shows the command")
    seen = _("the last report shows other values")
    if not result.reported:
        seen = _("no report was seen")
    elif result.matches:
        seen = _("a report shows the values, but perhaps from before the command")
    say(_("{taken}, but not confirmed {spent}: {seen}", taken=taken, spent=spent, seen=seen))
    if result.obstacle:
        say(_("because of {obstacle}", obstacle=reworded(result.obstacle)))
    return Exit.INCOMPLETE
