"""Names the causes of failed connections in words: the errors of lower libraries hold URLs and tokens."""

import errno
import os
import socket
import ssl

__all__ = ["cause_of"]

_NO_SUCH_HOST = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
_WORDS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset by the other side",
    errno.EPIPE: "connection closed by the other side",
    errno.ECONNABORTED: "connection aborted",
}


def cause_of(error: BaseException | None) -> str:
    """Return the cause of a failure, such as "connection refused"; "unknown cause" if it has no words.

    Args:
        error: An error of a socket, of TLS, or of a library that wraps one.
    """
    while error is not None:
        inner = getattr(error, "certificate_error", None) or getattr(error, "os_error", None)
        if inner is None:
            if (words := _words(error)) is not None:
                return words
            inner = error.__cause__
        error = inner
    return "unknown cause"


def _words(error: BaseException) -> str | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not accepted: {getattr(error, 'verify_message', '') or 'untrusted'}"
    if isinstance(error, ssl.SSLError):
        reason = (getattr(error, "reason", None) or "handshake failed").lower().replace("_", " ")
        return f"TLS error: {reason}"
    if isinstance(error, socket.gaierror):
        return "no such host" if error.errno in _NO_SUCH_HOST else "host name not resolved"
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, OSError) and error.errno:
        return _WORDS.get(error.errno) or os.strerror(error.errno).lower()
    return None
