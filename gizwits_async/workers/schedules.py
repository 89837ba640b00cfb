"""What a scan of the fleet reads, and when it runs again. Pure."""

from collections.abc import Mapping
from math import ceil
from typing import Any

from attrs import asdict, field, frozen

from gizwits_async.errors import ArgumentError
from gizwits_async.scan import Derive, LogName, Since, Skip
from gizwits_async.scan.settings import check_derive, check_logs
from gizwits_async.scan.task import LOGS, WINDOW

__all__ = ["ScanArguments", "Schedule"]

_HOUR = 3600.0


def _names(value: Any) -> tuple[str, ...]:
    return tuple(value)


@frozen(kw_only=True)
class ScanArguments:
    """The arguments of `FleetScan` that are the same for all products of an enterprise."""

    since: float | None = None
    """Seconds before now at which the first run begins. None goes on after the last finished scan;
    a first run then reads one period of the schedule, or a day."""
    start: float | None = None
    """Instead of `since`: first second of the range, in epoch seconds UTC."""
    end: float | None = None
    """End of a range with a `start`; None is now."""
    logs: tuple[LogName, ...] = field(default=LOGS, converter=_names)
    devices: tuple[str, ...] = field(default=(), converter=_names)
    """Dids of the devices to scan; empty for all."""
    skip: Skip = "proven"
    derive: Derive | None = None
    """`data` makes the records of the data log out of the cmd log, as in `FleetScan`."""
    active_only: bool = False
    concurrency: int = 8

    def __attrs_post_init__(self) -> None:
        if self.since is not None and self.start is not None:
            raise ArgumentError("give since or start, and not both")
        if self.end is not None and self.start is None:
            raise ArgumentError("an end needs a start")
        check_logs(self.logs)
        check_derive(self.derive, self.logs)

    def first(self, every: float | None) -> float | Since:
        """Return where the range begins.

        Args:
            every: Seconds of a period of the schedule; None without one.
        """
        if self.start is not None:
            return self.start
        return Since(self.since or every or 24 * _HOUR)

    def to_json(self) -> dict[str, Any]:
        """Return what is not the default as plain JSON values.

        Workers of an earlier version do not know new arguments, and need to only where they are used.
        """
        return asdict(self, filter=lambda argument, value: value != argument.default)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "ScanArguments":
        """Return the arguments of `to_json`."""
        return cls(**plain)


@frozen(kw_only=True)
class Schedule:
    """When an enterprise is scanned again, and what is read."""

    profile: str
    every: float
    """Seconds between the beginnings of two runs."""
    jitter: float = 0.0
    """Seconds by which a run may begin later, at random: not all enterprises at the same moment."""
    scan: ScanArguments = ScanArguments()
    next_run: float | None = None
    """When the next run begins, in epoch seconds UTC; None until a schedule is kept."""

    def __attrs_post_init__(self) -> None:
        if not self.every > 0:
            raise ArgumentError(f"every must be positive, not {self.every:g}")
        if not 0 <= self.jitter <= self.every:
            raise ArgumentError(
                f"jitter must be between 0 and every ({self.every:g} s), not {self.jitter:g}"
            )
        if self.scan.start is not None:
            raise ArgumentError("a schedule reads what is new: give since, and no start")

    def calls_least(self, devices: int, page_size: int = 100) -> int:
        """Return the calls of one run in which no window may be passed over.

        Args:
            devices: Devices of all products.
            page_size: Devices on a page of the listing.
        """
        windows = max(1, ceil(self.every / WINDOW))
        named = len(self.scan.devices)
        listing = 0 if named else 2 * max(1, -(-devices // page_size))
        logs = {*self.scan.logs, *([self.scan.derive] if self.scan.derive else [])}
        return (named or devices) * len(logs) * windows + listing

    def check(self, devices: int, calls_per_hour: int) -> None:
        """Refuse a schedule that the quota cannot keep up with.

        Args:
            devices: Devices of all products.
            calls_per_hour: The quota.

        Raises:
            ArgumentError: One run takes longer than `every`; the message has the figures.
        """
        calls = self.calls_least(devices)
        hours = calls / calls_per_hour
        if hours * _HOUR > self.every:
            raise ArgumentError(
                f"the schedule of {self.profile} is faster than its quota: {devices:,} devices take"
                f" {calls:,} calls, {hours:.3g} hours at {calls_per_hour:,} calls an hour, and it is"
                f" to run every {self.every / _HOUR:.3g} hours"
            )
