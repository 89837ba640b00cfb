"""Answers of chapter "authorization": the token."""

from datetime import datetime

from attrs import field, frozen

from gizwits_async.models.times import utc
from gizwits_async.models.values import Number
from gizwits_async.options import Secret
from gizwits_async.schema import Model

__all__ = ["Token", "TokenReply"]

_MILLISECONDS = 10**11
"""Above this an epoch value is not in seconds: it would be the year 5138."""
_NO_DATE = 1000 * _MILLISECONDS
"""Above this it is not in milliseconds either."""


@frozen(kw_only=True)
class Token(Model):
    """An access token for one product; it expires after seven days."""

    token: str = field(repr=False, converter=Secret)
    """The token itself; never in a repr."""
    expires_at: int
    """When it stops being accepted, in epoch seconds UTC by the server's clock."""

    @property
    def time(self) -> datetime:
        """`expires_at` as an aware UTC datetime."""
        return utc(self.expires_at)


@frozen(kw_only=True)
class TokenReply:
    """The reply of the token call, with either name of its second field."""

    token: str = field(repr=False)
    """The token itself; never in a repr. `Token` masks it: with a converter msgspec could not fill this class."""
    # The service sends "expire_at", its document shows "expired_at" (api.md C1).
    expire_at: Number | None = None
    """When it expires, in epoch seconds or milliseconds UTC, as the service names it."""
    expired_at: Number | None = None
    """The same, as the document's example names it."""

    def to_token(self, *, otherwise: float) -> Token:
        """Return the token.

        Args:
            otherwise: When it is assumed to expire if the reply has no plausible date, in epoch
                seconds UTC.
        """
        stated = self.expire_at if self.expire_at is not None else self.expired_at
        expires = otherwise if stated is None or abs(stated) > _NO_DATE else stated
        return Token(
            token=self.token,
            expires_at=int(expires / 1000 if expires > _MILLISECONDS else expires),
        )
