"""A served simulator with things that exist, and a valid call of each operation of its description."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from gizwits_async.simulator import Fleet, SimulatedCloud, SimulatorServer
from gizwits_async.simulator.openapi import load_openapi

__all__ = ["NOW", "OPERATIONS", "Desk", "good_calls", "served_desk"]

NOW = 1_790_000_000
OPERATIONS = {
    item["operationId"]: (path, verb.upper())
    for path, methods in load_openapi()["paths"].items()
    for verb, item in methods.items()
    if verb != "parameters"
}
DAYS = {"start": "2026-09-19", "end": "2026-09-20"}


class Desk:
    """A service on a real socket with a group, a token and ids that exist."""

    def __init__(self) -> None:
        self.cloud = SimulatedCloud(
            Fleet.generate(devices=6, days=3, seed=1, now=NOW), quota=10**9, ledger_size=10
        )
        credentials, product = self.cloud.credentials, self.cloud.product
        token, _ = self.cloud.tokens.issue(product.key, NOW, revoke_others=False)
        self.headers = {
            "Authorization": f"token {token}",
            "X-Gizwits-Enterprise-ID": credentials.enterprise_id,
            "X-Gizwits-Enterprise-Secret": str(credentials.enterprise_secret),
        }
        self.path = {
            "product_key": product.key,
            "did": next(device.did for device in self.cloud.fleet.devices if device.is_online),
        }
        self.root = product.groups.create(None)
        self.path["gid"] = product.groups.create(self.root)
        self.session = requests.Session()
        self.url = ""

    def serve(self, ready: threading.Event, done: threading.Event) -> None:
        """Serve until `stop` is set; runs in its own thread."""

        async def main() -> None:
            async with SimulatorServer(self.cloud, clock=lambda: NOW) as server:
                self.url = server.url
                ready.set()
                await asyncio.to_thread(done.wait)

        asyncio.run(main())


@contextmanager
def served_desk() -> Iterator[Desk]:
    """Serve a new desk in a thread."""
    desk, ready, done = Desk(), threading.Event(), threading.Event()
    thread = threading.Thread(target=desk.serve, args=(ready, done))
    thread.start()
    assert ready.wait(10)
    try:
        yield desk
    finally:
        done.set()
        thread.join(10)
        desk.session.close()


def good_calls(desk: Desk) -> dict[str, dict[str, Any]]:
    """Return valid parameters of each operation that needs more than its path."""
    credentials, product = desk.cloud.credentials, desk.cloud.product
    device = desk.cloud.fleet.device(desk.path["did"])
    user = next(iter(product.bindings.users.values()))
    binding = {"uid": user.uid, "appid": user.appid, "dids": [device.did]}
    window = {"start_ts": NOW - 86_400, "end_ts": NOW, "sort": "asc", "limit": 5}
    product_key = {"product_key": product.key}
    return {
        "createToken": {
            "body": {
                "enterprise_id": credentials.enterprise_id,
                "enterprise_secret": str(credentials.enterprise_secret),
                "product_secret": str(credentials.product_secret),
            }
        },
        "searchRegisteredUsers": {"query": product_key},
        "getDeviceIdentity": {"query": {"mac": device.mac}},
        "getDeviceDetail": {"query": {"mac": device.mac}},
        "controlDevice": {"body": {"attrs": {"switch": True, "set_temp": 20}}},
        "getOnlineLog": {"query": window},
        "getCommandLog": {"query": window},
        "getDataLog": {"query": window},
        "createGroup": {"body": {"parent_gid": desk.root}},
        "updateGroup": {"body": {"action": "assign", "macs": [device.mac], "reassign": True}},
        "bindDevices": {"body": binding},
        "unbindDevices": {"body": binding},
        "getActivatedDevices": {"query": DAYS},
        "getActiveDevices": {"query": DAYS},
        "getLivenessHistory": {"query": {"cycle": "date", **DAYS}},
        "getNewUsers": {"query": {"cycle": "month", "start": "2026-08", "end": "2026-09"}},
        "getActiveUsers": {
            "query": {**product_key, "start_date": DAYS["start"], "end_date": DAYS["end"]}
        },
        "getUserLocations": {"query": product_key},
    }
