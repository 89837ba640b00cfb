"""The user endpoints of the simulated service: registered users, and users of bound devices."""

from attrs import asdict

from gizwits_async.simulator.codes import FORM_INVALID, NO_APP
from gizwits_async.simulator.endpoints.envelope import page_of
from gizwits_async.simulator.messages import ApiRefusal
from gizwits_async.simulator.state.state import Call
from gizwits_async.simulator.state.users import User

__all__ = ["search_bound", "search_registered"]

_COMMON = ("uid", "username", "phone", "email", "birthday", "is_anonymous", "gender", "address")
_REGISTERED = (*_COMMON, "remark", "created_at", "updated_at")
_BOUND = (*_COMMON, "name", "created_at")
_KINDS = ("uid", "username", "phone", "email", "did", "mac", "device_sn")


def _pick(user: User, names: tuple[str, ...]) -> dict[str, object]:
    fields = asdict(user)
    return {name: fields[name] for name in names}


def search_registered(call: Call) -> dict[str, object]:
    """GET /v1/users/search."""
    query, bindings = call.query, call.product.bindings
    if query.get("appid") and query["appid"] not in bindings.apps:
        raise ApiRefusal(NO_APP)
    asked = {
        name: query[name] for name in ("appid", "username", "phone", "email") if query.get(name)
    }
    rows = [
        _pick(user, _REGISTERED)
        for user in bindings.users.values()
        if all(getattr(user, name) == value for name, value in asked.items())
    ]
    return page_of(rows, call)


def search_bound(call: Call) -> dict[str, object]:
    """GET /v1/products/{product_key}/users/search."""
    query, bindings = call.query, call.product.bindings
    kind, value = query.get("type"), query.get("val")
    if (kind is not None or value is not None) and (kind not in _KINDS or not value):
        raise ApiRefusal(FORM_INVALID, "type and val")
    devices = call.devices()
    if kind in ("did", "mac", "device_sn"):
        devices = [device for device in devices if getattr(device, kind) == value]
    dids = {device.did for device in devices}
    bound = dict.fromkeys(uid for uid, did in bindings.rows if did in dids)
    rows: list[dict[str, object]] = []
    for uid in bound:
        user = bindings.users[uid]
        if kind in ("uid", "username", "phone", "email") and getattr(user, kind) != value:
            continue
        row = {**_pick(user, _BOUND), "auth_src": None}
        if kind == "did":
            row["is_owner"] = bindings.users_of(str(value))[0] == uid
        rows.append(row)
    return page_of(rows, call)
