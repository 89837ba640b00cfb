"""Issued tokens, each with its product and expiry."""

from attrs import evolve, frozen

from gizwits_async.simulator.codes import TOKEN_EXPIRED, TOKEN_INVALID, TOKEN_OF_OTHER_PRODUCT
from gizwits_async.simulator.messages import ApiRefusal
from gizwits_async.simulator.state.ids import digest

__all__ = ["Tokens"]

_PARTS = 2


@frozen
class _Grant:
    product_key: str
    expires_at: float


class Tokens:
    """All issued tokens; times in epoch seconds of the server."""

    def __init__(self, seed: int, life: float) -> None:
        self._seed, self._life = seed, life
        self._grants: dict[str, _Grant] = {}
        self._count = 0

    def issue(self, product_key: str, now: float, *, revoke_others: bool) -> tuple[str, float]:
        """Return a new token and its expiry in epoch seconds.

        Args:
            product_key: Product that the token is valid for.
            now: The server's present, in epoch seconds.
            revoke_others: Whether to revoke the product's other tokens.
        """
        if revoke_others:
            self._grants = {
                token: grant
                for token, grant in self._grants.items()
                if grant.product_key != product_key
            }
        self._count += 1
        token = digest("token", self._seed, self._count)
        self._grants[token] = _Grant(product_key, now + self._life)
        return token, now + self._life

    def check(self, authorization: str | None, product_key: str, now: float) -> None:
        """Check a header `Authorization`.

        Raises:
            ApiRefusal: 5009, no valid token; 5010, token of another product; 5011, expired.
        """
        parts = (authorization or "").split()
        if len(parts) != _PARTS or parts[0] != "token" or parts[1] not in self._grants:
            raise ApiRefusal(TOKEN_INVALID)
        grant = self._grants[parts[1]]
        if grant.product_key != product_key:
            raise ApiRefusal(TOKEN_OF_OTHER_PRODUCT)
        if now > grant.expires_at:
            raise ApiRefusal(TOKEN_EXPIRED)

    def revoke(self, token: str | None = None) -> None:
        """Revoke a token, or all of them: later calls are refused with 5009."""
        if token is None:
            self._grants.clear()
        else:
            self._grants.pop(token, None)

    def expire(self, token: str | None = None) -> None:
        """Expire a token, or all of them: later calls are refused with 5011."""
        for key, grant in self._grants.items():
            if token in (None, key):
                self._grants[key] = evolve(grant, expires_at=0.0)
