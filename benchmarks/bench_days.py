"""What the quota promises over days, at every kind of server: `python -m benchmarks.bench_days [ROW...]`.

Prints a Markdown table for each row: fresh, known, crowds, refusals, honest, small, busy, bulk, short, file.
Time is virtual; a whole run takes half an hour of CPU on two cores, most of it the days of `refusals`
and `bulk`. `--hours N` makes those shorter.
"""

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

from gizwits_async.options import Lane
from gizwits_async.quota import HourlyQuota
from tests.doubles import VirtualLoop, now, virtually
from tests.quota import days
from tests.quota.days import FAIR, HONEST, HOUR, SERVERS, Day
from tests.quota.servers import KINDS

__all__ = ["TABLES"]

Cells: TypeAlias = "list[str]"
Row: TypeAlias = "tuple[str, Callable[[], Cells]]"
"""What is measured, and how."""


def _run(scenario: Callable[[], Coroutine[Any, Any, Day]]) -> Day:
    return virtually(scenario(), VirtualLoop)


def _people(scenario: Callable[[], Coroutine[Any, Any, Day]], since: float) -> Cells:
    found = _run(scenario)
    waits = [wait for asked, wait in found.waits if asked >= since]
    at_once = sum(wait == 0 for wait in waits) / len(waits)
    p99 = found.waited(0.99, since)
    return [str(found.server.refused), f"{100 * at_once:.1f} %", f"{p99:.2f}", f"{max(waits):.1f}"]


def _at_once(kind: str, calls: int, *, mute: bool, spent: int | None) -> Cells:
    async def scenario() -> Day:
        return await days.at_once(kind, HourlyQuota(spent=spent), calls, mute=mute)

    found = _run(scenario)
    return [str(len(found.waits)), str(found.server.refused), f"{found.waited(1):.2f}"]


def _fresh(_: float) -> Iterator[Row]:
    for kind in SERVERS:
        yield kind, partial(_at_once, kind, 50, mute=True, spent=None)


def _known(_: float) -> Iterator[Row]:
    for kind in SERVERS:
        yield f"{kind}, headers", partial(_at_once, kind, 200, mute=False, spent=None)
        yield f"{kind}, state", partial(_at_once, kind, 200, mute=True, spent=0)


def _crowds(_: float) -> Iterator[Row]:
    for kind in FAIR:
        for mute in (True, False):
            scenario = partial(days.crowds, kind, mute=mute)
            yield f"{kind}, {_headers(mute=mute)}", partial(_people, scenario, HOUR + 60)


def _headers(*, mute: bool) -> str:
    return "no headers" if mute else "headers"


def _day(kind: str, memory: days.Memory, hours: float) -> Cells:
    with TemporaryDirectory() as folder:
        found = _run(partial(days.whatever_comes, kind, memory, hours, Path(folder)))
    people = len(found.waits)
    return [f"{found.server.counted:,}", f"{people:,}", str(found.server.refused)]


def _refusals(hours: float) -> Iterator[Row]:
    names: dict[days.Memory, str] = {
        "lasting": "no restarts",
        "state": "restarts, state",
        "none": "restarts, no state",
    }
    for kind in FAIR:
        for memory, name in names.items():
            yield f"{kind}, {name}", partial(_day, kind, memory, hours)


def _honest(_: float) -> Iterator[Row]:
    for kind in HONEST:
        for restart in (None, 300, 900, 1800, 5000):
            scenario = partial(days.honest_headers, kind, restart)
            yield f"{kind}, restarts {restart or 'never'}", partial(_people, scenario, 0.0)


def _small(_: float) -> Iterator[Row]:
    for kind in KINDS:
        for restart in (None, 900):
            scenario = partial(days.honest_headers, kind, restart, limit=1000)
            yield f"{kind}, restarts {restart or 'never'}", partial(_people, scenario, 0.0)


def _busy(_: float) -> Iterator[Row]:
    for kind in FAIR:
        for mute in (True, False):
            scenario = partial(days.busy_people, kind, mute=mute)
            yield f"{kind}, {_headers(mute=mute)}", partial(_people, scenario, 0.0)


def _use(kind: str, hours: float, *, mute: bool) -> Cells:
    first = _run(partial(days.day, kind, HourlyQuota, HOUR, mute=mute)).server.counted
    whole = _run(partial(days.day, kind, HourlyQuota, hours * HOUR, mute=mute)).server
    later = (whole.counted - first) / (hours - 1)
    uses = [f"{count / 36:.1f} %" for count in (first, later, whole.counted / hours)]
    return [str(whole.refused), *uses]


def _bulk(hours: float) -> Iterator[Row]:
    for kind in KINDS:
        yield kind, partial(_use, kind, hours, mute=True)
    for kind in FAIR:
        yield f"{kind}, headers", partial(_use, kind, hours, mute=False)


def _job(kind: str) -> Cells:
    async def scenario() -> Day:
        found = Day(SERVERS[kind](), [HourlyQuota(spent=0)], mute=True)
        await asyncio.gather(*(found.call(Lane.BULK) for _ in range(500)))
        found.waits.append((0.0, now()))
        return found

    found = _run(scenario)
    return [str(found.server.refused), f"{found.waited(1):.0f}"]


def _short(_: float) -> Iterator[Row]:
    for kind in KINDS:
        yield kind, partial(_job, kind)


def _shared(kind: str, processes: int) -> Cells:
    with TemporaryDirectory() as folder:
        scenario = days.on_one_file(kind, 12_000, processes, Path(folder))
        refused, use = virtually(scenario, VirtualLoop)
    return [str(refused), f"{100 * use:.1f} %"]


def _file(_: float) -> Iterator[Row]:
    for kind in KINDS:
        for processes in (2, 8):
            yield f"{kind}, {processes} processes", partial(_shared, kind, processes)


_WAITS = ["refused", "at once", "p99 s", "max s"]
TABLES: Mapping[str, tuple[str, Cells, Callable[[float], Iterator[Row]]]] = {
    "fresh": ("50 at once, new process, no state, no headers", ["calls", "refused", "longest wait s"], _fresh),
    "known": ("200 at once, unused hour", ["calls", "refused", "longest wait s"], _known),
    "crowds": ("200 every 10 min beside bulk, second hour", _WAITS, _crowds),
    "refusals": ("bulk and crowds of 1 to 300, restarts every 15 min", ["calls", "people", "refused"], _refusals),
    "honest": ("8 bulk workers, a person every 30 s, 12 every 10 min", _WAITS, _honest),
    "small": ("the same where the server allows 1,000", _WAITS, _small),
    "busy": ("people at 0.67/s, 100 every 10 min, a scan", _WAITS, _busy),
    "bulk": ("bulk alone", ["refused", "first hour", "later", "in all"], _bulk),
    "short": ("500 bulk calls, new process, state known, no headers", ["refused", "seconds"], _short),
    "file": ("12,000 bulk calls on one file, no headers", ["refused", "use"], _file),
}  # fmt: skip
"""Title, columns and rows of each table."""


def main(words: list[str]) -> None:
    """Measure and print."""
    hours = float(words[words.index("--hours") + 1]) if "--hours" in words else 24.0
    chosen = [word for word in words if word in TABLES] or list(TABLES)
    with ProcessPoolExecutor(2, initializer=logging.disable) as pool:
        for name in chosen:
            title, head, rows = TABLES[name]
            print(f"| {title} | {' | '.join(head)} |\n| --- |{' --: |' * len(head)}")
            measured = [(row, pool.submit(measure)) for row, measure in rows(hours)]
            for row, cells in measured:
                print(f"| {row} | {' | '.join(cells.result())} |", flush=True)
            print()


if __name__ == "__main__":
    main(sys.argv[1:])
