"""C0, what holds in every row: a call ends in a value or one error of ours, which tells no secret."""

import json
import pickle
from collections.abc import Awaitable
from typing import Any, TypeVar

import pytest

from gizwits_async.errors import GizwitsError
from tests.canaries import CREDENTIALS as CANARIES
from tests.canaries import TOKEN, leaks, rendered

__all__ = [
    "CANARIES",
    "ECHO",
    "LOGIN",
    "SECRETS",
    "TOKEN",
    "assert_c0",
    "complaints",
    "failure",
    "rendered",
]

E = TypeVar("E", bound=GizwitsError)

SECRETS = (CANARIES.enterprise_secret, CANARIES.product_secret, TOKEN)
ECHO = " ".join([*SECRETS, CANARIES.enterprise_id])
LOGIN = json.dumps({"token": TOKEN, "expire_at": 1_999_999_999}).encode()


def complaints(error: BaseException, *but: str, text: str | None = None) -> list[str]:
    """Return what C0 has against an error that a public call ended in.

    Args:
        error: What was raised.
        but: Canaries that it may hold.
        text: What it tells; None: all that can be had, which takes milliseconds.
    """
    if not isinstance(error, GizwitsError):
        return [f"{type(error).__name__} is no GizwitsError: {error!r}"]
    again, found = pickle.loads(pickle.dumps(error)), []
    if (type(again), str(again), again.args) != (type(error), str(error), error.args):
        found.append(f"pickled, {error!r} is {again!r}")
    if vars(again) != vars(error):
        found.append(f"pickled, {vars(error)} are {vars(again)}")
    return found + leaks(rendered(error) if text is None else text, *but)


def assert_c0(error: BaseException, *but: str) -> None:
    """An error of ours, the same after a pickle, and nowhere a secret."""
    assert complaints(error, *but) == []


async def failure(call: Awaitable[Any], kind: type[E], *but: str) -> E:
    """Return the error that a call ends in: exactly of this class, and good by C0."""
    with pytest.raises(GizwitsError) as caught:
        await call
    assert type(caught.value) is kind, repr(caught.value)
    assert_c0(caught.value, *but)
    return caught.value
