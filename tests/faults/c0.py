"""C0, what holds in every row: a call ends in a value or one error of ours, which tells no secret."""

import json
import pickle
import traceback
from collections.abc import Awaitable, Iterable
from typing import Any, TypeVar

import pytest

from gizwits_async import Credentials
from gizwits_async.errors import GizwitsError

E = TypeVar("E", bound=GizwitsError)

CANARIES = Credentials(
    enterprise_id="eid-canary-1111",
    enterprise_secret="es-canary-2222",
    product_key="pk",
    product_secret="ps-canary-3333",
)
TOKEN = "tk-canary-4444"
SECRETS = (CANARIES.enterprise_secret, CANARIES.product_secret, TOKEN)
ECHO = " ".join([*SECRETS, CANARIES.enterprise_id])
LOGIN = json.dumps({"token": TOKEN, "expire_at": 1_999_999_999}).encode()


def told(error: BaseException) -> str:
    """Return everything an error can tell, by any tool that we know of."""
    parts = [repr(error), str(error), repr(vars(error))]
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        todo += [one.__cause__, one.__context__]
        # Contexts are walked even where "from None" hides them: crash reporters do.
        trace = traceback.TracebackException.from_exception(one, capture_locals=True)
        # The tests' own frames hold the secrets on purpose.
        frames = [frame for frame in trace.stack if "/tests/" not in frame.filename]
        parts += [f"{frame.name} {frame.line} {frame.locals}" for frame in frames]
        parts.append(repr(one) + repr(one.args) + repr(vars(one)))
    return "\n".join(parts)


def leaks(text: str, secrets: Iterable[str] = SECRETS) -> list[str]:
    """Return the secrets in a text; of a canary any part that is long enough counts."""
    return [
        secret
        for secret in secrets
        if secret in text or ("canary" in secret and (secret[3:] in text or secret[-6:] in text))
    ]


def complaints(
    error: BaseException, secrets: Iterable[str] = SECRETS, *, text: str | None = None
) -> list[str]:
    """Return what C0 has against an error that a public call ended in.

    Args:
        error: What was raised.
        secrets: What must not be in it.
        text: What it tells; None: all that can be had, which takes a millisecond or more.
    """
    if not isinstance(error, GizwitsError):
        return [f"{type(error).__name__} is no GizwitsError: {error!r}"]
    again, found = pickle.loads(pickle.dumps(error)), []
    if (type(again), str(again), again.args) != (type(error), str(error), error.args):
        found.append(f"pickled, {error!r} is {again!r}")
    if vars(again) != vars(error):
        found.append(f"pickled, {vars(error)} are {vars(again)}")
    text = told(error) if text is None else text
    found += [
        f"a secret in a {type(error).__name__}: {line}"
        for line in text.splitlines()
        if leaks(line, secrets)
    ]
    return found


def assert_c0(error: BaseException, secrets: Iterable[str] = SECRETS) -> None:
    """An error of ours, the same after a pickle, and nowhere a secret."""
    assert complaints(error, secrets) == []


async def failure(call: Awaitable[Any], kind: type[E], secrets: Iterable[str] = SECRETS) -> E:
    """Return the error that a call ends in: exactly of this class, and good by C0."""
    with pytest.raises(GizwitsError) as caught:
        await call
    assert type(caught.value) is kind, repr(caught.value)
    assert_c0(caught.value, secrets)
    return caught.value
