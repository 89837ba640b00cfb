"""`gizwits-async send`: any call of the API, as `gh api` does for another one."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from cyclopts import Parameter, Token, convert

from gizwits_async.cli.connection import Connection
from gizwits_async.cli.control import agreed
from gizwits_async.cli.exits import Exit
from gizwits_async.cli.flags import Flag
from gizwits_async.cli.language import N_, _
from gizwits_async.cli.named_values import named_values
from gizwits_async.cli.output import json_text, printable, say, write_line

__all__ = ["send"]

_ANY: Any = Any
"""The type of a reply that is shown as it came."""
_NO_FIELD = N_("not a field: {pair}; write NAME=VALUE")


def _verb(kind: Any, tokens: Sequence[Token]) -> Any:
    """Read a verb as curl and documents write it, too: `GET`."""
    return convert(kind, [token.evolve(value=token.value.lower()) for token in tokens])


async def send(
    verb: Annotated[Literal["get", "post", "put", "delete"], Parameter(converter=_verb)],
    path: str,
    /,
    *fields: str,
    yes: Flag = False,
    connection: Connection = Connection(),
) -> int:
    """Send one call with the token of the product, and write its reply as JSON.

    Args:
        verb: get, post, put or delete.
        path: The path below the address, with {product_key} where the key of the product goes.
        fields: NAME=VALUE, as query of get and as JSON body of the others; a VALUE that is JSON is
            sent as such.
        yes: Do not ask before a call that changes something.
        connection: How the service is reached.
    """
    import gizwits_async as api

    values = named_values(fields, _NO_FIELD)
    if verb != "get" and not yes and not sys.stdin.isatty():
        raise ValueError(_("this may change something: give --yes where nobody can be asked"))
    async with connection.client() as gizwits:
        where = path.replace("{product_key}", gizwits.product_key)
        if verb == "get":
            request = api.get(where, _ANY, **values)
        else:
            request = getattr(api, verb)(where, _ANY, json=values or None)
            say(f"{verb.upper()} {where} {printable(values)}")
            if not yes and not agreed():
                return Exit.FAILED
        write_line(json_text(await gizwits.send(request), indent=2))
    return Exit.OK
