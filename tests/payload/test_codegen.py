"""Typed classes: the module that is written for a product, and what its class reads and sends."""

import ast
import importlib.util
import re
import subprocess
import sys
from itertools import count
from pathlib import Path
from types import ModuleType

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from gizwits_async.errors import ArgumentError
from gizwits_async.models.devices import CommandRecord, DataRecord
from gizwits_async.models.product import DataPoint, Entity, Position, ProductDataPoints, UintSpec
from gizwits_async.payload.codegen import source
from gizwits_async.simulator import Fleet, SimulatedCloud
from tests.doubles import client_of

USE = """
from collections.abc import Mapping

from typing import assert_type

from gizwits_async import DataRecord, GizwitsClient
from product import AirConditioner, Mode


async def use(gizwits: GizwitsClient, record: DataRecord) -> None:
    typed = record.typed(AirConditioner)
    assert_type(typed, AirConditioner)
    assert_type(typed.mode, Mode | None)
    assert_type(typed.room_temp, int | None)
    assert_type(typed.rest, Mapping[str, object])
    await gizwits.devices.control("did", AirConditioner.order(mode=Mode.制热, switch=True))
"""
WRONG = (
    'AirConditioner.order(mode="制热")',
    "AirConditioner.order(room_temp=21)",
    "AirConditioner.order(set_temp=True, swing=1)",
    "record.typed(AirConditioner).mod",
)
NUMBERS = count()


def loaded(text: str, folder: Path) -> ModuleType:
    """Import a module that was written."""
    file = folder / f"product_{next(NUMBERS)}.py"
    file.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def product(air_conditioner, tmp_path):
    """The class of the document's air conditioner."""
    return loaded(source(air_conditioner), tmp_path)


def test_a_record_is_read_into_typed_attributes(product):
    """Bools, enums and numbers have their types; what was not reported is None."""
    record = DataRecord(ts=0, attrs={"switch": 1, "mode": "制热", "room_temp": 21.0})
    typed = record.typed(product.Product)
    assert (typed.switch, typed.mode, typed.room_temp) == (True, product.Mode.制热, 21)
    assert type(typed.room_temp) is int
    assert typed.set_temp is None
    assert not typed.rest


def test_what_does_not_fit_is_kept_as_it_came(product):
    """Unknown points, values of other types and names that the enum lacks are in `rest`."""
    odd = {
        "switch": 2,
        "mode": "静音",
        "set_temp": "--",
        "room_temp": 21.5,
        "co2": 400,
        "fan_speed": [7],
    }
    typed = product.Product.read({**odd, "on_timing": 3})
    assert typed.rest == odd
    assert typed == product.Product(on_timing=3, rest=odd)


def test_an_order_has_the_service_names_and_is_checked_before_it_is_sent(product):
    """Only what was given is sent; the definition in the file says what is allowed."""
    order = product.Product.order(switch=True, mode=product.Mode.除湿)
    assert order == {"switch": 1, "mode": "除湿"}
    with pytest.raises(ArgumentError, match="set_temp must be a number from 16 to 30"):
        product.Product.order(set_temp=31)
    assert "room_temp" not in source_of_order(product)


def source_of_order(product: ModuleType) -> str:
    """Return the names that `order` takes."""
    return " ".join(product.Product.order.__annotations__)


def test_frames_of_the_cmd_log_are_read_without_a_call(product):
    """The codec of the class decodes a record of the cmd log."""
    codec = product.Product.codec()
    frame = codec.encode({"switch": True}).to_bytes().hex()
    assert codec.decode(CommandRecord(timestamp=0, type="app2dev", payload=frame)).typed(
        product.Product
    ) == product.Product(switch=True)


async def test_a_product_of_the_service_is_read_and_controlled(tmp_path):
    """The class written from a service's own definition reads all its records, and its order obeys."""
    cloud = SimulatedCloud(Fleet.generate(3, 3))
    async with client_of(cloud) as gizwits:
        written = loaded(source(await gizwits.product.datapoints(), "Air"), tmp_path)
        device = next(one for one in await gizwits.devices.search().collect() if one.is_online)
        log = gizwits.devices.data_log(device.did, start=cloud.now() - 2 * 86_400, end=cloud.now())
        record = (await log.collect())[-1]
        typed = record.typed(written.Air)
        assert not typed.rest
        order = written.Air.order(switch=not typed.switch)
        confirmed = await gizwits.devices.control_and_confirm(device.did, order)
    assert confirmed.state == "confirmed"


TEXTS = st.text(max_size=12) | st.sampled_from(
    [
        "class",
        "rest",
        "read",
        "float",
        "模式",
        "2nd",
        '"""',
        "\\",
        "a\nimport os",
        "²",
        "ﬁ",
        "fi",
        "__x",
    ]
)


@st.composite
def definitions(draw: st.DrawFn) -> ProductDataPoints:
    """Definitions whose texts are anything."""
    points = []
    for number, name in enumerate(draw(st.lists(TEXTS, min_size=1, max_size=5, unique=True))):
        names = tuple(draw(st.lists(TEXTS, min_size=1, max_size=4, unique=True)))
        kind = draw(st.sampled_from(["bool", "enum", "uint8", "binary"]))
        bits = kind in {"bool", "enum"}
        points.append(
            DataPoint(
                id=number,
                name=name,
                type=draw(st.sampled_from(["status_writable", "status_readonly"])),
                data_type=kind,
                display_name=draw(TEXTS),
                desc=draw(TEXTS),
                enum=names if kind == "enum" else None,
                uint_spec=UintSpec(min=0, max=9, ratio=0.5) if kind == "uint8" else None,
                position=Position(
                    len=2 if bits else 1, unit="bit" if bits else "byte", byte_offset=number
                ),
            )
        )
    return ProductDataPoints(
        product_key=draw(TEXTS), name=draw(TEXTS), entities=(Entity(attrs=tuple(points)),)
    )


@given(definitions())
def test_no_text_of_a_definition_becomes_code(tmp_path_factory, datapoints):
    """The module holds two imports of ours and classes, whatever the names; each point is readable."""
    text = source(datapoints)
    tree = ast.parse(text)
    assert {type(node) for node in tree.body} <= {ast.Expr, ast.ImportFrom, ast.ClassDef}
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert modules <= {
        "enum",
        "typing",
        "attrs",
        "gizwits_async.payload",
        "gizwits_async.payload.typed",
    }
    product = loaded(text, tmp_path_factory.mktemp("product")).Product
    values = {"bool": 1, "uint8": 0.5, "binary": "00"}
    attrs = {
        point.name: point.enum[-1] if point.enum else values[point.data_type]
        for point in datapoints.datapoints
    }
    read = product.read(attrs)
    assert not read.rest
    assert read != product()
    assert product.codec().check({}) == {}


def test_the_same_definition_gives_the_same_formatted_text(air_conditioner, tmp_path):
    """A module that is written anew differs by nothing, and formatters leave it as it is."""
    point = air_conditioner.datapoints[0]
    long = "长" * 60 + "x" * 80
    entity = Entity(
        attrs=(
            evolve(point, display_name=long, desc=long),
            *air_conditioner.datapoints[1:],
        )
    )
    for number, datapoints in enumerate(
        (air_conditioner, evolve(air_conditioner, entities=(entity,)))
    ):
        (tmp_path / f"{number}.py").write_text(source(datapoints), encoding="utf-8")
        assert source(datapoints) == source(datapoints)
    for width in ("88", "100"):
        command = ["ruff", "format", "--isolated", "--check", "--line-length", width, str(tmp_path)]
        done = subprocess.run(
            [sys.executable, "-m", *command], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


def test_a_name_that_no_class_can_have_is_refused(air_conditioner):
    """The name of the class is the caller's, and is checked as well."""
    for name in ("", "class", "a b", "float", "x; import os"):
        with pytest.raises(ArgumentError, match="cannot be the name of a class"):
            source(air_conditioner, name)


@pytest.mark.slow
def test_mypy_checks_what_is_read_and_ordered(air_conditioner, tmp_path):
    """Right use passes `mypy --strict`, and each wrong name or type is an error."""
    (tmp_path / "product.py").write_text(
        source(air_conditioner, "AirConditioner"), encoding="utf-8"
    )
    lines = [*USE.splitlines(), *(f"    {wrong}" for wrong in WRONG)]
    (tmp_path / "use.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-pretty", "use.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    first = len(USE.splitlines()) + 1
    found = set(map(int, re.findall(r"^use\.py:(\d+): error", done.stdout, re.MULTILINE)))
    assert found == set(range(first, first + len(WRONG))), done.stdout
