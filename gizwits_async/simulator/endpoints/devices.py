"""The device endpoints of the simulated service: identity, detail, search, the three logs."""

from collections.abc import Callable

from attrs import asdict

from gizwits_async.simulator.endpoints.envelope import flag, page_of, whole
from gizwits_async.simulator.endpoints.logs import answer_log, parse_log_query
from gizwits_async.simulator.messages import ApiRefusal
from gizwits_async.simulator.quirks import Log
from gizwits_async.simulator.state.fleet import Device
from gizwits_async.simulator.state.state import Call

__all__ = ["detail", "identity", "log_of", "search"]

_FORM_INVALID, _DEVICE_NOT_EXIST, _DEVICE_DISABLED = 5002, 5301, 5304
_HIDDEN = ("passcode", "type", "is_disabled", "device_sn")
_ORDERS: dict[str, Callable[[Device], tuple[object, ...]]] = {
    "created": lambda device: (device.created_at, device.did),
    "created_desc": lambda device: (-device.created_at, device.did),
    "did": lambda device: (device.did,),
}


def _by_mac(call: Call) -> Device:
    mac = call.query.get("mac")
    if not mac:
        raise ApiRefusal(_FORM_INVALID, "mac")
    device = call.product.fleet.by_mac(mac)
    if device is None:
        raise ApiRefusal(_DEVICE_NOT_EXIST)
    return device


def identity(call: Call) -> dict[str, object]:
    """GET /v1/products/{product_key}/devices."""
    device = _by_mac(call)
    return {"did": device.did, "passcode": device.passcode}


def detail(call: Call) -> dict[str, object]:
    """GET /v1/products/{product_key}/device_detail."""
    device = _by_mac(call)
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
    wanted = _filters(call)
    order = _ORDERS[call.state.quirks.list_order]
    rows = [device for device in call.product.fleet.devices if all(ok(device) for ok in wanted)]
    rows.sort(key=order)
    path, rng = call.request.path, call.state.rng
    return page_of([_listed(device) for device in rows], call.query, call.state.quirks, path, rng)


def _listed(device: Device) -> dict[str, object]:
    return {name: value for name, value in asdict(device).items() if name not in _HIDDEN}


def _filters(call: Call) -> list[Callable[[Device], bool]]:
    query = call.query
    wanted: list[Callable[[Device], bool]] = []

    def equal(name: str, value: object) -> None:
        if value is not None:
            wanted.append(lambda device: getattr(device, name) == value)

    for name in ("country", "region", "city"):
        equal(name, query.get(name) or None)
    for name in ("is_online", "is_faulty", "is_alert"):
        equal(name, flag(query, name))
    if not flag(query, "show_disabled"):
        equal("is_disabled", value=False)
    since = whole(query, "liveness_start")
    if since is not None:
        wanted.append(lambda device: (device.online_latest or 0) >= since)
    return [*wanted, *_by_value(call), call.in_group()]


def _by_value(call: Call) -> list[Callable[[Device], bool]]:
    kind, value = call.query.get("type"), call.query.get("val")
    if kind is None and value is None:
        return []
    if kind not in ("did", "mac", "uid") or not value:
        raise ApiRefusal(_FORM_INVALID, "type and val")
    if kind == "uid":
        dids = call.product.bindings.dids_of(value)
        return [lambda device: device.did in dids]
    return [lambda device: bool(getattr(device, kind) == value)]


def log_of(log: Log) -> Callable[[Call], dict[str, object]]:
    """Return the endpoint GET /v1/products/{product_key}/devices/{did}/{log}."""

    def answer(call: Call) -> dict[str, object]:
        state, device = call.state, call.device(call.params["did"])
        if device.is_disabled and state.quirks.disabled_logs == "refused":
            raise ApiRefusal(_DEVICE_DISABLED)
        if log in state.quirks.forbidden_logs:
            raise ApiRefusal(state.quirks.forbidden_code)
        query = parse_log_query(log, device.did, call.query, state.quirks, call.now)
        fleet, contexts, rng = call.product.fleet, state.contexts, state.rng
        return answer_log(fleet, query, state.quirks, contexts=contexts, now=call.now, rng=rng)

    return answer
