"""The OpenAPI description and the simulator against each other, by schemathesis."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Iterator

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation as Place
from schemathesis.specs.openapi.checks import ignored_auth, missing_required_header

from gizwits_async.simulator import Fleet, SimulatedCloud, SimulatorServer
from gizwits_async.simulator.openapi import load_openapi
from gizwits_async.simulator.routes import ROUTES

NOW = 1_790_000_000
EXCLUDED = [ignored_auth, missing_required_header]
# What the clock or the state of things forbids is 400 here, such as a start older than 30 days or
# a second root group; no schema can say that beforehand.
CONFIG = {
    "checks": {
        "positive_data_acceptance": {
            "expected-statuses": ["2xx", "400", "403", "404"],
        }
    }
}
SCHEMA = schemathesis.openapi.from_dict(
    json.loads(json.dumps(load_openapi())), config=SchemathesisConfig.from_dict(CONFIG)
)
STATUSES: dict[str, Counter[int]] = {}


class Desk:
    """A service behind a real socket, with a group, a token, and values that lead somewhere."""

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
            "gid": product.groups.create(None),
        }
        self.session = requests.Session()
        self.url = ""

    def serve(self, ready: threading.Event, done: threading.Event) -> None:
        """Serve until told to stop; runs in a thread of its own."""

        async def main() -> None:
            async with SimulatorServer(self.cloud, clock=lambda: NOW) as server:
                self.url = server.url
                ready.set()
                await asyncio.to_thread(done.wait)

        asyncio.run(main())


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    desk, ready, done = Desk(), threading.Event(), threading.Event()
    thread = threading.Thread(target=desk.serve, args=(ready, done))
    thread.start()
    assert ready.wait(10)
    yield desk
    done.set()
    thread.join(10)
    desk.session.close()


def test_the_description_has_every_endpoint(desk):
    """32 operations, each with a path that the simulator answers, served as JSON."""
    served = desk.session.get(f"{desk.url}/openapi.json", timeout=10).json()
    assert served["openapi"] == "3.1.0"
    verbs = ("get", "post", "put", "delete")
    told = {
        (verb.upper(), path.replace("{gid}", "{}").replace("{did}", "{}"))
        for path, item in served["paths"].items()
        for verb in verbs
        if verb in item
    }
    assert len(told) == 32
    answered = {
        (route.method, route.path.replace("{gid}", "{}").replace("{did}", "{}")) for route in ROUTES
    }
    assert told <= answered


@SCHEMA.parametrize()
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
)
def test_contract(case, desk):
    """What schemathesis sends at random is answered as described, or refused as described."""
    check(case, desk)


@SCHEMA.parametrize()
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
)
def test_contract_of_known_things(case, desk):
    """The same about a product, device and group that exist, so that more than 404 is seen."""
    # What was made wrong on purpose in path or header must stay wrong.
    parts = (case.meta.components.get(place) for place in (Place.PATH, Place.HEADER))
    if not any(part is not None and part.mode.is_negative for part in parts):
        known = desk.path.keys() & (case.path_parameters or {}).keys()
        case.path_parameters.update({name: desk.path[name] for name in known})
    check(case, desk)


def check(case, desk: Desk) -> None:
    response = case.call(base_url=desk.url, session=desk.session, headers=desk.headers)
    STATUSES.setdefault(case.operation.label, Counter())[response.status_code] += 1
    case.validate_response(response, excluded_checks=EXCLUDED, headers=desk.headers)
