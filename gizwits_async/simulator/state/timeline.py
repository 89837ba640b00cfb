"""Generates one day of a simulated device from a seed: sessions, commands and reports.

The three logs are consistent: a report is one record of the data log and one frame of the cmd log; a
command is a frame shortly before the report that shows its effect; both occur during a session.
"""

import random
from itertools import pairwise
from typing import Literal

from attrs import field, frozen

from gizwits_async.simulator.quirks import Log
from gizwits_async.simulator.state.datapoints import POINTS, Values, report_frame, show, write_frame

__all__ = [
    "DAY",
    "Event",
    "Rates",
    "Record",
    "Session",
    "generate_day",
    "numbered_record",
    "reports_of",
    "session_events",
    "start_values",
]

DAY = 86_400
_KEEP_ALIVE = 130
_HEARTBEAT = 60
_SHORTEST = 2
_GLANCE = 5
"""Seconds of the session of a record in the first or last millisecond of a day, in which no other is."""
_REACTION = 0.01
_SWITCHABLE = ("switch", "mode", "fan_speed", "set_temp", "fan_swing")
_REASONS = ("no_heartbeat", "tcp_closed", "mqtt_disconnect", "ssl_closed", "offline_force")


@frozen(kw_only=True)
class Rates:
    """Event rates of a device, a day."""

    sessions: int = 2
    """Number of sessions."""
    reports: int = 40
    """Average number of status reports."""
    commands: float = 0.15
    """Fraction of the reports that follow a command."""
    empty_day: float = 0.1
    """Probability of a day without any record."""
    burst: float = 0.4
    """Probability that a session has several reports in the same second."""
    dense: float = 0.0
    """Probability that a session has a second with `dense_size` reports."""
    dense_size: int = 130
    """Reports in such a second; more than fit on a page."""
    edge: float = 0.3
    """Probability of a record in the first, and in the last, millisecond of the day."""


@frozen(kw_only=True)
class Record:
    """One log entry as the server stores it."""

    at: float
    """Exact time in epoch seconds, to the millisecond."""
    body: dict[str, object] = field(repr=False)
    """All fields except the time."""
    seen_at: float | None = None
    """When queries start to return it, in epoch seconds; None: at `at`."""

    def visible(self, now: float, lag: float = 0.0) -> bool:
        """Return whether a query at `now` can return the record.

        Args:
            now: Epoch seconds.
            lag: Seconds that a record without `seen_at` takes to appear.
        """
        return (self.at + lag if self.seen_at is None else self.seen_at) <= now


@frozen
class Event:
    """One event, from which the log entries are made."""

    at: float
    kind: Literal["up", "down", "write", "report"]
    values: Values | None = None
    names: tuple[str, ...] = ()
    payload: dict[str, object] | None = None

    def record(self, log: Log) -> Record | None:
        """Return the entry of this log; None if the log does not record such events."""
        if log == "online":
            if self.payload is None:
                return None
            body: dict[str, object] = {"type": f"dev_{'on' if self.kind == 'up' else 'off'}line"}
            return Record(at=self.at, body={**body, "payload": self.payload})
        if self.values is None:
            return None
        if log == "data":
            return Record(at=self.at, body={"attrs": show(self.values)}) if not self.names else None
        if self.names:
            frame = {"type": "app2dev", "payload": write_frame(self.values, self.names)}
            return Record(at=self.at, body={**frame})
        return Record(at=self.at, body={"type": "dev2app", "payload": report_frame(self.values)})


@frozen(kw_only=True)
class Session:
    """The latest session of a device, which started at `online_latest`."""

    start: float
    open: bool
    """Whether the device is still online."""
    alert: bool = False
    fault: bool = False


def _ms(value: float) -> float:
    return round(value, 3)


def _offline(rng: random.Random, duration: float) -> dict[str, object]:
    reason = rng.choice(_REASONS)
    last = _KEEP_ALIVE if reason == "no_heartbeat" else rng.randrange(1, _HEARTBEAT)
    count = max(0, int(duration - last) // _HEARTBEAT)
    # An interval needs at least two heartbeats.
    gap = _HEARTBEAT if count > 1 else 0
    heartbeat = {"count": count, "max": gap, "min": gap, "avg": gap, "last": last}
    return {"duration": int(duration), "heartbeat": heartbeat, "reason": reason}


def start_values(rng: random.Random, session: Session | None) -> dict[str, int]:
    """Return the raw values of the data points with which a session begins."""
    values = {point.name: 0 for point in POINTS}
    values |= {"switch": 1, "set_temp": rng.randint(16, 30), "room_temp": rng.randint(40, 90)}
    values |= {"mode": rng.randrange(5), "fan_speed": rng.randrange(3)}
    if session is not None:
        values |= {"alert_full": int(session.alert), "fault_roomtemp": int(session.fault)}
    return values


def _command(rng: random.Random, values: dict[str, int]) -> tuple[str, ...]:
    name = rng.choice(_SWITCHABLE)
    point = next(point for point in POINTS if point.name == name)
    if point.choices:
        values[name] = rng.randrange(len(point.choices))
    else:
        values[name] = rng.randint(point.low, point.high)
    return (name,)


def reports_of(
    rng: random.Random, rates: Rates, values: dict[str, int], times: list[float]
) -> list[Event]:
    """Return status reports at these times, and commands before some of them."""
    events: list[Event] = []
    # A command must follow the previous report, which would otherwise show its effect too early.
    for before, at in pairwise((times[0], *times)):
        if at - before > _REACTION and rng.random() < rates.commands:
            names = _command(rng, values)
            asked = max(before + 0.001, at - rng.uniform(0.05, 0.9))
            events.append(Event(_ms(asked), "write", dict(values), names))
        values["room_temp"] = min(120, max(0, values["room_temp"] + rng.randint(-1, 1)))
        events.append(Event(at, "report", dict(values)))
    return events


def session_events(
    rng: random.Random, rates: Rates, span: tuple[float, float], latest: Session | None
) -> list[Event]:
    """Return the events of a session from its start to its end."""
    start, end = span
    events = [Event(start, "up", payload={"keep_alive": _KEEP_ALIVE})]
    share = rates.reports // max(1, rates.sessions)
    times = [
        rng.uniform(start + 1, end) for _ in range(rng.randint(share // 2, share + share // 2))
    ]
    if times and rng.random() < rates.burst:
        second = int(rng.choice(times))
        times += [second + rng.random() for _ in range(rng.randint(3, 15))]
    if rng.random() < rates.dense:
        second = int(rng.uniform(start + 1, end))
        times += [second + rng.random() for _ in range(rates.dense_size)]
    inside = sorted(_ms(at) for at in times if start + 1 < at < end)
    events += reports_of(rng, rates, start_values(rng, latest), [_ms(start + 0.4), *inside])
    if latest is None or not latest.open:
        events.append(Event(end, "down", payload=_offline(rng, end - start)))
    return events


def _glance(rng: random.Random, span: tuple[float, float], at: float) -> list[Event]:
    """Return the events of a session with a single report: no device reports while it is offline."""
    report = Event(at, "report", start_values(rng, None))
    down = _offline(random.Random(span[0]), span[1] - span[0])
    return [
        Event(span[0], "up", payload={"keep_alive": _KEEP_ALIVE}),
        report,
        Event(span[1], "down", payload=down),
    ]


def generate_day(
    seed: str, day: float, rates: Rates, *, latest: Session | None, until: float | None
) -> tuple[Event, ...]:
    """Return the events of one day, oldest first.

    Args:
        seed: Identifies the fleet's seed, the device and the day.
        day: Start of the day in epoch seconds; all events lie within the day.
        rates: Event rates.
        latest: The device's latest session, if it started on this day.
        until: Epoch second from which on only `latest` has events; None: no such end.
    """
    rng = random.Random(seed)
    events: list[Event] = []
    stop = day + DAY if until is None else until
    if rng.random() >= rates.empty_day:
        cuts = sorted(rng.uniform(10, DAY - 10) for _ in range(2 * rates.sessions))
        for start, end in zip(cuts[::2], cuts[1::2], strict=True):
            span = (_ms(day + start), _ms(day + end))
            if span[1] - span[0] > _SHORTEST and span[1] < stop:
                events += session_events(rng, rates, span, None)
        last = _ms(day + DAY - 0.001)
        edges = [((day, day + _GLANCE), day), ((_ms(last - _GLANCE), last), last)]
        if until is None:  # The first such day begins now, when devices are as their fields say.
            del edges[0]
        for span, at in edges:
            if rng.random() < rates.edge and span[1] < stop:
                events += _glance(rng, span, at)
    if latest is not None:
        end = min(_ms(latest.start + rng.uniform(30, 7200)), _ms(day + DAY - 1))
        span = (latest.start, _ms(day + DAY - 1) if latest.open else end)
        events += session_events(rng, rates, span, latest)
    return tuple(sorted(events, key=lambda event: event.at))


def numbered_record(log: Log, at: float, number: int) -> Record:
    """Return a record of a log at a time; the number distinguishes records of the same instant."""
    if log == "online":
        return Record(at=at, body={"type": "dev_online", "payload": {"keep_alive": number}})
    if log == "cmd":
        frame = f"0000000307000091{'06'}{number % 2**24:06x}"
        return Record(at=at, body={"type": "dev2app", "payload": frame})
    return Record(at=at, body={"attrs": {"number": number}})
