"""Who calls the endpoints that take the enterprise's id and secret, and which product is meant."""

from gizwits_async.simulator.endpoints.authorization import same
from gizwits_async.simulator.messages import Refusal, SimulatedRequest
from gizwits_async.simulator.quirks import Quirks
from gizwits_async.simulator.state.state import Product, World

__all__ = ["admit_enterprise", "named_product"]

_FORM_INVALID, _NO_ENTERPRISE, _ENTERPRISE_SECRET, _NO_PRODUCT = 5002, 5003, 5004, 5015
_PRODUCT_SECRET = 5005


def admit_enterprise(world: World, request: SimulatedRequest, *, secret_optional: bool) -> None:
    """Raise what the two enterprise headers earn, if anything: 5003 or 5004."""
    if request.header("x-gizwits-enterprise-id") != world.credentials.enterprise_id:
        raise Refusal(_NO_ENTERPRISE)
    secret = request.header("x-gizwits-enterprise-secret")
    if secret is None and secret_optional:
        return
    if secret is None or not same(secret, world.credentials.enterprise_secret):
        raise Refusal(_ENTERPRISE_SECRET)


def named_product(world: World, query: dict[str, str], *, report: bool) -> Product:
    """Return the product that a query means.

    Args:
        world: All products.
        query: Parameters as sent.
        report: Whether the endpoint is one of the reports whose parameter is in doubt.

    Raises:
        Refusal: 5002, none is named; 5015 or 5005, there is none of that name.
    """
    names = _names(world.quirks) if report else ("product_key",)
    value = next((query[name] for name in names if query.get(name)), None)
    if value is None:
        raise Refusal(_FORM_INVALID, names[0])
    wanted = world.quirks.product_value if report else "key"
    for product in world.products.values():
        by_key = wanted != "secret" and value == product.key
        if by_key or (wanted != "key" and same(value, product.secret)):
            return product
    raise Refusal(_PRODUCT_SECRET if wanted == "secret" else _NO_PRODUCT)


def _names(quirks: Quirks) -> tuple[str, ...]:
    either = quirks.product_parameter == "either"
    return ("product_key", "product_secret") if either else (quirks.product_parameter,)
