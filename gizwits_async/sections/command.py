"""The body of a control call, checked before anything is sent. Pure."""

import base64
from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

__all__ = ["BinaryCoding", "command"]

BinaryCoding: TypeAlias = Literal["hex", "base64"]
"""How bytes are written as text."""


def command(
    attrs: Mapping[str, object] | None,
    raw: bytes | Iterable[int] | None,
    binary_coding: BinaryCoding | None,
) -> Mapping[str, object]:
    """Return the JSON body; see `Devices.control`.

    Raises:
        ValueError: Both or none of `attrs` and `raw`, or one of them is not what it must be.
    """
    if (attrs is None) is (raw is None):
        raise ValueError("give exactly one of attrs and raw")
    if binary_coding not in {None, "hex", "base64"}:
        raise ValueError(f'binary_coding must be "hex", "base64" or None, not {binary_coding!r}')
    coding = {} if binary_coding is None else {"binary_coding": binary_coding}
    if raw is not None:
        return {"raw": _written(_bytes(raw), binary_coding), **coding}
    if not isinstance(attrs, Mapping) or not attrs:
        raise ValueError("attrs must map at least one data point to its value")
    return {"attrs": dict(attrs), **coding}


def _bytes(raw: object) -> bytes:
    if isinstance(raw, str) or not isinstance(raw, Iterable):
        raise ValueError("raw must be bytes or numbers; of hex text make bytes.fromhex(text)")
    numbers = list(raw)
    for number in numbers:
        if type(number) is not int or not 0 <= number <= 0xFF:  # noqa: PLR2004
            raise ValueError(f"raw must be bytes or numbers from 0 to 255, not {number!r}")
    if not numbers:
        raise ValueError("raw must not be empty")
    return bytes(numbers)


def _written(data: bytes, coding: BinaryCoding | None) -> str | list[int]:
    if coding == "hex":
        return data.hex()
    return base64.b64encode(data).decode() if coding == "base64" else list(data)
