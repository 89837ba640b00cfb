"""Frames: parsing payloads of the cmd log, and building them for raw control."""

import base64
import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gizwits_async.payload import Frame

PUMP = "00000003b20200009104101e0a64001418090400151f2f000000000164" + "ee" * 282 + "00"
VECTORS = [
    ("0000000309000090010101000010", 0x0090, "010101000010"),
    ("000000030b0000910401000010000000", 0x0091, "0401000010000000"),
    ("000000030b0000910400000010000000", 0x0091, "0400000010000000"),
    ("0000000309000090010200000010", 0x0090, "010200000010"),
    ("000000030400009002", 0x0090, "02"),
    (PUMP, 0x0091, PUMP[18:]),
]


@pytest.mark.parametrize(("text", "command", "body"), VECTORS)
@pytest.mark.parametrize("coding", ["hex", "base64"])
def test_every_recorded_frame_is_read_in_both_codings(text, command, body, coding):
    """Each verified vector is one whole frame, written as hex or as base64."""
    raw = bytes.fromhex(text)
    written = text if coding == "hex" else base64.b64encode(raw).decode()
    frame = Frame.parse(written)
    assert frame == Frame(raw=raw, command=command, body=bytes.fromhex(body))
    assert (frame.framed, frame.coding, frame.text) == (True, coding, written)
    assert frame.action == raw[-len(bytes.fromhex(body))]


@pytest.mark.parametrize(("text", "command", "body"), VECTORS)
def test_every_recorded_frame_is_built_bit_for_bit(text, command, body):
    """Building from command and body gives the recorded bytes, two-byte lengths included."""
    frame = Frame.build(bytes.fromhex(body), command=command)
    assert (frame.to_hex(), frame.to_hex(prefix=False)) == (text, body)
    assert frame == Frame.parse(text)


@pytest.mark.parametrize("command", [0x0093, 0x0094])
def test_commands_with_serial_number_are_read(command):
    """Commands 0x0093 and 0x0094 have four bytes of serial number before the body."""
    frame = Frame.build(b"\x01\x02", command=command, sn=0x01020304)
    assert frame.to_hex() == f"000000030900{command:04x}010203040102"
    assert Frame.parse(frame.to_hex()) == frame


@pytest.mark.parametrize(
    ("text", "problem", "command", "body"),
    [
        ("", "empty", None, b""),
        ("hello!", "neither", None, b""),
        ("0\ud800", "neither", None, b""),
        ("00 00 00 03 04 00 00 90 02", "neither", None, b""),
        ("AAAA AwQAAJAC", "neither", None, b""),
        ("010101000010", "foreign: does not begin with 00000003", None, b""),
        ("AQEBAAA=", "foreign", None, b""),
        ("00000003", "truncated inside its length", None, b""),
        ("0000000380", "truncated inside its length", None, b""),
        ("00000003808080800000009002", "foreign", None, b""),
        ("000000030200009002", "foreign", 0x0090, b"\x02"),
        ("0000000304000090", "truncated: 3 of 4", 0x0090, b""),
        ("000000030b00009104010000", "truncated: 7 of 11", 0x0091, b"\x04\x01\x00\x00"),
        ("00000003040000900200", "1 bytes too many", 0x0090, b"\x02\x00"),
        ("0000000304000090020000000304000090", "8 bytes too many", 0x0090, b"\x02"),
        ("00000003050000930102", "foreign", 0x0093, b""),
    ],
)
def test_what_is_no_whole_frame_is_kept_with_the_reason(text, problem, command, body):
    """Truncated and foreign payloads state the problem, and keep what could be read."""
    frame = Frame.parse(text)
    assert not frame.framed
    assert problem in frame.problem
    assert (frame.text, frame.command, frame.body) == (text, command, body)


DID = "A" * 22
WITH_DID = f"0016{DID.encode().hex()}"


@pytest.mark.parametrize(
    ("command", "serial"), [("0091", ""), ("0093", "01020304"), ("0094", "01020304")]
)
def test_a_flagged_frame_carries_the_device_id(command: str, serial: str) -> None:
    """Newer radio modules put the device's id before the body, and say so in the flag."""
    content = f"01{command}{serial}{WITH_DID}040123"
    frame = Frame.parse(f"00000003{len(content) // 2:02x}{content}")
    assert (frame.did, frame.body, frame.flag, frame.framed) == (DID, b"\x04\x01\x23", 1, True)
    assert frame.sn == (0x01020304 if serial else None)


@pytest.mark.parametrize(
    ("flag", "content"),
    [
        (0, WITH_DID),
        (2, WITH_DID),
        (1, "0000" + "0401"),
        (1, "00170401"),
        (1, "0002ff01"),
        (1, "00021f41"),
        (1, "00"),
        (1, ""),
    ],
)
def test_what_is_no_device_id_stays_in_the_body(flag: int, content: str) -> None:
    """Without the flag, a length that fits and printable ASCII, nothing is cut off the body."""
    size = 3 + len(content) // 2
    frame = Frame.parse(f"00000003{size:02x}{flag:02x}0091{content}")
    assert (frame.did, frame.body.hex()) == (None, content)


def test_a_truncated_frame_in_base64_is_not_taken_for_hex():
    """The header decides before the alphabet: this base64 consists of hex digits."""
    frame = Frame.parse("AAAAA0AA")
    assert (frame.coding, frame.raw.hex()) == ("base64", "000000034000")
    assert frame.problem == "truncated: 1 of 64 bytes"


@given(st.text())
@example("000000030b0000910401")
def test_any_text_gives_a_frame(text):
    """Any text can be parsed, and is kept unchanged."""
    assert Frame.parse(text).text == text


@given(st.binary(), st.sampled_from(["hex", "base64"]), st.booleans())
def test_any_bytes_give_a_frame(raw, coding, header):
    """Any bytes are kept as they are, in either coding, behind a header or not."""
    raw = b"\x00\x00\x00\x03" * header + raw
    frame = Frame.parse(raw.hex() if coding == "hex" else base64.b64encode(raw).decode())
    # Bytes without a header may be valid in both encodings; then hex is assumed.
    assert frame.raw == raw or (coding == "base64" and frame.coding == "hex")
    if header:
        assert (frame.raw, frame.coding) == (raw, coding)


@given(
    st.binary(max_size=300),
    st.integers(0, 0xFFFF) | st.sampled_from([0x0093, 0x0094]),
    st.integers(0, 2**32 - 1),
    st.integers(0, 255),
)
def test_a_built_frame_parses_to_itself(body, command, sn, flag):
    """parse(build(x)) == x, and so does its pickle."""
    serial = sn if command in (0x0093, 0x0094) else None
    frame = Frame.build(body, command=command, sn=serial, flag=flag)
    assert frame.framed
    for text in (frame.to_hex(), base64.b64encode(frame.to_bytes()).decode()):
        assert Frame.parse(text) == frame
    assert pickle.loads(pickle.dumps(frame)) == frame


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"command": 0x10000}, "command must fit 2"),
        ({"command": -1}, "command must fit 2"),
        ({"flag": 256}, "flag must fit 1"),
        ({"command": 0x0093}, "sn goes with"),
        ({"sn": 1}, "sn goes with"),
        ({"command": 0x0094, "sn": 2**32}, "sn must fit 4"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(changes, message):
    """A frame that could not be parsed again is refused."""
    with pytest.raises(ValueError, match=message):
        Frame.build(b"\x02", **changes)


def test_the_greatest_length_is_refused_by_one():
    """A body too long for the four length bytes is an error, not a broken frame."""

    with pytest.raises(ValueError, match="too long for a frame"):
        Frame.build(bytes(2**28 - 3))
