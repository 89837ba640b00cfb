"""What an error is to the shell and to a person: its exit code, its cause and what to do. Pure."""

from typing import Final

from gizwits_async.cli.exits import Exit
from gizwits_async.cli.language import N_, _
from gizwits_async.cli.library_texts import reworded
from gizwits_async.cli.output import say
from gizwits_async.cli.system_texts import described
from gizwits_async.error_codes import API_ERRORS
from gizwits_async.errors import (
    ApiError,
    AuthenticationError,
    ClientClosedError,
    ConflictError,
    CredentialsError,
    ForbiddenError,
    GizwitsError,
    InvalidRequestError,
    InvalidResponseError,
    LogRangeError,
    NotFoundError,
    NotSentError,
    OutcomeUnknownError,
    QuotaExceededError,
    QuotaWaitError,
    ServerError,
    TransportError,
)
from gizwits_async.scan.errors import (
    ScanStoreError,
    StoreLockedError,
    StoreLostError,
    StoreMissingError,
)

__all__ = ["explain", "explained", "hint"]


_CAUSES: Final = (
    (CredentialsError, Exit.CREDENTIALS, N_("credentials")),
    (AuthenticationError, Exit.CREDENTIALS, N_("credentials")),
    (QuotaWaitError, Exit.QUOTA, N_("quota")),
    (QuotaExceededError, Exit.QUOTA, N_("quota")),
    (OutcomeUnknownError, Exit.NETWORK, N_("outcome unknown, look before you send it again")),
    (NotSentError, Exit.NETWORK, N_("network")),
    (TransportError, Exit.NETWORK, N_("network")),
    (ServerError, Exit.SERVICE, N_("service")),
    (InvalidResponseError, Exit.SERVICE, N_("service")),
    (NotFoundError, Exit.FAILED, N_("not found")),
    (ForbiddenError, Exit.FAILED, N_("not allowed")),
    (ConflictError, Exit.FAILED, N_("not in its present state")),
    (InvalidRequestError, Exit.FAILED, N_("refused")),
    (ApiError, Exit.FAILED, N_("refused")),
    (StoreLockedError, Exit.LOCKED, N_("store in use")),
    (StoreLostError, Exit.LOCKED, N_("store taken over")),
    (StoreMissingError, Exit.NO_STORE, N_("store")),
    (ScanStoreError, Exit.FAILED, N_("store")),
    (ClientClosedError, Exit.FAILED, N_("closed")),
    (LogRangeError, Exit.USAGE, N_("usage")),
    (ValueError, Exit.USAGE, N_("usage")),
    (GizwitsError, Exit.FAILED, N_("error")),
    (ImportError, Exit.FAILED, N_("not installed")),
    (OSError, Exit.FAILED, N_("system")),
)
"""The first class that an error belongs to decides."""

_UNKNOWN_PRODUCT = 5015
_HINTS: Final = {
    5003: N_("the enterprise id is unknown: compare it with the developer centre"),
    5004: N_("the enterprise secret is wrong"),
    5005: N_("the product secret is wrong"),
    5007: N_("the Enterprise API is not enabled for this product: ask Gizwits"),
    5008: N_("the product does not belong to this enterprise: ask Gizwits"),
    5010: N_("the token belongs to another product key"),
    5012: N_(
        "the public address of this machine is not in the white list: developer centre, company"
        " information, API settings"
    ),
    5015: N_("the product key is unknown: compare it with the developer centre"),
}


def explained(error: Exception) -> Exit | None:
    """Say what an error means, and return the exit code; None for an error of our own."""
    if (found := explain(error)) is None:
        return None
    code, text = found
    say(text)
    return code


def explain(error: Exception) -> tuple[Exit, str] | None:
    """Return the exit code of an error, and the lines to show; None for an error of our own.

    What the service or the library said is quoted as it is.
    """
    if (found := _judged(error)) is None:
        return None
    code, cause = found
    lines = [_("{cause}: {detail}", cause=_(cause), detail=reworded(described(error)))]
    if advice := hint(error):
        lines.append(f"  {advice}")
    return code, "\n".join(lines)


def hint(error: Exception) -> str:
    """Return what to do about a refusal of the service, or else what its code means."""
    code = error.code if isinstance(error, ApiError) else None
    if not isinstance(code, int):
        return ""
    if code in _HINTS:
        return _(_HINTS[code])
    meaning = API_ERRORS[code][2] if code in API_ERRORS else ""
    return _(meaning) if _(meaning) != meaning else ""  # In English the error itself says it.


def _judged(error: Exception) -> tuple[Exit, str] | None:
    if isinstance(error, ApiError) and error.code == _UNKNOWN_PRODUCT:
        return Exit.CREDENTIALS, "credentials"
    for kind, code, cause in _CAUSES:
        if isinstance(error, kind):
            return code, cause
    return None
