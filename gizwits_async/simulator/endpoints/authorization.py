"""Authentication of the simulated service: the token endpoint and the enterprise headers."""

import hmac

from gizwits_async.simulator.codes import (
    ENTERPRISE_SECRET_WRONG,
    FORM_INVALID,
    NO_ENTERPRISE,
    NO_PRODUCT,
    PRODUCT_SECRET_WRONG,
)
from gizwits_async.simulator.messages import Answer, ApiRefusal, SimulatedRequest
from gizwits_async.simulator.quirks import Quirks
from gizwits_async.simulator.state.state import Call, Product, State

__all__ = ["check_enterprise", "create_token", "product_of"]

_CREATED = 201


def _equal(left: str, right: str) -> bool:
    # Constant time, as of a careful server; `surrogatepass` because JSON may hold lone surrogates.
    return hmac.compare_digest(
        left.encode(errors="surrogatepass"), right.encode(errors="surrogatepass")
    )


def create_token(call: Call) -> Answer:
    """POST /v1/products/{product_key}/access_token."""
    body, quirks, mine = call.json(), call.state.quirks, call.state.credentials
    names = ("enterprise_id", "enterprise_secret", "product_secret")
    values = [body.get(name) for name in names]
    for name, value in zip(names, values, strict=True):
        if not isinstance(value, str) or not value:
            raise ApiRefusal(FORM_INVALID, name)
    enterprise, enterprise_secret, product_secret = map(str, values)
    if enterprise != mine.enterprise_id:
        raise ApiRefusal(NO_ENTERPRISE)
    if not _equal(enterprise_secret, mine.enterprise_secret):
        raise ApiRefusal(ENTERPRISE_SECRET_WRONG)
    if not _equal(product_secret, call.product.secret):
        raise ApiRefusal(PRODUCT_SECRET_WRONG)
    token, end = call.state.tokens.issue(
        call.product.key, call.now, revoke_others=quirks.new_token_revokes_old
    )
    stamp = int(end * 1000) if quirks.expire_unit == "ms" else int(end)
    fields = {
        "expire_at": ("expire_at",),
        "expired_at": ("expired_at",),
        "both": ("expire_at", "expired_at"),
        "missing": (),
    }[quirks.expire_field]
    return Answer(_CREATED, {"token": token, **dict.fromkeys(fields, stamp)})


def check_enterprise(state: State, request: SimulatedRequest, *, secret_optional: bool) -> None:
    """Check the two enterprise headers.

    Raises:
        ApiRefusal: 5003, unknown enterprise; 5004, wrong or missing secret.
    """
    if request.header("x-gizwits-enterprise-id") != state.credentials.enterprise_id:
        raise ApiRefusal(NO_ENTERPRISE)
    secret = request.header("x-gizwits-enterprise-secret")
    if secret is None and secret_optional:
        return
    if secret is None or not _equal(secret, state.credentials.enterprise_secret):
        raise ApiRefusal(ENTERPRISE_SECRET_WRONG)


def product_of(state: State, query: dict[str, str], *, report: bool) -> Product:
    """Return the product that a query names.

    Args:
        state: All products.
        query: Parameters as sent.
        report: Whether the endpoint is a report whose parameter the documents do not settle.

    Raises:
        ApiRefusal: 5002, no parameter names a product; 5015 or 5005, there is no such product.
    """
    names = _parameters(state.quirks) if report else ("product_key",)
    value = next((query[name] for name in names if query.get(name)), None)
    if value is None:
        raise ApiRefusal(FORM_INVALID, names[0])
    wanted = state.quirks.product_value if report else "key"
    for product in state.products.values():
        by_key = wanted != "secret" and value == product.key
        if by_key or (wanted != "key" and _equal(value, product.secret)):
            return product
    raise ApiRefusal(PRODUCT_SECRET_WRONG if wanted == "secret" else NO_PRODUCT)


def _parameters(quirks: Quirks) -> tuple[str, ...]:
    either = quirks.product_parameter == "either"
    return ("product_key", "product_secret") if either else (quirks.product_parameter,)
