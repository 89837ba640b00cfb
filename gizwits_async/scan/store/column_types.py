"""Column types for values that databases refuse, and the JSON texts of a store."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Dialect, Double, Text
from sqlalchemy.types import TypeDecorator

__all__ = [
    "Number",
    "Plain",
    "from_json",
    "from_plain",
    "to_json",
    "to_json_texts",
    "to_plain",
    "to_plain_texts",
]

_encoder = msgspec.json.Encoder()
_encode = _encoder.encode
_decode = msgspec.json.Decoder().decode


def to_json(value: Any) -> str:
    """Return a value as JSON text, readable where UTF-8 has its characters."""
    try:
        return _encode(value).decode()
    except (msgspec.MsgspecError, ValueError, OverflowError):
        # A lone surrogate, or an integer beyond 64 bits.
        return json.dumps(value, separators=(",", ":"))


def to_json_texts(values: Iterable[Any]) -> list[str]:
    """Return each value as `to_json` does, a page of them in one call."""
    values = list(values)
    try:
        # A line break inside of a value is escaped.
        return _encoder.encode_lines(values).decode().split("\n")[:-1]
    except (msgspec.MsgspecError, ValueError, OverflowError):
        return [to_json(value) for value in values]


def from_json(text: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: It is none.
    """
    try:
        return _decode(text)
    except msgspec.MsgspecError:
        return json.loads(text)


def to_plain(value: str | None) -> str | None:
    """Return a text as a database takes it; see `Plain`."""
    if value is None or (value.isascii() and "\0" not in value and not value.startswith('"')):
        return value
    odd = value.startswith('"') or "\0" in value or any("\ud800" <= c <= "\udfff" for c in value)
    return json.dumps(value) if odd else value


def to_plain_texts(values: Sequence[str | None]) -> Sequence[str | None]:
    """Return each text as `to_plain` does, a page of them at once."""
    text = "".join(filter(None, values))
    odd = not text.isascii() or "\0" in text or '"' in text
    return list(map(to_plain, values)) if odd else values


def from_plain(value: str | None) -> str | None:
    """Return a text as it was given to `to_plain`."""
    return str(json.loads(value)) if value is not None and value.startswith('"') else value


class Plain(TypeDecorator[str]):
    """Any Python text. One with a NUL or a lone surrogate, which databases refuse, is stored as JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the value as it is stored."""
        del dialect
        return to_plain(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        """Return the value as it was given."""
        del dialect
        return from_plain(value)


class Number(TypeDecorator[float]):
    """A number of the service; one beyond the range of a double becomes NULL."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        """Return the value as it is stored."""
        del dialect
        try:
            return None if value is None else float(value)
        except OverflowError:
            return None
