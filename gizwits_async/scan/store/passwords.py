"""Refuses URLs of PostgreSQL whose password would be taken for something else. Pure."""

import re

from gizwits_async.errors import ArgumentError
from gizwits_async.options import Secret

__all__ = ["check_password"]

_AMBIGUOUS = re.compile("@.*@|[/?#].*@")


def check_password(rest: Secret) -> None:
    """Check what follows the scheme of a URL, before it is parsed.

    A parser would take one end of the password for the host, or for the name of a database, which
    messages show.

    Raises:
        ArgumentError: The password holds a character that ends it; no part of it is shown.
    """
    if _AMBIGUOUS.search(rest):
        raise ArgumentError(
            "the password in the URL of the database holds a character that ends it: write %40 for @,"
            " %2F for /, %3F for ?, %23 for #, or leave the password to PGPASSWORD or ~/.pgpass"
        )
