"""Resume tokens: the position of a walk as text, valid for equal queries only. Pure."""

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any, TypeVar
from zlib import crc32

from msgspec.json import encode

from gizwits_async.errors import GizwitsError, ResumeMismatchError

__all__ = ["fingerprint", "make_resumable", "read_token", "write_token"]

T = TypeVar("T")

_VERSION = "g1"
_arguments = json.JSONEncoder(default=str, sort_keys=True).encode


def fingerprint(*parts: object) -> str:
    """Return a hash of the arguments of a query."""
    return sha256(_arguments(parts).encode()).hexdigest()[:16]


def write_token(query: str, state: object) -> str:
    """Return the state of a walk as a token of the query with this fingerprint."""
    plain = encode([query, state])
    # The checksum keeps a token with one changed digit from going on elsewhere unnoticed.
    return f"{_VERSION}.{plain.hex()}{crc32(plain):08x}"


def read_token(query: str, token: str, shape: Callable[[Any], T]) -> T:
    """Return the state of a walk from a token of the query with this fingerprint.

    Args:
        query: Its fingerprint.
        token: The result of `write_token`.
        shape: Builds the state from plain JSON; raises ValueError or TypeError if that is no state.

    Raises:
        ResumeMismatchError: The token is damaged, of another version, or of another query.
    """
    version, _, text = str(token).partition(".")
    if version != _VERSION:
        raise ResumeMismatchError("this is no resume token of this version of gizwits_async")
    try:
        plain, check = bytes.fromhex(text[:-8]), int(text[-8:], 16)
        if crc32(plain) != check:
            raise ValueError("wrong checksum")
        found, state = json.loads(plain)
        read = shape(state)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise ResumeMismatchError("the resume token is damaged") from None
    if found != query:
        raise ResumeMismatchError(
            "the resume token belongs to another query: use the same arguments as the walk that"
            " returned it"
        )
    return read


def make_resumable(error: GizwitsError, token: str | None) -> None:
    """Give an error of a walk the token to go on with."""
    error.resume = token
    error.add_note(f'go on with stream.pages(resume="{token}")')
