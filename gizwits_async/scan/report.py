"""What a scan reports: pages and progress while it runs, a plan before it, a report after. Frozen values."""

from collections.abc import Mapping
from typing import Any

from attrs import asdict, field, frozen

from gizwits_async.scan.rules import Rule, RuleTrust
from gizwits_async.scan.task import LogName, Record

__all__ = ["Failure", "Gap", "ScanPage", "ScanPlan", "ScanProgress", "ScanReport"]


@frozen(kw_only=True)
class Failure:
    """A log of a device that could not be read to its end."""

    did: str
    log: str
    error: str
    """Class name of the error."""
    text: str
    """Message of the error."""
    since: int
    """First second that was not read, in epoch seconds UTC."""


@frozen(kw_only=True)
class Gap:
    """Seconds of a log that the service no longer kept when they were to be read."""

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
    """Oldest first; may be empty."""
    start: int
    """First second of the window that the page belongs to, in epoch seconds UTC."""
    end: int
    """The second after the last one of that window."""
    last: bool
    """Whether it is the last page of the window."""
    gaps: tuple[tuple[int, int], ...] = ()
    """Seconds `start <= t < end` of the window that the service no longer kept."""
    set_aside: int = 0
    """Rows of the page that could not be read at all."""


@frozen(kw_only=True)
class ScanProgress:
    """How far a scan is."""

    devices: int
    """Devices known."""
    windows: int
    """Windows read to their end in this run."""
    windows_left: int
    """Windows left to read, failed ones included; while devices are listed, an estimate."""
    records: Mapping[LogName, int]
    """Records of each log that this run read."""
    calls: int
    """Calls that this run made."""
    failed: int
    """Logs set aside because they failed, to be tried again at the end."""
    seconds: float
    """Seconds since the run began."""
    did: str | None = None
    """The device of the latest page; None while devices are listed."""
    log: LogName | None = None
    """The log of the latest page."""

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
    """Devices to scan."""
    start: int
    """First second of the range, in epoch seconds UTC."""
    end: int
    """The second after the last one."""
    windows: Mapping[LogName, int]
    """Windows left to read of each log; with `active_only`, those expected to be read."""
    active_share: float
    """Part of the windows of cmd and data log that are expected to be read; 1.0 without
    `active_only`."""
    calls_least: int
    """Calls that no scan can do without: the listing, other calls outside the logs, and the pages that
    hold a record, as many as the last run found. Without such a run, one for each window."""
    calls: int
    """Calls to expect, by the pages that the windows scanned so far took."""
    hours: float
    """Hours for that many calls at the quota."""
    finish: float
    """When the scan would be over if it began now, in epoch seconds UTC."""
    falls_off: int
    """Windows that will have fallen off the 30-day edge, at least in part, before they are read."""
    resumes: bool
    """Whether the scan goes on with a range that an earlier run began."""
    skipped: Mapping[Rule, int] = field(factory=dict)
    """Windows that are expected to be passed over, by rule; see `ScanReport.skipped`."""
    sampled: int = 0
    """Windows that are expected to be read although a proven rule could spare them."""
    notes: tuple[str, ...] = ()
    """What else to know: a store that begins later than `Since(...)` asked for."""

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain JSON values."""
        return asdict(self)


@frozen(kw_only=True)
class ScanReport:
    """The outcome of one run of a scan."""

    product_key: str
    start: int
    """First second of the range, in epoch seconds UTC."""
    end: int
    """The second after the last one."""
    devices: int
    """Devices known."""
    windows: int
    """Windows that this run read to their end."""
    windows_left: int
    """Windows that are left for another run."""
    records: Mapping[LogName, int]
    """Records of each log that this run read."""
    calls: int
    """Calls that this run made, the listing and retries included."""
    log_calls: int
    """The calls among them that asked a log."""
    calls_least: int
    """The least log calls that could have brought the same records: their full pages, without windows
    that held nothing. `pages_with_records` counts them as the service cut them."""
    seconds: float
    """Seconds that the run took."""
    failed: int = 0
    """Logs of devices that could not be read to their end."""
    failures: tuple[Failure, ...] = ()
    """The first thousand of them."""
    gap_count: int = 0
    """Parts of logs that the service no longer kept."""
    gaps: tuple[Gap, ...] = ()
    """The first thousand of them."""
    given_up: Mapping[LogName, str] = field(factory=dict)
    """Logs that are closed for the whole product, with the text of the refusal."""
    set_aside: int = 0
    """Rows that could not be read, because they are no record of a known time or no device with an
    id. They are named in the log of this package."""
    listing: str | None = None
    """Why devices may be missing, such as `listing incomplete: 1,000 of 1,150: ...`; None if all
    were listed."""
    pages_with_records: int = 0
    """Pages of logs that held a record."""
    windows_empty: int = 0
    """Windows that this run read, and that held none."""
    skipped: Mapping[Rule, int] = field(factory=dict)
    """Windows that were not read, by the rule that expects them to be empty (a key of `rules`); see
    `FleetScan(skip=...)`."""
    sampled: int = 0
    """Windows that were read, and empty, although a proven rule could have spared them."""
    read_again: Mapping[LogName, int] = field(factory=dict)
    """Those of `records` that lie in seconds which were read before: a run begins with the last minutes
    of the one before it, where records may have shown late."""
    refuted: Mapping[str, str] = field(factory=dict)
    """Rules that do not hold at this service, with the window that showed it."""
    rules: Mapping[Rule, RuleTrust] = field(factory=dict)
    """What the store knows of each rule, by all runs; empty where nothing may be passed over."""
    notes: tuple[str, ...] = ()
    """What else to know, and what cost no records: a listing that was continued in parts, or a store
    that begins later than `Since(...)` asked for."""

    stopped: bool = False
    """Whether the run was asked to stop, or its time was over, before it had come to its end."""

    @property
    def ratio(self) -> float:
        """Log calls over the least possible; 1.0 for a run that found no records."""
        return self.log_calls / self.calls_least if self.calls_least else 1.0

    @property
    def complete(self) -> bool:
        """Whether the store now holds everything in the range."""
        missing = (self.failed, self.gap_count, self.given_up, self.windows_left)
        return not (any(missing) or self.set_aside or self.listing or self.stopped)

    @property
    def hint(self) -> str | None:
        """How to get what is missing; None if nothing is missing, or nothing can be done."""
        if self.failed or self.windows_left or self.listing or self.stopped:
            return "run the same scan again: it asks only for what is missing"
        if self.given_up:
            return "ask the service's staff to open these logs for the published product"
        return None

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        plain = asdict(self)
        return {**plain, "ratio": self.ratio, "complete": self.complete, "hint": self.hint}
