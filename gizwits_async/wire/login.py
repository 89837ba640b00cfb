"""How calls show their credentials: the auth headers, and the call that fetches a token."""

from collections.abc import Awaitable, Callable, Mapping

from gizwits_async.errors import ApiError
from gizwits_async.models.authorization import Token, TokenReply
from gizwits_async.options import Credentials, Lane, Options, Secret
from gizwits_async.wire.clock import ServerClock
from gizwits_async.wire.deadline import lift_deadline
from gizwits_async.wire.redact import redact
from gizwits_async.wire.request import Auth, Path, Request, post

__all__ = ["Headers", "log_in", "login_options"]

_TOKEN_LIFE = 7 * 86_400
"""Seconds a token lives if the service does not say (api document, section "token")."""


class Headers:
    """The request headers of one product's calls."""

    def __init__(self, credentials: Credentials, user_agent: str) -> None:
        self._credentials = credentials
        self._common = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": user_agent,
        }
        self._token: Token | None = None
        self._bearing: Mapping[str, str] = {}

    def of(self, auth: Auth, token: Token | None, body: bytes | None) -> dict[str, str]:
        """Return the headers of one call; a dict of its own, since a transport may change it."""
        headers: Mapping[str, str] = self._common
        if token is not None:
            if token is not self._token:  # The same token serves for days.
                shown = Secret(f"token {token.token}")
                self._token, self._bearing = token, {**self._common, "Authorization": shown}
            headers = self._bearing
        elif auth is Auth.ENTERPRISE:
            headers = {
                **self._common,
                "X-Gizwits-Enterprise-ID": self._credentials.enterprise_id,
                "X-Gizwits-Enterprise-Secret": self._credentials.enterprise_secret,
            }
        return {**headers} if body is None else {**headers, "Content-Type": "application/json"}

    def redact(self, error: ApiError, token: Token | None) -> None:
        """Cut out the secrets that the service may have echoed in an error."""
        own = self._credentials
        redact(error, own.enterprise_secret, own.product_secret, token.token if token else "")


def login_options(options: Options) -> Options:
    """Return the options of a login, on which other callers wait too, whatever their own limits."""
    return options.evolve(lane=Lane.INTERACTIVE, max_quota_wait=None, deadline=None)


async def log_in(
    send: Callable[[Request[TokenReply]], Awaitable[TokenReply]],
    credentials: Credentials,
    clock: ServerClock,
) -> Token:
    """Fetch a token for the product of `credentials`.

    POST /v1/products/{product_key}/access_token

    Args:
        send: Sends the request, as `Gateway.send` does.
        credentials: Enterprise and product.
        clock: Tells when a token was made that comes without a date.
    """
    lift_deadline()
    reply = await send(_token_request(credentials))
    return reply.to_token(otherwise=clock.earliest() + _TOKEN_LIFE)


def _token_request(credentials: Credentials) -> Request[TokenReply]:
    path = Path.of("/v1/products/{product_key}/access_token", product_key=credentials.product_key)
    body = {
        "enterprise_id": credentials.enterprise_id,
        "enterprise_secret": credentials.enterprise_secret,
        "product_secret": credentials.product_secret,
    }
    return post(path, TokenReply, json=body).evolve(auth=Auth.NONE, repeatable=True)
