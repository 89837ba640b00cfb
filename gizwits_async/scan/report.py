"""What a scan tells: while it runs, before it runs, and when it is over. Frozen values."""

from collections.abc import Mapping
from typing import Any

from attrs import asdict, field, frozen

from gizwits_async.scan.task import LogName, Record

__all__ = ["Failure", "Gap", "ScanPage", "ScanPlan", "ScanProgress", "ScanReport"]


@frozen(kw_only=True)
class Failure:
    """A log of a device that could not be read to its end."""

    did: str
    log: str
    error: str
    """Name of the error's class."""
    text: str
    """What it said."""
    since: int
    """First second that is missing, in epoch seconds UTC."""


@frozen(kw_only=True)
class Gap:
    """Seconds of a log that fell off its 30-day edge before they could be asked."""

    did: str
    log: str
    start: int
    """First second that is lost, in epoch seconds UTC."""
    end: int
    """The second after the last one."""


@frozen(kw_only=True)
class ScanPage:
    """A page of one log of one device."""

    did: str
    log: LogName
    items: tuple[Record, ...]
    """Oldest first; may be none."""
    start: int
    """First second of the window that it is from, in epoch seconds UTC."""
    end: int
    """The second after the last one of that window."""
    last: bool
    """Whether the window ends with it."""
    gaps: tuple[tuple[int, int], ...] = ()
    """Seconds `start <= t < end` of the window that fell off the edge of the log."""


@frozen(kw_only=True)
class ScanProgress:
    """Where a scan stands."""

    devices: int
    """Devices known."""
    windows: int
    """Windows finished in this run."""
    windows_left: int
    """Windows left, failed ones included."""
    records: Mapping[LogName, int]
    """Records of each log that this run brought."""
    calls: int
    """Calls that this run made."""
    failed: int
    """Logs set aside because they failed, to be tried again at the end."""
    seconds: float
    """Seconds since the run began."""
    did: str | None = None
    """The device that the latest page was of; None while devices are listed."""
    log: LogName | None = None
    """The log that it was of."""

    @property
    def seconds_left(self) -> float | None:
        """Seconds to the end at the pace so far; None before the first window."""
        if not self.windows:
            return None
        return self.seconds / self.windows * self.windows_left


@frozen(kw_only=True)
class ScanPlan:
    """What a scan would take."""

    devices: int
    """Devices that will be asked."""
    start: int
    """First second of the range, in epoch seconds UTC."""
    end: int
    """The second after the last one."""
    windows: Mapping[LogName, int]
    """Windows left to ask of each log; with `active_only`, those expected after it."""
    active_share: float
    """Part of the windows of cmd and data log that are expected to be asked; 1.0 but for
    `active_only`."""
    calls_least: int
    """Calls if every window fits one page; the listing, and what else comes beside the logs,
    included."""
    calls: int
    """Calls to expect, by the pages that the windows scanned so far took."""
    hours: float
    """Hours for that many calls at the quota."""
    finish: float
    """When it would be over if it began now, in epoch seconds UTC."""
    falls_off: int
    """Windows that will, in part at least, have fallen off the 30-day edge when their turn comes."""
    resumes: bool
    """Whether it goes on with a range that an earlier run began."""

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain JSON values."""
        return asdict(self)


@frozen(kw_only=True)
class ScanReport:
    """What a run of a scan came to."""

    product_key: str
    start: int
    """First second of the range, in epoch seconds UTC."""
    end: int
    """The second after the last one."""
    devices: int
    """Devices known."""
    windows: int
    """Windows that this run finished."""
    windows_left: int
    """Windows that are left, for another run."""
    records: Mapping[LogName, int]
    """Records of each log that this run brought."""
    calls: int
    """Calls that this run made, the listing and repetitions included."""
    log_calls: int
    """Calls among them that asked a log."""
    calls_least: int
    """The least calls that could have brought the same from the logs: one a window and page."""
    seconds: float
    """Seconds that the run took."""
    failed: int = 0
    """Logs of devices that could not be read to their end."""
    failures: tuple[Failure, ...] = ()
    """The first thousand of them."""
    gap_count: int = 0
    """Parts of logs that fell off the 30-day edge."""
    gaps: tuple[Gap, ...] = ()
    """The first thousand of them."""
    given_up: Mapping[LogName, str] = field(factory=dict)
    """Logs that are closed for the whole product, and what the service said."""

    @property
    def ratio(self) -> float:
        """Log calls over the least possible; 1.0 is perfect, and what nothing to ask gives."""
        return self.log_calls / self.calls_least if self.calls_least else 1.0

    @property
    def complete(self) -> bool:
        """Whether the store now holds everything that was in the range."""
        return not (self.failed or self.gap_count or self.given_up or self.windows_left)

    @property
    def hint(self) -> str | None:
        """How to go on; None if there is nothing to go on with."""
        if self.failed or self.windows_left:
            return "run the same scan again: it asks only for what is missing"
        if self.given_up:
            return "ask the service's staff to open these logs for the published product"
        return None

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        plain = asdict(self)
        return {**plain, "ratio": self.ratio, "complete": self.complete, "hint": self.hint}
