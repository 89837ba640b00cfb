"""Ids that look like the service's and depend on nothing but what they are made from."""

import hashlib

__all__ = ["digest"]


def digest(*parts: object) -> str:
    """Return 32 hex digits that depend on the parts alone."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:32]
