"""One frame between device and cloud: from the text of the cmd log, and to raw control.

```
00 00 00 03 | length, 1-4 bytes | flag | command, 2 bytes | [sn, 4 bytes] | [did] | body
```

The length counts what follows it, seven bits a byte, lowest first, as MQTT does. `sn` is there in
commands 0x0093 and 0x0094 only. `did`, two bytes of length and the device's id, is there if bit 0 of
`flag` is set: newer radio modules send it, although the document does not mention it. The body is decoded by `payload.codec`.
"""

import base64
from typing import Literal, Self

from attrs import field, frozen

from gizwits_async.errors import ArgumentError
from gizwits_async.schema import Model

__all__ = ["Frame"]

_HEADER = b"\x00\x00\x00\x03"
_LENGTH_BYTES = 4
_LONGEST = 2 ** (7 * _LENGTH_BYTES) - 1
_WITH_SN = frozenset({0x0093, 0x0094})
_HAS_DID = 0x01
_DID_LENGTH_BYTES = 2

_NOT_BYTES = "neither hex nor base64"
_NO_HEADER = "foreign: does not begin with 00000003"


@frozen(kw_only=True)
class Frame(Model):
    """One payload of the cmd log.

    A payload that is not a whole frame is kept too: `problem` states why, `raw` and `text` hold the
    payload, and the other fields what could be read of it.
    """

    raw: bytes
    """The payload as bytes, header and all."""
    command: int | None = None
    """0x0090 to the device, 0x0091 from it, 0x0093 and 0x0094 the same with `sn`. None: unknown."""
    flag: int = 0
    """The byte before the command: 1 if a `did` follows, else 0 as far as known."""
    sn: int | None = None
    """Serial number that pairs a command with its answer, where there is one."""
    did: str | None = None
    """Id of the device, if the frame holds it."""
    body: bytes = b""
    """The part that reaches the device's own controller ("P0"): an action byte and its data."""
    problem: str | None = None
    """Why this is not a whole frame (truncated, foreign); None for a whole one."""
    coding: Literal["hex", "base64"] | None = field(default=None, eq=False)
    """Encoding of the text; None for a frame that was built, or a text in neither encoding."""
    text: str | None = field(default=None, eq=False, repr=False)
    """The text that was parsed, unchanged."""

    @property
    def framed(self) -> bool:
        """Whether this is one whole frame and nothing else."""
        return self.problem is None

    @property
    def action(self) -> int | None:
        """First byte of the body: 1 write, 2 read, 3 answer, 4 report, 0x11-0x14 the same flagged.

        5 and 6 are transparent data to and from the device. None if there is no body.
        """
        return self.body[0] if self.body else None

    @classmethod
    def parse(cls, text: str | None) -> Self:
        """Return the frame in `text`; any text gives a frame, none raises an error.

        The document specifies base64, all recorded payloads are hex. Both are read, and the header
        distinguishes them: in hex it never decodes to a header as base64, nor the reverse.

        Args:
            text: `payload` of a record of the cmd log; None is read as empty.
        """
        text = text or ""
        hexed = _from_hex(text)
        if hexed is not None and hexed.startswith(_HEADER):
            return cls._read(hexed, "hex", text)
        based = _from_base64(text)
        if based is not None and based.startswith(_HEADER):
            return cls._read(based, "base64", text)
        if hexed:
            return cls(raw=hexed, problem=_NO_HEADER, coding="hex", text=text)
        if based:
            return cls(raw=based, problem=_NO_HEADER, coding="base64", text=text)
        return cls(raw=b"", problem=_NOT_BYTES if text else "empty", text=text)

    @classmethod
    def build(
        cls, body: bytes, *, command: int = 0x0090, sn: int | None = None, flag: int = 0
    ) -> Self:
        """Return a whole frame around `body`.

        Args:
            body: Action byte and data.
            command: Two bytes; 0x0090 is a command to the device.
            sn: Four bytes; for commands 0x0093 and 0x0094, and only for them.
            flag: One byte.

        Raises:
            ArgumentError: A number does not fit its bytes, or `sn` does not go with the command.
        """
        if (sn is not None) != (command in _WITH_SN):
            raise ArgumentError(
                f"sn goes with the commands 0x0093 and 0x0094 only, not {command:#06x}"
            )
        for name, value, size in (("command", command, 2), ("sn", sn or 0, 4), ("flag", flag, 1)):
            if not 0 <= value < 1 << (8 * size):
                raise ArgumentError(f"{name} must fit {size} unsigned bytes, not {value}")
        serial = b"" if sn is None else sn.to_bytes(4, "big")
        size = 3 + len(serial) + len(body)
        if size > _LONGEST:
            raise ArgumentError(f"body is too long for a frame: {len(body)} bytes")
        head = bytes((flag,)) + command.to_bytes(2, "big") + serial
        raw = b"".join((_HEADER, _length(size), head, body))
        return cls(raw=raw, command=command, flag=flag, sn=sn, body=bytes(body))

    def to_bytes(self, *, prefix: bool = True) -> bytes:
        """Return the bytes for raw control: the whole frame, or the body alone.

        The document of 2017 asked for the prefix; later editions and all known callers omit it.
        """
        return self.raw if prefix else self.body

    def to_hex(self, *, prefix: bool = True) -> str:
        """Return `to_bytes` as hex text, as the cmd log shows it."""
        return self.to_bytes(prefix=prefix).hex()

    @classmethod
    def _read(cls, raw: bytes, coding: Literal["hex", "base64"], text: str) -> Self:
        length = 0
        start = len(_HEADER)
        for shift, byte in enumerate(raw[start : start + _LENGTH_BYTES]):
            length |= (byte & 0x7F) << (7 * shift)
            start += 1
            if byte < 0x80:  # noqa: PLR2004  # the high bit says that another byte follows
                break
        else:
            short = start < len(_HEADER) + _LENGTH_BYTES
            reason = "truncated inside its length" if short else "foreign: length without an end"
            return cls(raw=raw, problem=reason, coding=coding, text=text)

        over = len(raw) - start - length
        # The vendor's open firmware sends lengths that are too small: then the rest belongs to the
        # frame too, unless it is a frame of its own.
        whole = over > 0 and not raw.startswith(_HEADER, start + length)
        content = raw[start:] if whole else raw[start : start + length]
        command = int.from_bytes(content[1:3], "big") if len(content) >= 3 else None  # noqa: PLR2004
        begin = 7 if command in _WITH_SN else 3
        problem: str | None = None
        # Of a large transfer only a part is logged, with the length of the whole.
        if over < 0:
            problem = f"truncated: {length + over} of {length} bytes"
        elif length < begin:
            problem = f"foreign: {length} bytes are too few for a command"
        elif over:
            problem = f"{over} bytes too many after the frame"
        serial = content[3:7] if begin == 7 else b""  # noqa: PLR2004
        flag = content[0] if content else 0
        did = _did(content[begin:]) if flag & _HAS_DID else None
        begin += 0 if did is None else _DID_LENGTH_BYTES + len(did)
        return cls(
            raw=raw,
            command=command,
            flag=flag,
            sn=int.from_bytes(serial, "big") if len(serial) == 4 else None,  # noqa: PLR2004
            did=did,
            body=content[begin:],
            problem=problem,
            coding=coding,
            text=text,
        )


def _did(content: bytes) -> str | None:
    """Return the device id at the start of what follows the serial number; None if there is none."""
    size = int.from_bytes(content[:_DID_LENGTH_BYTES], "big")
    text = content[_DID_LENGTH_BYTES : _DID_LENGTH_BYTES + size]
    if not text or len(text) < size or not text.isascii():
        return None
    did = text.decode("ascii")
    return did if did.isprintable() else None


def _length(value: int) -> bytes:
    digits = bytearray()
    while value > 0x7F:  # noqa: PLR2004
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    digits.append(value)
    return bytes(digits)


def _from_hex(text: str) -> bytes | None:
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        return None
    # bytes.fromhex skips white space, which a payload never contains.
    return raw if 2 * len(raw) == len(text) else None


def _from_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None
