"""What became of a command: whether the device reported what it was told to be."""

from datetime import datetime
from typing import Literal

from attrs import field, frozen

from gizwits_async.models.times import utc
from gizwits_async.models.values import JsonObject

__all__ = ["ControlResult"]


@frozen(kw_only=True)
class ControlResult:
    """What a device did after `devices.control_and_confirm`, as far as its logs tell."""

    confirmed: bool
    """Whether the device reported all wanted values after the command."""
    taken: bool
    """Whether the service is known to have taken the command; False: its reply was lost, and no log
    shows the command."""
    wanted: JsonObject = field(factory=dict)
    """What was sent, in the data log's terms: 0 or 1 for a bool, binary at its full length."""
    reported: JsonObject = field(factory=dict)
    """What the device reported: with the confirming report, or else the latest. Empty: nothing was
    seen."""
    reported_at: float | None = None
    """When it reported that, in epoch seconds UTC."""
    matches: bool = False
    """Whether `reported` holds the wanted values. True without `confirmed`: the report may be older
    than the command, which whole seconds cannot tell, so it proves nothing."""
    seconds: float = 0.0
    """Seconds from the first sending until the report was seen, or the looking ended."""
    calls: int = 0
    """Calls spent on the quota, repeated ones and the product's definition included; not a token."""
    sendings: int = 1
    """How often the command was sent; more than one only if `resend` asked for it."""
    obstacle: str | None = None
    """What kept us from sending again or from looking to the end, such as a log that is closed."""

    @property
    def state(self) -> Literal["confirmed", "sent", "unknown"]:
        """`confirmed`; `sent`: taken by the service and not confirmed; `unknown`: perhaps not even that."""
        if self.confirmed:
            return "confirmed"
        return "sent" if self.taken else "unknown"

    @property
    def time(self) -> datetime | None:
        """`reported_at` as an aware UTC datetime."""
        return None if self.reported_at is None else utc(self.reported_at)
