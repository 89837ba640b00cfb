"""The device report endpoints of the simulated service, computed from the fleet and its logs."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date
from functools import partial
from typing import Literal

from gizwits_async.simulator.endpoints.envelope import flag, page_of
from gizwits_async.simulator.endpoints.location_tree import tree
from gizwits_async.simulator.endpoints.periods import Days, cycles, day_range
from gizwits_async.simulator.state.datapoints import POINTS
from gizwits_async.simulator.state.device import Device
from gizwits_async.simulator.state.ids import digest
from gizwits_async.simulator.state.state import Call
from gizwits_async.simulator.state.timeline import DAY

__all__ = [
    "activated_devices",
    "active_devices",
    "active_on",
    "devices_with",
    "events_of",
    "history",
    "liveness_history",
    "locations",
    "realtime",
    "summary",
]

Trouble = Literal["fault", "alert"]
_TROUBLES: tuple[str, ...] = ("total", "resolved", "unresolved")
_LAST_INSTANT = DAY - 0.001


def _count(devices: Sequence[Device]) -> dict[str, object]:
    return {"count": len(devices)}


def _top_level(call: Call, fields: dict[str, object]) -> dict[str, object]:
    count = fields["count"]
    if call.state.quirks.report_counts == "nested" or not isinstance(count, dict):
        return fields
    return {**count, **{name: value for name, value in fields.items() if name != "count"}}


def _gid(call: Call) -> str | None:
    return call.query.get("gid") or None


def active_on(call: Call, device: Device, days: Collection[date]) -> bool:
    """Return whether a device has data records on any of these days."""
    begin, fleet = Days(call.state.quirks).begin, call.product.fleet
    return any(
        record.visible(call.now)
        for day in days
        for record in fleet.records("data", device.did, begin(day), begin(day) + _LAST_INSTANT)
    )


def locations(call: Call) -> dict[str, object]:
    """GET /v1/products/{product_key}/devices/locations."""
    asked = {name: flag(call.query, name) for name in ("is_online", "is_faulty", "is_alert")}
    found = [
        device
        for device in map(partial(call.product.fleet.as_of, now=call.now), call.devices())
        if all(value is None or getattr(device, name) == value for name, value in asked.items())
    ]
    bare = call.state.quirks.city_node != "object"
    where = tree(found, _count, bare_city=bare)
    return {"gid": _gid(call), "total": len(found), "location": where}


def summary(call: Call) -> dict[str, object]:
    """GET /v1/products/{product_key}/devices/summary."""
    days, fleet = Days(call.state.quirks), call.product.fleet
    devices = [fleet.as_of(device, call.now) for device in fleet.devices]
    today = days.of(call.now)
    back = [date.fromordinal(today.toordinal() - step) for step in range(31)]
    active = {
        "yesterday": sum(active_on(call, device, back[1:2]) for device in devices),
        "7_day": sum(active_on(call, device, back[1:8]) for device in devices),
    }
    ages = [today.toordinal() - days.of(device.created_at).toordinal() for device in devices]
    new = {
        "today": ages.count(0),
        "yesterday": ages.count(1),
        "7_day": sum(1 <= age <= 7 for age in ages),  # noqa: PLR2004 - as its name says
        "30_day": sum(1 <= age <= 30 for age in ages),  # noqa: PLR2004
    }
    total = sum(device.online_latest is not None for device in devices)
    online = sum(device.is_online for device in devices)
    return {"active": active, "new": new, "total": total, "online": online}


def _rows(call: Call, chosen: Callable[[Device, date], bool]) -> dict[str, object]:
    query, quirks = call.query, call.state.quirks
    days = Days(quirks)
    asked = {name: query[name] for name in ("country", "region", "city") if query.get(name)}
    rows: list[dict[str, object]] = []
    for day in day_range(query, ("start", "end"), quirks, call.now, default=7):
        for device in call.product.fleet.devices:
            if any(getattr(device, name) != value for name, value in asked.items()):
                continue
            if chosen(device, day):
                name = "mac" if device.device_sn is None else "device_sn"
                rows.append(
                    {
                        "report_date": day.isoformat(),
                        "product_key": call.product.key,
                        name: getattr(device, name),
                        "country": device.country,
                        "region": device.region,
                        "city": device.city,
                        "created_at": days.stamp(device.created_at),
                    }
                )
    return page_of(rows, call)


def activated_devices(call: Call) -> dict[str, object]:
    """GET /v1/products/{product_key}/incr_devices."""
    of = Days(call.state.quirks).of
    return _rows(call, lambda device, day: of(device.created_at) == day)


def active_devices(call: Call) -> dict[str, object]:
    """GET /v1/products/{product_key}/active_devices."""
    return _rows(call, lambda device, day: active_on(call, device, (day,)))


def history(call: Call, row: Callable[[Collection[date]], dict[str, object]]) -> dict[str, object]:
    """Return a report by days, weeks or months.

    Args:
        call: The call, with `cycle`, `start` and `end`.
        row: Returns `count` and further fields for the days of one cycle.
    """
    quirks, query = call.state.quirks, call.query
    as_tables = quirks.history_names == "tables"
    cycle, found = cycles(query, quirks, call.now)
    rows = [({"data" if as_tables else cycle: label}, row(days)) for label, days in found.items()]
    return {
        "did" if as_tables else "gid": _gid(call),
        "cycle": cycle,
        "start": query["start"],
        "end": query["end"],
        "data": [{**label, **one} for label, one in rows if one["count"] or quirks.empty_rows],
    }


def liveness_history(call: Call) -> dict[str, object]:
    """GET /v1/products/{product_key}/devices/report/liveness/history."""
    devices, bare = call.devices(), call.state.quirks.city_node == "number"

    def row(days: Collection[date]) -> dict[str, object]:
        active = [device for device in devices if active_on(call, device, days)]
        return {"count": len(active), "location": tree(active, _count, bare_city=bare)}

    return history(call, row)


def realtime(call: Call) -> dict[str, object]:
    """GET /v1/products/{product_key}/devices/report/rt."""

    def numbers(devices: Sequence[Device]) -> dict[str, int]:
        return {
            "activated": sum(device.online_latest is not None for device in devices),
            "faulty": sum(device.is_faulty for device in devices),
            "alert": sum(device.is_alert for device in devices),
        }

    def show(devices: Sequence[Device]) -> dict[str, object]:
        # Below the top level, zeros are omitted.
        return {"count": {name: number for name, number in numbers(devices).items() if number}}

    devices = call.devices()
    counts = _top_level(call, {"count": numbers(devices)})
    return {"gid": _gid(call), **counts, "location": tree(devices, show)}


# --- faults and alerts


def _past(device: Device, point: str) -> int:
    # Resolved events appear in no other endpoint, so any number is consistent: one to three for
    # a few devices.
    number = int(digest("past", device.did, point), 16) % 20
    return number if number <= 3 else 0  # noqa: PLR2004


def _events(device: Device, trouble: Trouble) -> dict[str, Counter[str]]:
    names = [point.name for point in POINTS if point.access == trouble]
    now = device.is_faulty if trouble == "fault" else device.is_alert
    found: dict[str, Counter[str]] = {}
    for number, name in enumerate(names):
        # The current fault or alert is the first data point of its kind, as in the data log.
        open_, over = int(now and number == 0), _past(device, name)
        found[name] = Counter(total=open_ + over, resolved=over, unresolved=open_)
    return found


def _numbers(counts: Iterable[Counter[str]]) -> dict[str, int]:
    total = sum(counts, Counter())
    return {name: total[name] for name in _TROUBLES}


def _show_devices(trouble: Trouble, devices: Sequence[Device]) -> dict[str, object]:
    states: list[Counter[str]] = []
    for device in devices:
        events = _numbers(_events(device, trouble).values())
        if events["total"]:
            unresolved = int(events["unresolved"] > 0)
            states.append(Counter(total=1, resolved=1 - unresolved, unresolved=unresolved))
    return {"count": _numbers(states)}


def _show_events(trouble: Trouble, devices: Sequence[Device]) -> dict[str, object]:
    events = [_events(device, trouble) for device in devices]
    names = [point.name for point in POINTS if point.access == trouble]
    detail = {name: _numbers(event[name] for event in events) for name in names}
    return {"count": _numbers(Counter(counts) for counts in detail.values()), "detail": detail}


def _report(
    show: Callable[[Trouble, Sequence[Device]], dict[str, object]], trouble: Trouble, call: Call
) -> dict[str, object]:
    troubled = [
        device
        for device in call.devices()
        if any(counts["total"] for counts in _events(device, trouble).values())
    ]
    bare = call.state.quirks.city_node == "number" and show is _show_devices
    where = tree(troubled, partial(show, trouble), bare_city=bare)
    counts = _top_level(call, show(trouble, troubled))
    return {"gid": _gid(call), **counts, "location": where}


def devices_with(trouble: Trouble) -> Callable[[Call], dict[str, object]]:
    """Return the endpoint GET /v1/products/{product_key}/{trouble}/report/devices."""
    return partial(_report, _show_devices, trouble)


def events_of(trouble: Trouble) -> Callable[[Call], dict[str, object]]:
    """Return the endpoint GET /v1/products/{product_key}/{trouble}/report/events."""
    return partial(_report, _show_events, trouble)
