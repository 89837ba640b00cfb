"""What a Valkey or Redis answers when it refuses: a setting that is wrong, and not an outage. Pure.

The texts are ours: a server may quote the password in its own, as those do that know no AUTH.
"""

import ssl
from collections.abc import Iterator

from redis.exceptions import (
    AskError,
    AuthenticationError,
    AuthenticationWrongNumberOfArgsError,
    BusyLoadingError,
    ClusterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)

__all__ = ["NoScriptsError", "refusal"]

_PASSES = (BusyLoadingError, ClusterDownError, TryAgainError)
_PASSING_CODES = ("BUSY", "NOREPLICAS", "UNBLOCKED")
"""Codes of refusals that pass with time, for which redis-py has no class."""


class NoScriptsError(TypeError):
    """The server answers a script with something else than its result."""


def refusal(error: BaseException) -> str | None:
    """Return which setting a server refuses, in words; None for an outage, which passes."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not accepted ({cause.verify_message})"
        if isinstance(cause, ssl.SSLError):
            return "it does not speak TLS as we do"
    if isinstance(error, NoScriptsError):
        return "it does not run Lua scripts"
    if isinstance(error, _PASSES) or not isinstance(error, (ResponseError, AuthenticationError)):
        return None
    text = str(error)
    return None if text.startswith(_PASSING_CODES) else _words(error, text)


def _words(error: Exception, text: str) -> str:
    # By the text too: inside a script, redis-py makes no class of its own of an answer.
    if isinstance(error, OutOfMemoryError) or "OOM " in text:
        return "its memory is full (maxmemory)"
    if isinstance(error, ReadOnlyError) or "READONLY" in text:
        return "it is a read-only replica"
    if isinstance(error, AskError) or "SELECT is not allowed" in text:
        return "it is a node of a cluster: give redis+cluster://HOST"
    if isinstance(error, NoPermissionError) or "ACL failure" in text:
        return "its access list (ACL) lacks a command or key that we need"
    if isinstance(error, (AuthenticationError, AuthenticationWrongNumberOfArgsError)):
        return "it does not accept the user or the password, or wants one"
    if "command 'AUTH'" in text or "command `AUTH" in text:
        return "it does not accept a password"
    if "DB index" in text:
        return "it has no database of this number"
    code = text.partition(" ")[0]
    return f"it answers {code}" if code.isupper() else "it does not know a command"


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
