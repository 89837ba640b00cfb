"""Authentication, refusals, quota and ledger of the simulated service."""

import json
from email.utils import parsedate_to_datetime
from itertools import pairwise

import pytest

from gizwits_async.error_codes import API_ERRORS
from gizwits_async.simulator import Fleet

NOW = 1_790_000_000


def test_token_reply(serve):
    """A token is created with 201 and expires after seven days."""
    answer = serve().login()
    assert answer["status"] == 201
    assert answer["expire_at"] == NOW + 604_800
    assert len(answer["token"]) == 32


@pytest.mark.parametrize(
    ("field", "unit", "names", "value"),
    [
        ("expired_at", "s", {"expired_at"}, NOW + 604_800),
        ("both", "ms", {"expire_at", "expired_at"}, (NOW + 604_800) * 1000),
        ("missing", "s", set(), None),
    ],
)
def test_end_of_a_token(serve, field, unit, names, value):
    """The expiry has the field names and the unit of the quirks."""
    answer = serve(expire_field=field, expire_unit=unit).login()
    assert answer.keys() - {"token", "status"} == names
    assert {answer[name] for name in names} <= {value}


@pytest.mark.parametrize(
    ("changes", "code", "status"),
    [
        ({"enterprise_id": "other"}, 5003, 404),
        ({"enterprise_secret": "wrong"}, 5004, 400),
        ({"product_secret": "wrong"}, 5005, 400),
        ({"product_secret": None}, 5002, 400),
        ({"enterprise_id": 5}, 5002, 400),
    ],
)
def test_wrong_credentials(serve, changes, code, status):
    """Each wrong credential has its own code, with the documented status."""
    answer = serve().login(**changes)
    assert (answer["error_code"], answer["status"]) == (code, status)


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"\xff", b"[" * 100_000])
def test_bodies_that_are_no_json_object(serve, body):
    """A body that is not a JSON object is refused with 5001."""
    caller = serve()
    reply = caller.raw("POST", f"{caller.root}/access_token", body)
    assert json.loads(reply.body)["error_code"] == 5001


@pytest.mark.parametrize("header", ["", "{}", "Token {}", "token{}", "token {} x", "token wrong"])
def test_headers_that_carry_no_token(serve, header):
    """Only the word `token`, blanks and a valid token are accepted."""
    caller = serve()
    caller.login()
    headers = {"authorization": header.format(caller.token)}
    reply = caller.raw("GET", f"{caller.root}/devices/search", headers=headers)
    assert (reply.status, json.loads(reply.body)["error_code"]) == (400, 5009)


def test_life_of_a_token(serve):
    """An expired token is refused with 5011, a revoked one with 5009; two blanks are accepted."""
    caller = serve()
    caller.login()
    caller.now += 604_800
    headers = {"AUTHORIZATION": f"token  {caller.token}"}
    assert caller.raw("GET", f"{caller.root}/devices/search", headers=headers).status == 200
    caller.now += 1
    assert caller.get("/devices/search")["error_code"] == 5011
    caller.login()
    caller.cloud.tokens.expire(caller.token)
    assert caller.get("/devices/search")["error_code"] == 5011
    caller.cloud.tokens.revoke()
    assert caller.get("/devices/search")["error_code"] == 5009


def test_one_token_can_be_revoked(serve):
    """Revoking one token leaves the others valid."""
    caller = serve()
    old, new = caller.login()["token"], caller.login()["token"]
    caller.cloud.tokens.revoke(old)
    assert "error_code" not in caller.get("/devices/search")
    caller.token = old
    assert caller.get("/devices/search")["error_code"] == 5009
    assert new != old


@pytest.mark.parametrize("revokes", [False, True])
def test_whether_a_new_token_ends_the_old(serve, revokes):
    """Earlier tokens stay valid unless `new_token_revokes_old` is set."""
    caller = serve(new_token_revokes_old=revokes)
    old = caller.login()["token"]
    caller.login()
    assert "error_code" not in caller.get("/devices/search")
    caller.token = old
    assert caller.get("/devices/search").get("error_code") == (5009 if revokes else None)


def test_products(serve):
    """A token of another product is refused with 5010, an unknown product with 5015."""
    caller = serve()
    caller.login()
    caller.cloud.add_product("second-product", "second-secret", Fleet.of([], now=NOW))
    caller.root = "/v1/products/second-product"
    assert caller.get("/devices/search")["error_code"] == 5010
    assert caller.login(product_secret="second-secret")["status"] == 201
    assert caller.get("/devices/search")["objects"] == []
    caller.root = "/v1/products/unknown"
    assert caller.get("/devices/search")["error_code"] == 5015


def test_whitelist(serve):
    """An address outside the whitelist is refused with 5012, also by the token endpoint."""
    caller = serve(whitelist={"10.0.0.1"})
    assert caller.login()["error_code"] == 5012
    reply = caller.raw("POST", f"{caller.root}/access_token", b"{}", peer="10.0.0.1")
    assert json.loads(reply.body)["error_code"] == 5002


def test_unknown_paths_and_verbs(serve):
    """Unknown paths and methods are answered without an error code and are not counted."""
    caller = serve()
    for method, target, status in (
        ("GET", "/nothing", 404),
        ("GET", f"{caller.root}/devices/", 404),
        ("GET", f"{caller.root}/devices//data", 404),
        ("PATCH", f"{caller.root}/devices", 405),
    ):
        reply = caller.raw(method, target)
        assert reply.status == status
        assert "error_code" not in json.loads(reply.body)
        assert "x-ratelimit-limit" not in reply.headers


def test_form_of_refusals(serve):
    """The error code is an int or a string, the detail has its newer or older name."""
    error = serve().get("/devices")
    assert error == {"error_code": 5002, "error_message": "form invalid", "detail_message": "mac"}
    error = serve(error_code="str", error_detail="detail").get("/devices")
    assert error == {"error_code": "5002", "error_message": "form invalid", "detail": "mac"}


def test_the_clock_of_the_server(serve):
    """`Date` and token expiry follow the server's own clock."""
    caller = serve(clock_skew=7200.0)
    reply = caller.call("GET", "/devices/search")
    assert parsedate_to_datetime(reply.headers["date"]).timestamp() == NOW + 7200
    assert caller.login()["expire_at"] == NOW + 7200 + 604_800


def test_clocks_of_several_nodes(serve):
    """With `node_clocks` only `Date` varies between calls; expiry and records keep the right time."""
    caller = serve(node_clocks=(0.0, -30.0))
    replies = [caller.call("GET", "/devices/search") for _ in range(30)]
    dates = [parsedate_to_datetime(reply.headers["date"]).timestamp() for reply in replies]
    assert set(dates) == {NOW, NOW - 30}
    assert any(later < earlier for earlier, later in pairwise(dates))
    assert caller.login()["expire_at"] == NOW + 604_800


def test_secrets_share_no_word_with_messages(serve):
    """No part of the default secrets is a word of an error message, which redaction would garble."""
    own = serve().cloud.credentials
    messages = " ".join(text for _, _, text in API_ERRORS.values())
    for secret in (str(own.enterprise_secret), str(own.product_secret)):
        assert not any(secret[at : at + 4] in messages for at in range(len(secret) - 3))


def test_ledger(serve):
    """Each call has one ledger entry with its kind, query, status and error code."""
    caller = serve(ledger_size=2)
    caller.get("/devices", mac="nobody")
    caller.raw("GET", "/nothing")
    entry, other = caller.cloud.ledger
    assert (entry.kind, entry.status, entry.error_code) == ("devices.identity", 404, 5301)
    assert (entry.query, entry.at) == ({"mac": "nobody"}, NOW)
    assert (other.kind, other.status) == ("", 404)
    assert caller.cloud.tally == {"token": 1, "devices.identity": 1, "error 5301": 1, "": 1}


# --- quota


def test_headers_of_the_quota(serve):
    """Each reply carries the limit, the remaining calls and the end of the window."""
    caller = serve(quota=10)
    reply = caller.call("GET", "/devices/search")
    assert reply.headers["x-ratelimit-limit"] == "10"
    assert reply.headers["x-ratelimit-remaining"] == "8"
    assert reply.headers["x-ratelimit-reset"] == str((NOW // 3600 + 1) * 3600)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("delta", str(3600 - NOW % 3600)), ("ms", f"{(NOW // 3600 + 1) * 3600}000"), ("junk", "soon")],
)
def test_forms_of_reset(serve, kind, value):
    """`X-RateLimit-Reset` is a delta, milliseconds or junk according to the quirk."""
    reply = serve(rate_reset=kind).call("GET", "/devices/search")
    assert reply.headers["x-ratelimit-reset"] == value


def test_which_answers_carry_the_quota(serve):
    """Rate headers can be absent, or present on refusals only."""
    assert "x-ratelimit-limit" not in serve(rate_headers="never").call("GET", "/devices").headers
    caller = serve(rate_headers="refused", quota=1)
    caller.login()
    assert "x-ratelimit-limit" in caller.call("GET", "/devices").headers


@pytest.mark.parametrize("kind", ["fixed", "sliding", "weighted", "bucket"])
def test_beyond_the_quota(serve, kind):
    """Calls above the quota are refused with 5013 until the period has passed."""
    caller = serve(quota=5, quota_kind=kind, quota_anchor=None)
    codes = [caller.get("/devices/search").get("error_code") for _ in range(6)]
    assert codes == [None] * 4 + [5013] * 2
    caller.now += 7200
    assert "error_code" not in caller.get("/devices/search")


@pytest.mark.parametrize(
    ("kind", "allowed"), [("fixed", 10), ("sliding", 5), ("weighted", 1), ("bucket", 1)]
)
def test_how_the_kinds_differ(serve, kind, allowed):
    """Half of the calls early, half late in an hour: each counter admits another number afterwards."""
    caller = serve(quota=10, quota_kind=kind, quota_anchor=None, token_calls_count=False)
    caller.login()
    for _ in range(5):
        caller.get("/devices/search")
    caller.now += 3500
    for _ in range(10 if kind == "bucket" else 5):
        caller.get("/devices/search")
    caller.now += 100 + 360
    codes = [caller.get("/devices/search").get("error_code") for _ in range(12)]
    assert codes.count(None) == allowed


def test_what_counts(serve):
    """The quirks decide whether token calls, failed calls and refused calls are counted."""
    caller = serve(quota=2, token_calls_count=False, failed_calls_count=False)
    caller.login()
    for _ in range(5):
        assert caller.get("/devices")["error_code"] == 5002
    assert "error_code" not in caller.get("/devices/search")
    caller = serve(quota=2, quota_kind="sliding", refused_calls_count=True)
    for _ in range(3):
        caller.get("/devices/search")
    caller.now += 3599
    assert caller.get("/devices/search")["error_code"] == 5013
    caller.now += 2
    assert caller.get("/devices/search").get("error_code") is None


@pytest.mark.parametrize("kind", ["fixed", "sliding", "weighted", "bucket"])
def test_other_clients_use_the_quota(serve, kind):
    """`quota.use_up` leaves no call, as other clients of the enterprise do."""
    caller = serve(quota=5, quota_kind=kind)
    caller.login()
    caller.cloud.quota.use_up(caller.now)
    assert caller.get("/devices/search")["error_code"] == 5013
    caller.now += 7200
    assert "error_code" not in caller.get("/devices/search")
