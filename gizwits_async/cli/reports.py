"""`gizwits-async reports`: what the service counts."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from attrs import frozen
from cyclopts import Parameter

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.exits import Exit
from gizwits_async.cli.limits import limited
from gizwits_async.cli.output import OutputFlags
from gizwits_async.cli.tables import write_rows, write_value

if TYPE_CHECKING:
    from gizwits_async.client import GizwitsClient

__all__ = ["reports"]

_SHANGHAI = timedelta(hours=8)
"""The days of the reports are most likely those of Beijing: their times carry no zone."""

Name: TypeAlias = Literal[
    "summary",
    "locations",
    "realtime",
    "liveness",
    "activated",
    "active",
    "fault-devices",
    "alert-devices",
    "fault-events",
    "alert-events",
    "new-users",
    "active-users",
    "user-locations",
    "total-users",
]


@Parameter(name="*")
@frozen(kw_only=True)
class ReportQuery(OutputFlags):
    """Which part of a report to show."""

    start: date | None = None
    """First day, for reports over time; a week ago by default."""
    end: date | None = None
    """Last day; yesterday by default."""
    cycle: Literal["date", "week", "month"] = "date"
    """What a row of liveness and new-users counts."""
    group: str | None = None
    """Only this group id, where the report knows groups."""
    limit: int | None = None
    """How many rows at most, for activated and active."""

    @property
    def days(self) -> tuple[date, date]:
        """First and last day."""
        today = (datetime.now(UTC) + _SHANGHAI).date()
        return self.start or today - timedelta(days=7), self.end or today - timedelta(days=1)


async def reports(
    name: Name, /, *, query: ReportQuery = ReportQuery(), connection: Connection = Connection()
) -> int:
    """Write one report.

    Args:
        name: Which report.
        query: Which part of it.
        connection: How the service is reached.
    """
    first, last = query.days
    async with connection.client() as gizwits:
        if name in {"activated", "active"}:
            of = gizwits.device_reports
            ask = of.activated_devices if name == "activated" else of.active_devices
            rows = limited(ask(start=first, end=last), query.limit)
            await write_rows(rows, query.format)
        else:
            write_value(await _single(gizwits, query)[name](), query.format)
    return Exit.OK


def _single(
    gizwits: "GizwitsClient", query: ReportQuery
) -> Mapping[str, Callable[[], Awaitable[object]]]:
    """Return how each report is asked for that is one object."""
    (first, last), group = query.days, query.group
    devices, users = gizwits.device_reports, gizwits.user_reports
    return {
        "summary": devices.summary,
        "locations": lambda: devices.locations(gid=group),
        "realtime": lambda: devices.realtime(group),
        "liveness": lambda: devices.liveness_history(query.cycle, first, last, gid=group),
        "fault-devices": lambda: devices.fault_devices(group),
        "alert-devices": lambda: devices.alert_devices(group),
        "fault-events": lambda: devices.fault_events(group),
        "alert-events": lambda: devices.alert_events(group),
        "new-users": lambda: users.new_users(query.cycle, first, last, gid=group),
        "active-users": lambda: users.active_users(first, last),
        "user-locations": users.locations,
        "total-users": lambda: users.total(group),
    }
