"""What a store shows of its scans, summed up for a report: coverage, gaps, devices, errors. No files."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import define, evolve, field, frozen

from gizwits_async.models.product import ProductDataPoints
from gizwits_async.scan.definition import definition_in
from gizwits_async.scan.errors import ScanStoreError
from gizwits_async.scan.online_share import OnlineShare
from gizwits_async.scan.presence import Seen
from gizwits_async.scan.scan_range import ScanState
from gizwits_async.scan.store.protocol import Remaining
from gizwits_async.scan.task import LOGS, WINDOW, LogName
from gizwits_async.scan.trust import Trust

if TYPE_CHECKING:
    from gizwits_async.scan.store.snapshot import Snapshot

__all__ = ["FaultyDevice", "Missing", "StoreSummary", "read_summary"]

_Present: TypeAlias = Mapping[str, bool | None]
_DAY = 86_400
_ALARMS = frozenset({"alert", "fault", "N", "E"})
"""Kinds of data points that say that something is wrong with a device."""
_SHOWN = 20
"""Devices, errors and gaps that a report lists."""


@frozen(kw_only=True)
class FaultyDevice:
    """A device that reported trouble, or whose logs could not be read."""

    did: str
    mac: str | None
    alarms: int
    """Reports in which an alert or a fault was set."""
    disconnects: int
    """Times it went offline."""
    failed: int
    """Logs of it that could not be read to their end."""
    lost: int
    """Seconds of its logs that the service no longer kept."""


@frozen(kw_only=True)
class Missing:
    """Seconds of one log that a store lacks, of one or more devices, for one reason."""

    log: str
    reason: str
    """`expired`: it fell off the edge of the log; `failed`; `unread`: not read yet."""
    start: int
    """First second, in epoch seconds UTC."""
    end: int
    """The second after the last one."""
    devices: int


@frozen(kw_only=True)
class StoreSummary:
    """A store, summed up."""

    store: str
    """Its name, without a password."""
    product_key: str
    start: int
    """First second of the report, a midnight UTC or later, in epoch seconds."""
    end: int
    """The second after the last one."""
    devices: int
    coverage: Mapping[LogName, Mapping[int, float]]
    """Log -> day since 1970-01-01 UTC -> part of all devices' seconds of that day that was read."""
    records: Mapping[LogName, Mapping[int, int]]
    """Log -> day since 1970-01-01 UTC -> records."""
    online: tuple[tuple[int, float], ...]
    """Hours, by their first second, and the part of the devices that were connected."""
    calls: Mapping[LogName, int]
    """Log -> calls that its windows took, in all runs."""
    faulty: tuple[FaultyDevice, ...]
    """The devices with the most trouble, worst first."""
    missing: tuple[Missing, ...]
    """What is missing, the most first."""
    errors: tuple[tuple[str, int], ...]
    """Errors of logs that failed, and how many had them."""
    oldest_missing: int | None
    """The oldest second that is still to be read, in epoch seconds UTC; None if nothing is left."""
    derives: bool = False
    """Whether its scans make the data log out of the cmd log."""

    @property
    def complete(self) -> float:
        """Part of all devices' seconds of all logs that was read."""
        shares = [share for days in self.coverage.values() for share in days.values()]
        return sum(shares) / len(shares) if shares else 0.0


async def read_summary(
    store: str | PathLike[str], *, product: str = "", days: int = 30, schema: str | None = None
) -> StoreSummary:
    """Read a store, in one read transaction, and sum it up.

    Args:
        store: SQLite file or SQLAlchemy URL.
        product: The product key, where the store has several.
        days: How many of the last days of its range are shown.
        schema: Schema of the tables in PostgreSQL.

    Raises:
        ScanStoreError: There is no store, it cannot be read, or has several products.
        ImportError: The store needs an extra.
    """
    from gizwits_async.scan.store.address import backend_of, hidden  # noqa: PLC0415 - an extra
    from gizwits_async.scan.store.meta import TRUST, state_in, values_in  # noqa: PLC0415 - an extra
    from gizwits_async.scan.store.snapshot import Snapshot  # noqa: PLC0415 - an extra
    from gizwits_async.scan.store.sql import SqlStore  # noqa: PLC0415 - an extra

    store = hidden(store)
    held = SqlStore(store, schema=schema)
    held.choose_product(product)
    try:
        known = await held.peek()
        left, presence = Remaining(), dict[str, Seen]()
        if known is not None:
            left = await held.remaining(LOGS, known.end, WINDOW)
            presence = await held.presence()
    finally:
        await held.aclose()
    async with Snapshot(backend_of(store, schema)) as rows:
        values = values_in(await rows.meta(), product, rows.name)
        state = state_in(values, rows.name)
        if state is None:
            raise ScanStoreError(f"{rows.name}: no scan has begun in it, there is nothing to show")
        key = state.product_key
        sums = _Sums(state=state, days=days, alarms=_alarms(definition_in(values, rows.name)))
        async for found in rows.devices(key):
            sums.macs |= {row["did"]: row["mac"] for row in found}
        async for found in rows.missing(key, state.end):
            for row in found:
                sums.add_missing(row)
        for log in LOGS:
            await _add_records(sums, rows, log)
    calls: dict[LogName, int] = {log: pages for log, (_, pages) in left.done.items()}
    summary = sums.summary(rows.name, calls, {did: seen.online for did, seen in presence.items()})
    return evolve(summary, derives=Trust.from_json(values.get(TRUST)).derives)


async def _add_records(sums: "_Sums", rows: "Snapshot", log: LogName) -> None:
    for day in await rows.days(log):
        if not sums.start // _DAY <= day <= (sums.end - 1) // _DAY:
            continue
        async for batch in rows.rows(log, day, sums.state.product_key):
            sums.records[log][day] += len(batch.dids)
            if log == "online":
                sums.add_events(batch.dids, batch.times, batch.types)
            elif log == "data":
                sums.add_reports(batch.dids, batch.names, batch.bodies)


def _alarms(points: ProductDataPoints | None) -> frozenset[str]:
    """Return the names of the data points that say that something is wrong."""
    if points is None:
        return frozenset()
    return frozenset(
        point.name for entity in points.entities for point in entity.attrs if point.type in _ALARMS
    )


@define(kw_only=True)
class _Sums:
    """What was read of a store so far."""

    state: ScanState
    days: int
    alarms: frozenset[str]
    macs: dict[str, str | None] = field(factory=dict)
    records: dict[LogName, Counter[int]] = field(factory=lambda: {log: Counter() for log in LOGS})
    events: dict[str, list[tuple[float, bool]]] = field(factory=lambda: defaultdict(list))
    alarm_count: Counter[str] = field(factory=Counter)
    failed: Counter[str] = field(factory=Counter)
    lost: Counter[str] = field(factory=Counter)
    errors: Counter[str] = field(factory=Counter)
    spans: Counter[tuple[str, str, int, int]] = field(factory=Counter)
    """Log, reason, start and end of what is missing -> devices."""

    @property
    def start(self) -> int:
        first = (self.state.end - 1) // _DAY - self.days + 1
        return max(self.state.start, first * _DAY)

    @property
    def end(self) -> int:
        return self.state.end

    def add_missing(self, row: Mapping[str, Any]) -> None:
        did, reason, start, end = row["did"], row["reason"], row["start"], row["end"]
        self.spans[row["log"], reason, start, end] += 1
        if reason == "failed":
            self.failed[did] += 1
            self.errors[": ".join(filter(None, (row["error"], row["message"])))] += 1
        elif reason == "expired":
            self.lost[did] += end - start

    def add_events(
        self, dids: Iterable[str], times: Iterable[float], types: Iterable[str | None]
    ) -> None:
        for did, time, kind in zip(dids, times, types, strict=True):
            if kind in {"dev_online", "dev_offline"}:
                self.events[did].append((time, kind == "dev_online"))

    def add_reports(
        self, dids: Iterable[str], names: Iterable[str], bodies: Iterable[str | None]
    ) -> None:
        if not self.alarms:
            return
        for did, keys, body in zip(dids, names, bodies, strict=True):
            value = json.loads(body or "null")
            if keys:
                value = dict(zip(json.loads(keys), value, strict=False))
            if isinstance(value, dict) and any(value.get(name) for name in self.alarms):
                self.alarm_count[did] += 1

    def summary(self, name: str, calls: Mapping[LogName, int], present: _Present) -> StoreSummary:
        """Return the sums."""
        share = OnlineShare(self.start, self.end)
        for did in self.macs:
            share.add(self.events.get(did, ()), at_last=present.get(did))
        spans = self.spans.items()
        left = [start for (_, reason, start, _), _ in spans if reason != "expired"]
        missing = [
            Missing(log=log, reason=reason, start=start, end=end, devices=count)
            for (log, reason, start, end), count in spans
        ]
        missing.sort(key=lambda one: (one.end - one.start) * one.devices, reverse=True)
        return StoreSummary(
            store=name,
            product_key=self.state.product_key,
            start=self.start,
            end=self.end,
            devices=len(self.macs),
            coverage={log: self._coverage(log) for log in LOGS if calls.get(log)},
            records={log: dict(found) for log, found in self.records.items()},
            online=share.hours(),
            calls=calls,
            faulty=self._faulty(),
            missing=tuple(missing[:_SHOWN]),
            errors=tuple(self.errors.most_common(_SHOWN)),
            oldest_missing=min(left, default=None),
        )

    def _coverage(self, log: LogName) -> dict[int, float]:
        lacks = Counter[int]()
        for (of_log, _, start, end), count in self.spans.items():
            begin, stop = max(start, self.start), min(end, self.end)
            if of_log == log and begin < stop:
                for day in range(begin // _DAY, (stop - 1) // _DAY + 1):
                    lacks[day] += count * (min(stop, (day + 1) * _DAY) - max(begin, day * _DAY))
        found = {}
        for day in range(self.start // _DAY, (self.end - 1) // _DAY + 1):
            length = min(self.end, (day + 1) * _DAY) - max(self.start, day * _DAY)
            total = max(1, len(self.macs)) * length
            found[day] = max(0.0, 1 - lacks[day] / total)
        return found

    def _faulty(self) -> tuple[FaultyDevice, ...]:
        disconnects = {
            did: sum(not online for _, online in events) for did, events in self.events.items()
        }
        troubled = {*self.alarm_count, *self.failed, *self.lost, *disconnects}
        devices = [
            FaultyDevice(
                did=did,
                mac=self.macs.get(did),
                alarms=self.alarm_count[did],
                disconnects=disconnects.get(did, 0),
                failed=self.failed[did],
                lost=self.lost[did],
            )
            for did in troubled
        ]
        devices = [
            one for one in devices if one.alarms or one.failed or one.lost or one.disconnects
        ]
        devices.sort(
            key=lambda one: (one.alarms, one.failed, one.lost, one.disconnects, one.did),
            reverse=True,
        )
        return tuple(devices[:_SHOWN])
