"""Reports agree with the fleet; disputed paths and parameters follow the quirks."""

from datetime import date

import pytest

from gizwits_async.simulator import Device, Fleet, Quirks
from gizwits_async.simulator.endpoints.periods import text_of
from gizwits_async.simulator.endpoints.routes import ROUTES

NOW = 1_790_000_000  # 2026-09-21 22:13:20 at UTC+8
HISTORY = "/devices/report/liveness/history"


@pytest.fixture
def fleet() -> Fleet:
    return Fleet.generate(devices=40, days=10, seed=3, now=NOW)


def leaves(tree: dict) -> int:
    return sum(
        city if isinstance(city, int) else city["count"]
        for country in tree.values()
        for name, region in country.items()
        if name not in ("count", "detail")
        for name2, city in region.items()
        if name2 not in ("count", "detail")
    )


def test_all_endpoints_are_there():
    """The routing table has the 32 endpoints of the API document, three of them with several paths."""
    assert len({route.kind for route in ROUTES}) == 32
    assert len(ROUTES) == 36


def test_reports_agree_with_the_fleet(serve, fleet):
    """Totals, trees and searches count the same devices."""
    caller = serve(fleet)
    faulty = sum(device.is_faulty for device in fleet.devices)
    alert = sum(device.is_alert for device in fleet.devices)
    located = sum(device.country is not None for device in fleet.devices)
    found = caller.get("/devices/locations")
    assert (found["total"], leaves(found["location"])) == (40, located)
    up = sum(device.is_online for device in fleet.devices)
    assert caller.get("/devices/locations", is_online=1)["total"] == up
    rt = caller.get("/devices/report/rt")
    assert rt["count"] == {"activated": 40, "faulty": faulty, "alert": alert}
    for name, number in (("fault", faulty), ("alert", alert)):
        devices = caller.get(f"/{name}/report/devices")
        events = caller.get(f"/{name}/report/events")
        assert devices["count"]["unresolved"] == events["count"]["unresolved"] == number
        for report in (devices, events):
            count = report["count"]
            assert count["total"] == count["resolved"] + count["unresolved"]
        total = sum(counts["total"] for counts in events["detail"].values())
        assert total == events["count"]["total"]
    assert alert > 0


def test_activity_agrees_with_the_logs(serve, fleet):
    """A device is active on a day on which its data log has a record."""
    caller = serve(fleet)
    day = "2026-09-19"
    begin = NOW - (22 * 3600 + 13 * 60 + 20) - 2 * 86_400
    expected = {
        device.mac
        for device in fleet.devices
        if caller.cloud.truth("data", device.did, begin, begin + 86_400)
    }
    page = caller.get("/active_devices", start=day, end=day, limit=100)
    assert {row["mac"] for row in page["objects"]} == expected
    history = caller.get(HISTORY, start=day, end="2026-09-20")
    assert [row["date"] for row in history["data"]] == [day, "2026-09-20"]
    assert history["data"][0]["count"] == len(expected) > 0
    summary = caller.get("/devices/summary")
    assert summary["active"]["yesterday"] == history["data"][1]["count"]
    assert summary["active"]["7_day"] >= summary["active"]["yesterday"]
    assert summary["online"] == sum(device.is_online for device in fleet.devices)
    target = f"/v1/users/liveness_total?product_key={caller.cloud.credentials.product_key}"
    users = caller.enterprise(f"{target}&start_date={day}&end_date={day}")
    assert users["data"][0]["date"] == day
    assert users["data"][0]["count"] > 0


def test_activation(serve, fleet):
    """A device is reported on the day of its creation, a Bluetooth device by its serial number."""
    caller = serve(fleet)
    fleet.add(Device(did="new", mac="m", device_sn="SN1", created_at=NOW - 86_400, city="Paris"))
    row = caller.get("/incr_devices", start="2026-09-20", end="2026-09-20")["objects"][0]
    assert row["created_at"] == "2026-09-20 22:13:20"
    assert row["device_sn"] == "SN1"
    assert "mac" not in row
    assert caller.get("/incr_devices", city="Rome")["objects"] == []
    assert caller.get("/devices/summary")["new"]["yesterday"] == 1


@pytest.mark.parametrize(
    "query",
    [
        {"start": "2026-09-02", "end": "2026-09-01"},
        {"start": "2026-09-01"},
        {"start": "2026-08-01", "end": "2026-08-31"},
        {"start": "2026-9-1", "end": "2026-09-02"},
        {"start": "2026-02-30", "end": "2026-03-02"},
        {"cycle": "year", "start": "2026-09-01", "end": "2026-09-01"},
        {"cycle": "month", "start": "2025-09", "end": "2026-09"},
        {"cycle": "month", "start": "2026-13", "end": "2026-13"},
        {"cycle": "week", "start": "2026-54", "end": "2026-54"},
        {"cycle": "week", "start": "2026-00", "end": "2026-01"},
        {"cycle": "month", "start": "0001-01", "end": "9999-12"},
    ],
)
def test_bad_ranges_of_reports(serve, fleet, query):
    """Reversed, missing, malformed and too long ranges are refused with 5002."""
    caller = serve(fleet)
    assert caller.error("GET", HISTORY, **query) == 5002
    assert caller.error("GET", "/users/report/new", **query) == 5002


@pytest.mark.parametrize(
    "query",
    [
        {"start": "2026-09-02", "end": "2026-09-01"},
        {"start": "2026-9-1"},
        {"end": "2026-02-30"},
        {"start": "", "end": "2026-09-01"},
        {"start": "2020-01-01", "end": "2026-09-01"},
    ],
)
def test_bad_days(serve, fleet, query):
    """The same for reports by days, whose default dates hide no error."""
    assert serve(fleet).error("GET", "/incr_devices", **query) == 5002


def test_active_users_need_their_dates(serve, fleet):
    """Both dates are required, and the app must exist."""
    caller = serve(fleet)
    target = f"/v1/users/liveness_total?product_key={caller.cloud.credentials.product_key}"
    assert caller.enterprise(target)["error_code"] == 5002
    dates = "&start_date=2026-09-19&end_date=2026-09-19"
    assert caller.enterprise(f"{target}{dates}&appid=other")["error_code"] == 5016
    counts = [
        caller.enterprise(f"{target}{dates}&appid={appid}")["data"][0]["count"]
        for appid in caller.cloud.product.bindings.apps
    ]
    assert sum(counts) == caller.enterprise(f"{target}{dates}")["data"][0]["count"]


@pytest.mark.parametrize("weeks", ["iso", "sunday", "monday"])
def test_weeks_that_do_not_exist(serve, fleet, weeks):
    """Week 54 is refused with 5002 in every numbering."""
    query = {"cycle": "week", "start": "2026-54", "end": "2026-54"}
    assert serve(fleet, weeks=weeks).error("GET", HISTORY, **query) == 5002


@pytest.mark.parametrize(
    ("cycle", "labels"),
    [
        ("date", ["2026-08-31", "2026-09-01"]),
        ("week", ["2025-52", "2026-01", "2026-02"]),
        ("month", ["2025-11", "2025-12", "2026-01"]),
    ],
)
@pytest.mark.parametrize("path", [HISTORY, "/users/report/new"])
def test_cycles(serve, fleet, path, cycle, labels):
    """Each cycle has its label format, ordered rows, and its name as the key of a row."""
    query = {"cycle": cycle, "start": labels[0], "end": labels[-1]}
    report = serve(fleet).get(path, **query)
    assert [row[cycle] for row in report["data"]] == labels
    assert {name: report[name] for name in query} == query
    old = {**query, "start": f"201{labels[0][3:]}", "end": f"201{labels[-1][3:]}"}
    assert serve(fleet, empty_rows=False).get(path, **old)["data"] == []


@pytest.mark.parametrize(
    ("weeks", "name"), [("iso", "2026-53"), ("sunday", "2026-52"), ("monday", "2027-00")]
)
def test_week_numbers(weeks, name):
    """The weeks around New Year 2027, a Friday, are numbered differently in each system."""
    day = date(2026, 12, 31) if weeks == "sunday" else date(2027, 1, 1)
    assert text_of(day, "week", Quirks(weeks=weeks)) == name


@pytest.mark.parametrize("weeks", ["iso", "sunday", "monday"])
def test_weeks_lose_no_day(serve, fleet, weeks):
    """The rows of weeks add up to the total of their days, in every numbering."""
    caller = serve(fleet, weeks=weeks)
    days = {"start": date(2026, 6, 1), "end": date(2026, 9, 21)}
    query = {name: text_of(day, "week", caller.cloud.quirks) for name, day in days.items()}
    report = caller.get("/users/report/new", cycle="week", **query)
    assert sum(row["count"] for row in report["data"]) == len(caller.cloud.product.bindings.ever)
    assert len(report["data"]) in (17, 18)


@pytest.mark.parametrize("weeks", ["sunday", "monday"])
def test_weeks_across_a_new_year(serve, fleet, weeks):
    """Week 00 has the days before the first Sunday or Monday, and no week is missing."""
    caller = serve(fleet, weeks=weeks)
    report = caller.get("/users/report/new", cycle="week", start="2026-52", end="2027-01")
    assert [row["week"] for row in report["data"]] == ["2026-52", "2027-00", "2027-01"]


def test_reports_of_today(serve, fleet):
    """Without reports of today, a range that includes it is refused with 5014."""
    caller = serve(fleet, report_today=False)
    today = {"start": "2026-09-21", "end": "2026-09-21"}
    assert caller.error("GET", HISTORY, **today) == 5014
    assert caller.error("GET", HISTORY, start="2026-09-20", end="2026-09-20") is None
    assert caller.error("GET", "/active_devices", **today) == 5014
    assert caller.error("GET", "/active_devices") is None


@pytest.mark.parametrize(
    ("quirks", "there", "gone"),
    [
        ({}, "/devices/summary", "/summary"),
        ({"summary_path": "/summary"}, "/summary", "/devices/summary"),
        (
            {"rt_path": "/devices/report/rt"},
            "/devices/report/rt",
            "/devices/report/devices/report/rt",
        ),
        ({}, "/devices/report/devices/report/rt", "/nothing"),
        ({}, "/alert/report/events", "/fault/alert/events"),
        (
            {"alert_events_path": "/fault/alert/events"},
            "/fault/alert/events",
            "/alert/report/events",
        ),
        (
            {"alert_events_path": "/alert/report/devices"},
            "/alert/report/devices",
            "/alert/report/events",
        ),
    ],
)
def test_disputed_paths(serve, fleet, quirks, there, gone):
    """Only the chosen path answers; the others are 404 without an error code."""
    caller = serve(fleet, **quirks)
    assert caller.answer("GET", there)[0] == 200
    status, body = caller.answer("GET", gone)
    assert (status, "error_code" in body) == (404, False)
    if "alert_events_path" in quirks:
        assert "detail" in caller.get(there)


@pytest.mark.parametrize(
    ("wanted", "given", "code"),
    [
        (("either", "key"), "product_secret={key}", None),
        (("either", "key"), "product_key={key}", None),
        (("product_secret", "key"), "product_key={key}", 5002),
        (("product_key", "key"), "product_secret={key}", 5002),
        (("either", "secret"), "product_secret={key}", 5005),
        (("either", "secret"), "product_secret={secret}", None),
        (("either", "key"), "product_key=other", 5015),
    ],
)
def test_product_parameter_of_enterprise_reports(serve, fleet, wanted, given, code):
    """Name and value of the product parameter follow the quirks."""
    caller = serve(fleet, product_parameter=wanted[0], product_value=wanted[1])
    mine = caller.cloud.credentials
    text = given.format(key=mine.product_key, secret=str(mine.product_secret))
    body = caller.enterprise(f"/v1/users/location?{text}")
    assert body.get("error_code") == code
    if code is None:
        users = caller.cloud.product.bindings.users.values()
        assert leaves(body) == sum(user.country is not None for user in users)


@pytest.mark.parametrize(("form", "kind"), [("sample", int), ("number", int), ("object", dict)])
def test_form_of_cities(serve, fleet, form, kind):
    """A city of the location report is a number or an object, also if a region has its name."""
    caller = serve(fleet, city_node=form)
    where = caller.get("/devices/locations")["location"]
    assert isinstance(where["China"]["Beijing"]["Beijing"], kind)
    report = caller.get(HISTORY, start="2026-09-20", end="2026-09-20")
    city = report["data"][0]["location"]["China"]["Guangdong"]["Guangzhou"]
    assert isinstance(city, int if form == "number" else dict)


def test_data_points(serve, fleet):
    """The product definition has the data points of the data log, numbers with their range."""
    caller = serve(fleet)
    points = caller.get("/datapoint")
    attrs = {attr["name"]: attr for attr in points["entities"][0]["attrs"]}
    did = next(device.did for device in fleet.devices if device.is_online)
    assert attrs.keys() == caller.log("data", did, limit=1)["objects"][0]["attrs"].keys()
    assert attrs["room_temp"]["uint_spec"] == {"min": 0, "max": 120, "ratio": 0.5, "addition": -10}
    assert attrs["mode"]["enum"][0] == "制冷"
    assert len(points["ui"]["sections"][0]["elements"]) == len(attrs)


def test_reports_of_a_group(serve, fleet):
    """A report with a group id counts that group only; an unknown group is 5206."""
    caller = serve(fleet)
    groups = caller.cloud.product.groups
    gid = groups.create(None)
    groups.assign(gid, fleet.devices[0].mac, reassign=False)
    for path in ("/devices/locations", "/devices/report/rt", "/fault/report/events"):
        assert caller.error("GET", path, gid="nothing") == 5206
    assert caller.get("/devices/locations", gid=gid)["total"] == 1
    owners = caller.cloud.product.bindings.users_of(fleet.devices[0].did)
    assert caller.get("/users/report/total", gid=gid)["total"] == len(owners)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/devices/report/rt", ["activated", "faulty", "alert"]),
        ("/fault/report/devices", ["total", "resolved", "unresolved"]),
        ("/alert/report/devices", ["total", "resolved", "unresolved"]),
        ("/fault/report/events", ["total", "resolved", "unresolved"]),
        ("/alert/report/events", ["total", "resolved", "unresolved"]),
    ],
)
def test_flat_counts(serve, fleet, path, names):
    """With `report_counts="flat"` the counts are top-level fields, all else stays."""
    nested = serve(fleet).get(path)
    flat = serve(fleet, report_counts="flat").get(path)
    counts = nested.pop("count")
    assert list(counts) == names
    assert flat == {**nested, **counts}


@pytest.mark.parametrize("path", [HISTORY, "/users/report/new"])
def test_history_names_of_the_tables(serve, fleet, path):
    """With `history_names="tables"` a history report has `did` and rows with `data`."""
    query = {"cycle": "month", "start": "2026-01", "end": "2026-03"}
    examples = serve(fleet).get(path, **query)
    tables = serve(fleet, history_names="tables").get(path, **query)
    assert tables.keys() == examples.keys() - {"gid"} | {"did"}
    assert [row.pop("data") for row in tables["data"]] == [
        row.pop("month") for row in examples["data"]
    ]
    assert tables["data"] == examples["data"]
