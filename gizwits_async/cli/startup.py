"""What is settled before a command is looked up: language, debug output, encodings."""

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gizwits_async.cli.language import LANGUAGES, Language, _, from_environment

__all__ = ["common_flags", "log_shown", "write_any_character"]

_LANG = "--lang"
_DEBUG = frozenset({"-v", "--debug"})


def common_flags(tokens: Sequence[str]) -> tuple[Language, bool, list[str]]:
    """Return the language, whether calls are shown, and the tokens without these flags.

    They may stand anywhere before `--`, with each command, also before its name.

    Raises:
        ValueError: `--lang` has a value other than `en` and `zh`.
    """
    language, debug, rest = from_environment(os.environ), False, []
    left = map(_as_utf8, tokens)
    for word in left:
        if word == "--":
            rest += [word, *left]
        elif word in _DEBUG:
            debug = True
        elif word == _LANG or word.startswith(f"{_LANG}="):
            language = _language(next(left, "") if word == _LANG else word.partition("=")[2])
        else:
            rest.append(word)
    return language, debug, rest


def _as_utf8(word: str) -> str:
    """Return an argument as UTF-8: a locale that cannot decode it leaves its bytes as surrogates."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return os.fsencode(word).decode(errors="surrogateescape")
    return word


def _language(text: str) -> Language:
    for language in LANGUAGES:
        if text == language:
            return language
    raise ValueError(_("--lang takes en or zh"))


def write_any_character() -> None:
    """Escape what the encoding of the terminal or pipe cannot show, where it would be an error."""
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")


class _Said(logging.Handler):
    """Writes records of the log as lines for people."""

    def emit(self, record: logging.LogRecord) -> None:
        from gizwits_async.cli.library_texts import reworded
        from gizwits_async.cli.output import say

        record.msg, record.args = reworded(record.getMessage()), ()
        say(self.format(record))


@contextmanager
def log_shown(*, debug: bool) -> Iterator[None]:
    """Write warnings of the package on stderr, and with `debug` each call; neither holds a secret.

    Failed calls are left out otherwise: the command itself says what became of them.
    """
    logger, handler = logging.getLogger("gizwits_async"), _Said()
    level = logger.level
    if debug:
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
        logger.setLevel(logging.DEBUG)
    else:
        handler.setLevel(logging.WARNING)
        handler.addFilter(lambda record: record.name != "gizwits_async.wire.report")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
