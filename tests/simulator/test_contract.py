"""schemathesis checks the simulator against its OpenAPI description."""

import json
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation as Place
from schemathesis.specs.openapi.checks import ignored_auth, missing_required_header

from gizwits_async.simulator.endpoints.routes import ROUTES
from gizwits_async.simulator.openapi import load_openapi
from tests.simulator.desk import NOW, OPERATIONS, Desk, good_calls, served_desk

EXCLUDED = [ignored_auth, missing_required_header]
# The API refuses calls by time and state with 400, such as a start older than 30 days or a second
# root group; no schema can express that.
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


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with served_desk() as desk:
        yield desk


def test_the_description_has_every_endpoint(desk):
    """The served description has 32 operations, and the simulator answers each path."""
    served = desk.session.get(f"{desk.url}/openapi.json", timeout=10).json()
    assert served["openapi"] == "3.1.0"
    verbs = ("get", "post", "put", "delete")
    described = {
        (verb.upper(), path.replace("{gid}", "{}").replace("{did}", "{}"))
        for path, item in served["paths"].items()
        for verb in verbs
        if verb in item
    }
    assert len(described) == 32
    answered = {
        (route.method, route.path.replace("{gid}", "{}").replace("{did}", "{}")) for route in ROUTES
    }
    assert described <= answered


_SAME_EXAMPLES = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
)


@SCHEMA.parametrize()
@_SAME_EXAMPLES
def test_contract(case, desk):
    """Random requests are answered or refused as described."""
    check(case, desk)


@SCHEMA.parametrize()
@_SAME_EXAMPLES
def test_contract_of_known_things(case, desk):
    """The same with an existing product, device and group, so that replies other than 404 are checked."""
    # Keep path parameters and headers that schemathesis made invalid on purpose.
    parts = (case.meta.components.get(place) for place in (Place.PATH, Place.HEADER))
    if not any(part is not None and part.mode.is_negative for part in parts):
        known = desk.path.keys() & (case.path_parameters or {}).keys()
        case.path_parameters.update({name: desk.path[name] for name in known})
    check(case, desk)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_succeeds_as_described(name, desk):
    """A valid call of each of the 32 operations is answered with 2xx as described."""
    path, verb = OPERATIONS[name]
    groups, bindings = desk.cloud.product.groups, desk.cloud.product.bindings
    known = {**desk.path, "gid": groups.create(desk.root)}
    if name == "unbindDevices":
        bindings.bind(next(iter(bindings.users)), desk.path["did"], NOW)
    arguments = {key: value for key, value in known.items() if f"{{{key}}}" in path}
    call = good_calls(desk).get(name, {})
    body = {"media_type": "application/json"} if "body" in call else {}
    case = SCHEMA[path][verb].Case(path_parameters=arguments, **call, **body)
    response = case.call(base_url=desk.url, session=desk.session, headers=desk.headers)
    assert response.status_code in (200, 201, 204), response.text
    case.validate_response(response, excluded_checks=EXCLUDED, headers=desk.headers)


def check(case, desk: Desk) -> None:
    response = case.call(base_url=desk.url, session=desk.session, headers=desk.headers)
    case.validate_response(response, excluded_checks=EXCLUDED, headers=desk.headers)
