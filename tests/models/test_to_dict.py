"""`to_dict` and `to_json`: anything of ours as plain JSON under the API's names, without secrets."""

import json
import pickle
import subprocess
import sys
from types import MappingProxyType
from typing import Any

import attrs
import pytest

from gizwits_async import (
    CommandRecord,
    DataRecord,
    Device,
    DeviceIdentity,
    DeviceSummary,
    Frame,
    GroupNode,
    Location,
    LocationReport,
    NewCounts,
    Page,
    QuotaSnapshot,
    Token,
    models,
    to_dict,
    to_json,
)
from gizwits_async.models.authorization import TokenReply
from gizwits_async.models.converter import _writer
from gizwits_async.options import Credentials
from gizwits_async.scan import Failure, ScanReport

CHINA = Location(name="China", counts={"count": 2})
REPORT = ScanReport(
    product_key="p", start=1, end=2, devices=3, windows=1, windows_left=0, records={"cmd": 1},
    calls=1, log_calls=1, calls_least=1, seconds=1.0,
    failures=(Failure(did="d", log="cmd", error="E", text="t", since=1),),
)  # fmt: skip

WRITTEN: list[tuple[Any, Any]] = [
    (None, None),
    (("a", "b"), ["a", "b"]),
    (DataRecord(ts=1, attrs={"mode": [1, None]}), {"ts": 1, "attrs": {"mode": [1, None]}}),
    (DeviceSummary(new=NewCounts(last_7_days=3)).new,
     {"today": None, "yesterday": None, "7_day": 3, "30_day": None}),
    (LocationReport(total=2, location=Location(children=(CHINA,))),
     {"gid": None, "total": 2, "location": {"China": {"count": 2}}}),
    ((GroupNode(gid="a", children=(GroupNode(gid="b"),)),),
     [{"gid": "a", "children": [{"gid": "b", "children": []}]}]),
    ({"log": CommandRecord(timestamp=1.5, type="dev2app")},
     {"log": {"timestamp": 1.5, "type": "dev2app", "payload": None}}),
    (Page(items=(DataRecord(ts=1),), resume="g1.x", gaps=((1, 2),)),
     {"items": [{"ts": 1, "attrs": {}}], "resume": "g1.x", "gaps": [[1, 2]], "total": None,
      "set_aside": 0}),
    (QuotaSnapshot(limit=9, remaining=8), attrs.asdict(QuotaSnapshot(limit=9, remaining=8))),
]  # fmt: skip


@pytest.mark.parametrize(("value", "written"), WRITTEN, ids=lambda it: type(it).__name__)
def test_answers_become_plain_json(value: Any, written: Any) -> None:
    """Dicts, lists, texts and numbers, under the names that the API uses."""
    assert to_dict(value) == written
    assert json.loads(to_json(value)) == written


def test_a_page_of_devices_has_all_their_fields() -> None:
    """Fields the service did not send are null, so that all rows of a table have the same columns."""
    (row,) = to_dict(Page((Device(did="d", longitude=113.5),), None))["items"]
    assert (row["did"], row["longitude"], row["mac"]) == ("d", 113.5, None)


def test_reports_include_what_they_compute() -> None:
    """A scan's report is written with its ratio, its completeness and its hint."""
    written = to_dict(REPORT)
    assert written["failures"] == [to_dict(REPORT.failures[0])]
    assert written.keys() == REPORT.to_json().keys()
    assert (written["ratio"], written["complete"], written["hint"]) == (1.0, True, None)


def test_bytes_become_hex() -> None:
    """A frame can be written, although JSON has no bytes."""
    assert to_dict(Frame.build(b"\x02"))["raw"] == "00000003040000" + "9002"


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        (DeviceIdentity(did="d", passcode="canary"), "passcode"),
        (Token(token="canary", expires_at=1), "token"),
        (Credentials(enterprise_id="e", enterprise_secret="canary", product_key="p",
                     product_secret="canary"), "product_secret"),
    ],
)  # fmt: skip
def test_secrets_are_left_out_unless_asked_for(value: Any, secret: str) -> None:
    """A web handler or a log must not pass on a passcode or a token by accident."""
    assert secret not in to_dict(value)
    assert "canary" not in to_json([value])
    assert to_dict(value, secrets=True)[secret] == "canary"
    assert "canary" in to_json([value], secrets=True)


@pytest.mark.parametrize("secrets", [False, True])
@pytest.mark.parametrize(
    "value",
    [
        Device(did="d", longitude=2**70),
        DataRecord(ts=1, attrs=MappingProxyType({"a": [1]})),
        TokenReply(token="t", expire_at=1),
    ],
    ids=lambda it: type(it).__name__,
)
def test_plain_classes_are_written_as_cattrs_writes_them(value: Any, secrets: bool) -> None:
    """They take a shorter way, with the same result."""
    written = to_dict(value, secrets=secrets)
    assert written == _writer(secrets=secrets).unstructure(value)
    assert json.loads(json.dumps(written)) == written


def test_a_listing_needs_no_cattrs() -> None:
    """Neither a login nor plain rows load it, for reading or writing: a twentieth of a console start."""
    code = """if True:
        import sys
        from gizwits_async.models.authorization import TokenReply
        from gizwits_async.models.converter import to_dict
        from gizwits_async.models.decoder import decode_object, decode_page
        from gizwits_async.models.devices import Device
        from gizwits_async.models.page import PageReply
        page = decode_page(b'{"objects": [{"did": "d"}]}', PageReply[Device])
        print(decode_object(b'{"token": "t", "expire_at": "5"}', TokenReply).expire_at)
        print(to_dict(page.objects[0])["did"], "cattrs" in sys.modules)"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["5", "d", "False"]


def test_json_text_is_ascii() -> None:
    """A lone surrogate in a name has no UTF-8: it is written as its escape."""
    text = to_json(DataRecord(ts=1, attrs={"name": "\ud800é"}))
    assert text.isascii()
    assert json.loads(text)["attrs"]["name"] == "\ud800é"


def test_every_name_of_models_is_found() -> None:
    """The lazy names exist, are the same objects everywhere, and can be pickled by name."""
    for name in models.__all__:
        value = getattr(models, name)
        if isinstance(value, type):
            assert pickle.loads(pickle.dumps(value)) is value
    with pytest.raises(AttributeError, match="no attribute 'unwrap'"):
        _ = models.unwrap


def test_importing_the_package_creates_no_models() -> None:
    """`import gizwits_async` stays cheap: models, attrs and msgspec are loaded on first use."""
    code = (
        "import sys, gizwits_async.models; print({'attrs', 'msgspec', 'cattrs'} & {*sys.modules})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
