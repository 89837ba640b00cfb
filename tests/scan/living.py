"""A fleet whose listing follows its online log, and services whose listing does not keep to that."""

import json
import random
from typing import Any

from attrs import evolve

from gizwits_async.simulator import Device, Fleet, Record, SimulatedCloud, SimulatorTransport

DAY = 86_400
NOW = 1_790_000_000
HISTORY = 40 * DAY


def record(log: str, at: float, number: int = 0) -> Record:
    """Return a record of a log at a time."""
    if log == "online":
        kind = "dev_online" if number else "dev_offline"
        return Record(at=at, body={"type": kind, "payload": {}})
    if log == "cmd":
        return Record(at=at, body={"type": "dev2app", "payload": "AAAAA5E="})
    return Record(at=at, body={"attrs": {"n": number}})


def sessions_of(
    kind: str, rng: random.Random, first: float, end: float
) -> list[tuple[float, float]]:
    """Return the sessions of a device of a kind between two moments."""
    if kind == "always":
        return [(first - 10 * DAY, end + DAY)]
    if kind == "dormant":
        return [(first - 20 * DAY, first - 19 * DAY)]
    found, share = [], 0.3 if kind == "sporadic" else 1.0
    for day in range(int((end - first) // DAY)):
        if rng.random() < share:
            began = first + day * DAY + rng.uniform(3600, DAY - 9000)
            found.append((began, began + rng.uniform(1800, 7200)))
    return found


def living(
    kinds: dict[str, int], *, days: int = 40, seed: int = 1, nights: int = 6
) -> SimulatedCloud:
    """Return a service of devices of some kinds: `always`, `dormant`, `sporadic`, `daily`."""
    rng, devices, logs = random.Random(seed), [], {}
    names = [kind for kind, count in kinds.items() for _ in range(count)]
    for number, kind in enumerate(names):
        did = f"{kind}{number:04d}"
        devices.append(Device(did=did, mac=f"{number:012X}"))
        online, records = [], []
        for began, ended in sessions_of(kind, rng, NOW - days * DAY, NOW + nights * DAY):
            online += [record("online", began, 1), record("online", ended, 0)]
            step = 4 * 3600 if kind == "always" else 600
            at, last = max(began, NOW - days * DAY) + 5, min(ended, NOW + nights * DAY)
            while at < last:
                records.append(at + rng.random())
                at += step
        logs["online", did] = online
        logs["cmd", did] = [record("cmd", at) for at in records]
        logs["data", did] = [record("data", at, 1) for at in records]
    return SimulatedCloud(Fleet.of(devices, logs, now=NOW), quota=10**9)


class Living(SimulatorTransport):
    """A service that lists each device as its online log has it."""

    lag = 0.0
    """Seconds by which the listing is late."""

    def shown(self, did: str, now: float) -> dict[str, Any]:
        """Return `is_online` and `online_latest` of a device."""
        events = self.cloud.fleet.records("online", did, 0, now - self.lag)
        came = [event.at for event in events if event.body["type"] == "dev_online"]
        online = bool(events) and events[-1].body["type"] == "dev_online"
        return {"is_online": online, "online_latest": int(came[-1]) if came else None}

    def __init__(self, cloud: SimulatedCloud, **more: Any) -> None:
        super().__init__(cloud, **more)
        self.cloud = cloud

    async def send(self, method: str, target: str, *rest: Any, **more: Any) -> Any:
        reply = await super().send(method, target, *rest, **more)
        if "/devices/search" not in target:
            return reply
        page = json.loads(reply.body)
        page["objects"] = [row | self.shown(row["did"], self.now()) for row in page["objects"]]
        return evolve(reply, body=json.dumps(page).encode())


class Frozen(Living):
    """A service whose listing stands still."""

    def shown(self, did: str, now: float) -> dict[str, Any]:
        del now
        return super().shown(did, NOW)


class Lying(Living):
    """A service whose listing has nothing to do with its logs."""

    def shown(self, did: str, now: float) -> dict[str, Any]:
        del now
        return {"is_online": hash(did) % 2 == 0, "online_latest": NOW - 60 * DAY}
