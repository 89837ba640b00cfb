"""`gizwits-async schedule`: which enterprises the workers scan by themselves, and when."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.database import FleetFlags, done_or_said
from gizwits_async.cli.exits import Exit
from gizwits_async.cli.flags import Duration, Flag
from gizwits_async.cli.language import _
from gizwits_async.cli.moments import clock_time
from gizwits_async.cli.output import OutputFlags, each, say
from gizwits_async.cli.scan_range import ScanSelection
from gizwits_async.cli.tables import Column, write_rows

if TYPE_CHECKING:
    from gizwits_async.workers import Schedule

__all__ = ["add", "list", "remove"]

_NO_JITTER = timedelta()


async def add(
    profile: str,
    /,
    *,
    every: Duration,
    jitter: Duration = _NO_JITTER,
    unchecked: Flag = False,
    selection: ScanSelection = ScanSelection(),
    fleet: FleetFlags = FleetFlags(),
) -> int:
    """Scan an enterprise again and again; the first time at once.

    Args:
        profile: The profile.
        every: How often.
        jitter: How much later a scan may begin, at random, so that not all begin at once.
        unchecked: Do not ask the service for the number of devices, to compare it with the quota.
        selection: What is read; by default what is new since the last time.
        fleet: Where the fleet is.
    """
    from gizwits_async.workers import Schedule

    fleet.check(profile)
    schedule = Schedule(
        profile=profile,
        every=every.total_seconds(),
        jitter=jitter.total_seconds(),
        scan=selection.arguments(scheduled=True),
    )
    if not unchecked:
        await _check(schedule, fleet)
    async with fleet.fleet as opened:
        kept = await opened.add_schedule(schedule)
    say(
        _(
            "{profile} is scanned every {every}, the next time {time}",
            profile=profile,
            every=_span(kept.every),
            time=clock_time(kept.next_run or 0.0),
        )
    )
    return Exit.OK


async def list(  # noqa: A001 - the name of the command
    *, output: OutputFlags = OutputFlags(), fleet: FleetFlags = FleetFlags()
) -> int:
    """List the schedules.

    Args:
        output: How the data is written.
        fleet: Where the fleet is.
    """
    async with fleet.fleet as opened:
        schedules = await opened.schedules()
    columns = [
        Column("profile", _("profile")),
        Column("every", _("every")),
        Column("jitter", _("jitter")),
        Column("logs", _("logs")),
        Column("next_run", _("next run")),
    ]
    await write_rows(each(schedules), output.format, columns=columns, row=_row)
    return Exit.OK


async def remove(profile: str, /, *, fleet: FleetFlags = FleetFlags()) -> int:
    """End a schedule. Exit code 1 if there is none.

    Args:
        profile: The profile.
        fleet: Where the fleet is.
    """
    async with fleet.fleet as opened:
        removed = await opened.remove_schedule(profile)
    return done_or_said(removed, _("{profile} has no schedule", profile=profile))


def _row(shown: Any) -> dict[str, Any]:
    return {
        "profile": shown["profile"],
        "every": _span(shown["every"]),
        "jitter": _span(shown["jitter"]),
        "logs": ", ".join(shown["scan"]["logs"]),
        "next_run": clock_time(shown["next_run"]),
    }


def _span(seconds: float) -> str:
    """Return a span as its flag is written."""
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:.0f}{unit}"
    return f"{seconds:.0f}s"


async def _check(schedule: "Schedule", fleet: FleetFlags) -> None:
    """Refuse a schedule that is faster than the quota of its profile allows."""
    from gizwits_async.profiles import load_profile

    profile = load_profile(schedule.profile, fleet.credentials)
    devices = 0
    for product in profile.products if not schedule.scan.devices else ():
        connection = Connection(
            profile=schedule.profile, product=product, credentials=fleet.credentials
        )
        async with connection.client() as gizwits:
            devices += await gizwits.devices.search(show_disabled=True).total() or 0
    schedule.check(devices, profile.quota)
