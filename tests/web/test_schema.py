"""Handlers return our classes: FastAPI documents and answers with their fields, without secrets."""

import pickle
import subprocess
import sys
from typing import Any, get_type_hints

import attrs
import httpx
import pytest
from fastapi import FastAPI
from pydantic import TypeAdapter

import gizwits_async.fastapi  # noqa: F401 - teaches FastAPI to write our classes
from gizwits_async import (
    DataPoint,
    DataRecord,
    Device,
    DeviceIdentity,
    DeviceSummary,
    Entity,
    FaultCounts,
    FaultReport,
    Frame,
    GroupNode,
    Location,
    NewCounts,
    Page,
    ProductDataPoints,
    QuotaSnapshot,
    ReportedDevice,
    Token,
    models,
    to_dict,
)

CHINA = Location(name="China", counts={"count": 2})
TREE = GroupNode(gid="a", children=(GroupNode(gid="b"),))
ANSWERS: list[tuple[Any, Any]] = [
    (list[Device], [Device(did="d", longitude=1.5, created_at=10**20)]),
    (Page[Device], Page(items=(Device(did="d"),), resume="g1.x", gaps=((1, 2),))),
    (Page[DataRecord], Page(items=(DataRecord(ts=1, attrs={"a": [1, None]}),), resume=None)),
    (QuotaSnapshot, QuotaSnapshot(limit=9, remaining=8)),
    (Location, Location(children=(CHINA,))),
    (tuple[GroupNode, ...], (TREE,)),
    (FaultReport | None, FaultReport(count=FaultCounts(total=1))),
    (DeviceSummary, DeviceSummary(new=NewCounts(last_7_days=3))),
    (ReportedDevice, ReportedDevice(mac="m")),
    (Frame, Frame.build(b"\x02")),
    (ProductDataPoints, ProductDataPoints(
        product_key="p",
        entities=(Entity(attrs=(DataPoint(id=1, name="n", type="W", data_type="bool"),)),),
    )),
]  # fmt: skip


async def asked(app: FastAPI, path: str) -> tuple[int, Any]:
    """Return the status and the JSON of an answer of the app."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
        answer = await client.get(path)
        return answer.status_code, answer.json()


@pytest.mark.parametrize(("kind", "value"), ANSWERS, ids=lambda it: repr(it)[:40])
async def test_a_handler_returns_our_classes(kind: Any, value: Any) -> None:
    """The answer is what `to_dict` returns, and the OpenAPI page can be built."""
    app = FastAPI()

    @app.get("/it", response_model=kind)
    async def handler() -> Any:
        return value

    status, answer = await asked(app, "/it")
    assert (status, answer) == (200, to_dict(value))
    status, document = await asked(app, "/openapi.json")
    assert status == 200
    assert document["paths"]["/it"]["get"]["responses"]["200"]["content"]


@pytest.mark.parametrize("value", [answer for _, answer in ANSWERS], ids=lambda it: repr(it)[:40])
async def test_a_handler_without_annotation_returns_our_classes(value: Any) -> None:
    """The answer is the same, and has no secrets either."""
    app = FastAPI()

    @app.get("/it")
    async def handler():  # type: ignore[no-untyped-def]
        return {"it": value, "identity": DeviceIdentity(did="d", passcode="canary")}

    status, answer = await asked(app, "/it")
    assert (status, answer["it"]) == (200, to_dict(value))
    assert "canary" not in str(answer)


async def test_our_classes_inside_of_a_dictionary() -> None:
    """`-> dict[str, Any]` may hold them, too; secrets are left out."""
    app = FastAPI()
    page = Page(items=(Device(did="d"),), resume=None)

    @app.get("/it")
    async def handler() -> dict[str, Any]:
        return {"page": page, "all": [DeviceIdentity(did="d", passcode="canary")]}

    status, answer = await asked(app, "/it")
    assert (status, answer["page"]) == (200, to_dict(page))
    assert answer["all"][0]["did"] == "d"
    assert "canary" not in str(answer)


def schema(kind: Any) -> Any:
    """Return the JSON schema of answers of a kind."""
    return TypeAdapter(kind).json_schema(mode="serialization")


def test_fields_are_described_by_their_docstrings() -> None:
    """Names, types, and the sentence below each attribute; inherited ones too."""
    fields = schema(models.BoundUser)["properties"]
    assert fields["uid"] == {"type": "string", "title": "Uid", "description": "User id."}
    assert fields["is_owner"]["description"].startswith("Whether the user owns the device")
    assert schema(models.NewCounts)["properties"].keys() == {
        "today",
        "yesterday",
        "7_day",
        "30_day",
    }


def test_recursive_classes_refer_to_themselves() -> None:
    """A group's children are groups, however deep."""
    children = schema(GroupNode)["$defs"]["GroupNode"]["properties"]["children"]
    assert children["items"] == {"$ref": "#/$defs/GroupNode"}


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        (DeviceIdentity(did="d", passcode="canary"), "passcode"),
        (Token(token="canary", expires_at=1), "token"),
    ],
)
def test_secrets_are_neither_documented_nor_sent(value: Any, secret: str) -> None:
    """A passcode does not leave by being a field of an answer."""
    assert secret not in schema(type(value))["properties"]
    assert b"canary" not in TypeAdapter(type(value)).dump_json(value)


PUBLIC = [
    value
    for value in (getattr(models, name) for name in models.__all__)
    if isinstance(value, type) and attrs.has(value) and not issubclass(value, models.PageReply)
]


@pytest.mark.parametrize("model", PUBLIC, ids=lambda cls: cls.__name__)
def test_every_public_model_has_a_schema_of_its_fields(model: type) -> None:
    """No model is forgotten, and each field that is not a secret is in it."""
    found = schema(model)
    found = found.get("$defs", {}).get(model.__name__, found)
    if "properties" in found:
        shown = {one.metadata.get("wire", one.name) for one in attrs.fields(model) if one.repr}
        assert found["properties"].keys() == shown
    assert get_type_hints(model)
    assert pickle.loads(pickle.dumps(model)) is model


def test_pydantic_is_no_dependency() -> None:
    """The classes are there, and used, without importing it."""
    code = "import sys, gizwits_async as g; g.Device(did='d'); g.Page; print('pydantic' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
