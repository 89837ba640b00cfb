"""Any product, any values: encoding and decoding are inverse, and agree with an oracle.

The oracle lays out bodies as strings of '0' and '1', point by point, from the words of the layout
module; it shares no arithmetic with the code.
"""

import json
from fractions import Fraction

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from gizwits_async.models.product import (
    DataPoint,
    Entity,
    Position,
    ProductDataPoints,
    UintSpec,
)
from gizwits_async.payload import DataPointCodec, Frame, PayloadError

ACCESS = ("status_writable", "status_readonly", "alert", "fault")
BITS = {"uint8": 8, "uint16": 16, "uint32": 32}
SCALES = st.sampled_from([1, 1.0, 2, 0.1, 0.5, 0.01, 0.25, 3, 1000, -1, 0.001])
OFFSETS = st.sampled_from([0, 0.0, -10, 5, 0.5, -0.3, 1000000])


@st.composite
def one_point(draw, number, access):
    """Draw a data point without a position: its type, width, scale and names."""
    data_type = draw(st.sampled_from(["bool", "enum", *BITS, "binary"]))
    spec = names = None
    length = {"uint16": 2, "uint32": 4}.get(data_type, 1)
    if data_type == "enum":
        length = draw(st.integers(1, 5))
        count = draw(st.integers(1, 2**length))
        names = tuple(f"n{i}" for i in range(count))
    elif data_type == "binary":
        length = draw(st.integers(1, 6))
    elif data_type in BITS:
        top = 2 ** BITS[data_type] - 1
        low, high = sorted((draw(st.integers(0, top)), draw(st.integers(0, top))))
        spec = UintSpec(min=low, max=high, ratio=draw(SCALES), addition=draw(OFFSETS))
    return DataPoint(
        id=number,
        name=f"p{number}",
        type=access,
        data_type=data_type,
        enum=names,
        uint_spec=spec,
        position=Position(unit="bit" if data_type in ("bool", "enum") else "byte", len=length),
    )


def bitwise(point):
    return point.position.unit == "bit"


def placed(points):
    """Give each point its position: by access, bits before bytes, as the platform does."""
    byte, out = 0, []
    for access in ACCESS:
        group = [point for point in points if point.type == access]
        bit = 0
        for point in filter(bitwise, group):
            place = Position(unit="bit", len=point.position.len, byte_offset=byte, bit_offset=bit)
            out.append((point, place))
            bit += point.position.len
        byte += -(-bit // 8)
        for point in group:
            if not bitwise(point):
                out.append((point, Position(unit="byte", len=point.position.len, byte_offset=byte)))
                byte += point.position.len
    return [evolve(point, position=place) for point, place in out]


@st.composite
def products(draw, protocol_type):
    """Draw a product of that kind, with its data points in arbitrary order."""
    accesses = sorted(draw(st.lists(st.sampled_from(ACCESS), max_size=14)), key=ACCESS.index)
    points = [draw(one_point(i, access)) for i, access in enumerate(accesses)]
    if protocol_type == "standard":
        points = placed(points)
    attrs = tuple(draw(st.permutations(points)))
    return ProductDataPoints(
        product_key="pk", entities=(Entity(attrs=attrs),), protocol_type=protocol_type
    )


def raws(draw, points):
    """Draw the raw value of each point."""
    width = {p.name: p.position.len * (1 if bitwise(p) else 8) for p in points}
    return {p.name: draw(st.integers(0, 2 ** width[p.name] - 1)) for p in points}


def allowed_raw(draw, point):
    """Draw a raw value that may be written to a point."""
    if point.uint_spec:
        return draw(st.integers(point.uint_spec.min, point.uint_spec.max))
    if point.enum:
        return draw(st.integers(0, len(point.enum) - 1))
    return draw(st.integers(0, 2 ** (point.position.len * (1 if bitwise(point) else 8)) - 1))


def shown(point, raw):
    """Return its value as the data log shows it."""
    if point.data_type == "binary":
        return f"{raw:0{2 * point.position.len}x}"
    if point.enum:
        return point.enum[raw] if raw < len(point.enum) else raw
    if point.uint_spec is None:
        return raw
    exact = raw * Fraction(str(point.uint_spec.ratio)) + Fraction(str(point.uint_spec.addition))
    whole = all(
        Fraction(str(n)).denominator == 1 for n in (point.uint_spec.ratio, point.uint_spec.addition)
    )
    return int(exact) if whole else float(exact)


def section(points, values):
    """Return a section of bits as whole bytes, the first point in the lowest bits."""
    digits = "".join(f"{values[p.name]:0{p.position.len}b}" for p in reversed(points))
    return digits.rjust(-(-len(digits) // 8) * 8, "0")


def flags(points, chosen):
    """Return one bit for each point, the first one last."""
    digits = "".join("1" if p.name in chosen else "0" for p in reversed(points))
    return digits.rjust(-(-len(digits) // 8) * 8, "0")


def row(points, values):
    """Return bits, then bytes of these points."""
    tail = "".join(f"{values[p.name]:0{8 * p.position.len}b}" for p in points if not bitwise(p))
    return section(list(filter(bitwise, points)), values) + tail


def frame(action, digits):
    """Return the frame of a body that is spelled in binary digits."""
    return Frame.build(bytes([action]) + int(digits or "0", 2).to_bytes(len(digits) // 8, "big"))


@given(st.data())
def test_reports_of_fixed_length_products_decode(data):
    """Every bit of a report is found, whatever the values, allowed ones or not."""
    product = data.draw(products("standard"))
    points = product.datapoints
    values = raws(data.draw, points)
    digits = "".join(row([p for p in points if p.type == access], values) for access in ACCESS)
    decoded = DataPointCodec(product).decode(frame(data.draw(st.sampled_from([3, 4])), digits))
    assert list(decoded.items()) == [(p.name, shown(p, values[p.name])) for p in points]


@given(st.data())
def test_writes_of_fixed_length_products_are_laid_out_and_decode(data):
    """decode(encode(x)) == x, and the bytes are the oracle's."""
    product = data.draw(products("standard"))
    codec = DataPointCodec(product)
    points = [p for p in product.datapoints if p.type == ACCESS[0]]
    if not points:
        return
    chosen = data.draw(st.lists(st.sampled_from(points), min_size=1, unique_by=lambda p: p.name))
    values = {p.name: allowed_raw(data.draw, p) for p in chosen}
    attrs = {p.name: shown(p, values[p.name]) for p in chosen}
    full = {p.name: 0 for p in points} | values
    written = codec.encode(attrs)
    assert written == frame(1, flags(points, values) + row(points, full))
    assert codec.decode(Frame.parse(written.to_hex())) == attrs == codec.check(attrs)


@given(st.data())
def test_a_write_over_a_report_changes_what_it_writes_only(data):
    """Positions filled from the last report decode to the values of that report."""
    product = data.draw(products("standard"))
    codec = DataPointCodec(product)
    points = [p for p in product.datapoints if p.type == ACCESS[0]]
    if not points:
        return
    values = raws(data.draw, product.datapoints)
    groups = ([p for p in product.datapoints if p.type == access] for access in ACCESS)
    report = frame(4, "".join(row(group, values) for group in groups))
    one = data.draw(st.sampled_from(points))
    raw = allowed_raw(data.draw, one)
    written = codec.encode({one.name: shown(one, raw)}, current=report)
    assert written == frame(1, flags(points, {one.name}) + row(points, values | {one.name: raw}))


@given(st.data())
def test_flagged_bodies_of_variable_length_products(data):
    """Any subset of points is decoded from reports and from encoded writes."""
    product = data.draw(products("var_len"))
    codec = DataPointCodec(product)
    points = product.datapoints
    chosen = [p for p in points if data.draw(st.booleans())]
    values = raws(data.draw, chosen)
    report = frame(
        data.draw(st.sampled_from([0x13, 0x14])), flags(points, values) + row(chosen, values)
    )
    assert codec.decode(report) == {p.name: shown(p, values[p.name]) for p in chosen}

    writable = [p for p in chosen if p.type == ACCESS[0]]
    if writable:
        values = {p.name: allowed_raw(data.draw, p) for p in writable}
        attrs = {p.name: shown(p, values[p.name]) for p in writable}
        written = codec.encode(attrs)
        assert written == frame(0x11, flags(points, values) + row(writable, values))
        assert codec.decode(written) == attrs == codec.check(attrs)


@pytest.mark.parametrize("protocol_type", ["standard", "var_len"])
@given(data=st.data())
def test_any_bytes_decode_or_are_refused_by_our_error(protocol_type, data):
    """Any body decodes to JSON values or raises PayloadError."""
    codec = DataPointCodec(data.draw(products(protocol_type)))
    action = st.sampled_from([b"", *(bytes([n]) for n in (1, 2, 3, 4, 5, 0x11, 0x13, 0x14))])
    body = data.draw(action) + data.draw(st.binary(max_size=40))
    try:
        decoded = codec.decode(Frame.build(body))
    except PayloadError:
        return
    assert json.loads(json.dumps(decoded)) == decoded


@given(data=st.data(), text=st.text())
def test_any_text_decodes_to_nothing(data, text):
    """A payload that is not a frame carries no data points."""
    assert DataPointCodec(data.draw(products("standard"))).decode(Frame.parse(text)) == {}


@pytest.mark.parametrize("protocol_type", ["standard", "var_len"])
@given(data=st.data())
def test_any_attrs_are_taken_or_refused_by_value_error(protocol_type, data):
    """Any argument gives a frame that decodes to the result of `check`, or a ValueError."""
    product = data.draw(products(protocol_type))
    codec = DataPointCodec(product)
    names = st.sampled_from(["?", *(p.name for p in product.datapoints)])
    scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    values = scalars | st.integers(0, 3) | st.just("n0") | st.lists(scalars, max_size=1)
    attrs = data.draw(st.dictionaries(names, values, max_size=3))
    try:
        written = codec.encode(attrs)
    except ValueError:
        return
    assert codec.decode(written) == codec.check(attrs)
