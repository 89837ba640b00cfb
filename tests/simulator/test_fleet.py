"""Fleets generated from a seed: reproducible, consistent, and small in memory."""

import json
from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from gizwits_async.simulator import Fleet, Rates, Record
from gizwits_async.simulator.quirks import LOGS
from gizwits_async.simulator.state.datapoints import POINTS_BY_NAME, report_frame, write_frame

NOW = 1_790_000_000
DAY = 86_400


def logs(fleet: Fleet, did: str, days: int) -> dict[str, list[Record]]:
    start = NOW - days * DAY
    return {log: fleet.records(log, did, start, NOW - 0.001) for log in ("online", "cmd", "data")}


def test_same_seed_same_fleet():
    """Equal arguments give equal fleets; another seed gives another fleet."""
    first, again, other = (Fleet.generate(5, 4, seed, now=NOW) for seed in (1, 1, 2))
    did = first.devices[0].did
    assert first.devices == again.devices != other.devices
    assert logs(first, did, 4) == logs(again, did, 4)
    assert all(len(device.did) == 22 for device in first.devices)


def test_parts_of_a_log_fit_together():
    """The parts of a log add up to the whole, wherever it is cut."""
    fleet = Fleet.generate(3, 4, 7, now=NOW)
    did = fleet.devices[1].did
    whole = fleet.records("cmd", did, NOW - 4 * DAY, NOW)
    parts = []
    for start in range(NOW - 4 * DAY, NOW + 1, 10_000):
        parts += [
            r for r in fleet.records("cmd", did, start, start + 10_000) if r.at < start + 10_000
        ]
    assert parts == whole
    assert [record.at for record in whole] == sorted(record.at for record in whole)


def test_logs_are_consistent():
    """Each data record has a report frame of the same instant, within a session."""
    fleet = Fleet.generate(6, 6, 11, now=NOW, rates=Rates(edge=0.0))
    reported = 0
    for device in fleet.devices:
        log = logs(fleet, device.did, 6)
        reports = [r for r in log["cmd"] if r.body["type"] == "dev2app"]
        assert [r.at for r in reports] == [r.at for r in log["data"]]
        reported += len(reports)
        ups = [r.at for r in log["online"] if r.body["type"] == "dev_online"]
        downs = [r.at for r in log["online"] if r.body["type"] == "dev_offline"]
        assert len(ups) - len(downs) == int(device.is_online)
        spans = list(zip(ups, [*downs, NOW], strict=False))
        assert all(any(up <= r.at <= down for up, down in spans) for r in log["cmd"])
        if ups:
            assert ups[-1] == device.online_latest
        for up, row in zip(
            ups, (r for r in log["online"] if "reason" in r.body["payload"]), strict=False
        ):
            assert row.body["payload"]["duration"] == int(row.at - up)
        if log["data"] and device.is_online:
            assert log["data"][-1].body["attrs"]["alert_full"] == int(device.is_alert)
    assert reported > 500


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    days=st.integers(1, 4),
    live=st.booleans(),
    edge=st.sampled_from([0.0, 0.3, 1.0]),
    empty_day=st.sampled_from([0.1, 1.0]),
)
def test_no_device_reports_while_it_is_offline(seed, days, live, edge, empty_day):
    """Every record lies in a session of the online log, and a signed-off device comes back no more."""
    rates = Rates(edge=edge, empty_day=empty_day, reports=8)
    fleet = Fleet.generate(4, days, seed, now=NOW, rates=rates, live=live)
    for device in fleet.devices:
        span = NOW - days * DAY, NOW + 3 * DAY
        events = fleet.records("online", device.did, *span)
        ups = [event.at for event in events if event.body["type"] == "dev_online"]
        downs = [event.at for event in events if event.body["type"] == "dev_offline"]
        for record in [one for log in LOGS for one in fleet.records(log, device.did, *span)]:
            came = max((at for at in ups if at <= record.at), default=None)
            assert came is not None
            assert not any(came < at < record.at for at in downs)
            assert record.at <= NOW or not device.is_disabled


def test_a_command_shows_in_the_next_report():
    """The report after a write frame has the values that it sets."""
    fleet = Fleet.generate(
        1, 8, 3, now=NOW, rates=Rates(commands=1.0, burst=0.0, edge=0.0, empty_day=0.0)
    )
    cmd = logs(fleet, fleet.devices[0].did, 8)["cmd"]
    pairs = [
        (a.body["payload"], b.body["payload"])
        for a, b in pairwise(cmd)
        if (a.body["type"], b.body["type"]) == ("app2dev", "dev2app")
    ]
    assert len(pairs) > 50
    for write, report in pairs:
        # 00000003 len 00 0090 01 flags | 4 bytes of values; 00000003 len 00 0091 04 | 7 bytes
        flags, values, state = (
            int(write[18:20], 16),
            bytes.fromhex(write[20:]),
            bytes.fromhex(report[18:]),
        )
        if flags == 0b1000000 or flags >> 6:
            assert values[3] == state[3]
        else:
            assert values[0] & state[0] == values[0]


def test_frames_of_the_document():
    """The frames printed in the API document are reproduced byte for byte."""
    values = dict.fromkeys(POINTS_BY_NAME, 0) | {"switch": 1, "set_temp": 16}
    assert report_frame(values) == "000000030b0000910401000010000000"
    assert POINTS_BY_NAME["room_temp"].shown(0) == -10
    assert write_frame(values, ("switch",)) == "0000000309000090010101000000"


def test_lively_and_dull_days():
    """Some seconds have several records, some days none, and some records lie on day boundaries."""
    fleet = Fleet.generate(20, 10, 2, now=NOW, rates=Rates(dense=0.3))
    seconds, days, edges = Counter(), set(), set()
    for device in fleet.devices:
        for record in logs(fleet, device.did, 10)["data"]:
            seconds[device.did, int(record.at)] += 1
            days.add((device.did, int((record.at - NOW) // DAY)))
            edges.add(round(record.at % DAY - NOW % DAY, 3))
    assert max(seconds.values()) > 100
    assert sum(1 < count < 30 for count in seconds.values()) > 20
    assert len(days) < 190
    assert 0.0 in edges


def test_live_fleets_go_on():
    """Only a live fleet has records after `now`."""
    for live in (False, True):
        fleet = Fleet.generate(5, 2, 1, now=NOW, live=live)
        future = [fleet.records("data", d.did, NOW + 1, NOW + 3 * DAY) for d in fleet.devices]
        assert any(future) == live


def test_a_large_fleet_costs_only_its_devices():
    """Days are generated on demand, and only the latest are cached."""
    fleet = Fleet.generate(10_000, 30, 1, now=NOW)
    device = fleet.devices[9_876]
    assert fleet._day_events.cache_info().currsize == 0
    assert fleet.records("cmd", device.did, NOW - 30 * DAY, NOW) is not None
    assert fleet._day_events.cache_info().currsize <= 128


@settings(max_examples=50)
@given(
    st.lists(st.integers(NOW * 1000 - 10_000_000, NOW * 1000), max_size=40),
    st.tuples(st.integers(NOW - 10_000, NOW), st.integers(NOW - 10_000, NOW)),
)
def test_explicit_records(millis, bounds):
    """A fleet of explicit records returns exactly those within a range, in order."""
    times = [at / 1000 for at in millis]
    fleet = Fleet.of(["d"], {("data", "d"): times}, now=NOW)
    low, high = sorted(bounds)
    found = fleet.records("data", "d", low, high)
    assert [r.at for r in found] == sorted(at for at in times if low <= at <= high)
    assert len({json.dumps(r.body) for r in fleet.records("data", "d", 0, NOW)}) == len(times)


def test_changes_are_seen_at_once():
    """Added, changed and removed devices and records take effect at once."""
    fleet = Fleet.generate(2, 4, 1, now=NOW)
    device = fleet.devices[0]
    fleet.change(device.did, is_disabled=True)
    assert fleet.by_mac(device.mac).is_disabled
    fleet.append("data", device.did, Record(at=NOW - 0.5, body={"attrs": {}}))
    assert fleet.records("data", device.did, NOW - 1, NOW)[-1].body == {"attrs": {}}
    fleet.remove(device.did)
    assert fleet.device(device.did) is fleet.by_mac(device.mac) is None
    assert fleet.records("data", device.did, 0, NOW) == []
