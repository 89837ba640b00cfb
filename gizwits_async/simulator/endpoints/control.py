"""The control endpoint of the simulated service, and the device's reaction to a command."""

import base64
import binascii
from collections.abc import Mapping

from gizwits_async.simulator.codes import (
    ATTR_INVALID,
    CONTROL_FORBIDDEN,
    DEVICE_DISABLED,
    DEVICE_OFFLINE,
    FORM_INVALID,
    NO_ATTR,
    RAW_INVALID,
)
from gizwits_async.simulator.messages import ApiRefusal
from gizwits_async.simulator.state.datapoints import (
    POINTS_BY_NAME,
    parse_write,
    raw_frame,
    report_frame,
    show,
    write_frame,
)
from gizwits_async.simulator.state.device import Device
from gizwits_async.simulator.state.state import Call, Control
from gizwits_async.simulator.state.timeline import Record

__all__ = ["control"]

_BYTE = 0xFF


def control(call: Call) -> dict[str, object]:
    """POST /v1/products/{product_key}/devices/{did}/control."""
    quirks, device = call.state.quirks, call.device(call.params["did"])
    device = call.product.fleet.as_of(device, call.now)
    attrs, raw = _order(call.json())
    if quirks.control_forbidden:
        raise ApiRefusal(CONTROL_FORBIDDEN)
    if device.is_disabled:
        raise ApiRefusal(DEVICE_DISABLED)
    if not device.is_online and quirks.control_offline == "refuse":
        raise ApiRefusal(DEVICE_OFFLINE)
    at = round(call.now, 3)
    call.product.controls.append(Control(at=at, did=device.did, attrs=attrs, raw=raw))
    if device.is_online:
        _execute(call, device, at, attrs, raw)
    return {}


def _order(body: dict[str, object]) -> tuple[dict[str, int] | None, bytes | None]:
    # Returns the raw values of the data points to set, or the bytes to send; the other is None.
    coding = body.get("binary_coding", "")
    if coding not in ("hex", "base64") and "binary_coding" in body:
        raise ApiRefusal(FORM_INVALID, "binary_coding")
    if ("attrs" in body) == ("raw" in body):
        raise ApiRefusal(FORM_INVALID, "one of attrs and raw")
    if "raw" in body:
        return None, _bytes(body["raw"], str(coding))
    attrs = body["attrs"]
    if not isinstance(attrs, Mapping) or not attrs:
        raise ApiRefusal(FORM_INVALID, "attrs")
    return {str(name): _value(str(name), value) for name, value in attrs.items()}, None


def _value(name: str, value: object) -> int:
    point = POINTS_BY_NAME.get(name)
    if point is None:
        raise ApiRefusal(NO_ATTR, name)
    raw = point.raw(value) if point.access == "status_writable" else None
    if raw is None:
        raise ApiRefusal(ATTR_INVALID, name)
    return raw


def _bytes(raw: object, coding: str) -> bytes:
    data = b""
    if isinstance(raw, str) and coding:
        try:
            data = bytes.fromhex(raw) if coding == "hex" else base64.b64decode(raw, validate=True)
        except (ValueError, binascii.Error):
            raise ApiRefusal(RAW_INVALID) from None
    elif isinstance(raw, list) and all(type(item) is int and 0 <= item <= _BYTE for item in raw):
        data = bytes(raw)
    if not data:
        raise ApiRefusal(RAW_INVALID)
    return data


def _execute(
    call: Call, device: Device, at: float, attrs: dict[str, int] | None, raw: bytes | None
) -> None:
    fleet, product, quirks, did = call.product.fleet, call.product, call.state.quirks, device.did
    before = product.states.get(did) or fleet.values(did, call.now)
    changed = parse_write(raw) if raw is not None else attrs or {}
    after = {**before, **changed}
    frame = write_frame(after, tuple(changed)) if raw is None else raw_frame(raw)
    fleet.append("cmd", did, _frame(at, "app2dev", frame))
    reaction = quirks.device_reaction
    if not changed or reaction == "silent":
        return
    if reaction == "refuse":
        after = before
    product.states[did] = after
    reported = round(at + quirks.report_delay, 3)
    if not fleet.as_of(device, reported).is_online:  # It went offline before it could report.
        return
    fleet.append("cmd", did, _frame(reported, "dev2app", report_frame(after)))
    fleet.append("data", did, Record(at=reported, body={"attrs": show(after)}))


def _frame(at: float, kind: str, payload: str) -> Record:
    return Record(at=at, body={"type": kind, "payload": payload})
