"""How far a scan is: a bar that fits the terminal, or a line every half minute elsewhere."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gizwits_async.cli.language import _
from gizwits_async.cli.moments import clock_time
from gizwits_async.cli.output import say, stderr

if TYPE_CHECKING:
    from rich.progress import ProgressColumn

    from gizwits_async import QuotaSnapshot
    from gizwits_async.client import GizwitsClient
    from gizwits_async.scan import ScanProgress

__all__ = ["progress_shown"]

_MINUTE = 60.0
_HOUR = 3600.0
_EVERY = 30.0
"""Seconds between two lines of progress where there is no terminal."""
_DETAILS_FROM = 100
"""Cells of a terminal that has room for more than bar, percent, records and time."""


@contextmanager
def progress_shown(
    gizwits: "GizwitsClient", *, quiet: bool = False
) -> Iterator[Callable[["ScanProgress"], None]]:
    """Show the progress that the yielded function is called with, until the block ends.

    Args:
        gizwits: Whose quota is shown.
        quiet: Show nothing.
    """
    if quiet:
        yield lambda _now: None
    elif stderr().is_terminal:
        yield from _bar(gizwits.quota.snapshot)
    else:
        lines = _Lines(gizwits.quota.snapshot)
        try:
            yield lines
        finally:
            lines.close()


def _bar(quota: "Callable[[], QuotaSnapshot]") -> "Iterator[Callable[[ScanProgress], None]]":
    from rich.progress import Progress

    # Transient: what stays on the screen is the report, or how to go on, and nothing twice.
    console = stderr()
    with Progress(*_columns(console.width), console=console, transient=True) as bar:
        task = bar.add_task("", total=None, records="", detail="")

        def show(now: "ScanProgress") -> None:
            bar.update(
                task,
                completed=now.windows,
                total=now.windows + now.windows_left,
                records=_("{records:,} records", records=sum(now.records.values())),
                detail=_detail(now, quota()),
            )

        yield show


def _columns(width: int) -> "list[ProgressColumn]":
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns: list[ProgressColumn] = [
        BarColumn(bar_width=max(8, min(40, width // 4))),
        TaskProgressColumn(),
        TextColumn("{task.fields[records]}"),
        TimeRemainingColumn(compact=True),
    ]
    if width >= _DETAILS_FROM:
        columns.append(TextColumn("{task.fields[detail]}"))
    return columns


def _detail(now: "ScanProgress", quota: "QuotaSnapshot") -> str:
    rate = now.calls / now.seconds if now.seconds else 0.0
    period = _("the hour") if quota.period == _HOUR else f"{quota.period:,.0f} s"
    return _(
        "{devices:,} devices, {calls:,} calls ({rate:.1f} a second), {remaining:,} left in {period}",
        devices=now.devices,
        calls=now.calls,
        rate=rate,
        remaining=quota.remaining,
        period=period,
    )


class _Lines:
    """Writes a line every half minute, also while a scan waits for quota and makes no progress."""

    def __init__(self, quota: "Callable[[], QuotaSnapshot]") -> None:
        self._quota = quota
        self._now: ScanProgress | None = None
        self._wait()

    def __call__(self, now: "ScanProgress") -> None:
        self._now = now

    def close(self) -> None:
        self._timer.cancel()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(_EVERY, self._write)

    def _write(self) -> None:
        self._wait()
        if (now := self._now) is None:
            return
        parts = [
            _("{done:,} windows done, {left:,} left", done=now.windows, left=now.windows_left),
            _("{records:,} records", records=sum(now.records.values())),
            _detail(now, self._quota()),
        ]
        if (left := now.seconds_left) is not None:
            parts.append(_to_go(left))
        say(f"{clock_time(time.time())} {', '.join(parts)}")


def _to_go(seconds: float) -> str:
    if seconds < _MINUTE:
        return _("about {seconds:.0f} s to go", seconds=seconds)
    return _("about {minutes:.0f} min to go", minutes=seconds / _MINUTE)
