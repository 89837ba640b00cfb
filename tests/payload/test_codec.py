"""The codec on the document's own frames and records, and what it refuses."""

import math
import pickle

import pytest
from attrs import evolve

from gizwits_async.errors import GizwitsError
from gizwits_async.models.product import (
    DataPoint,
    Entity,
    Position,
    ProductDataPoints,
    UintSpec,
)
from gizwits_async.payload import DataPointCodec, Frame, PayloadError

REPORT = "000000030b0000910401000010000000"
RECORD = {
    "alert_full": 0,
    "alert_shutdown": 0,
    "mode": "制冷",
    "fan_swing": 0,
    "switch": 1,
    "fan_speed": "低风",
    "fault_roomtemp": 0,
    "room_temp": -10,
    "set_temp": 16,
    "off_timing": 0,
    "on_timing": 0,
}


def point(number=0, name="p", data_type="uint8", type_="status_writable", **fields):
    unit = "bit" if data_type in ("bool", "enum") else "byte"
    length = {"uint16": 2, "uint32": 4}.get(data_type, 1)
    given = {"byte_offset": 0, "bit_offset": 0, "len": length, "unit": unit}
    given |= fields.pop("position", {})
    fields.setdefault("position", Position(**given))
    return DataPoint(id=number, name=name, type=type_, data_type=data_type, **fields)


def product(*points, protocol_type="standard"):
    entity = Entity(attrs=points)
    return ProductDataPoints(product_key="pk", entities=(entity,), protocol_type=protocol_type)


def number(**spec):
    return product(point(uint_spec=UintSpec(**({"min": 0, "max": 255} | spec))))


def body(text, command=0x0091):
    return Frame.build(bytes.fromhex(text), command=command)


@pytest.fixture
def codec(air_conditioner):
    return DataPointCodec(air_conditioner)


def test_the_documents_report_and_record_are_the_same_event(codec):
    """The cmd record of second 1517384243 decodes to the data record of that second."""
    decoded = codec.decode(Frame.parse(REPORT))
    assert decoded == RECORD
    assert {type(value) for value in decoded.values()} == {int, str}


def test_the_other_recorded_frames_decode(codec):
    """Writes hold the flagged data points, reports all of them, read requests none."""
    frames = {
        "0000000309000090010101000010": {"switch": 1},
        "0000000309000090010200000010": {"fan_swing": 0},
        "000000030b0000910400000010000000": RECORD | {"switch": 0},
        "000000030400009002": {},
    }
    assert {text: codec.decode(Frame.parse(text)) for text in frames} == frames


def test_the_documents_command_is_encoded_bit_for_bit(codec):
    """Switching on, over the state that the report shows, gives the recorded command."""
    frame = codec.encode({"switch": True}, current=Frame.parse(REPORT))
    assert frame.to_hex() == "0000000309000090010101000010"
    assert codec.encode({"switch": 1}).to_hex(prefix=False) == "010101000000"


def test_a_write_replaces_the_current_value(codec):
    """The current report fills only the positions of data points that are not written."""
    frame = codec.encode({"set_temp": 30, "mode": "送风", "switch": 0}, current=Frame.parse(REPORT))
    assert frame.to_hex(prefix=False) == "01450c00001e"
    assert codec.decode(frame) == {"switch": 0, "mode": "送风", "set_temp": 30}


def test_several_bits_over_bytes_are_one_big_endian_section():
    """Bit 0 of a section is the lowest bit of its last byte; flags count likewise."""
    bits = [point(i, f"b{i}", "bool", position={"bit_offset": i}) for i in range(9)]
    level = point(
        9, "level", "enum", enum=("lo", "mid", "hi"), position={"bit_offset": 9, "len": 2}
    )
    depth = point(10, "depth", "uint16", position={"byte_offset": 2})
    codec = DataPointCodec(product(*bits, level, depth))
    assert codec.encode({"b0": 1}).body.hex() == "01" + "0001" + "0001" + "0000"
    assert codec.encode({"b8": 1, "level": "hi"}).body.hex() == "01" + "0300" + "0500" + "0000"
    assert codec.encode({"depth": 258}).body.hex() == "01" + "0400" + "0000" + "0102"
    seen = codec.decode(body("04" + "0301" + "0102"))
    assert seen == {f"b{i}": int(i in (0, 8)) for i in range(9)} | {"level": "mid", "depth": 258}


def test_variable_length_bodies_hold_the_flagged_points_only():
    """Positions of such products are placeholders; the layout follows from flags and ids."""
    points = [
        point(0, "on", "bool"),
        point(1, "mode", "enum", enum=("a", "b", "c"), position={"len": 2}),
        point(2, "power", "uint16"),
        point(3, "fault", "bool", "fault"),
        point(4, "blob", "binary", position={"len": 3}),
        *(point(5 + i, f"x{i}") for i in range(5)),
    ]
    codec = DataPointCodec(product(*points, protocol_type="var_len"))
    frame = codec.encode({"blob": "ab", "on": 1, "power": 513, "x4": 7})
    assert frame.body.hex() == "11" + "0215" + "01" + "0201" + "ab0000" + "07"
    assert codec.decode(frame) == {"on": 1, "power": 513, "blob": "ab0000", "x4": 7}
    assert codec.decode(body("14" + "000a" + "06")) == {"mode": "c", "fault": 1}
    assert codec.decode(body("12ffff")) == {}
    assert codec.decode(body("140000")) == {}


@pytest.mark.parametrize("text", ["02", "05ff", "060102", "55aa"])
def test_what_carries_no_data_points_is_empty(codec, text):
    """Read requests, transparent data and unknown actions are not an error."""
    assert codec.decode(body(text)) == {}


@pytest.mark.parametrize("text", ["", "hello", "0101010000", "0000000304", "00000003050000620401"])
def test_payloads_that_are_no_frame_are_empty(codec, text):
    """Foreign records of a log decode to nothing instead of raising."""
    assert codec.decode(Frame.parse(text)) == {}


def test_a_bare_acknowledgement_is_empty(codec):
    """0x0094 echoes the serial number and may have no body."""
    assert codec.decode(Frame.build(b"", command=0x0094, sn=7)) == {}


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (body("0401000010"), r"report \(04\): 7 bytes expected"),
        (Frame.parse(REPORT[:-4]), r"report \(04\): 7 bytes expected"),
        (body("0101010000"), r"write \(01\): 4 bytes expected"),
        (body("01"), r"write \(01\): 1 bytes expected"),
        (body("018000000010"), "beyond the 7 known data points"),
        (body("1401"), "not for a fixed-length product"),
    ],
)
def test_a_body_that_does_not_fit_the_definition_is_an_error(codec, frame, message):
    """Bodies that do not fit the definition raise PayloadError; nothing is guessed."""
    with pytest.raises(PayloadError, match=message) as caught:
        codec.decode(frame)
    assert isinstance(caught.value, GizwitsError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"), [("0401", "not for a var"), ("14", "1 bytes expected")]
)
def test_a_variable_length_body_that_does_not_fit_is_an_error(text, message):
    """The other kind of product has the same errors."""
    codec = DataPointCodec(product(point(), protocol_type="var_len"))
    with pytest.raises(PayloadError, match=message):
        codec.decode(body(text))


def test_a_longer_report_than_known_is_read(codec):
    """New firmware may append data points that the definition does not have."""
    assert codec.decode(body("0401000010000000" + "ee" * 20)) == RECORD


def test_an_enum_value_without_a_name_keeps_its_number(codec):
    """fan_speed has three names in two bits: the fourth value is given as its number."""
    assert codec.decode(body("0430000010000000"))["fan_speed"] == 3


@pytest.mark.parametrize("text", ["010101000010", "0401"])
def test_current_must_be_a_report_of_the_product(codec, text):
    """A command or a truncated report does not contain the state, so it is refused as `current`."""
    with pytest.raises(PayloadError, match="current"):
        codec.encode({"switch": 1}, current=body(text))


@pytest.mark.parametrize(
    ("raw", "spec", "shown"),
    [
        (3, {"ratio": 0.1}, 0.3),
        (4, {"ratio": 0.5, "addition": 5}, 7.0),
        (7, {"ratio": 2, "addition": -10}, 4),
        (7, {"ratio": 2.0, "addition": 1.0}, 15),
        (7, {"ratio": 1, "addition": 0.25}, 7.25),
        (7, {"ratio": -1, "addition": 100}, 93),
        # The float nearest to it is 0.02 steps away.
        (7, {"ratio": 0.001, "addition": 1e12}, 1000000000000.007),
    ],
)
def test_numbers_come_in_display_units(raw, spec, shown):
    """y = x * ratio + addition without rounding errors; integers where both are integral."""
    codec = DataPointCodec(number(**spec))
    value = codec.decode(body(f"04{raw:02x}"))["p"]
    assert (value, type(value)) == (shown, type(shown))
    assert codec.encode({"p": shown}).body.hex() == f"0101{raw:02x}"


def test_check_gives_what_the_data_log_will_show(codec):
    """Values to send are written as reports write them, so that the two can be compared."""
    assert codec.check({"switch": True, "mode": "制热", "set_temp": 20.0}) == {
        "switch": 1,
        "mode": "制热",
        "set_temp": 20,
    }
    assert DataPointCodec(number(ratio=0.1)).check({"p": 0.1 + 0.2}) == {"p": 0.3}


@pytest.mark.parametrize(
    "value", ["1234567", "1234567000", b"\x12\x34\x56\x70", bytearray(b"\x124Vp")]
)
def test_binary_is_filled_up_on_the_right(value):
    """The document's own example: 1234567 becomes 1234567000 for five bytes."""
    codec = DataPointCodec(product(point(data_type="binary", position={"len": 5})))
    assert codec.check({"p": value}) == {"p": "1234567000"}
    assert codec.encode({"p": "ABCD"}).body.hex() == "0101abcd000000"


@pytest.mark.parametrize(
    ("attrs", "message"),
    [
        ({"swich": 1}, "'swich': no such data point; writable are switch, fan_swing"),
        ({"room_temp": 20}, "'room_temp': read-only; writable are switch"),
        ({"alert_full": 0}, "read-only"),
        ({"switch": 2}, "switch must be True, False, 1 or 0, not 2"),
        ({"switch": "on"}, "switch must be True"),
        ({"switch": 1.0}, "switch must be True"),
        ({"mode": 1}, "mode must be one of '制冷', '制热', '除湿', '送风', not 1"),
        ({"mode": "x"}, "mode must be one of"),
        ({"set_temp": 15}, "set_temp must be a number from 16 to 30 in steps of 1, not 15"),
        ({"set_temp": 31}, "set_temp must be a number from 16 to 30"),
        ({"set_temp": 16.5}, "set_temp must be"),
        ({"set_temp": "16"}, "set_temp must be"),
        ({"set_temp": True}, "set_temp must be"),
        ({"set_temp": None}, "set_temp must be"),
        ({"set_temp": math.nan}, "set_temp must be"),
        ({"set_temp": math.inf}, "set_temp must be"),
        ({"set_temp": 10**5000}, "set_temp must be .* not a very long int"),
        ({"set_temp": -(10**400)}, "set_temp must be"),
        ({"switch": 1, "mode": None}, "mode must be"),
    ],
)
def test_what_may_not_be_written_is_refused_with_what_may(codec, attrs, message):
    """Invalid values are refused, and the message names the allowed ones."""
    for refuse in (codec.check, codec.encode):
        with pytest.raises(ValueError, match=message):
            refuse(attrs)


@pytest.mark.parametrize(
    "value", ["123456789ab", "xy", "12 4", 12, None, b"123456", "١٢", "\ud800"]
)
def test_binary_of_wrong_length_or_type_is_refused(value):
    """Longer than defined, or not hex digits."""
    codec = DataPointCodec(product(point(data_type="binary", position={"len": 5})))
    with pytest.raises(ValueError, match="p must be hex text of at most 10 digits, or at most 5"):
        codec.check({"p": value})


def test_steps_of_a_fraction_are_named_and_kept():
    """A value between two steps is refused, however fine the steps."""
    codec = DataPointCodec(number(ratio=0.1, max=50, addition=5))
    with pytest.raises(
        ValueError, match=r"p must be a number from 5.0 to 10.0 in steps of 0.1, not"
    ):
        codec.check({"p": 5.05})
    with pytest.raises(ValueError, match=r"in steps of 0\.1"):
        codec.check({"p": 5.1001})
    assert codec.check({"p": 10}) == {"p": 10.0}


def test_nothing_to_write_is_refused(codec):
    """A write without data points is refused."""
    with pytest.raises(ValueError, match="nothing to write"):
        codec.encode({})


def test_a_product_without_writable_points_says_so():
    """The list of allowed names may be empty, or too long to print."""
    silent = DataPointCodec(product(point(type_="status_readonly")))
    with pytest.raises(ValueError, match="writable are none"):
        silent.check({"p": 1})
    many = [point(i, f"p{i}", position={"byte_offset": i}) for i in range(40)]
    with pytest.raises(ValueError, match=r"p29, \.\.\.$"):
        DataPointCodec(product(*many)).check({"q": 1})


def test_letters_and_words_of_the_access_type_are_both_known():
    """The document's table says W, its example status_writable."""
    for type_, writable in (("W", True), ("status_writable", True), ("R", False), ("fault", False)):
        assert point(type_=type_).is_writable is writable


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([point(0, "a"), point(1, "b")], "b: its position overlaps that of a"),
        ([point(0, "a", "uint16"), point(1, "b", position={"byte_offset": 1})], "b: .* of a"),
        ([point(0, "a", "bool"), point(1, "b", "bool")], "b: .* of a"),
        (
            [point(i, f"b{i}", "bool", position={"bit_offset": i}) for i in range(9)]
            + [point(9, "late", position={"byte_offset": 1})],
            "late: its position overlaps that of b0",
        ),
        ([point(uint_spec=UintSpec(min=0, max=9, ratio=0))], "p: ratio must be"),
        ([point(uint_spec=UintSpec(min=0, max=9, ratio=math.nan))], "p: ratio must be"),
        ([point(uint_spec=UintSpec(min=0, max=9, ratio=10**5000))], "p: ratio .* very long int"),
        ([point(uint_spec=UintSpec(min=0, max=9, addition=math.inf))], "p: addition"),
        ([point(uint_spec=UintSpec(min=9, max=0))], "p: no uint8 lies in the range 9 to 0"),
        ([point(uint_spec=UintSpec(min=300, max=400))], "p: no uint8 lies"),
        ([point(data_type="float")], "p: unknown data_type 'float'; known are bool, enum, uint8"),
        ([point(data_type="uint16", position={"len": 1})], "p: uint16 takes 2 bytes, not 1"),
        ([point(data_type="bool", position={"unit": "byte"})], "p: bool takes 1 to 16 bits"),
        ([point(data_type="bool", position={"len": 0})], "p: bool takes 1 to 16 bits"),
        ([point(data_type="binary", position={"len": 10**9})], "p: binary takes 1 to 65535 bytes"),
        ([point(data_type="enum", enum=("a", "b", "c"))], "p: 3 enum values do not fit 1 bits"),
        ([point(data_type="enum")], "p: 0 enum values"),
        ([point(position={"byte_offset": 10**12})], "p: offset 1000000000000 is not in"),
        ([point(position={"bit_offset": -1})], "p: offset -1"),
        ([evolve(point(), position=None)], "p: position is missing"),
        ([point(0), point(1, position={"byte_offset": 1})], "p: same name as p"),
        ([point(0, "a"), point(0, "b", position={"byte_offset": 1})], "b: same id as a: 0"),
    ],
)
def test_a_definition_without_sense_is_refused_by_name(points, message):
    """Inconsistent definitions fail when the codec is made, and the error names the data point."""
    with pytest.raises(ValueError, match=message):
        DataPointCodec(product(*points))


def test_an_unknown_protocol_is_refused():
    """Only standard and var_len are documented."""
    with pytest.raises(ValueError, match="unknown protocolType 'odd'"):
        DataPointCodec(product(protocol_type="odd"))


def test_variable_length_positions_may_coincide():
    """In variable-length products every offset is 0, which is not an overlap."""
    codec = DataPointCodec(product(point(0, "a"), point(1, "b"), protocol_type="var_len"))
    assert repr(codec) == "DataPointCodec(2 data points, var_len)"


def test_a_product_without_data_points_decodes_to_nothing():
    """The document does not promise any."""
    codec = DataPointCodec(product())
    assert codec.decode(Frame.parse(REPORT)) == {}
    assert repr(codec) == "DataPointCodec(0 data points, standard)"


def test_a_maximum_beyond_the_type_is_cut_to_it():
    """A range wider than the type does not allow values that do not fit."""
    codec = DataPointCodec(number(max=300))
    assert codec.check({"p": 255}) == {"p": 255}
    with pytest.raises(ValueError, match="from 0 to 255"):
        codec.check({"p": 256})


def test_a_number_without_a_range_has_that_of_its_type():
    """`uint_spec` is promised, but nothing is lost without it."""
    codec = DataPointCodec(product(point(data_type="uint32")))
    assert codec.encode({"p": 2**32 - 1}).body.hex() == "0101ffffffff"
