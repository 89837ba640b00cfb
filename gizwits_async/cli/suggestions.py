"""Commands that the program suggests: ready to be copied into a shell, and without a secret."""

import shlex
from collections.abc import Collection

from gizwits_async.cli.flags import LOGS

__all__ = ["command", "next_scan"]


def command(*words: str) -> str:
    """Return a command of this program, quoted for a shell."""
    return shlex.join(["gizwits-async", *words])


def next_scan(
    store: str, schema: str | None, logs: Collection[str], *words: str, derives: bool = False
) -> str:
    """Return the command that goes on with a store.

    Args:
        store: Path or URL of the store; a password in it is left out.
        schema: Schema of a PostgreSQL database that holds it.
        logs: The logs that are scanned.
        words: Further words of the command.
        derives: Whether it makes the data log out of the cmd log.
    """
    from gizwits_async.scan import SqlStore

    out = SqlStore(store, schema=schema).arguments
    chosen = [one for log in LOGS if log in logs for one in ("--log", log)]
    every = not logs or len(logs) == len(LOGS)
    flags = [*([] if every else chosen), *(["--derive", "data"] if derives else [])]
    return command("scan", "--since", "last", "--out", *out, *flags, *words)
