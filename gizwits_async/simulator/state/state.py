"""State of the simulated service, and one admitted call as the endpoints see it."""

import json
import random
from collections.abc import Callable, Mapping

from attrs import define, field, frozen

from gizwits_async.options import Credentials
from gizwits_async.simulator.codes import BODY_INVALID, DEVICE_OF_OTHER_PRODUCT, NO_DEVICE
from gizwits_async.simulator.messages import ApiRefusal, SimulatedRequest
from gizwits_async.simulator.quirks import Quirks
from gizwits_async.simulator.state.contexts import Contexts
from gizwits_async.simulator.state.device import Device
from gizwits_async.simulator.state.fleet import Fleet
from gizwits_async.simulator.state.groups import Groups
from gizwits_async.simulator.state.tokens import Tokens
from gizwits_async.simulator.state.users import Bindings, generate_users

__all__ = ["Call", "Control", "Product", "State"]


@frozen(kw_only=True)
class Control:
    """One accepted control call."""

    at: float
    """When it was accepted, in epoch seconds of the server."""
    did: str
    attrs: Mapping[str, object] | None = None
    raw: bytes | None = None


@define(eq=False)
class Product:
    """One product with its devices, groups, users and accepted commands."""

    key: str
    secret: str = field(repr=False)
    fleet: Fleet
    groups: Groups
    bindings: Bindings
    controls: list[Control] = field(factory=list)
    """Accepted control calls, oldest first."""
    states: dict[str, dict[str, int]] = field(factory=dict)
    """did -> raw values of its data points, for devices that were controlled."""

    @classmethod
    def of(cls, key: str, secret: str, fleet: Fleet) -> "Product":
        """Return a product with this fleet, generated users and no groups."""
        return cls(key, secret, fleet, Groups.empty(key), generate_users(key, fleet))


@define(eq=False)
class State:
    """All products, tokens and contexts of the enterprise."""

    quirks: Quirks
    credentials: Credentials
    products: dict[str, Product]
    tokens: Tokens
    contexts: Contexts
    rng: random.Random


@frozen(kw_only=True, eq=False)
class Call:
    """One call that passed authentication and quota."""

    state: State
    product: Product
    """Product named in the path or query."""
    params: Mapping[str, str]
    """Path parameters."""
    query: dict[str, str]
    request: SimulatedRequest
    now: float
    """The server's present, in epoch seconds."""

    def json(self) -> dict[str, object]:
        """Return the body as a JSON object.

        Raises:
            ApiRefusal: 5001, the body is no JSON object.
        """
        try:
            value = json.loads(self.request.body)
        except (ValueError, RecursionError):
            raise ApiRefusal(BODY_INVALID) from None
        if not isinstance(value, dict):
            raise ApiRefusal(BODY_INVALID)
        return value

    def in_group(self) -> Callable[[Device], bool]:
        """Return a predicate for the devices in the group of the query's `gid`; all if there is none.

        Raises:
            ApiRefusal: 5206, no such group.
        """
        gid = self.query.get("gid")
        if not gid:
            return lambda _: True
        macs = self.product.groups.macs_below(gid)
        return lambda device: device.mac in macs

    def devices(self) -> list[Device]:
        """Return the devices in the group of the query's `gid`; all of the fleet if there is none.

        Raises:
            ApiRefusal: 5206, no such group.
        """
        return list(filter(self.in_group(), self.product.fleet.devices))

    def device(self, did: str) -> Device:
        """Return a device of the product.

        Raises:
            ApiRefusal: 5302, it belongs to another product; 5301, there is none.
        """
        device = self.product.fleet.device(did)
        if device is not None:
            return device
        others = self.state.products.values()
        elsewhere = any(product.fleet.device(did) is not None for product in others)
        raise ApiRefusal(DEVICE_OF_OTHER_PRODUCT if elsewhere else NO_DEVICE)
