"""Answers of chapter "device reports": devices by location, active, new, faulty ones."""

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from gizwits_async.models.coercion import is_null
from gizwits_async.models.locations import Location
from gizwits_async.models.report import Report, nested, with_periods
from gizwits_async.models.rows import Row
from gizwits_async.schema import Model

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
class LocationReport(Report):
    """Devices by location."""

    gid: str | None = None
    """The group that was asked for; None: all devices."""
    total: int | None = None
    """Devices counted, including those without a known location."""
    location: Location = field(factory=Location)
    """The tree of locations; `.count` is the number of devices in one."""


@frozen(kw_only=True)
class ActiveCounts(Model):
    """How many devices reported data."""

    yesterday: int | None = None
    """Devices active yesterday."""
    last_7_days: int | None = field(default=None, metadata={"wire": "7_day"})
    """Devices active in the last 7 days."""


@frozen(kw_only=True)
class NewCounts(Model):
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
class DeviceSummary(Report):
    """Overview of the product, computed by a batch job of the service."""

    online: int | None = None
    """Connected devices."""
    total: int | None = None
    """Devices ever registered."""
    active: ActiveCounts = field(factory=ActiveCounts)
    """Devices that reported data."""
    new: NewCounts = field(factory=NewCounts)
    """Devices that were activated."""


def _is_no_name(value: object) -> bool:
    return value == "" or is_null(value)


@frozen(kw_only=True)
class ReportedDevice(Row):
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

    def is_whole(self) -> bool:
        """Return whether the row names its device."""
        return not (_is_no_name(self.mac) and _is_no_name(self.device_sn))

    @classmethod
    def prepare(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """Refuse a row that names no device.

        Raises:
            ValueError: It has neither `mac` nor `device_sn`.
        """
        if _is_no_name(value.get("mac")) and _is_no_name(value.get("device_sn")):
            raise ValueError("required field missing: mac or device_sn")
        return value


@frozen(kw_only=True)
class LivenessRow(Model):
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
    """Active devices by location."""

    @property
    def period(self) -> str | None:
        """The day, week or month, whichever the report counts by."""
        return self.date or self.week or self.month


@frozen(kw_only=True)
class LivenessHistory(Report):
    """Active devices over time; a device is active on a day on which it reported data."""

    gid: str | None = None
    """The group that was asked for; None: all devices."""
    cycle: str | None = None
    """`date`, `week` or `month`."""
    start: str | None = None
    """First day, week or month, in the format of the cycle."""
    end: str | None = None
    """Last day, week or month, included."""
    data: tuple[LivenessRow, ...]
    """One row a day, week or month, oldest first."""

    @classmethod
    def prepare(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """Read the period of a row also under the name `data`."""
        return with_periods(super().prepare(value))


@frozen(kw_only=True)
class RealtimeCounts(Model):
    """Current counts of devices; the service leaves out those that are zero."""

    activated: int = 0
    """Devices that were activated."""
    faulty: int = 0
    """Devices with a pending fault."""
    alert: int = 0
    """Devices with a pending alert."""


@frozen(kw_only=True)
class RealtimeReport(Report):
    """Current counts of activated, faulty and alerting devices."""

    gid: str | None = None
    """The group that was asked for; None: all devices."""
    count: RealtimeCounts
    """The totals; in the example of the document they are not the sums of the locations."""
    location: Location = field(factory=Location)
    """The same counts by location."""

    @classmethod
    def prepare(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """Read the counts also where the document's table has them, beside the other fields."""
        return nested(super().prepare(value), "count", RealtimeCounts)


@frozen(kw_only=True)
class FaultCounts(Model):
    """Counts of faults or alerts, or of the devices that had them."""

    total: int = 0
    """All."""
    resolved: int = 0
    """Those that have ended."""
    unresolved: int = 0
    """Those still pending."""


@frozen(kw_only=True)
class FaultReport(Report):
    """A report of devices with faults or alerts, or of the fault or alert events."""

    gid: str | None = None
    """The group that was asked for; None: all devices."""
    count: FaultCounts
    """The totals, of devices or of events."""
    detail: Mapping[str, FaultCounts] | None = None
    """Data point -> its events; None in reports that count devices."""
    location: Location = field(factory=Location)
    """The same by location; `detail` too in reports of events."""

    @classmethod
    def prepare(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """Read the counts also where the document's table has them, beside the other fields."""
        return nested(super().prepare(value), "count", FaultCounts)
