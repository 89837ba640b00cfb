"""Arguments NAME=VALUE of the command line: a VALUE that is JSON is read as JSON, any other is a text."""

import json
from collections.abc import Iterable
from typing import Any

from gizwits_async.cli.language import _

__all__ = ["named_values"]


def named_values(pairs: Iterable[str], problem: str) -> dict[str, Any]:
    """Return the values by name.

    Args:
        pairs: The arguments.
        problem: What to say of an argument without a name or a value, which stands for `{pair}`; a
            text of the catalogue.

    Raises:
        ValueError: There is such an argument.
    """
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise ValueError(_(problem, pair=pair))
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = text
    return values
