"""`gizwits-async scan` and `plan`: a scan with a progress bar, and its report."""

import asyncio
import json as jsonlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal

from attrs import frozen
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.output import console, plain, printable, say, stdout
from gizwits_async.cli.times import moment, span
from gizwits_async.client import GizwitsClient
from gizwits_async.options import Lane, QuotaSnapshot
from gizwits_async.scan import FleetScan, ScanReport, Since, SqlStore
from gizwits_async.scan.report import ScanPlan, ScanProgress

__all__ = ["Job", "fleet_scan", "plan", "progress_shown", "scan", "show_report"]

_PARTLY = 3
_HOUR = 3600.0
_EVERY = 30.0
"""Seconds between two lines of progress where there is no terminal."""


@frozen(kw_only=True)
class Job:
    """What to scan, as it was typed."""

    log: tuple[Literal["online", "cmd", "data"], ...] = ("online", "cmd", "data")
    since: str | None = None
    start: str | None = None
    end: str | None = None
    out: str = "fleet.db"
    concurrency: int = 8
    active_only: bool = False


def fleet_scan(gizwits: GizwitsClient, job: Job) -> FleetScan:
    """Return the scan that a job means.

    Raises:
        ValueError: Both or none of --since and --start, or a time that is none.
    """
    if (job.since is None) == (job.start is None):
        raise ValueError("give --since (for instance --since 4d) or --start, and not both")
    return FleetScan(
        gizwits,
        SqlStore(job.out),
        logs=job.log,
        start=_start(job),
        end=None if job.end is None else moment(job.end),
        concurrency=job.concurrency,
        active_only=job.active_only,
    )


def _start(job: Job) -> Since | float | datetime:
    if job.start is not None:
        return moment(job.start)
    if job.since == "last":
        return Since()
    return Since(span(job.since or ""))


async def scan(job: Job, connection: Connection, *, json: bool) -> int:
    """Run a scan to its end, and return its exit code."""
    async with connection.client(lane=Lane.BULK) as gizwits:
        try:
            with progress_shown(gizwits) as on_progress:
                report = await fleet_scan(gizwits, job).run(on_progress=on_progress)
        except asyncio.CancelledError:
            say("the state is saved; the same command goes on from here")
            raise
    if json:
        print(jsonlib.dumps(plain(report.to_json())))  # noqa: T201
    else:
        show_report(report, SqlStore(job.out).name)
    return 0 if report.complete else _PARTLY


async def plan(job: Job, connection: Connection, *, json: bool) -> int:
    """Say what a scan would cost."""
    async with connection.client(lane=Lane.BULK) as gizwits:
        found = await fleet_scan(gizwits, job).plan()
    if json or not sys.stdout.isatty():
        print(jsonlib.dumps(plain(found.to_json())))  # noqa: T201
    if not json:
        _show_plan(found, on=stdout() if sys.stdout.isatty() else console)
    return 0


@contextmanager
def progress_shown(gizwits: GizwitsClient) -> Iterator[Callable[[ScanProgress], None]]:
    """Show how far a scan is: a bar on a terminal, a line every half minute elsewhere."""
    if not console.is_terminal:
        lines = _Lines(gizwits.quota.snapshot)
        try:
            yield lines
        finally:
            lines.close()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[detail]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("windows", total=None, detail="")

        def show(now: ScanProgress) -> None:
            bar.update(
                task,
                completed=now.windows,
                total=now.windows + now.windows_left,
                detail=_detail(now, gizwits.quota.snapshot()),
            )

        yield show


def _detail(now: ScanProgress, quota: QuotaSnapshot) -> str:
    rate = now.calls / now.seconds if now.seconds else 0.0
    hour = "the hour" if quota.period == _HOUR else f"{quota.period:,.0f} s"
    return (
        f"{now.devices:,} devices, {sum(now.records.values()):,} records, {now.calls:,} calls"
        f" ({rate:.1f} a second), {quota.remaining:,} left in {hour}"
    )


class _Lines:
    """A line every half minute, also while a scan waits for its quota and nothing moves."""

    def __init__(self, quota: Callable[[], QuotaSnapshot]) -> None:
        self._quota = quota
        self._now: ScanProgress | None = None
        self._wait()

    def __call__(self, now: ScanProgress) -> None:
        self._now = now

    def close(self) -> None:
        self._timer.cancel()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(_EVERY, self._tell)

    def _tell(self) -> None:
        self._wait()
        if (now := self._now) is None:
            return
        left = now.seconds_left
        say(
            f"{now.windows:,} windows done, {now.windows_left:,} left, {_detail(now, self._quota())}"
            + ("" if left is None else f", about {left / 60:.0f} min to go")
        )


def show_report(report: ScanReport, out: str) -> None:
    """Tell a person what a scan came to."""
    table = Table(
        show_header=False, title=printable(f"scan of {report.product_key}"), title_justify="left"
    )
    rows = [
        ("range (UTC)", f"{_utc(report.start)} to {_utc(report.end)}"),
        ("devices", f"{report.devices:,}"),
        *((f"{name} records", f"{count:,}") for name, count in report.records.items()),
        ("calls", f"{report.calls:,}, of them {report.log_calls:,} to logs"),
        ("least possible log calls", f"{report.calls_least:,} (ratio {report.ratio:.3f})"),
        ("seconds", f"{report.seconds:,.1f}"),
        ("written to", out),
    ]
    if report.windows_left:
        rows.append(("windows left", f"{report.windows_left:,}"))
    rows += [(f"{name} given up", said) for name, said in report.given_up.items()]
    for label, text in rows:
        table.add_row(label, printable(text))
    console.print(table)
    for failure in report.failures[:20]:
        say(f"failed: {failure.did} {failure.log}: {failure.error}: {failure.text}")
    if report.failed > len(report.failures[:20]):
        say(f"... {report.failed:,} logs failed in all")
    for gap in report.gaps[:20]:
        say(
            f"gap: {gap.did} {gap.log}: {_utc(gap.start)} to {_utc(gap.end)} fell off the 30-day edge"
        )
    if report.gap_count > len(report.gaps[:20]):
        say(f"... {report.gap_count:,} gaps in all")
    if report.hint:
        say(f"to go on: {report.hint}")


def _show_plan(found: ScanPlan, *, on: Console) -> None:
    table = Table(show_header=False, title="plan of a scan", title_justify="left")
    table.add_row("range (UTC)", f"{_utc(found.start)} to {_utc(found.end)}")
    table.add_row("devices", f"{found.devices:,}")
    for name, count in found.windows.items():
        table.add_row(f"{name} windows left", f"{count:,}")
    if found.active_share < 1:
        told = f"{found.active_share:.0%} of the cmd and data windows, at most"
        table.add_row("reported data by the service's count", told)
    table.add_row("calls", f"{found.calls:,} expected, {found.calls_least:,} at least")
    table.add_row("hours", f"{found.hours:,.2f}")
    table.add_row("done, if begun now (UTC)", _utc(found.finish))
    if found.falls_off:
        table.add_row("windows that fall off the 30-day edge first", f"{found.falls_off:,}")
    if found.resumes:
        table.add_row("goes on with", "a range that an earlier run began")
    on.print(table)


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
