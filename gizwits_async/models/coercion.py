"""Coercion of JSON values to the types of the models; any other spelling is refused. Pure.

The hooks of cattrs would read "false" as True, None as "None" and 1517384124.229 as an int.
"""

import json
import re
from functools import lru_cache
from math import isfinite

__all__ = ["as_bool", "as_identity", "as_int", "as_number", "as_text", "describe", "is_null"]

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_MAX_DIGITS = 4300
"""Digits of an integer written as text; `int` itself accepts no more."""
_TRUTH = {"1": True, "0": False, "-0": False, "true": True, "false": False}

# Text is coerced as if it were JSON without quotes, as msgspec does for lists (`plain.py`); leading
# zeros are accepted too. Each function checks for the exact type first, which nearly all values have.


def is_null(value: object) -> bool:
    """Return whether this is None, or "null" in any case."""
    return value is None or (type(value) is str and value.lower() == "null")


def as_bool(value: object, _: object = bool) -> bool:
    """Return a bool, 0, 1, "0", "1", "true" or "false" in any case as a bool."""
    if value is True or value is False:
        return value
    if type(value) is int and value in (0, 1):
        return value == 1
    if type(value) is str and value.lower() in _TRUTH:
        return _TRUTH[value.lower()]
    raise ValueError(f"expected a boolean, got {describe(value)}")


def as_int(value: object, _: object = int) -> int:
    """Return a whole number of any size, also one written as text or as a float, as an int."""
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer():
        return int(value)
    if type(value) is str and _NUMBER.fullmatch(value):
        number = _written_number(value)
        if type(number) is int or number.is_integer():
            return int(number)
    raise ValueError(f"expected a whole number, got {describe(value)}")


def as_number(value: object, _: object = float) -> float:
    """Return a number, also one written as text; what was written without a point stays an int."""
    if type(value) is float or type(value) is int:
        # An int stays one: 1517384243 is exact, and larger ones have no float at all.
        return value
    if type(value) is str:
        return _written_number(value)
    raise ValueError(f"expected a number, got {describe(value)}")


# Cached: coordinates come as text, and all devices of a city have the same ones.
@lru_cache(maxsize=1024)
def _written_number(text: str) -> float:
    written = _NUMBER.fullmatch(text)
    if written and any(written.groups()):
        number = float(text)
        if isfinite(number):
            return number
    elif written and len(text) <= _MAX_DIGITS:
        return int(text)
    raise ValueError(f"expected a number, got {describe(text)}")


def as_text(value: object, _: object = str) -> str:
    """Return a text as it is, and a whole number as its digits."""
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    if isinstance(value, str):  # A `Secret` out of `to_dict`.
        return value
    raise ValueError(f"expected a text, got {describe(value)}")


def as_identity(value: object, _: object = str) -> str:
    """Return a text that is not empty; a whole number as its digits."""
    text = as_text(value)
    if not text:
        raise ValueError("expected a text that is not empty")
    return text


def describe(value: object) -> str:
    """Describe a refused value for a message; of a text only the length, since it may be a secret."""
    if value is None:
        return "null"
    if isinstance(value, bool | float):
        return json.dumps(value)
    if isinstance(value, str):
        return f"a text of {len(value)} characters"
    return type(value).__name__
