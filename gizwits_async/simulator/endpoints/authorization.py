"""The authorization endpoint of the simulated service."""

import hmac

from gizwits_async.simulator.messages import Answer, Refusal
from gizwits_async.simulator.state.state import Call

__all__ = ["create_token", "same"]

_FORM_INVALID, _NO_ENTERPRISE, _ENTERPRISE_SECRET, _PRODUCT_SECRET = 5002, 5003, 5004, 5005
_CREATED = 201


def same(left: str, right: str) -> bool:
    """Return whether two secrets are equal, in a time that does not tell how nearly."""
    return hmac.compare_digest(
        left.encode(errors="surrogatepass"), right.encode(errors="surrogatepass")
    )


def create_token(call: Call) -> Answer:
    """POST /v1/products/{product_key}/access_token."""
    body, quirks, mine = call.json(), call.world.quirks, call.world.credentials
    names = ("enterprise_id", "enterprise_secret", "product_secret")
    values = [body.get(name) for name in names]
    for name, value in zip(names, values, strict=True):
        if not isinstance(value, str) or not value:
            raise Refusal(_FORM_INVALID, name)
    enterprise, enterprise_secret, product_secret = map(str, values)
    if enterprise != mine.enterprise_id:
        raise Refusal(_NO_ENTERPRISE)
    if not same(enterprise_secret, mine.enterprise_secret):
        raise Refusal(_ENTERPRISE_SECRET)
    if not same(product_secret, call.product.secret):
        raise Refusal(_PRODUCT_SECRET)
    token, end = call.world.tokens.issue(
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
