"""Device identity, detail and search, and the paging of lists."""

import pytest

from gizwits_async.simulator import Device, Fleet

NOW = 1_790_000_000


@pytest.fixture
def fleet() -> Fleet:
    return Fleet.generate(devices=60, days=4, seed=3, now=NOW)


def rows(caller, **query: object) -> list[dict]:
    return caller.get("/devices/search", limit=100, **query)["objects"]


def test_identity_and_detail(serve, fleet):
    """A MAC returns the did and the detail; an unknown one is 5301, a missing one 5002."""
    caller, device = serve(fleet), fleet.devices[7]
    assert caller.get("/devices", mac=device.mac) == {
        "did": device.did,
        "passcode": device.passcode,
    }
    detail = caller.get("/device_detail", mac=device.mac)
    assert detail["did"] == device.did
    assert detail["is_online"] is device.is_online
    assert detail["product_key"] == caller.cloud.credentials.product_key
    assert caller.get("/device_detail", mac="nobody")["error_code"] == 5301
    assert caller.get("/device_detail")["error_code"] == 5002


@pytest.mark.parametrize("name", ["is_online", "is_faulty", "is_alert"])
@pytest.mark.parametrize("value", [0, 1])
def test_flags(serve, fleet, name, value):
    """A flag selects the devices with or without it."""
    found = rows(serve(fleet), show_disabled=1, **{name: value})
    assert {row["did"] for row in found} == {
        device.did for device in fleet.devices if getattr(device, name) == bool(value)
    }
    assert rows(serve(fleet), show_disabled=1, **{name: 1 - value}) != found


def test_other_filters(serve, fleet):
    """Location, liveness, did and MAC filter; disabled devices are listed only on request."""
    caller, device = serve(fleet), fleet.devices[0]
    disabled = {device.did for device in fleet.devices if device.is_disabled}
    assert disabled
    shown = {row["did"] for row in rows(caller, show_disabled=1)}
    assert shown - {row["did"] for row in rows(caller)} == disabled
    assert {row["city"] for row in rows(caller, city="Shenzhen", country="China")} == {"Shenzhen"}
    for kind in ("did", "mac"):
        found = rows(caller, type=kind, val=getattr(device, kind), show_disabled=1)
        assert [row["did"] for row in found] == [device.did]
    recent = rows(caller, liveness_start=NOW - 86_400)
    assert recent
    assert all(row["online_latest"] >= NOW - 86_400 for row in recent)
    uid = next(uid for uid, _ in caller.cloud.product.bindings.rows)
    bound = caller.cloud.product.bindings.dids_of(uid)
    assert {row["did"] for row in rows(caller, type="uid", val=uid, show_disabled=1)} == bound


@pytest.mark.parametrize(
    "query",
    [
        {"is_online": "true"},
        {"type": "name", "val": "x"},
        {"type": "did"},
        {"limit": "0"},
        {"skip": "-1"},
        {"limit": "x"},
        {"liveness_start": "today"},
    ],
)
def test_bad_queries(serve, fleet, query):
    """Invalid parameters are refused with 5002."""
    caller = serve(fleet)
    assert caller.get("/devices/search", **query)["error_code"] == 5002


def test_pages(serve, fleet):
    """`skip` and `limit` select from a stable list; a cap reduces `limit` and reports it."""
    caller = serve(fleet, list_cap=7)
    found, skip = [], 0
    while page := caller.get("/devices/search", limit=20, skip=skip, show_disabled=1)["objects"]:
        assert len(page) <= 7
        found += page
        skip += len(page)
    assert {row["did"] for row in found} == {device.did for device in fleet.devices}
    assert len(found) == 60
    assert caller.get("/devices/search", limit=20)["meta"]["limit"] == 7
    assert len(serve(fleet).get("/devices/search", show_disabled=1)["objects"]) == 20


def test_limit_that_is_refused(serve, fleet):
    """A list can refuse a limit of 100."""
    caller = serve(fleet, list_refuse_over=20)
    assert caller.get("/devices/search", limit=21)["error_code"] == 5002
    assert len(caller.get("/devices/search", limit=20)["objects"]) == 20


@pytest.mark.parametrize(
    ("total", "value"),
    [("right", 60), ("null", None), ("page_only", 5), ("short", 30), ("over", 67)],
)
def test_totals(serve, fleet, total, value):
    """The total is right, or wrong in the way of the quirk."""
    caller = serve(fleet, total=total)
    assert caller.get("/devices/search", limit=5, show_disabled=1)["meta"]["total"] == value


def test_totals_that_are_missing_or_drift(serve, fleet):
    """The total can be missing, or drift between calls without being too low."""
    assert "total" not in serve(fleet, total="missing").get("/devices/search")["meta"]
    caller = serve(fleet, total="drifting")
    totals = {caller.get("/devices/search", show_disabled=1)["meta"]["total"] for _ in range(20)}
    assert len(totals) > 1
    assert min(totals) >= 60


def test_hits_envelope(serve, fleet):
    """Rows can be wrapped in the envelope of a search engine."""
    page = serve(fleet, hits=True).get("/devices/search", limit=5, show_disabled=1)
    assert len(page["objects"]["hits"]["objects"]) == 5
    assert page["objects"]["hits"]["total"] == 60


def test_next_link(serve, fleet):
    """`meta.next` is a relative link while more rows follow."""
    caller = serve(fleet, next_link="relative")
    page = caller.get("/devices/search", limit=50, show_disabled=1)
    headers = {"Authorization": f"token {caller.token}"}
    assert page["meta"]["next"].startswith("/v1/products/")
    reply = caller.raw("GET", page["meta"]["next"], headers=headers)
    assert b'"next": null' in reply.body


def test_order_of_lists(serve, fleet):
    """With the newest devices first, a new device shifts the pages."""
    caller = serve(fleet, list_order="created_desc")
    fleet.add(Device(did="new", mac="new", created_at=NOW))
    assert caller.get("/devices/search", limit=1)["objects"][0]["did"] == "new"
    fleet.remove("new")
    assert caller.get("/devices/search", limit=1)["objects"][0]["did"] != "new"


@pytest.mark.parametrize(("reply", "code"), [(5002, 5002), (5409, 5409), ("empty", None)])
def test_a_largest_skip(serve, fleet, reply, code):
    """Beyond `max_skip` a list is refused, or its page is empty while the total stays."""
    caller = serve(fleet, max_skip=40, beyond_max_skip=reply)
    query = {"limit": 20, "show_disabled": 1}
    assert len(caller.get("/devices/search", skip=40, **query)["objects"]) == 20
    page = caller.get("/devices/search", skip=41, **query)
    assert page.get("error_code") == code
    if code is None:
        assert (page["objects"], page["meta"]["total"]) == ([], 60)


def test_a_listing_selects_once(serve, fleet, monkeypatch):
    """All pages of a listing use one selection, until a device changes: its time grows linearly."""
    selected = []
    selection = fleet.selection

    def counted(key, select):
        return selection(key, lambda devices: selected.append(key) or select(devices))

    monkeypatch.setattr(fleet, "selection", counted)
    caller = serve(fleet)
    for skip in range(0, 60, 5):
        caller.get("/devices/search", limit=5, skip=skip, is_online=1)
    assert len(selected) == 1
    fleet.change(fleet.devices[0].did, is_online=True)
    first = caller.get("/devices/search", limit=100, is_online=1)["objects"]
    assert len(selected) == 2
    assert fleet.devices[0].did in {row["did"] for row in first}
