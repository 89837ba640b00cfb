"""The routing table: method, path, authentication and function of each endpoint."""

from collections.abc import Callable, Mapping
from typing import Literal

from attrs import frozen

from gizwits_async.simulator.endpoints import (
    authorization,
    bindings,
    control,
    device_groups,
    device_reports,
    devices,
    product,
    user_reports,
    users,
)
from gizwits_async.simulator.quirks import Quirks
from gizwits_async.simulator.state.state import Call

__all__ = ["ROUTES", "Route", "find_route"]

_PRODUCT = "/v1/products/{product_key}"
_FAULT_DEVICES = device_reports.devices_with("fault")
_ALERT_DEVICES = device_reports.devices_with("alert")
_FAULT_EVENTS = device_reports.events_of("fault")
_ALERT_EVENTS = device_reports.events_of("alert")
_REGISTERED, _ACTIVE_USERS = users.search_registered, user_reports.active_users
_USER_LOCATIONS = user_reports.location


@frozen(kw_only=True)
class Route:
    """One endpoint."""

    kind: str
    """Name in the ledger."""
    method: str
    path: str
    """Path with `{names}` for its parameters."""
    auth: Literal["none", "token", "enterprise"]
    """Required header: none, a token, or the enterprise's id and secret."""
    answer: Callable[[Call], object]

    def match(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """Return the path parameters; None if the path does not match."""
        form = self.path.split("/")[1:]
        if len(form) != len(segments):
            return None
        params: dict[str, str] = {}
        for part, segment in zip(form, segments, strict=True):
            if part.startswith("{"):
                if not segment:
                    return None
                params[part[1:-1]] = segment
            elif part != segment:
                return None
        return params


def _route(
    kind: str,
    method: str,
    path: str,
    answer: Callable[[Call], object],
    auth: Literal["none", "token", "enterprise"] = "token",
) -> Route:
    return Route(kind=kind, method=method, path=path, answer=answer, auth=auth)


def _product_routes() -> tuple[Route, ...]:
    group, history = "/device_groups/{gid}", "/devices/report/liveness/history"
    table: tuple[tuple[str, str, str, Callable[[Call], object]], ...] = (
        ("product.datapoints", "GET", "/datapoint", product.datapoints),
        ("users.search_bound", "GET", "/users/search", users.search_bound),
        ("devices.identity", "GET", "/devices", devices.identity),
        ("devices.detail", "GET", "/device_detail", devices.detail),
        ("devices.search", "GET", "/devices/search", devices.search),
        ("devices.control", "POST", "/devices/{did}/control", control.control),
        ("log.online", "GET", "/devices/{did}/online", devices.log_of("online")),
        ("log.cmd", "GET", "/devices/{did}/cmd", devices.log_of("cmd")),
        ("log.data", "GET", "/devices/{did}/data", devices.log_of("data")),
        ("groups.tree", "GET", "/device_groups", device_groups.tree),
        ("groups.create", "POST", "/device_groups", device_groups.create),
        ("groups.delete", "DELETE", group, device_groups.delete),
        ("groups.macs", "GET", group, device_groups.macs),
        ("groups.update", "PUT", group, device_groups.update),
        ("bindings.bind", "POST", "/devices/bindings", bindings.bind),
        ("bindings.unbind", "DELETE", "/devices/bindings", bindings.unbind),
        ("reports.locations", "GET", "/devices/locations", device_reports.locations),
        ("reports.summary", "GET", "/devices/summary", device_reports.summary),
        ("reports.summary", "GET", "/summary", device_reports.summary),
        ("reports.activated", "GET", "/incr_devices", device_reports.activated_devices),
        ("reports.active", "GET", "/active_devices", device_reports.active_devices),
        ("reports.liveness", "GET", history, device_reports.liveness_history),
        ("reports.rt", "GET", "/devices/report/rt", device_reports.realtime),
        ("reports.rt", "GET", "/devices/report/devices/report/rt", device_reports.realtime),
        ("reports.fault_devices", "GET", "/fault/report/devices", _FAULT_DEVICES),
        ("reports.alert_devices", "GET", "/alert/report/devices", _ALERT_DEVICES),
        ("reports.fault_events", "GET", "/fault/report/events", _FAULT_EVENTS),
        ("reports.alert_events", "GET", "/alert/report/events", _ALERT_EVENTS),
        ("reports.alert_events", "GET", "/fault/alert/events", _ALERT_EVENTS),
        ("reports.alert_events", "GET", "/alert/report/devices", _ALERT_EVENTS),
        ("user_reports.new", "GET", "/users/report/new", user_reports.new_users),
        ("user_reports.total", "GET", "/users/report/total", user_reports.total),
    )
    return tuple(_route(kind, verb, _PRODUCT + path, answer) for kind, verb, path, answer in table)


ROUTES: tuple[Route, ...] = (
    _route("token", "POST", f"{_PRODUCT}/access_token", authorization.create_token, "none"),
    _route("users.search_registered", "GET", "/v1/users/search", _REGISTERED, "enterprise"),
    _route("user_reports.active", "GET", "/v1/users/liveness_total", _ACTIVE_USERS, "enterprise"),
    _route("user_reports.location", "GET", "/v1/users/location", _USER_LOCATIONS, "enterprise"),
    *_product_routes(),
)
"""All endpoints, with each path at which an endpoint may answer."""

_BY_LENGTH = {
    length: tuple(route for route in ROUTES if route.path.count("/") == length)
    for length in range(12)
}


def _exists(route: Route, quirks: Quirks) -> bool:
    # Where the documents disagree about a path, only the path chosen by the quirk answers.
    chosen = {
        "reports.summary": quirks.summary_path,
        "reports.rt": quirks.rt_path,
        "reports.alert_events": quirks.alert_events_path,
    }.get(route.kind, "both")
    if route.kind == "reports.alert_devices":
        return quirks.alert_events_path != "/alert/report/devices"
    return chosen == "both" or route.path == _PRODUCT + chosen


def find_route(
    method: str, segments: tuple[str, ...], quirks: Quirks
) -> tuple[Route | None, Mapping[str, str], tuple[str, ...]]:
    """Return the endpoint and its path parameters; if there is none, the methods of that path."""
    near = _BY_LENGTH.get(len(segments), ())
    found = [
        (route, params)
        for route in near
        if (params := route.match(segments)) is not None and _exists(route, quirks)
    ]
    for route, params in found:
        if route.method == method:
            return route, params, ()
    return None, {}, tuple(sorted({route.method for route, _ in found}))
