"""The exit codes of the program, as its help page lists them."""

from enum import IntEnum

__all__ = ["Exit"]


class Exit(IntEnum):
    """Exit codes of the program, as its help page lists them."""

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
