"""Which endpoint answers which verb and path, and what it asks of the caller."""

from collections.abc import Callable, Mapping
from typing import Literal

from attrs import frozen

from gizwits_async.simulator import authorization, devices
from gizwits_async.simulator.world import Call

__all__ = ["ROUTES", "Route", "find_route"]

_PRODUCT = "/v1/products/{product_key}"


@frozen(kw_only=True)
class Route:
    """One endpoint."""

    kind: str
    """Its name in the ledger."""
    method: str
    path: str
    """Path with `{names}` for what varies."""
    auth: Literal["none", "token", "enterprise"]
    """Whether the caller shows nothing in the header, a token, or the enterprise's id and secret."""
    answer: Callable[[Call], object]

    def match(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """Return what varies in a path of this form; None if it is of another form."""
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


ROUTES: tuple[Route, ...] = (
    _route("token", "POST", f"{_PRODUCT}/access_token", authorization.create_token, "none"),
    _route("devices.identity", "GET", f"{_PRODUCT}/devices", devices.identity),
    _route("devices.detail", "GET", f"{_PRODUCT}/device_detail", devices.detail),
    _route("devices.search", "GET", f"{_PRODUCT}/devices/search", devices.search),
    _route("log.online", "GET", f"{_PRODUCT}/devices/{{did}}/online", devices.log_of("online")),
    _route("log.cmd", "GET", f"{_PRODUCT}/devices/{{did}}/cmd", devices.log_of("cmd")),
    _route("log.data", "GET", f"{_PRODUCT}/devices/{{did}}/data", devices.log_of("data")),
)
"""All endpoints."""

_BY_LENGTH = {
    length: tuple(route for route in ROUTES if route.path.count("/") == length)
    for length in range(12)
}


def find_route(
    method: str, segments: tuple[str, ...]
) -> tuple[Route | None, Mapping[str, str], tuple[str, ...]]:
    """Return the endpoint, what varies in its path, and the verbs that this path would answer."""
    near = _BY_LENGTH.get(len(segments), ())
    found = [(route, params) for route in near if (params := route.match(segments)) is not None]
    for route, params in found:
        if route.method == method:
            return route, params, ()
    return None, {}, tuple(sorted({route.method for route, _ in found}))
