"""Resume tokens: where a walk stands, as a text that only its own query reads. Pure."""

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any, TypeVar
from zlib import crc32

from msgspec.json import encode

from gizwits_async.errors import GizwitsError, ResumeMismatchError

__all__ = ["fingerprint", "read_token", "resumable", "write_token"]

T = TypeVar("T")

_VERSION = "g1"


def fingerprint(*parts: object) -> str:
    """Return what tells one query from another."""
    return sha256(json.dumps(parts, default=str, sort_keys=True).encode()).hexdigest()[:16]


def write_token(query: str, state: object) -> str:
    """Return the state of a walk as a token of the query with this fingerprint."""
    plain = encode([query, state])
    # With a checksum: one digit changed on the way would go on elsewhere without a word.
    return f"{_VERSION}.{plain.hex()}{crc32(plain):08x}"


def read_token(query: str, token: str, shape: Callable[[Any], T]) -> T:
    """Return the state in a token of the query with this fingerprint.

    Args:
        query: Its fingerprint.
        token: What `write_token` gave.
        shape: Makes the state of plain JSON; raises ValueError or TypeError if it cannot be one.

    Raises:
        ResumeMismatchError: It is damaged, of another version, or of another query.
    """
    version, _, text = str(token).partition(".")
    if version != _VERSION:
        raise ResumeMismatchError("this is no resume token of this version of gizwits_async")
    try:
        plain, check = bytes.fromhex(text[:-8]), int(text[-8:], 16)
        if crc32(plain) != check:
            raise ValueError("another checksum")
        found, state = json.loads(plain)
        read = shape(state)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise ResumeMismatchError("the resume token is damaged") from None
    if found != query:
        raise ResumeMismatchError(
            "the resume token belongs to another query: give the same arguments as in the walk"
            " that it comes from"
        )
    return read


def resumable(error: GizwitsError, token: str) -> None:
    """Let an error out of a walk say where to go on."""
    error.resume = token
    error.add_note(f'go on with stream.pages(resume="{token}")')
