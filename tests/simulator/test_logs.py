"""Which records a log query selects, under each quirk."""

import itertools

import pytest

from gizwits_async.simulator import Fleet

NOW = 1_790_000_000
DID = "d" * 22


def fleet_at(*times: float, log: str = "online") -> Fleet:
    return Fleet.of([DID], {(log, DID): times}, now=NOW)


def times(page: dict, name: str = "timestamp") -> list[float]:
    return [row[name] for row in page["objects"]]


@pytest.mark.parametrize(
    ("bounds", "comparison", "seen"),
    [
        ("closed", "float", [10, 10.5, 20]),
        ("half_open", "float", [10, 10.5]),
        ("left_open", "float", [10.5, 20]),
        ("closed", "whole", [10, 10.5, 20, 20.7]),
        ("half_open", "whole", [10, 10.5]),
        ("left_open", "whole", [20, 20.7]),
    ],
)
def test_bounds_and_comparison(serve, bounds, comparison, seen):
    """The quirks decide whether a range includes its ends and the fractions of its last second."""
    base = NOW - 100
    caller = serve(
        fleet_at(*(base + at for at in (9.9, 10, 10.5, 20, 20.7, 21))),
        bounds=bounds,
        comparison=comparison,
    )
    page = caller.log("online", DID, start_ts=base + 10, end_ts=base + 20, sort="asc")
    assert times(page) == [base + at for at in seen]


@pytest.mark.parametrize(
    ("data_ts", "seen"), [("whole", [10, 20]), ("fractional", [10.5]), ("hidden", [10])]
)
def test_data_ts(serve, data_ts, seen):
    """A hidden fraction is compared but not written; a cut one is neither."""
    base = NOW - 100
    caller = serve(fleet_at(base + 10.5, base + 20.7, log="data"), data_ts=data_ts)
    page = caller.log("data", DID, start_ts=base + 10, end_ts=base + 20, sort="asc")
    assert times(page, "ts") == [base + at for at in seen]


@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_order(serve, sort):
    """Newest first by default; the order within a second follows the quirk."""
    stamps = [NOW - 50, NOW - 50 + 0.25, NOW - 50 + 0.5, NOW - 40]
    forward = stamps if sort == "asc" else stamps[::-1]
    assert times(serve(fleet_at(*stamps)).log("online", DID, sort=sort)) == forward
    turned = [*stamps[2::-1], stamps[3]]
    turned = turned if sort == "asc" else turned[::-1]
    caller = serve(fleet_at(*stamps), second_order="reversed")
    assert times(caller.log("online", DID, sort=sort)) == turned


def test_shuffled_seconds_stay_in_their_order(serve):
    """Shuffling keeps records in their second, and differs between queries."""
    stamps = [NOW - 100 + second + part / 16 for second in range(3) for part in range(16)]
    caller = serve(fleet_at(*stamps), second_order="shuffled")
    orders = [times(caller.log("online", DID, sort="asc", limit=100)) for _ in range(3)]
    assert all([int(t) for t in order] == [int(t) for t in stamps] for order in orders)
    assert orders[0] != orders[1] or orders[1] != orders[2]
    assert sorted(orders[0]) == stamps


@pytest.mark.parametrize(
    ("quirks", "query", "ok"),
    [
        ({}, {"start_ts": NOW - 172_800, "end_ts": NOW}, True),
        ({}, {"start_ts": NOW - 172_801, "end_ts": NOW}, False),
        ({"span_strict": True}, {"start_ts": NOW - 172_800, "end_ts": NOW}, False),
        ({"span_strict": True}, {"start_ts": NOW - 172_799, "end_ts": NOW}, True),
        ({"span_strict": True}, {}, True),
        ({}, {"start_ts": NOW - 10, "end_ts": NOW + 1}, True),
        ({"refuse_future_end": True}, {"start_ts": NOW - 10, "end_ts": NOW + 1}, False),
        ({"refuse_future_end": True}, {"start_ts": NOW - 10, "end_ts": NOW}, True),
        ({}, {"start_ts": NOW - 2_592_000, "end_ts": NOW - 2_591_000}, True),
        ({}, {"start_ts": NOW - 2_592_001, "end_ts": NOW - 2_591_000}, False),
        (
            {"refuse_old_start": False},
            {"start_ts": NOW - 2_600_000, "end_ts": NOW - 2_591_000},
            True,
        ),
        ({}, {"start_ts": NOW, "end_ts": NOW - 1}, False),
        ({}, {"start_ts": "soon"}, False),
        ({}, {"start_ts": "1.5"}, False),
        ({}, {"sort": "up"}, False),
        ({}, {"limit": 0}, False),
        ({}, {"limit": 101}, False),
        ({"log_refuse_over": None}, {"limit": 101}, True),
        ({}, {"context": "nonsense"}, False),
    ],
)
def test_what_is_refused(serve, quirks, query, ok):
    """Spans, ages, the future and malformed numbers are refused with 5002 according to the quirks."""
    caller = serve(fleet_at(NOW - 5), **quirks)
    assert caller.log("online", DID, **query).get("error_code") == (None if ok else 5002)


def test_defaults_of_the_range(serve):
    """Without bounds the range is the last two days; with one bound, two days from it up to now."""
    stamps = [NOW - 400_000, NOW - 172_801, NOW - 172_800, NOW - 5]
    caller = serve(fleet_at(*stamps))
    assert times(caller.log("online", DID, sort="asc")) == stamps[2:]
    assert times(caller.log("online", DID, start_ts=NOW - 401_000)) == stamps[:1]
    assert times(caller.log("online", DID, end_ts=NOW - 10, sort="asc")) == stamps[1:3]


def test_nothing_is_shown_before_it_happened(serve):
    """A future or late record becomes visible at its time."""
    fleet = fleet_at(NOW + 10)
    caller = serve(fleet)
    assert times(caller.log("online", DID, end_ts=NOW + 20)) == []
    assert caller.cloud.truth("online", DID, NOW, NOW + 20, now=NOW) == []
    caller.now += 10
    assert times(caller.log("online", DID, end_ts=NOW + 20)) == [NOW + 10]


@pytest.mark.parametrize("code", [5018, 5024])
def test_logs_of_a_published_product(serve, code):
    """Only the forbidden logs are refused, with the chosen code."""
    caller = serve(fleet_at(NOW - 5), forbidden_logs={"cmd"}, forbidden_code=code)
    assert caller.log("cmd", DID)["error_code"] == code
    assert "error_code" not in caller.log("online", DID)


@pytest.mark.parametrize("logs", ["shown", "refused"])
def test_logs_of_a_disabled_device(serve, logs):
    """The logs of a disabled device are returned, or refused with 5304."""
    fleet = fleet_at(NOW - 5)
    fleet.change(DID, is_disabled=True)
    error = serve(fleet, disabled_logs=logs).log("online", DID).get("error_code")
    assert error == (5304 if logs == "refused" else None)


def test_devices_that_are_not_there(serve):
    """An unknown device is 5301, a device of another product 5302."""
    caller = serve(fleet_at(NOW - 5))
    caller.cloud.add_product("other-product", "other-secret", Fleet.of(["elsewhere"], now=NOW))
    assert caller.log("data", "nowhere")["error_code"] == 5301
    assert caller.log("data", "elsewhere")["error_code"] == 5302


@pytest.mark.parametrize("data_ts", ["whole", "fractional", "hidden"])
def test_truth_is_what_a_wide_query_shows(serve, data_ts):
    """`truth` returns records exactly as the service writes them."""
    fleet = Fleet.generate(devices=2, days=3, seed=5, now=NOW)
    caller = serve(fleet, data_ts=data_ts)
    for device, log in itertools.product(fleet.devices, ("online", "cmd", "data")):
        start, end = NOW - 172_000, NOW - 1000
        pages = caller.walk(
            log, device.did, start_ts=start - 1, end_ts=end + 1, sort="asc", limit=100
        )
        name = "ts" if log == "data" else "timestamp"
        rows = [row for page in pages for row in page if start <= row[name] < end]
        assert rows == caller.cloud.truth(log, device.did, start, end)


def test_how_long_logs_are_kept(serve):
    """With `log_days` an older start is refused, or the range is cut there."""
    query = {"start_ts": NOW - 8 * 86_400, "end_ts": NOW - 6 * 86_400}
    fleet = fleet_at(NOW - 7.5 * 86_400, NOW - 6.5 * 86_400)
    assert serve(fleet, log_days=7).log("online", DID, **query)["error_code"] == 5002
    caller = serve(fleet, log_days=7, refuse_old_start=False)
    assert times(caller.log("online", DID, **query)) == [NOW - 6.5 * 86_400]


def test_records_that_lag(serve):
    """With `record_lag` a record appears that many seconds after its time, in `truth` too."""
    caller = serve(fleet_at(NOW - 10), record_lag=30.0)
    assert times(caller.log("online", DID)) == []
    assert caller.cloud.truth("online", DID, NOW - 60, NOW, now=NOW) == []
    caller.now += 20
    assert times(caller.log("online", DID)) == [NOW - 10]


def test_flat_online_details(serve):
    """With `online_details="flat"` the details are fields beside an empty payload."""
    fleet = Fleet.generate(6, 4, 1, now=NOW)
    caller = serve(fleet, online_details="flat")
    rows = [row for d in fleet.devices for row in caller.log("online", d.did, limit=100)["objects"]]
    by_type = {row["type"]: row.keys() - {"timestamp", "type", "payload"} for row in rows}
    assert {row["payload"] for row in rows} == {""}
    assert by_type["dev_online"] == {"KeepAlive"}
    assert by_type["dev_offline"] == {"duration", "reason", "count", "max", "min", "avg", "last"}


def test_frames_with_a_did(serve):
    """With `report_frames="with_did"` reports carry serial number and did before the same body."""
    fleet = Fleet.generate(6, 4, 1, now=NOW)
    did = max(fleet.devices, key=lambda d: len(fleet.records("cmd", d.did, NOW - 90_000, NOW))).did
    plain = serve(fleet).log("cmd", did, limit=100)["objects"]
    framed = serve(fleet, report_frames="with_did").log("cmd", did, limit=100)["objects"]
    assert len(plain) == len(framed) > 10
    for old, new in zip(plain, framed, strict=True):
        if old["type"] == "app2dev":
            assert new == old
            continue
        body = bytes.fromhex(old["payload"])[8:]
        rest = b"\x01\x00\x93" + bytes(4) + b"\x00\x16" + did.encode() + body
        assert bytes.fromhex(new["payload"]) == b"\x00\x00\x00\x03" + bytes([len(rest)]) + rest
