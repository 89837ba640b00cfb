"""How far a scan is: a bar on a terminal, a line every half minute elsewhere."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gizwits_async.cli.language import _
from gizwits_async.cli.output import console, say
from gizwits_async.client import GizwitsClient
from gizwits_async.options import QuotaSnapshot
from gizwits_async.scan import ScanProgress

__all__ = ["progress_shown"]

_HOUR = 3600.0
_EVERY = 30.0
"""Seconds between two lines of progress where there is no terminal."""


@contextmanager
def progress_shown(gizwits: GizwitsClient) -> Iterator[Callable[[ScanProgress], None]]:
    """Show the progress that the returned function is called with, until the block ends."""
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
        task = bar.add_task(_("windows"), total=None, detail="")

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
    period = _("the hour") if quota.period == _HOUR else f"{quota.period:,.0f} s"
    return _(
        "{devices:,} devices, {records:,} records, {calls:,} calls ({rate:.1f} a second),"
        " {remaining:,} left in {period}",
        devices=now.devices,
        records=sum(now.records.values()),
        calls=now.calls,
        rate=rate,
        remaining=quota.remaining,
        period=period,
    )


class _Lines:
    """Writes a line every half minute, also while a scan waits for quota and makes no progress."""

    def __init__(self, quota: Callable[[], QuotaSnapshot]) -> None:
        self._quota = quota
        self._now: ScanProgress | None = None
        self._wait()

    def __call__(self, now: ScanProgress) -> None:
        self._now = now

    def close(self) -> None:
        self._timer.cancel()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(_EVERY, self._write)

    def _write(self) -> None:
        self._wait()
        if (now := self._now) is None:
            return
        windows = _("{done:,} windows done, {left:,} left", done=now.windows, left=now.windows_left)
        text = f"{windows}, {_detail(now, self._quota())}"
        if (left := now.seconds_left) is not None:
            text += _(", about {minutes:.0f} min to go", minutes=left / 60)
        say(text)
