"""Devices of one product and their logs, generated from a seed or added record by record.

Each day of a device is generated from `(seed, did, day)` on demand, so that only the devices take
memory, however long their logs are.
"""

import time
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import lru_cache
from math import floor
from operator import attrgetter

from attrs import evolve

from gizwits_async.simulator.quirks import LOGS, Log
from gizwits_async.simulator.state.datapoints import REST
from gizwits_async.simulator.state.device import DEFAULT_NOW, Device, generate_device
from gizwits_async.simulator.state.habits import (
    HABIT_RATES,
    Habit,
    Preset,
    device_at,
    devices_of,
    habit_day,
    session_on,
)
from gizwits_async.simulator.state.timeline import (
    DAY,
    Event,
    Rates,
    Record,
    Session,
    generate_day,
    numbered_record,
)

__all__ = ["Fleet"]

_SELECTIONS = 32
_LOOK_BACK = 60
"""Days in which the latest session of a device is looked for."""
_at = attrgetter("at")


class Fleet:
    """Devices and logs of one product. Changes take effect immediately, also while it is served."""

    def __init__(
        self,
        devices: Iterable[Device],
        *,
        now: float = DEFAULT_NOW,
        days: int = 0,
        seed: int = 1,
        rates: Rates | None = None,
        live: bool = False,
    ) -> None:
        self.now = now
        """The fleet's present, in epoch seconds: where clocks that follow the event loop start."""
        self.seed = seed
        self._first, self._days = now - days * DAY, days
        self.lives = live
        """Whether the logs go on after `now`, so that devices come online and go offline."""
        self._habits: dict[str, Habit] = {}
        self._rates = Rates() if rates is None else rates
        self._devices = {device.did: device for device in devices}
        self._signed_off = {device.did for device in self.devices if device.is_disabled}
        self._macs = {device.mac: device.did for device in self._devices.values()}
        self._added: dict[tuple[Log, str], list[Record]] = {}
        self._selections: dict[Hashable, tuple[Device, ...]] = {}
        self._day_events = lru_cache(maxsize=1024)(self._generate_day)

    @classmethod
    def generate(
        cls,
        devices: int = 12,
        days: int = 4,
        seed: int = 1,
        *,
        now: float = DEFAULT_NOW,
        rates: Rates | None = None,
        live: bool = False,
    ) -> "Fleet":
        """Return a fleet generated from a seed; equal arguments give equal fleets on any machine.

        Args:
            devices: Number of devices.
            days: Days before `now` at which the logs start.
            seed: Any integer.
            now: The present, in epoch seconds.
            rates: Number of events in a day.
            live: Whether devices also report after `now`.
        """
        made = (generate_device(index, seed, now, days) for index in range(devices))
        return cls(made, now=now, days=days, seed=seed, rates=rates, live=live)

    @classmethod
    def preset(
        cls,
        mix: Preset | Mapping[Habit, float] = "mixed",
        devices: int = 100,
        days: int = 4,
        seed: int = 1,
        *,
        now: float = DEFAULT_NOW,
        rates: Rates | None = None,
    ) -> "Fleet":
        """Return a fleet that lives: the listing follows the online logs, which go on after `now`.

        Args:
            mix: The name of a preset, or a weight for each habit of devices.
            devices: Number of devices.
            days: Days before `now` at which the logs start.
            seed: Any integer.
            now: The present, in epoch seconds.
            rates: Reports on a day on which a device is online.
        """
        made = devices_of(mix, devices, days=days, seed=seed, now=now)
        fleet = cls([*made], now=now, days=days, seed=seed, rates=rates or HABIT_RATES, live=True)
        fleet._habits = {device.did: habit for device, habit in made.items()}
        return fleet

    @classmethod
    def of_today(cls) -> "Fleet":
        """Return twelve devices whose logs reach from four days ago to the present and go on."""
        return cls.generate(now=floor(time.time()), live=True)

    @classmethod
    def of(
        cls,
        devices: Iterable[Device | str],
        logs: Mapping[tuple[Log, str], Iterable[Record | float]] | None = None,
        *,
        now: float = DEFAULT_NOW,
    ) -> "Fleet":
        """Return a fleet of exactly these devices and records.

        Args:
            devices: Devices, or dids of devices with default fields.
            logs: `(log, did)` -> records in any order; a number is the time of a record with
                generated, distinct fields.
            now: The present, in epoch seconds.
        """
        made = [
            Device(did=device, mac=f"{0xACCF23000000 + index:012X}")
            if isinstance(device, str)
            else device
            for index, device in enumerate(devices)
        ]
        fleet = cls(made, now=now)
        for (log, did), records in (logs or {}).items():
            for number, record in enumerate(records):
                whole = (
                    record if isinstance(record, Record) else numbered_record(log, record, number)
                )
                fleet.append(log, did, whole)
        return fleet

    # --- devices

    @property
    def devices(self) -> tuple[Device, ...]:
        """All devices, in the order in which they were added."""
        return tuple(self._devices.values())

    def selection(
        self, key: Hashable, select: Callable[[Iterable[Device]], Iterable[Device]]
    ) -> tuple[Device, ...]:
        """Return some devices, selected once and kept until a device changes.

        Args:
            key: Identifies the selection.
            select: Filters and orders all devices; must depend on `key` and the devices alone.
        """
        found = self._selections.get(key)
        if found is None:
            if len(self._selections) >= _SELECTIONS:
                self._selections.clear()
            found = self._selections[key] = tuple(select(self._devices.values()))
        return found

    def device(self, did: str) -> Device | None:
        """Return the device with this did; None if there is none."""
        return self._devices.get(did)

    def as_of(self, device: Device, now: float) -> Device:
        """Return a device as its online log has it at a time; as its fields say if it did nothing yet."""
        if not self.lives:
            return device
        last = floor((now - self._first) / DAY)
        # Without habits, the fields of a device tell how the days before `now` ended.
        first = max(0 if device.did in self._habits else self._days, last - _LOOK_BACK)
        days = range(last, first - 1, -1)
        return device_at(device, now, (self._changes(device.did, day) for day in days))

    def _changes(self, did: str, day: int) -> list[tuple[float, bool]]:
        """Return when a device came online (True) or went offline on a day, oldest first."""
        begin = self._first + day * DAY
        added = self._added.get(("online", did), [])
        ours = added[bisect_left(added, begin, key=_at) : bisect_left(added, begin + DAY, key=_at)]
        found = [(record.at, record.body["type"] == "dev_online") for record in ours]
        if (habit := self._habits.get(did)) is None:
            events = self._day_events(did, day)
            found += [(one.at, one.kind == "up") for one in events if one.payload is not None]
        elif (span := session_on(self._seed_of(did, day), begin, habit)) is not None:
            found += [(span[0], True), (span[1], False)]
        return sorted(found)

    def by_mac(self, mac: str) -> Device | None:
        """Return the device with this MAC; None if there is none."""
        return self._devices.get(self._macs.get(mac, ""))

    def add(self, device: Device) -> None:
        """Add a device."""
        self._devices[device.did] = device
        self._macs[device.mac] = device.did
        self._selections.clear()

    def change(self, did: str, **changes: object) -> Device:
        """Change fields of a device and return the changed device."""
        self.add(evolve(self._devices[did], **changes))  # type: ignore[arg-type]
        self._day_events.cache_clear()
        return self._devices[did]

    def shift(self, seconds: int) -> None:
        """Move the fleet in time: its present, its generated logs and the times of its devices."""
        self.now += seconds
        self._first += seconds
        for device in self.devices:
            latest = None if device.online_latest is None else device.online_latest + seconds
            self.add(evolve(device, created_at=device.created_at + seconds, online_latest=latest))
        self._day_events.cache_clear()

    def remove(self, did: str) -> None:
        """Remove a device and its logs."""
        del self._macs[self._devices.pop(did).mac]
        self._selections.clear()
        self._day_events.cache_clear()
        for log in LOGS:
            self._added.pop((log, did), None)

    # --- logs

    def append(self, log: Log, did: str, record: Record) -> None:
        """Insert a record into a log, ordered by time."""
        insort(self._added.setdefault((log, did), []), record, key=_at)

    def records(self, log: Log, did: str, start: float, end: float) -> list[Record]:
        """Return the records with `start <= at <= end`, oldest first."""
        added = self._added.get((log, did), [])
        found = added[bisect_left(added, start, key=_at) : bisect_right(added, end, key=_at)]
        generated = [
            record
            for event in self._events(did, start, end)
            if start <= event.at <= end and (record := event.record(log)) is not None
        ]
        if not found:
            return generated
        return sorted([*generated, *found], key=_at) if generated else found

    def values(self, did: str, now: float) -> dict[str, int]:
        """Return the raw values of the data points as last reported before `now`."""
        reported = (
            event.values
            for event in reversed(list(self._events(did, now - 7 * DAY, now)))
            if event.kind == "report" and event.at <= now and event.values is not None
        )
        return dict(next(reported, REST))

    def _events(self, did: str, start: float, end: float) -> Iterable[Event]:
        first = max(0, floor((start - self._first) / DAY))
        last = floor((end - self._first) / DAY)
        if not self.lives:
            last = min(last, self._days - 1)
        for day in range(first, last + 1):
            yield from self._day_events(did, day)

    def _generate_day(self, did: str, day: int) -> tuple[Event, ...]:
        device = self._devices.get(did)
        if device is None or (day >= self._days and did in self._signed_off):
            return ()
        begin, habit = self._first + day * DAY, self._habits.get(did)
        if habit is not None:
            return habit_day(self._seed_of(did, day), begin, habit, self._rates)
        latest = None if day >= self._days else device.online_latest
        session = None
        if latest is not None and begin <= latest < begin + DAY:
            session = Session(
                start=float(latest),
                open=device.is_online,
                alert=device.is_alert,
                fault=device.is_faulty,
            )
        return generate_day(
            self._seed_of(did, day), begin, self._rates, latest=session, until=latest
        )

    def _seed_of(self, did: str, day: int) -> str:
        return f"{self.seed}/{did}/{day}"
