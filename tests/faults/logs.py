"""What the tests of logs share: a service with one device, a walk through its data log, the truth."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from gizwits_async.models import to_dict
from gizwits_async.simulator import FaultRule, Fleet, Quirks, SimulatedCloud, SimulatorTransport
from gizwits_async.simulator.state.timeline import Record
from tests.doubles import client_of, virtually

NOW = 1_790_000_000
DID = "d" * 22
DATA = f"*/devices/{DID}/data"


def log_of(times: list[float], *faults: FaultRule, **quirks: Any) -> SimulatedCloud:
    """Return a service with one device whose data log has records at these times."""
    records = [Record(at=at, body={"attrs": {"n": n}}) for n, at in enumerate(times)]
    fleet = Fleet.of([DID], {("data", DID): records}, now=NOW)
    return SimulatedCloud(fleet, quirks=Quirks(**quirks), faults=faults, quota=10**9)


def bag(records: list[Any]) -> Counter[str]:
    """Return a multiset of records as JSON."""
    plain = [one if isinstance(one, dict) else to_dict(one) for one in records]
    return Counter(json.dumps(one, sort_keys=True) for one in plain)


def walk(
    cloud: SimulatedCloud,
    *,
    since: float = 5000,
    door: SimulatorTransport | None = None,
    pause: Callable[[int], float] = lambda _: 0.0,
    sort: Any = "desc",
    **options: Any,
) -> list[Any]:
    """Return the data log as one walk gives it, with pauses between its pages."""

    async def main() -> list[Any]:
        got: list[Any] = []
        async with client_of(cloud, transport=door, **options) as client:
            number = 0
            async for page in client.devices.data_log(
                DID, start=NOW - since, end=NOW, sort=sort
            ).pages():
                got += page.items
                number += 1
                await asyncio.sleep(pause(number))
        return got

    return virtually(main())


def whole(cloud: SimulatedCloud, since: float = 5000) -> Counter[str]:
    """Return what the walk has to give."""
    return bag(cloud.truth("data", DID, NOW - since, NOW))


def openings(cloud: SimulatedCloud) -> int:
    """Return how many queries of the log were opened."""
    return sum(e.path.endswith("/data") and "context" not in e.query for e in cloud.ledger)
