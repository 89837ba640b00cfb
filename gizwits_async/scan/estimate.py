"""Estimates what a scan takes, from the windows left and the pages that windows took so far. Pure."""

from collections.abc import Sequence
from math import ceil

from gizwits_async.scan.activity import Expected
from gizwits_async.scan.bulk_client import BulkClient
from gizwits_async.scan.report import ScanPlan
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.protocol import Remaining
from gizwits_async.scan.task import LogName
from gizwits_async.scan.trust import LastRun

__all__ = ["forecast"]


def forecast(
    state: ScanState,
    left: Remaining,
    devices: int,
    *,
    logs: Sequence[LogName],
    client: BulkClient,
    resumes: bool,
    listed: bool = True,
    last: LastRun | None = None,
    definition: bool = False,
    active: Expected | None = None,
) -> ScanPlan:
    """Return the plan.

    Args:
        state: The range.
        left: What is left to read of the devices in the store.
        devices: How many devices there are, including those that the store does not know yet.
        logs: Logs to read.
        client: Tells the time, the quota, the seconds that a query owns, and the size of a page.
        resumes: Whether an earlier run began the range.
        listed: Whether the devices are listed, and not named by the caller.
        last: What the last run did with its windows; None: nothing may be passed over.
        definition: Whether the product's data points will be asked for.
        active: Expected outcome of asking for active devices first; None without `active_only`.
    """
    each = -(-(state.end - state.start) // client.owned)
    fresh = devices - left.devices
    windows = {log: left.windows.get(log, 0) + fresh * each for log in logs}
    everything, holding, part = sum(windows.values()), dict(windows), 0.0
    if last is not None:
        part = everything / max(sum(last.windows.values()), 1)
        for log, count in last.windows.items():
            whole = windows.get(log, 0)
            windows[log] = ceil(whole * last.read.get(log, 0) / count)
            holding[log] = ceil(whole * last.pages.get(log, 0) / count)
    if active is not None:
        for log in set(logs) - {"online"}:
            windows[log] = ceil(windows[log] * active.share)
            holding[log] = ceil(holding[log] * active.share)
    # At the end the first page is read again, or all of them if an earlier run listed the devices.
    pages = -(-devices // client.page_size)
    listing = (
        listed * (pages + (state.listing != "done"))
        + definition
        + (0 if active is None else active.calls)
    )
    expected = float(listing)
    for log in logs:
        finished, pages = left.done.get(log, (0, 0))
        expected += windows[log] * (max(1.0, pages / finished) if finished else 1.0)
    calls = ceil(expected)
    now, rate = client.now(), client.calls_per_second
    seconds = calls / rate
    return ScanPlan(
        devices=devices,
        start=state.start,
        end=state.end,
        windows=windows,
        active_share=1.0 if active is None else active.share,
        calls_least=listing + sum(holding.values()),
        calls=calls,
        hours=seconds / 3600,
        finish=now + seconds,
        falls_off=_falling(state, sum(windows.values()), each, oldest=client.oldest(), rate=rate),
        resumes=resumes,
        skipped={} if last is None else {r: round(n * part) for r, n in last.skipped.items()},
        sampled=0 if last is None else round(last.sampled * part),
    )


def _falling(state: ScanState, windows: int, each: int, *, oldest: int, rate: float) -> int:
    """Return how many windows fall off the edge while the older windows of the fleet are read."""
    if not each:
        return 0
    layer, falling = windows / each, 0.0
    span = (state.end - state.start) / each
    for number in range(each):
        # Calls that the quota allows until this layer of windows reaches the edge, less those
        # that the layers before it take.
        in_time = (state.start + number * span - oldest) * rate - number * layer
        falling += layer - min(layer, max(0.0, in_time))
    return round(falling)
