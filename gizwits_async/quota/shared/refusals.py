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
_KINDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (OutOfMemoryError, "its memory is full (maxmemory)"),
    (ReadOnlyError, "it is a read-only replica"),
    (AskError, "it is a node of a cluster: give redis+cluster://HOST"),
    (NoPermissionError, "its access list (ACL) lacks a command or key that README names"),
    (
        (AuthenticationError, AuthenticationWrongNumberOfArgsError),
        "it does not accept the user or the password, or wants one",
    ),
)
_WORDS = (
    ("OOM ", "its memory is full (maxmemory)"),
    ("READONLY", "it is a read-only replica"),
    ("ACL failure", "its access list (ACL) lacks a command or key that README names"),
    ("DB index", "it has no database of this number"),
    ("SELECT is not allowed", "it is a node of a cluster: give redis+cluster://HOST"),
    ("command 'AUTH'", "it does not accept a password"),
    ("command `AUTH`", "it does not accept a password"),
)
"""Parts of an answer of which redis-py makes no class of its own, as inside a script."""


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
    if text.startswith(_PASSING_CODES):
        return None
    for kind, words in _KINDS:
        if isinstance(error, kind):
            return words
    known = (words for part, words in _WORDS if part in text)
    code = text.partition(" ")[0]
    return next(known, f"it answers {code}" if code.isupper() else "it does not know a command")


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
