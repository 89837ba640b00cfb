"""The device endpoints of the simulated service: identity, detail, search, the three logs."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeAlias
from zlib import crc32

from attrs import evolve, fields

from gizwits_async.simulator.codes import DEVICE_DISABLED, FORM_INVALID, NO_DEVICE
from gizwits_async.simulator.endpoints.envelope import flag, page_of, whole
from gizwits_async.simulator.endpoints.logs import answer_log, parse_log_query
from gizwits_async.simulator.messages import ApiRefusal
from gizwits_async.simulator.quirks import Log
from gizwits_async.simulator.state.device import Device
from gizwits_async.simulator.state.state import Call

__all__ = ["detail", "identity", "log_of", "search"]

_HIDDEN = ("passcode", "type", "is_disabled", "device_sn")
_LISTED = tuple(field.name for field in fields(Device) if field.name not in _HIDDEN)
_LONG_AGO = 60 * 86_400
_Filter: TypeAlias = Callable[[Device], bool]
_ORDERS: dict[str, Callable[[Device], tuple[object, ...]]] = {
    "created": lambda device: (device.created_at, device.did),
    "created_desc": lambda device: (-device.created_at, device.did),
    "did": lambda device: (device.did,),
}


def _by_mac(call: Call) -> Device:
    mac = call.query.get("mac")
    if not mac:
        raise ApiRefusal(FORM_INVALID, "mac")
    device = call.product.fleet.by_mac(mac)
    if device is None:
        raise ApiRefusal(NO_DEVICE)
    return device


def identity(call: Call) -> dict[str, object]:
    """GET /v1/products/{product_key}/devices."""
    device = _by_mac(call)
    return {"did": device.did, "passcode": device.passcode}


def detail(call: Call) -> dict[str, object]:
    """GET /v1/products/{product_key}/device_detail."""
    device = call.product.fleet.as_of(_by_mac(call), call.now)
    return {
        "did": device.did,
        "mac": device.mac,
        "product_key": call.product.key,
        "is_online": device.is_online,
        "is_disabled": device.is_disabled,
        "type": device.type,
    }


def search(call: Call) -> dict[str, object]:
    """GET /v1/products/{product_key}/devices/search."""
    fleet, order = call.product.fleet, call.state.quirks.list_order
    filters = {**_OF_FIELDS, **({} if fleet.lives else _OF_PRESENCE)}
    own = [made for name, make in filters.items() if (made := make(call.query)) is not None]

    def select(devices: Iterable[Device]) -> list[Device]:
        return sorted((one for one in devices if all(ok(one) for ok in own)), key=_ORDERS[order])

    # Kept between pages, so that the time of a whole listing grows linearly with the fleet.
    key = (order, *(call.query.get(name) for name in filters))
    rows: Sequence[Device] = fleet.selection(key, select)
    related = _related_filters(call)
    if related:
        rows = [device for device in rows if all(ok(device) for ok in related)]
    for make in _OF_PRESENCE.values() if fleet.lives else ():
        if (present := make(call.query)) is not None:
            rows = [device for device in rows if present(_listed(call, device))]

    def show(device: Device) -> dict[str, object]:
        listed = _listed(call, device)
        return {name: getattr(listed, name) for name in _LISTED}

    return page_of(rows, call, show)


def _listed(call: Call, device: Device) -> Device:
    """Return a device as the listing shows it."""
    fleet, quirks = call.product.fleet, call.state.quirks
    if quirks.listing == "wrong" and fleet.lives:
        online = crc32(device.did.encode()) % 2 == 0
        return evolve(device, is_online=online, online_latest=int(fleet.now) - _LONG_AGO)
    now = fleet.now if quirks.listing == "still" else call.now
    return fleet.as_of(device, now - quirks.listing_lag)


def _equal(name: str, value: object) -> _Filter | None:
    return None if value is None else lambda device: bool(getattr(device, name) == value)


def _not_disabled(query: dict[str, str]) -> _Filter | None:
    return None if flag(query, "show_disabled") else _equal("is_disabled", value=False)


def _active_since(query: dict[str, str]) -> _Filter | None:
    since = whole(query, "liveness_start")
    return None if since is None else lambda device: (device.online_latest or 0) >= since


_OF_FIELDS: dict[str, Callable[[dict[str, str]], _Filter | None]] = {
    **{
        name: partial(lambda name, query: _equal(name, query.get(name) or None), name)
        for name in ("country", "region", "city")
    },
    **{
        name: partial(lambda name, query: _equal(name, flag(query, name)), name)
        for name in ("is_faulty", "is_alert")
    },
    "show_disabled": _not_disabled,
}
"""Filters of the listing by parameter."""
_OF_PRESENCE: dict[str, Callable[[dict[str, str]], _Filter | None]] = {
    "is_online": lambda query: _equal("is_online", flag(query, "is_online")),
    "liveness_start": _active_since,
}
"""Filters that a device passes or not as time goes on, where the fleet lives."""


def _related_filters(call: Call) -> list[_Filter]:
    wanted = [call.in_group()] if call.query.get("gid") else []
    kind, value = call.query.get("type"), call.query.get("val")
    if kind is None and value is None:
        return wanted
    if kind not in ("did", "mac", "uid") or not value:
        raise ApiRefusal(FORM_INVALID, "type and val")
    if kind == "uid":
        dids = call.product.bindings.dids_of(value)
        return [*wanted, lambda device: device.did in dids]
    return [*wanted, lambda device: bool(getattr(device, kind) == value)]


def log_of(log: Log) -> Callable[[Call], dict[str, object]]:
    """Return the endpoint GET /v1/products/{product_key}/devices/{did}/{log}."""

    def answer(call: Call) -> dict[str, object]:
        state, device = call.state, call.device(call.params["did"])
        if device.is_disabled and state.quirks.disabled_logs == "refused":
            raise ApiRefusal(DEVICE_DISABLED)
        if log in state.quirks.forbidden_logs:
            raise ApiRefusal(state.quirks.forbidden_code)
        query = parse_log_query(log, device.did, call.query, state.quirks, call.now)
        fleet, contexts, rng = call.product.fleet, state.contexts, state.rng
        return answer_log(fleet, query, state.quirks, contexts=contexts, now=call.now, rng=rng)

    return answer
