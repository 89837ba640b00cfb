"""Errors of the command line itself, in our words and the chosen language."""

from collections.abc import Sequence
from difflib import get_close_matches

from cyclopts import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    UnknownCommandError,
    ValidationError,
)
from cyclopts.exceptions import RepeatArgumentError, UnknownOptionError, UnusedCliTokensError

from gizwits_async.cli.exits import Exit
from gizwits_async.cli.language import N_, _
from gizwits_async.cli.output import say

__all__ = ["usage_error"]


_SPELLINGS = {"SPAN": N_("write 90s, 30m, 12h, 4d or 1w")}
"""How a value of a flag is written, by its name on the help page."""


def usage_error(error: CycloptsError, commands: Sequence[str]) -> Exit:
    """Say what is wrong with the command line, and return the exit code.

    Args:
        error: What cyclopts found.
        commands: The names of all commands, for a suggestion.
    """
    say(_("usage: {problem}", problem=_problem(error, commands)))
    return Exit.USAGE


def _problem(error: CycloptsError, commands: Sequence[str]) -> str:
    words = error.unused_tokens or [""]
    if isinstance(error, UnknownCommandError):
        similar = get_close_matches(words[0], commands, n=1)
        text = _("there is no command {word}", word=words[0])
        return text + (_("; did you mean {word}?", word=similar[0]) if similar else "")
    if isinstance(error, UnknownOptionError):
        return _("there is no flag {flag}", flag=error.token.keyword or error.token.value)
    if isinstance(error, UnusedCliTokensError):
        return _("too many arguments: {words}", words=" ".join(words))
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        return _("{name} needs a value", name=_named(error))
    if isinstance(error, RepeatArgumentError):
        return _("{name} is given more than once", name=_named(error))
    if isinstance(error, ValidationError) and error.argument is not None:
        return f"{_named(error)}: {error.exception_message}"
    if isinstance(error, CoercionError) and error.token is not None:
        return _not_converted(error)
    return str(error)


def _named(error: CycloptsError) -> str:
    token = getattr(error, "token", None)
    keyword = getattr(error, "keyword", None) or (token and token.keyword)
    if keyword or error.argument is None:
        return str(keyword or "")
    name = error.argument.name
    return name if name.startswith("-") else name.upper()


def _not_converted(error: CoercionError) -> str:
    value = error.token.value if error.token else ""
    if error.msg is not None:  # The text of our own converter.
        return _("{name} {value}: {reason}", name=_named(error), value=value, reason=error.msg)
    choices = error.argument.get_choices() if error.argument is not None else None
    if choices:
        names = ", ".join(choices)
        return _(
            "{name} takes {choices}, not {value}", name=_named(error), choices=names, value=value
        )
    kind = error.argument.parameter.metavar if error.argument else None
    text = _("{name} does not take {value}", name=_named(error), value=value)
    return f"{text}: {_(_SPELLINGS[kind])}" if kind in _SPELLINGS else text
