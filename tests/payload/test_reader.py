"""The compiled reader of a row returns what the loop returns, and compiles nothing but our own words."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gizwits_async.payload.kinds import Binary, Choice, Number, Switch
from gizwits_async.payload.reader import COMPILED_AFTER, RowReader, Slot, compiled

NAMES = st.text(min_size=1, max_size=6)


@st.composite
def kinds(draw: Any) -> Any:
    """Draw how the bits of one data point are read."""
    scale = draw(st.integers(1, 1000))
    ratio, addition = draw(st.integers(-9, 9).filter(bool)), draw(st.integers(-99, 99))
    bits = draw(st.sampled_from([8, 16, 32]))
    return draw(
        st.sampled_from(
            [
                Switch(draw(st.integers(1, 3))),
                Choice(draw(st.integers(1, 12)), ("off", 'it\'s "on"', "\\")),
                Number(bits, 0, 2**bits - 1, ratio, addition, scale),
                Number(bits, 0, 2**bits - 1, 1, 0, 1),
                Binary(draw(st.integers(1, 5))),
            ]
        )
    )


@st.composite
def rows(draw: Any) -> tuple[list[Slot], int, bytes]:
    """Draw data points in any order and at any bit, with gaps, and a row that holds them."""
    slots, shift = [], 0
    for name in draw(st.lists(NAMES, max_size=8, unique=True)):
        kind = draw(kinds())
        aligned = draw(st.booleans()) or isinstance(kind, Binary)
        gap = draw(st.integers(0, 9))
        shift = -(-(shift + gap) // 8) * 8 if aligned else shift + gap
        slots.append(Slot(name, shift, kind))
        shift += kind.bits
    size = (shift + 7) // 8
    return draw(st.permutations(slots)), size, draw(st.binary(min_size=size + 1, max_size=size + 4))


@settings(max_examples=300, deadline=None)
@given(rows())
def test_the_compiled_function_reads_what_the_loop_reads(row: Any) -> None:
    """Equal values, equal types, equal order, for any data points in any positions."""
    slots, size, body = row
    by_loop = RowReader(slots, size).read(body, 1)
    assert repr(compiled(slots, size)(body, 1)) == repr(by_loop)
    assert [*by_loop] == [slot.name for slot in slots]


def test_a_row_that_comes_often_is_compiled() -> None:
    """After so many reads the loop is replaced, and nothing else changes."""
    reader = RowReader([Slot("a", 0, Switch(1)), Slot("b", 8, Binary(1))], 2)
    found = {repr(reader.read(b"\x04\x2a\x01", 1)) for _ in range(COMPILED_AFTER + 2)}
    assert found == {repr({"a": 1, "b": "2a"})}
    assert reader.read.__qualname__ == compiled([], 0).__qualname__


@pytest.mark.parametrize(
    "name", ["'); raise SystemExit #", "\n", "{", "\\", "s0", "name0", "c0", "read", "\ud800"]
)
def test_names_of_the_service_are_never_source(name: str) -> None:
    """A name that is code, or one of the function's own variables, is only a key."""
    other = Slot("other", 8, Choice(8, (name,)))
    assert compiled([Slot(name, 0, Switch(8)), other], 2)(b"\x00\x07", 0) == {
        name: 7,
        "other": name,
    }
