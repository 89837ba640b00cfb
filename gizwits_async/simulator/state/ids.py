"""Reproducible ids of the same form as the service's."""

import hashlib

__all__ = ["digest"]


def digest(*parts: object) -> str:
    """Return 32 hex digits derived from the parts."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:32]
