"""How a token is written as text, in any store. Pure."""

import json

from gizwits_async.models.authorization import Token

__all__ = ["read_token", "write_token"]


def read_token(text: str | bytes | None) -> Token | None:
    """Return the token that was written as this text; None if it is none."""
    try:
        found = json.loads(text or "null")
        token, expires_at = found["token"], found["expires_at"]
    except (ValueError, TypeError, LookupError, RecursionError):
        return None
    if not isinstance(token, str) or not token or type(expires_at) is not int:
        return None
    return Token(token=token, expires_at=expires_at)


def write_token(token: Token) -> str:
    """Return the token as text."""
    return json.dumps({"token": str(token.token), "expires_at": token.expires_at})
