"""The definition of a product's data points, from JSON to the codec."""

import json

import pytest

from gizwits_async.errors import InvalidResponseError
from gizwits_async.models import to_dict
from gizwits_async.models.converter import structure
from gizwits_async.models.devices import CommandRecord, DataRecord
from gizwits_async.models.json import load_json
from gizwits_async.models.product import ProductDataPoints, UintSpec
from gizwits_async.payload import DataPointCodec, Frame
from gizwits_async.simulator import Fleet, SimulatedCloud
from tests.doubles import client_of

REPLY = {
    "name": "lamp",
    "entities": [
        {
            "id": 0,
            "name": "entity0",
            "display_name": "kit",
            "attrs": [
                {
                    "id": 1,
                    "name": "level",
                    "display_name": "Level",
                    "desc": "",
                    "type": "status_writable",
                    "data_type": "uint8",
                    "uint_spec": {"addition": 0, "max": 100, "ratio": 0.1, "min": 0},
                    "position": {"bit_offset": 0, "len": 1, "unit": "byte", "byte_offset": 1},
                },
                {
                    "id": 0,
                    "name": "scene",
                    "display_name": "Scene",
                    "desc": "",
                    "type": "status_writable",
                    "data_type": "enum",
                    "enum": ["day", "night"],
                    "position": {"bit_offset": 0, "len": 1, "unit": "bit", "byte_offset": 0},
                },
            ],
        }
    ],
    "protocolType": "standard",
    "product_key": "0123456789abcdef0123456789abcdef",
    "packetVersion": "0x00000004",
    "ui": {"object": {"version": 4}, "sections": [{"elements": [{"key": "entity0.level"}]}]},
}


def structured(reply):
    return structure(load_json(json.dumps(reply).encode()), ProductDataPoints)


def test_the_documented_reply_becomes_values_and_a_codec():
    """Names of the API are mapped, lists are tuples, and the codec reads a report by it."""
    product = structured(REPLY)
    assert (product.protocol_type, product.packet_version) == ("standard", "0x00000004")
    assert product.ui == REPLY["ui"]
    assert [point.name for point in product.datapoints] == ["scene", "level"]
    assert product.datapoints[0].enum == ("day", "night")
    assert product.datapoints[1].uint_spec == UintSpec(min=0, max=100, ratio=0.1)
    report = Frame.build(bytes.fromhex("040107"), command=0x0091)
    assert DataPointCodec(product).decode(report) == {"scene": "night", "level": 0.7}


def test_a_definition_survives_the_round_trip():
    """structure(to_dict(model, secrets=True)) == model, under the names of the wire."""
    product = structured(REPLY)
    plain = to_dict(product, secrets=True)
    assert (plain["protocolType"], plain["packetVersion"]) == ("standard", "0x00000004")
    assert structured(plain) == product


def test_what_the_document_does_not_guarantee_may_be_missing():
    """A product is readable without names, ui and version; unknown keys change nothing."""
    product = structured({"product_key": "pk", "entities": [{"attrs": [], "new": 1}], "new": 1})
    assert (product.name, product.ui, product.protocol_type) == (None, None, "standard")
    assert product.datapoints == ()


def test_what_a_data_point_cannot_be_without_is_an_error():
    """A data point without a name is refused, and the error gives its index."""
    broken = {"product_key": "pk", "entities": [{"attrs": [{"id": 0, "type": "W"}]}]}
    with pytest.raises(InvalidResponseError, match=r"missing @ \$\.entities\[0\]\.attrs\[0\]"):
        structured(broken)


def test_a_record_of_the_cmd_log_has_a_frame_and_decodes_to_a_data_record():
    """`codec.decode(record)` equals the record of the data log at that time."""
    record = structure(
        {"timestamp": 1517384243.044, "type": "dev2app", "payload": "0000000306000091040107"},
        CommandRecord,
    )
    assert record.frame == Frame.build(bytes.fromhex("040107"), command=0x0091)
    found = DataPointCodec(structured(REPLY)).decode(record)
    assert found == DataRecord(ts=1517384243.044, attrs={"scene": "night", "level": 0.7})


def test_a_record_without_a_readable_payload_keeps_the_reason():
    """A missing or foreign payload is a frame with a problem, and raises nothing."""
    codec = DataPointCodec(structured(REPLY))
    for payload, problem in ((None, "empty"), ("?", "neither hex nor base64")):
        record = CommandRecord(timestamp=1.5, type="dev2app", payload=payload)
        assert record.frame.problem == problem
        assert codec.decode(record) == DataRecord(ts=1.5, attrs={})


async def test_every_frame_of_the_simulated_cmd_log_agrees_with_the_data_log():
    """Bit for bit: the reports decode to the data log, the writes to what the next report shows."""
    cloud = SimulatedCloud(Fleet.generate(3, 3))
    client = client_of(cloud)
    codec = DataPointCodec(await client.product.datapoints())
    for device in cloud.fleet.devices:
        data = cloud.truth("data", device.did, 0, 4e9)
        found = cloud.truth("cmd", device.did, 0, 4e9)
        records = [structure(row, CommandRecord) for row in found]
        reports = [codec.decode(r).attrs for r in records if r.type == "dev2app"]
        assert reports == [row["attrs"] for row in data]
        shown: dict[str, object] = {}
        for record in reversed(records):
            attrs = codec.decode(record).attrs
            if record.type == "app2dev":
                assert attrs
                assert attrs.items() <= shown.items()
            shown = dict(attrs)
