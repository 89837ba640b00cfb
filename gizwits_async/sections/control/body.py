"""The body of a control call, checked before anything is sent. Pure."""

import base64
from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

from gizwits_async.errors import ArgumentError

__all__ = ["BinaryCoding", "control_body"]

BinaryCoding: TypeAlias = Literal["hex", "base64"]
"""How bytes are written as text."""


def control_body(
    attrs: Mapping[str, object] | None,
    raw: bytes | str | Iterable[int] | None,
    binary_coding: BinaryCoding | None,
) -> Mapping[str, object]:
    """Return the JSON body; see `Devices.control`.

    Raises:
        ArgumentError: Both or none of `attrs` and `raw`, or an unusable one.
    """
    if (attrs is None) is (raw is None):
        raise ArgumentError("give exactly one of attrs and raw")
    if binary_coding not in {None, "hex", "base64"}:
        raise ArgumentError(f'binary_coding must be "hex", "base64" or None, not {binary_coding!r}')
    coding = {} if binary_coding is None else {"binary_coding": binary_coding}
    if raw is not None:
        data = _decoded(raw, binary_coding) if isinstance(raw, str) else _bytes(raw)
        return {"raw": _written(data, binary_coding), **coding}
    if not isinstance(attrs, Mapping) or not attrs:
        raise ArgumentError("attrs must map at least one data point to its value")
    return {"attrs": dict(attrs), **coding}


def _decoded(text: str, coding: BinaryCoding | None) -> bytes:
    if coding is None:
        raise ArgumentError('raw as text needs a binary_coding, "hex" or "base64"')
    try:
        data = bytes.fromhex(text) if coding == "hex" else base64.b64decode(text, validate=True)
    except ValueError:
        raise ArgumentError(f"raw is not {coding}") from None
    return _bytes(data)


def _bytes(raw: object) -> bytes:
    if not isinstance(raw, Iterable):
        raise ArgumentError(f"raw must be bytes or numbers, not {type(raw).__name__}")
    numbers = list(raw)
    for number in numbers:
        if type(number) is not int or not 0 <= number <= 0xFF:  # noqa: PLR2004
            raise ArgumentError(f"raw must be bytes or numbers from 0 to 255, not {number!r}")
    if not numbers:
        raise ArgumentError("raw must not be empty")
    return bytes(numbers)


def _written(data: bytes, coding: BinaryCoding | None) -> str | list[int]:
    if coding == "hex":
        return data.hex()
    return base64.b64encode(data).decode() if coding == "base64" else list(data)
