"""The user report endpoints of the simulated service, computed from its users and bindings."""

from collections.abc import Sequence

from gizwits_async.simulator.codes import NO_APP
from gizwits_async.simulator.endpoints.device_reports import active_on, history
from gizwits_async.simulator.endpoints.location_tree import tree
from gizwits_async.simulator.endpoints.periods import Days, day_range
from gizwits_async.simulator.messages import ApiRefusal
from gizwits_async.simulator.state.state import Call
from gizwits_async.simulator.state.users import User

__all__ = ["active_users", "location", "new_users", "total"]


def _first_bound(call: Call) -> dict[str, float]:
    # uid -> when the user first bound a device of the requested group.
    dids = {device.did for device in call.devices()}
    first: dict[str, float] = {}
    for (uid, did), row in call.product.bindings.rows.items():
        if did in dids:
            first[uid] = min(first.get(uid, row.bound_at), row.bound_at)
    return first


def new_users(call: Call) -> dict[str, object]:
    """GET /v1/products/{product_key}/users/report/new."""
    new = [Days(call.state.quirks).of(at) for at in _first_bound(call).values()]
    return history(call, lambda days: {"count": sum(day in days for day in new)})


def active_users(call: Call) -> dict[str, object]:
    """GET /v1/users/liveness_total: users of whose devices one reported on that day."""
    quirks, bindings, fleet = call.state.quirks, call.product.bindings, call.product.fleet
    appid = call.query.get("appid")
    if appid and appid not in bindings.apps:
        raise ApiRefusal(NO_APP)
    data: list[dict[str, object]] = []
    for day in day_range(call.query, ("start_date", "end_date"), quirks, call.now):
        active = {device.did for device in fleet.devices if active_on(call, device, (day,))}
        users = {
            uid
            for uid, did in bindings.rows
            if did in active and (not appid or bindings.users[uid].appid == appid)
        }
        if users or quirks.empty_rows:
            data.append({"date": day.isoformat(), "count": len(users)})
    return {"data": data}


def _count(users: Sequence[User]) -> dict[str, object]:
    return {"count": len(users)}


def location(call: Call) -> dict[str, object]:
    """GET /v1/users/location."""
    bare = call.state.quirks.city_node == "number"
    return tree(call.product.bindings.users.values(), _count, bare_city=bare)


def total(call: Call) -> dict[str, object]:
    """GET /v1/products/{product_key}/users/report/total: users who ever bound a device."""
    gid = call.query.get("gid") or None
    bindings = call.product.bindings
    return {"gid": gid, "total": len(bindings.ever if gid is None else _first_bound(call))}
