"""How a device is used (always on, on some days, hardly ever), and mixes of such devices. Pure."""

import random
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Literal, TypeAlias, get_args

from attrs import evolve

from gizwits_async.simulator.state.device import Device, generate_device
from gizwits_async.simulator.state.timeline import (
    DAY,
    Event,
    Rates,
    reports_of,
    session_events,
    start_values,
)

__all__ = [
    "HABIT_RATES",
    "PRESETS",
    "Habit",
    "Preset",
    "device_at",
    "devices_of",
    "habit_day",
    "session_on",
]

Habit: TypeAlias = Literal["always-on", "daily", "sporadic", "dormant"]
"""Online without a break; a session a day; a session on three days of ten; offline for weeks."""
Preset: TypeAlias = Literal["always-on", "daily", "sporadic", "dormant", "mixed"]

PRESETS: Mapping[Preset, Mapping[Habit, float]] = {
    **{habit: {habit: 1.0} for habit in get_args(Habit)},
    "mixed": {"always-on": 0.3, "dormant": 0.3, "sporadic": 0.4},
}
"""Part of the devices that has each habit."""

HABIT_RATES = Rates(sessions=1, reports=8, burst=0.1, edge=0.0, empty_day=0.0)
"""Reports of such a device on a day on which it is online."""

_SPORADIC = 0.3
_EARLIEST, _LATEST = 3600, DAY - 9000
"""Seconds of the day between which a session begins."""
_SHORTEST, _LONGEST = 1800, 7200


def _habits_of(mix: Preset | Mapping[Habit, float], devices: int) -> list[Habit]:
    """Return the habit of each of so many devices.

    Args:
        mix: The name of a preset, or a weight for each habit.
        devices: How many there are.

    Raises:
        ValueError: There is no preset of this name.
    """
    if isinstance(mix, str):
        if mix not in PRESETS:
            raise ValueError(f"unknown preset {mix!r}; known are {', '.join(PRESETS)}")
        mix = PRESETS[mix]
    ends = [round(devices * part / sum(mix.values())) for part in accumulate(mix.values())]
    return [
        habit
        for habit, start, end in zip(mix, [0, *ends], ends, strict=False)
        for _ in range(start, end)
    ]


def devices_of(
    mix: Preset | Mapping[Habit, float], count: int, *, days: int, seed: int, now: float
) -> dict[Device, Habit]:
    """Return devices generated from a seed, as they are before their logs begin; see `Fleet.preset`.

    Raises:
        ValueError: There is no preset of this name.
    """
    return {
        _settled(generate_device(index, seed, now, days), habit, now - days * DAY): habit
        for index, habit in enumerate(_habits_of(mix, count))
    }


def _settled(device: Device, habit: Habit, first: float) -> Device:
    """Return a device as it is before its logs begin.

    Args:
        device: The device.
        habit: Its habit.
        first: When its logs begin, in epoch seconds.
    """
    days = 20 if habit == "dormant" else 2
    return evolve(
        device,
        is_online=habit == "always-on",
        is_disabled=False,
        online_latest=int(first) - days * DAY,
        created_at=int(first) - 60 * DAY,
    )


def device_at(device: Device, now: float, days: Iterable[Sequence[tuple[float, bool]]]) -> Device:
    """Return a device with `is_online` and `online_latest` as they are at a time.

    Args:
        device: The device as it was before these days.
        now: The time, in epoch seconds.
        days: When it came online (True) or went offline; the latest day first, each in order.
    """
    online: bool | None = None
    for at, came in (change for day in days for change in reversed(day)):
        if at > now:
            continue
        online = came if online is None else online
        if came:
            return evolve(device, is_online=online, online_latest=int(at))
    return device if online is None else evolve(device, is_online=online)


def session_on(seed: str, begin: float, habit: Habit) -> tuple[float, float] | None:
    """Return start and end of the session of a day, in epoch seconds; None if it has none.

    Args:
        seed: Identifies the device and the day.
        begin: When the day begins.
        habit: The habit of the device.
    """
    if habit in {"always-on", "dormant"}:
        return None
    rng = random.Random(f"session/{seed}")
    if habit == "sporadic" and rng.random() >= _SPORADIC:
        return None
    start = round(begin + rng.uniform(_EARLIEST, _LATEST), 3)
    return start, round(start + rng.uniform(_SHORTEST, _LONGEST), 3)


def habit_day(seed: str, begin: float, habit: Habit, rates: Rates) -> tuple[Event, ...]:
    """Return the events of one day of a device, oldest first.

    Args:
        seed: Identifies the device and the day.
        begin: When the day begins, in epoch seconds.
        habit: The habit of the device.
        rates: How often it reports.
    """
    rng = random.Random(seed)
    if habit == "always-on":
        times = sorted(round(begin + rng.uniform(0, DAY - 1), 3) for _ in range(rates.reports))
        events = reports_of(rng, rates, start_values(rng, None), times)
    else:
        span = session_on(seed, begin, habit)
        events = [] if span is None else session_events(rng, rates, span, None)
    return tuple(sorted(events, key=lambda event: event.at))
