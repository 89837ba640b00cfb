"""Estimates what a scan takes, from the windows left and the pages that windows took so far. Pure."""

from collections.abc import Mapping, Sequence
from math import ceil

from gizwits_async.scan.activity import ALL_ACTIVE, Expected
from gizwits_async.scan.bulk_client import BulkClient
from gizwits_async.scan.report import ScanPlan
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.protocol import Remaining
from gizwits_async.scan.task import LogName
from gizwits_async.scan.trust import LastRun

__all__ = ["forecast"]

_NO_RUN = LastRun(windows={}, read={}, pages={}, skipped={}, sampled=0)


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
    active: Expected = ALL_ACTIVE,
    note: str | None = None,
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
        active: Expected outcome of asking for active devices first.
        note: What to say of a start that lies before the beginning of the store; None if it does not.
    """
    each = -(-(state.end - state.start) // client.owned)
    whole = {log: left.windows.get(log, 0) + (devices - left.devices) * each for log in logs}
    known = last or _NO_RUN
    part = sum(whole.values()) / max(sum(known.windows.values()), 1)
    windows = _share(whole, known.windows, known.read, active.share)
    holding = _share(whole, known.windows, known.pages, active.share)
    outside = definition + active.calls
    outside += _listing(state, devices, client) if listed else 0
    calls = outside + ceil(sum(count * _pages(left, log) for log, count in windows.items()))
    now, seconds = client.now(), client.seconds_for(calls)
    return ScanPlan(
        devices=devices,
        start=state.start,
        end=state.end,
        windows=windows,
        active_share=active.share,
        calls_least=outside + sum(holding.values()),
        calls=calls,
        hours=seconds / 3600,
        finish=now + seconds,
        falls_off=_falling(state, sum(windows.values()), each, client),
        resumes=resumes,
        skipped={rule: round(count * part) for rule, count in known.skipped.items()},
        sampled=round(known.sampled * part),
        notes=() if note is None else (note,),
    )


def _listing(state: ScanState, devices: int, client: BulkClient) -> int:
    """Return the calls that list the devices.

    At the end the first page is read again, or all of them if an earlier run listed the devices.
    """
    return client.calls_to_list(devices) + (state.listing != "done")


def _share(
    whole: Mapping[LogName, int],
    before: Mapping[LogName, int],
    counts: Mapping[LogName, int],
    active: float,
) -> dict[LogName, int]:
    """Return the windows that the last run would have counted, and only those of active devices.

    Args:
        whole: Windows left of each log.
        before: Windows that each log had in the last run; none where nothing may be passed over.
        counts: Those of them that it counted.
        active: Part of the devices that reported data.
    """
    found = dict(whole)
    for log, count in whole.items():
        if last := before.get(log):
            found[log] = ceil(count * counts.get(log, 0) / last)
        if log != "online":
            found[log] = ceil(found[log] * active)
    return found


def _pages(left: Remaining, log: LogName) -> float:
    """Return the calls that a window takes, by those that were finished."""
    finished, pages = left.done.get(log, (0, 0))
    return max(1.0, pages / finished) if finished else 1.0


def _falling(state: ScanState, windows: int, each: int, client: BulkClient) -> int:
    """Return how many windows fall off the edge while the older windows of the fleet are read."""
    if not each:
        return 0
    oldest, layer, falling = client.oldest(), windows / each, 0.0
    span = (state.end - state.start) / each
    for number in range(each):
        # Seconds until this layer of windows reaches the edge, and those at which its first and
        # its last window are read.
        left = state.start + number * span - oldest
        first, last = (client.seconds_for(round(n * layer)) for n in (number, number + 1))
        if last > first:
            falling += layer * min(1.0, max(0.0, last - left) / (last - first))
    return round(falling)
