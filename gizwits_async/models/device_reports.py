"""What chapter "device reports" answers: where devices are, how many are active, at fault, new."""

from collections.abc import Mapping

from attrs import field, frozen

from gizwits_async.models.locations import Location

__all__ = [
    "ActiveCounts",
    "DeviceSummary",
    "FaultCounts",
    "FaultReport",
    "LivenessHistory",
    "LivenessRow",
    "LocationReport",
    "NewCounts",
    "RealtimeCounts",
    "RealtimeReport",
    "ReportedDevice",
]


@frozen(kw_only=True)
class LocationReport:
    """Where the devices are."""

    gid: str | None = None
    """The group that was asked for; None: all devices."""
    total: int | None = None
    """Devices counted, those without a known place included."""
    location: Location = field(factory=Location)
    """Devices by place, each place's number under `.count`."""


@frozen(kw_only=True)
class ActiveCounts:
    """How many devices reported data."""

    yesterday: int | None = None
    """Devices active yesterday."""
    last_7_days: int | None = field(default=None, metadata={"wire": "7_day"})
    """Devices active in the last 7 days."""


@frozen(kw_only=True)
class NewCounts:
    """How many devices were activated."""

    today: int | None = None
    """Devices new today."""
    yesterday: int | None = None
    """Devices new yesterday."""
    last_7_days: int | None = field(default=None, metadata={"wire": "7_day"})
    """Devices new in the last 7 days."""
    last_30_days: int | None = field(default=None, metadata={"wire": "30_day"})
    """Devices new in the last 30 days."""


@frozen(kw_only=True)
class DeviceSummary:
    """The product at a glance; a batch job of the service counts it."""

    online: int | None = None
    """Devices that are connected."""
    total: int | None = None
    """Devices that ever were."""
    active: ActiveCounts = field(factory=ActiveCounts)
    """Devices that reported data."""
    new: NewCounts = field(factory=NewCounts)
    """Devices that were activated."""


@frozen(kw_only=True)
class ReportedDevice:
    """One device on one day of the reports of activated and of active devices."""

    report_date: str | None = None
    """The day, `YYYY-MM-DD`, in the time zone of the service (not documented; likely UTC+8)."""
    product_key: str | None = None
    """Product it belongs to."""
    mac: str | None = None
    """MAC address; None for a Bluetooth device."""
    device_sn: str | None = None
    """Serial number of a Bluetooth device; None for all others."""
    country: str | None = None
    """Country."""
    region: str | None = None
    """Province."""
    city: str | None = None
    """City."""
    created_at: str | None = None
    """When it was registered, `YYYY-MM-DD HH:MM:SS`; the zone is not documented, so none is added."""


@frozen(kw_only=True)
class LivenessRow:
    """How many devices were active in one day, week or month."""

    count: int | None = None
    """Devices that reported data."""
    date: str | None = None
    """The day, `YYYY-MM-DD`, in a report by `date`."""
    week: str | None = None
    """The week, `YYYY-WW`, in a report by `week`."""
    month: str | None = None
    """The month, `YYYY-MM`, in a report by `month`."""
    location: Location = field(factory=Location)
    """Active devices by place."""

    @property
    def period(self) -> str | None:
        """The day, week or month, whichever it is."""
        return self.date or self.week or self.month


@frozen(kw_only=True)
class LivenessHistory:
    """How many devices were active, over time. Active: it reported data on that day."""

    gid: str | None = None
    """The group that was asked for; None: all devices."""
    cycle: str | None = None
    """`date`, `week` or `month`."""
    start: str | None = None
    """First day, week or month, in the format of the cycle."""
    end: str | None = None
    """Last day, week or month, included."""
    data: tuple[LivenessRow, ...] = ()
    """One row a day, week or month, oldest first."""


@frozen(kw_only=True)
class RealtimeCounts:
    """Devices now; the service leaves out what is zero."""

    activated: int = 0
    """Devices that were activated."""
    faulty: int = 0
    """Devices with a pending fault."""
    alert: int = 0
    """Devices with a pending alert."""


@frozen(kw_only=True)
class RealtimeReport:
    """How many devices there are now, and how they are."""

    gid: str | None = None
    """The group that was asked for; None: all devices."""
    count: RealtimeCounts = field(factory=RealtimeCounts)
    """The sums; in the document's example they do not agree with the places."""
    location: Location = field(factory=Location)
    """By place, with `counts` named as in `count`."""


@frozen(kw_only=True)
class FaultCounts:
    """Faults or alerts, or the devices that had them."""

    total: int = 0
    """All."""
    resolved: int = 0
    """Those that are over."""
    unresolved: int = 0
    """Those that are pending."""


@frozen(kw_only=True)
class FaultReport:
    """Devices with faults or with alerts, or the events themselves: four reports of one shape."""

    gid: str | None = None
    """The group that was asked for; None: all devices."""
    count: FaultCounts = field(factory=FaultCounts)
    """Devices, or events."""
    detail: Mapping[str, FaultCounts] | None = None
    """Data point -> its events; None in the reports that count devices."""
    location: Location = field(factory=Location)
    """By place, with `counts` named as in `count`, and `detail` in reports of events."""
