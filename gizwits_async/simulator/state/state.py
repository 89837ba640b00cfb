"""What the simulated service knows, and one call as its endpoints see it."""

import json
import random
from collections.abc import Callable, Mapping

from attrs import define, field, frozen

from gizwits_async.options import Credentials
from gizwits_async.simulator.messages import Refusal, SimulatedRequest
from gizwits_async.simulator.quirks import Quirks
from gizwits_async.simulator.state.contexts import Contexts
from gizwits_async.simulator.state.fleet import Device, Fleet
from gizwits_async.simulator.state.groups import Groups
from gizwits_async.simulator.state.tokens import Tokens
from gizwits_async.simulator.state.users import Bindings, people_of

__all__ = ["Call", "Control", "Product", "World"]

_BODY_INVALID, _DEVICE_NOT_EXIST, _DEVICE_OF_OTHER_PRODUCT = 5001, 5301, 5302


@frozen(kw_only=True)
class Control:
    """One control call that was taken."""

    at: float
    """When, in epoch seconds of the server."""
    did: str
    attrs: Mapping[str, object] | None = None
    raw: bytes | None = None


@define(eq=False)
class Product:
    """One product and what belongs to it."""

    key: str
    secret: str = field(repr=False)
    fleet: Fleet
    groups: Groups
    bindings: Bindings
    controls: list[Control] = field(factory=list)
    """Every control call that was taken, oldest first."""
    states: dict[str, dict[str, int]] = field(factory=dict)
    """did -> raw values of its data points, of devices that were controlled."""

    @classmethod
    def of(cls, key: str, secret: str, fleet: Fleet) -> "Product":
        """Return a product with this fleet, users made up for it, and no groups yet."""
        return cls(key, secret, fleet, Groups.empty(key), people_of(key, fleet))


@define(eq=False)
class World:
    """Everything behind the endpoints."""

    quirks: Quirks
    credentials: Credentials
    products: dict[str, Product]
    tokens: Tokens
    contexts: Contexts
    rng: random.Random


@frozen(kw_only=True, eq=False)
class Call:
    """One call that was let in."""

    world: World
    product: Product
    """The product it is about."""
    params: Mapping[str, str]
    """Variable segments of the path."""
    query: dict[str, str]
    request: SimulatedRequest
    now: float
    """The server's present, in epoch seconds."""

    def json(self) -> dict[str, object]:
        """Return the body, which must be a JSON object.

        Raises:
            Refusal: 5001, it is none.
        """
        try:
            value = json.loads(self.request.body)
        except (ValueError, RecursionError):
            raise Refusal(_BODY_INVALID) from None
        if not isinstance(value, dict):
            raise Refusal(_BODY_INVALID)
        return value

    def in_group(self) -> Callable[[Device], bool]:
        """Return whether a device counts under the query's `gid`, which may be missing.

        Raises:
            Refusal: 5206, no such group.
        """
        gid = self.query.get("gid")
        if not gid:
            return lambda _: True
        macs = self.product.groups.macs_below(gid)
        return lambda device: device.mac in macs

    def device(self, did: str) -> Device:
        """Return a device of the product.

        Raises:
            Refusal: 5302, it belongs to another product; 5301, there is none.
        """
        device = self.product.fleet.device(did)
        if device is not None:
            return device
        others = self.world.products.values()
        elsewhere = any(product.fleet.device(did) is not None for product in others)
        raise Refusal(_DEVICE_OF_OTHER_PRODUCT if elsewhere else _DEVICE_NOT_EXIST)
