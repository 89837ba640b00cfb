"""Fleets whose listing follows their online logs, for the tests of scans that pass over windows."""

from collections.abc import Mapping
from typing import Any

from gizwits_async.simulator import Fleet, Quirks, SimulatedCloud

DAY = 86_400
NOW = 1_790_000_000


def living(
    kinds: Mapping[Any, int], *, days: int = 4, seed: int = 1, **quirks: Any
) -> SimulatedCloud:
    """Return a service of so many devices of some habits, whose logs go on for ever."""
    fleet = Fleet.preset(kinds, sum(kinds.values()), days, seed, now=NOW)
    return SimulatedCloud(fleet, quirks=Quirks(**quirks), quota=10**9)
