"""The product endpoint of the simulated service: what its data points are."""

from gizwits_async.simulator.state.datapoints import POINTS, Point
from gizwits_async.simulator.state.state import Call

__all__ = ["datapoints"]

_PERMISSIONS = {"status_writable": "W", "status_readonly": "R", "alert": "N", "fault": "E"}


def datapoints(call: Call) -> dict[str, object]:
    """GET /v1/products/{product_key}/datapoint."""
    entity = {
        "id": 0,
        "name": "entity0",
        "display_name": "机智云开发套件",
        "attrs": [_attribute(number, point) for number, point in enumerate(POINTS)],
    }
    return {
        "name": "智能空调",
        "entities": [entity],
        "protocolType": "standard",
        "product_key": call.product.key,
        "packetVersion": "0x00000004",
        "ui": {
            "object": {"version": 4, "showEditButton": False},
            "sections": [{"elements": [_element(point) for point in POINTS]}],
        },
    }


def _spec(point: Point) -> dict[str, object]:
    return {
        "min": point.low,
        "max": point.high,
        "ratio": point.ratio,
        "addition": point.addition,
    }


def _attribute(number: int, point: Point) -> dict[str, object]:
    whole = point.kind == "uint8"
    more: dict[str, object] = {"uint_spec": _spec(point)} if whole else {}
    if point.choices:
        more = {"enum": list(point.choices)}
    return {
        "id": number,
        "name": point.name,
        "display_name": point.label,
        "desc": "",
        "type": point.access,
        "data_type": point.kind,
        **more,
        "position": {
            "byte_offset": point.byte,
            "bit_offset": point.bit,
            "len": 1 if whole else point.bits,
            "unit": "byte" if whole else "bit",
        },
    }


def _element(point: Point) -> dict[str, object]:
    name = f"entity0.{point.name}"
    thing: dict[str, object] = {
        "action": "entity0",
        "bind": [name],
        "perm": _PERMISSIONS[point.access],
    }
    element: dict[str, object] = {"key": name, "title": point.label, "object": thing}
    if point.kind == "bool":
        return {**element, "type": "QBooleanElement", "boolValue": False}
    if point.kind == "enum":
        return {**element, "type": "QRadioElement", "items": list(point.choices)}
    thing["uint_spec"] = {"min": point.low, "max": point.high, "step": 1}
    return {
        **element,
        "type": "QFloatElement",
        "bind": "floatValue:float",
        "value": 0,
        "minimumValue": point.shown(point.low),
        "maximumValue": point.shown(point.high),
    }
