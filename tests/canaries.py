"""Secrets that are easy to find in any output, and the search for them."""

import base64
import html
import io
import json
import logging
import pickle
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any
from urllib.parse import quote, quote_plus

from attrs import define, field
from rich.traceback import Traceback

from gizwits_async import Credentials, errors

WINDOW = 8
"""Characters of a secret that count as the secret."""


def _made(name: str, length: int = 40) -> str:
    """Return a secret with signs in it that every encoding writes differently."""
    text = base64.b85encode(sha256(name.encode()).digest()).decode().translate(
        str.maketrans(dict.fromkeys("`\\'\"{}^|<>$!*;@#?_", "k"))
    )  # fmt: skip
    return (f"{text[:9]}/&+%={text[9:]}" * 4)[:length]


CANARIES = {
    "enterprise secret": _made("enterprise secret"),
    "product secret": _made("product secret"),
    # Longer than what tools cut texts to before they show them.
    "token": _made("token", 120),
    "passcode": _made("passcode"),
    "proxy password": _made("proxy password"),
    "redis password": _made("redis password"),
    "postgres password": _made("postgres password"),
}
TOKEN, PASSCODE = CANARIES["token"], CANARIES["passcode"]
CREDENTIALS = Credentials(
    enterprise_id="eid-of-canaries",
    enterprise_secret=CANARIES["enterprise secret"],
    product_key="pk",
    product_secret=CANARIES["product secret"],
)


def quoted(name: str) -> str:
    """Return a canary as it stands in a URL."""
    return quote(CANARIES[name], safe="")


def _base64(text: str) -> Iterator[str]:
    for shift, cut in ((0, 0), (1, 2), (2, 3)):
        coded = base64.b64encode(b"x" * shift + text.encode()).decode()[cut:-4]
        yield coded
        yield coded.translate(str.maketrans("+/", "-_"))


def spellings(text: str) -> dict[str, str]:
    """Return what a secret looks like in other writings: text -> name of the writing."""
    found = {text[at : at + WINDOW]: "as it is" for at in range(len(text) - WINDOW + 1)}
    found |= {quote(text, safe=""): "percent-encoded", quote_plus(text): "as a form"}
    found |= {quote(text, safe="").lower(): "percent-encoded", quote(text): "percent-encoded"}
    found |= dict.fromkeys(_base64(text), "base64")
    found |= {html.escape(text): "html", json.dumps(text)[1:-1]: "json"}
    found |= {
        text.encode().hex(): "hex",
        text.encode().hex().upper(): "hex",
        text[::-1]: "reversed",
    }
    return found


_NEEDLES = {name: spellings(text) for name, text in CANARIES.items()}


def leaks(text: str | bytes, *but: str) -> list[str]:
    """Return what of the canaries is in a text: which, how written, and what stands around it."""
    where = text.decode("latin-1") if isinstance(text, bytes) else text
    found = []
    for name, needles in _NEEDLES.items():
        for needle, how in needles.items():
            at = where.find(needle)
            if at >= 0 and name not in but:
                found.append(f"{name}, {how}: ...{where[max(0, at - 120) : at + 60]!r}")
                break
    return found


def rendered(error: BaseException) -> str:
    """Return everything that an error can tell, by any tool that we know of."""
    parts = [repr(error), str(error), "".join(map(str, getattr(error, "__notes__", ())))]
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        # Contexts are walked even where "from None" hides them: crash reporters do.
        todo += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]
        trace = traceback.TracebackException.from_exception(one, capture_locals=True)
        # The tests' own frames hold the secrets on purpose.
        frames = [frame for frame in trace.stack if "/tests/" not in frame.filename]
        parts += [f"{frame.name} {frame.line} {frame.locals}" for frame in frames]
        parts += [repr(one), repr(one.args), repr(vars(one)), _rich(one)]
    if isinstance(error, errors.GizwitsError):
        pickled = pickle.dumps(error)
        twin = pickle.loads(pickled)
        assert (repr(vars(twin)), str(twin)) == (repr(vars(error)), str(error))
        parts.append(pickled.decode("latin-1"))
    return "\n".join(parts)


def _rich(error: BaseException) -> str:
    """Return locals as rich shows them, which looks into objects and cuts texts."""
    trace = Traceback.extract(type(error), error, error.__traceback__, show_locals=True)
    return "\n".join(
        name + "".join(node.iter_tokens())
        for stack in trace.stacks
        for frame in stack.frames
        if "/tests/" not in frame.filename
        for name, node in (frame.locals or {}).items()
    )


@define
class Heard:
    """What was logged and warned of, with all that hangs on it."""

    log: io.StringIO = field(factory=io.StringIO)
    warned: list[Any] = field(factory=list)

    @property
    def text(self) -> str:
        """All of it."""
        return self.log.getvalue() + "".join(f"{one.message} {one.source!r}" for one in self.warned)


@contextmanager
def listening() -> Iterator[Heard]:
    """Record all loggers at their most talkative, and all warnings."""
    heard = Heard()
    handler = logging.StreamHandler(heard.log)
    formatter = logging.Formatter()
    handler.format = lambda r: repr(vars(r)) + formatter.format(r)  # type: ignore[method-assign]
    root = logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in _talkers())]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(1)
    root.addHandler(handler)
    with warnings.catch_warnings(record=True) as heard.warned:
        warnings.simplefilter("always")
        try:
            yield heard
        finally:
            root.removeHandler(handler)
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def _talkers() -> list[str]:
    names = (
        "asyncio", "aiohttp", "aiosqlite", "sqlalchemy", "redis", "asyncpg", "psycopg",
        "procrastinate", "gizwits_async",
    )  # fmt: skip
    return [name for name in logging.root.manager.loggerDict if name.split(".")[0] in names]
