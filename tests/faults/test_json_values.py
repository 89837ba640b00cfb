"""Values in JSON and what the service says with them when it refuses."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gizwits_async.errors import (
    ApiError,
    ForbiddenError,
    GizwitsError,
    InvalidRequestError,
    InvalidResponseError,
    NotFoundError,
    QuotaExceededError,
    ServerError,
)
from gizwits_async.models.devices import DeviceDetail
from tests.doubles import virtual
from tests.doubles.scripted import NOW, ScriptedTransport, answers, client_on, reply
from tests.faults.c0 import CANARIES, failure
from tests.faults.spoken import END, GOOD, START, T1, device, page, search, spoken
from tests.test_endpoints import ROWS, Row

# --- the values (J11 to J13)


SPELLINGS = [
    *[("is_online", wire, True) for wire in (True, 1, "1", "true", "True", "TRUE")],
    *[("is_online", wire, False) for wire in (False, 0, "0", "false", "False")],
    *[(name, wire, None) for name in ("is_online", "longitude") for wire in (None, "null", "NULL")],
    ("mac", "null", "null"),
    *[("longitude", wire, 113.25) for wire in (113.25, "113.25", "11325e-2")],
    *[("longitude", wire, 113) for wire in (113, "113")],
    *[("created_at", wire, 1517384243) for wire in (1517384243, "1517384243")],
    ("created_at", 1517384243.5, 1517384243.5),
    *[("wifi_soft_version", wire, "4020034") for wire in ("4020034", 4020034)],
]


@pytest.mark.fault("J11")
@pytest.mark.parametrize(("name", "wire", "meant"), SPELLINGS, ids=lambda one: repr(one)[:20])
@virtual
async def test_an_accepted_spelling_means_what_it_says(name: str, wire: Any, meant: Any) -> None:
    """`"false"` is False; what is written with a point is a float and what without is an int."""
    (found,) = await search(device(**{name: wire}))
    assert getattr(found, name) == meant
    assert type(getattr(found, name)) is type(meant)


@pytest.mark.fault("J11")
@pytest.mark.parametrize(
    ("name", "wire"),
    [
        *[("is_online", wire) for wire in (2, -1, 1.0, "", "yes", "no", "2", " true", [], {})],
        *[("longitude", wire) for wire in (True, "", "1,5", "1e", "0x1", "٣", [], {})],
        *[("wifi_soft_version", wire) for wire in (True, 1.5, [], {})],
    ],
)
@virtual
async def test_any_other_spelling_is_an_error_that_names_the_field(name: str, wire: Any) -> None:
    """Other spellings are refused; the message describes the value by its type only."""
    async with spoken(device(**{name: wire}), strict_rows=True) as (client, _):
        error = await failure(client.devices.search().collect(), InvalidResponseError)
        (problem,) = error.problems
        assert problem.startswith("expected a ")
        assert problem.endswith(f" @ $.objects[0].{name}")


@pytest.mark.fault("J12")
@pytest.mark.parametrize("wire", [T1, float(T1), T1 + 0.229, str(T1), f"{T1}.229"], ids=repr)
@virtual
async def test_a_time_is_kept_as_it_came_and_is_utc(wire: Any) -> None:
    """Fractions stay, whole seconds stay whole; `.time` is aware."""
    async with spoken(page({"timestamp": wire, "type": "dev_online"})) as (client, _):
        (event,) = await client.devices.online_log("d", start=START, end=END).collect()
        assert event.timestamp == float(wire)
        assert type(event.timestamp) is (float if "." in str(wire) else int)
        assert event.time.tzinfo is UTC
        off = abs(event.time - datetime.fromtimestamp(float(wire), UTC))
        assert off < timedelta(milliseconds=1)


@pytest.mark.fault("J12")
@pytest.mark.parametrize(
    "wire",
    [T1 * 1000, -5, 0, 253_402_300_799, 10**12, 1e300, -1e300, 10**400],
    ids=lambda one: f"{str(one)[:12]}",
)
@virtual
async def test_a_page_wholly_outside_of_the_range_is_an_error(wire: Any) -> None:
    """Times in milliseconds or of another epoch are refused; no unit is guessed."""
    async with spoken(page({"ts": wire, "attrs": {}}, {"ts": wire, "attrs": {}})) as (client, _):
        call = client.devices.data_log("d", start=START, end=END).collect()
        error = await failure(call, InvalidResponseError)
        assert f"no record of the page lies between {START - 1} and {END}" in str(error)
        assert error.resume


@pytest.mark.fault("J12")
@pytest.mark.parametrize(
    "wire", [1517384124229, -(10**11), 10**400, 1e300], ids=lambda n: str(n)[:9]
)
@virtual
async def test_a_time_beyond_all_calendars_is_kept_and_says_so(wire: Any) -> None:
    """An implausible time of a device stays a number; only `.time` raises ValueError."""
    (found,) = await search(device(created_at=wire))
    assert found.created_at == wire
    with pytest.raises(ValueError, match="not a time"):
        assert found.time


@pytest.mark.fault("J12")
@pytest.mark.parametrize("wire", [True, None, "", "now", "2026-09-21T00:00:00Z", [T1]], ids=repr)
@virtual
async def test_what_is_no_number_is_no_time(wire: Any) -> None:
    """A value that is not a number is refused as a time, with its path."""
    async with spoken(page({"ts": wire, "attrs": {}}), strict_rows=True) as (client, _):
        call = client.devices.data_log("d", start=START, end=END).collect()
        error = await failure(call, InvalidResponseError)
        assert error.problems[0].endswith("@ $.objects[0].ts")


@pytest.mark.fault("J12")
@pytest.mark.parametrize(
    "wire", [10**400, -(10**400), 1e300, 10**17, None], ids=lambda n: str(n)[:9]
)
@virtual
async def test_a_token_without_a_possible_expiry_lives_as_long_as_documented(wire: Any) -> None:
    """An expiry beyond all dates is none: seven days, one login, and nothing overflows."""
    login = reply({"token": "t", "expire_at": wire}, 201)
    transport = ScriptedTransport(answers(reply(GOOD)), answers(login))
    async with client_on(transport, credentials=CANARIES) as client:
        token = await client.authorization.create_token()
        assert (
            timedelta(days=6.9) < token.time - datetime.fromtimestamp(NOW, UTC) <= timedelta(days=7)
        )
        assert (await client.devices.detail("m")).did == "d"
        assert transport.logins == 1


@pytest.mark.fault("J13")
@virtual
async def test_a_word_of_tomorrow_is_kept() -> None:
    """Types, reasons and protocols are texts, so that new ones can be read."""
    offline = {"timestamp": T1, "type": "dev_melted", "payload": {"reason": "too_hot"}}
    async with spoken(page(offline)) as (client, _):
        (event,) = await client.devices.online_log("d", start=START, end=END).collect()
        assert (event.type, event.payload["reason"]) == ("dev_melted", "too_hot")
    async with spoken({"did": "d", "type": "virtual_twin"}) as (client, _):
        assert (await client.devices.detail("m")).type == "virtual_twin"
    point = {"id": 0, "name": "a", "type": "status_sealed", "data_type": "complex"}
    entities = [{"id": 0, "name": "e", "attrs": [point]}]
    async with spoken({"product_key": "pk", "entities": entities, "protocolType": "v9"}) as (
        client,
        _,
    ):
        product = await client.product.datapoints()
        (found,) = product.entities[0].attrs
        assert (product.protocol_type, found.type, found.data_type) == (
            "v9",
            "status_sealed",
            "complex",
        )
        assert not found.is_writable


# --- what the service refuses


@pytest.mark.fault("J15")
@pytest.mark.parametrize("code", [5301, "5301", 5301.0], ids=repr)
@pytest.mark.parametrize("status", [200, 201, 204, 400, 404, 500])
@virtual
async def test_an_error_code_is_an_error_under_any_status(status: int, code: Any) -> None:
    """Codes as number or text, under 200 as well; the HTTP status is kept beside it."""
    body = {"error_code": code, "error_message": "device not exist!"}
    async with spoken(body, status=status) as (client, transport):
        error = await failure(client.devices.detail("m"), NotFoundError)
        assert (error.code, error.status, error.message) == (5301, status, "device not exist!")
        assert len(transport.calls) == 1


@pytest.mark.fault("J15")
@pytest.mark.parametrize("row", ROWS[1:], ids=[f"{row.number:02}" for row in ROWS[1:]])
@virtual
async def test_no_endpoint_takes_a_refusal_under_200_for_success(row: Row) -> None:
    """Calls without a result read a refusal too; that of a stream has a resume token."""
    body = {"error_code": 5024, "error_message": "api deny to visit!"}
    async with spoken(body) as (client, transport):
        error = await failure(row.call(client), ForbiddenError)
        assert error.where == f"{row.verb} {row.path}"
        assert (error.resume is not None) == isinstance(row.value, list)
        assert len(transport.calls) == 1


@pytest.mark.fault("J15")
@pytest.mark.parametrize("code", [0, "0", None, ""], ids=repr)
@virtual
async def test_no_code_is_none(code: Any) -> None:
    """A code of zero is a success under 2xx, and leaves the error to the status otherwise."""
    async with spoken({"error_code": code, "did": "d"}) as (client, _):
        assert await client.devices.detail("m") == DeviceDetail(did="d")
    async with spoken({"error_code": code, "did": "d"}, status=404) as (client, _):
        assert (await failure(client.devices.detail("m"), NotFoundError)).code is None


@pytest.mark.fault("J15")
@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"detail": "Not found."}, 404, NotFoundError),
        ({}, 403, ForbiddenError),
        ([], 400, InvalidRequestError),
        ("no", 429, QuotaExceededError),
        (None, 500, ServerError),
        (b"", 503, ServerError),
        ({"error_code": {"a": 1}}, 400, InvalidRequestError),
        ({"error_code": [5301]}, 200, ApiError),
        ({"error_code": True}, 200, ApiError),
        ({"error_code": "E-7", "error_message": ["no"], "detail": 5}, 200, ApiError),
        ({"error_code": 10**30}, 200, ApiError),
        ({"error_code": -1.5}, 200, ApiError),
    ],
    ids=repr,
)
@virtual
async def test_without_a_known_code_the_status_tells(
    body: Any, status: int, kind: type[GizwitsError]
) -> None:
    """Without a usable body the status decides the class of the error."""
    async with spoken(body, status=status, max_retries=0, max_quota_wait=0) as (client, _):
        error = await failure(client.devices.detail("m"), kind)
        assert isinstance(error, ApiError)
        assert error.status == status
