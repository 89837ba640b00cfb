"""The device group endpoints of the simulated service."""

from gizwits_async.simulator.codes import FORM_INVALID, GROUP_OF_OTHER_PRODUCT
from gizwits_async.simulator.messages import Answer, ApiRefusal
from gizwits_async.simulator.quirks import Quirks
from gizwits_async.simulator.state.groups import Groups
from gizwits_async.simulator.state.state import Call

__all__ = ["create", "delete", "macs", "outcome", "tree", "update"]

_OK, _NO_CONTENT = 200, 204
_MAX_MACS = 1000


def tree(call: Call) -> dict[str, object]:
    """GET /v1/products/{product_key}/device_groups."""
    return dict(_below(call.product.groups, None, call.state.quirks))


def _below(groups: Groups, parent: str | None, quirks: Quirks) -> dict[str, object]:
    leaf: object = {"text": "", "null": None, "object": {}}[quirks.group_leaf]
    found: dict[str, object] = {}
    for gid, above in groups.parents.items():
        if above == parent:
            children = _below(groups, gid, quirks)
            as_list = [{name: value} for name, value in children.items()]
            found[gid] = (as_list if quirks.group_children == "list" else children) or leaf
    return found


def create(call: Call) -> Answer:
    """POST /v1/products/{product_key}/device_groups."""
    parent = call.json().get("parent_gid") if call.request.body else None
    if parent is not None and not isinstance(parent, str):
        raise ApiRefusal(FORM_INVALID, "parent_gid")
    gid = call.product.groups.create(parent or None)
    return Answer(call.state.quirks.write_status, {"gid": gid})


def _gid(call: Call) -> str:
    gid = call.params["gid"]
    for product in call.state.products.values():
        if product is not call.product and gid in product.groups.parents:
            raise ApiRefusal(GROUP_OF_OTHER_PRODUCT)
    call.product.groups.check(gid)
    return gid


def delete(call: Call) -> Answer:
    """DELETE /v1/products/{product_key}/device_groups/{gid}."""
    call.product.groups.delete(_gid(call))
    empty = call.state.quirks.delete_status == _NO_CONTENT
    return Answer(_NO_CONTENT, None) if empty else Answer(_OK, {})


def macs(call: Call) -> dict[str, object]:
    """GET /v1/products/{product_key}/device_groups/{gid}."""
    return {"macs": call.product.groups.macs(_gid(call))}


def update(call: Call) -> dict[str, object]:
    """PUT /v1/products/{product_key}/device_groups/{gid}."""
    gid, body, groups = _gid(call), call.json(), call.product.groups
    action, given = body.get("action"), body.get("macs")
    reassign = body.get("reassign", False)
    if action not in ("assign", "unassign"):
        raise ApiRefusal(FORM_INVALID, "action")
    if not isinstance(given, list) or not 0 < len(given) <= _MAX_MACS:
        raise ApiRefusal(FORM_INVALID, "macs")
    if not all(isinstance(mac, str) for mac in given):
        raise ApiRefusal(FORM_INVALID, "macs")
    if not isinstance(reassign, bool):
        raise ApiRefusal(FORM_INVALID, "reassign")
    done: dict[str, bool] = {}
    for mac in dict.fromkeys(given):
        if action == "unassign":
            done[mac] = groups.unassign(gid, mac)
        else:
            known = call.product.fleet.by_mac(mac) is not None
            done[mac] = known and groups.assign(gid, mac, reassign=reassign)
    return outcome(done, call.state.quirks)


def outcome(done: dict[str, bool], quirks: Quirks) -> dict[str, object]:
    """Return the lists `success` and `failed` under the labels of this server."""
    success = [name for name, ok in done.items() if ok]
    failed = [name for name, ok in done.items() if not ok]
    if quirks.outcome_labels == "swapped":
        success, failed = failed, success
    return {"failed": failed, "success": success}
