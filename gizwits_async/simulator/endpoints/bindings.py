"""The binding endpoints of the simulated service."""

from gizwits_async.simulator.codes import (
    DEVICE_NOT_BOUND,
    DEVICE_OF_OTHER_PRODUCT,
    FORM_INVALID,
    NO_APP,
    NO_DEVICE,
    NO_USER,
)
from gizwits_async.simulator.endpoints.device_groups import outcome
from gizwits_async.simulator.messages import Answer, ApiRefusal
from gizwits_async.simulator.state.state import Call

__all__ = ["bind", "unbind"]


def _read(call: Call) -> tuple[str, list[str]]:
    body, bindings = call.json(), call.product.bindings
    uid, appid, dids = body.get("uid"), body.get("appid"), body.get("dids")
    for name, value in (("uid", uid), ("appid", appid)):
        if not isinstance(value, str) or not value:
            raise ApiRefusal(FORM_INVALID, name)
    wanted = call.state.quirks.dids
    if isinstance(dids, str) and wanted != "array":
        dids = dids.split(",")
    elif not isinstance(dids, list) or wanted == "text":
        raise ApiRefusal(FORM_INVALID, "dids")
    if not dids or not all(isinstance(did, str) and did for did in dids):
        raise ApiRefusal(FORM_INVALID, "dids")
    if appid not in bindings.apps:
        raise ApiRefusal(NO_APP)
    user = bindings.users.get(str(uid))
    if user is None or user.appid != appid:
        raise ApiRefusal(NO_USER)
    return str(uid), list(dict.fromkeys(dids))


def bind(call: Call) -> Answer:
    """POST /v1/products/{product_key}/devices/bindings."""
    uid, dids = _read(call)
    known = {did: call.product.fleet.device(did) is not None for did in dids}
    for did in dids:
        others = call.state.products.values()
        if not known[did] and any(product.fleet.device(did) for product in others):
            raise ApiRefusal(DEVICE_OF_OTHER_PRODUCT)
    if not any(known.values()):
        raise ApiRefusal(NO_DEVICE)
    for did in dids:
        if known[did]:
            call.product.bindings.bind(uid, did, call.now)
    return Answer(call.state.quirks.write_status, outcome(known, call.state.quirks))


def unbind(call: Call) -> dict[str, object]:
    """DELETE /v1/products/{product_key}/devices/bindings."""
    uid, dids = _read(call)
    done = {did: call.product.bindings.unbind(uid, did) for did in dids}
    if not any(done.values()):
        raise ApiRefusal(DEVICE_NOT_BOUND)
    return outcome(done, call.state.quirks)
