"""Chapter "authorization": the token, which the client otherwise fetches and renews itself."""

from gizwits_async.models.authorization import Token
from gizwits_async.sections.base import Section

__all__ = ["Authorization"]


class Authorization(Section):
    """Tokens. Not needed in general: calls fetch and renew the token themselves."""

    async def create_token(self) -> Token:
        """Fetch a new token and use it from now on.

        Returns:
            The token, and when it expires in epoch seconds UTC.

        Raises:
            AuthenticationError: An id, a secret or our address is not accepted.
            QuotaWaitError: The service refuses calls for longer than `Options.max_quota_wait`.

        POST /v1/products/{product_key}/access_token (api document: "get token")
        """
        return await self._gateway.renew_token()
