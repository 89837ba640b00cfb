"""The result of a confirmed control call: whether the device reported the commanded values."""

from datetime import datetime
from typing import Literal

from attrs import field, frozen

from gizwits_async.models.times import utc
from gizwits_async.models.values import JsonObject
from gizwits_async.schema import Model

__all__ = ["ControlResult"]


@frozen(kw_only=True)
class ControlResult(Model):
    """What a device did after `devices.control_and_confirm`, according to its logs."""

    confirmed: bool
    """Whether the device reported all wanted values after the command."""
    taken: bool
    """Whether the service is known to have accepted the command; False: its reply was lost, and no
    log shows the command."""
    wanted: JsonObject = field(factory=dict)
    """The values sent, written as in the data log: 0 or 1 for a bool, binary at its full length."""
    reported: JsonObject = field(factory=dict)
    """The values of the confirming report, else of the latest one. Empty: no report was seen."""
    reported_at: float | None = None
    """When it reported that, in epoch seconds UTC."""
    matches: bool = False
    """Whether `reported` holds the wanted values. True without `confirmed`: by its whole-second time
    the report may be older than the command, so it proves nothing."""
    seconds: float = 0.0
    """Seconds from the first sending until the report was seen, or until the last look."""
    calls: int = 0
    """Calls spent on the quota, repeated ones and the product's definition included; not a token."""
    sendings: int = 1
    """How often the command was sent; more than one only if `resend` asked for it."""
    obstacle: str | None = None
    """The error that prevented another sending or look, such as a closed log; None without one."""

    @property
    def state(self) -> Literal["confirmed", "sent", "unknown"]:
        """`confirmed`; `sent`: accepted by the service, not confirmed; `unknown`: its reply was lost."""
        if self.confirmed:
            return "confirmed"
        return "sent" if self.taken else "unknown"

    @property
    def time(self) -> datetime | None:
        """`reported_at` as an aware UTC datetime."""
        return None if self.reported_at is None else utc(self.reported_at)
