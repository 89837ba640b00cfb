"""The exit codes of the program, and what each means: the help page and the documents are made of it."""

from collections.abc import Mapping
from enum import IntEnum

from gizwits_async.cli.language import N_, _

__all__ = ["MEANINGS", "Exit", "exit_codes"]


class Exit(IntEnum):
    """Exit codes of the program."""

    OK = 0
    FAILED = 1
    USAGE = 2
    INCOMPLETE = 3
    CREDENTIALS = 4
    QUOTA = 5
    NETWORK = 6
    SERVICE = 7
    LOCKED = 8
    NO_STORE = 9
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS: Mapping[Exit, str] = {
    Exit.OK: N_("done"),
    Exit.FAILED: N_("error"),
    Exit.USAGE: N_("usage"),
    Exit.INCOMPLETE: N_("incomplete or not confirmed"),
    Exit.CREDENTIALS: N_("credentials"),
    Exit.QUOTA: N_("quota used up and no waiting allowed"),
    Exit.NETWORK: N_("network"),
    Exit.SERVICE: N_("the service failed"),
    Exit.LOCKED: N_("the store is in use"),
    Exit.NO_STORE: N_("no such store"),
    Exit.INTERRUPTED: N_("interrupted"),
    Exit.TERMINATED: N_("terminated"),
}
"""English texts, which the catalogue has in Chinese."""


def exit_codes() -> str:
    """Return all codes in one sentence, in the chosen language."""
    found = _(", ").join(f"{code.value} {_(text)}" for code, text in MEANINGS.items())
    return _("Exit codes: {codes}.", codes=found)
