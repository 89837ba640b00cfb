"""The pages that everything is measured on: devices with dirty types, a data log, an online log."""

import json
from typing import Any

__all__ = ["device_page", "log_page", "online_page"]


def device_page(rows: int = 100, *, first: int = 0) -> bytes:
    """Return a page of `devices/search` as the service mixes its types: 17 fields a row."""
    objects: list[dict[str, Any]] = [
        {
            "did": f"{i:022d}", "mac": f"ACCF23{i:06X}", "is_online": i % 2 == 0,
            "country": "China", "region": "Guangdong", "city": "Guangzhou",
            "longitude": 113.28 if i % 2 else "113.280637", "latitude": 23 if i % 3 else 23.125178,
            "is_faulty": i % 5 == 0, "is_alert": 1 if i % 7 == 0 else 0,
            "online_latest": 1_790_000_000 + i, "created_at": 1_780_000_000 + i,
            "mcu_hard_version": None, "mcu_soft_version": "03000009",
            "wifi_hard_version": "00ESP826", "wifi_soft_version": "04020034",
            "remark": "not in the model",
        }
        for i in range(first, first + rows)
    ]  # fmt: skip
    return _page(objects)


def log_page(rows: int = 100, *, first: int = 1_790_000_000) -> bytes:
    """Return a page of a data log: `ts` and 11 data points a row."""
    objects: list[dict[str, Any]] = [
        {
            "ts": first - i,
            "attrs": {
                "alert_full": 0, "alert_shutdown": 0, "mode": "制冷", "fan_swing": 0,
                "switch": 1, "fan_speed": "低风", "fault_roomtemp": 0, "room_temp": -10,
                "set_temp": 16 + i % 14, "off_timing": 0, "on_timing": 0,
            },
        }
        for i in range(rows)
    ]  # fmt: skip
    return _page(objects, context="")


def online_page(rows: int = 100, *, first: int = 1_790_000_000) -> bytes:
    """Return a page of an online log: devices that went offline."""
    objects: list[dict[str, Any]] = [
        {
            "timestamp": first - i + 0.25,
            "type": "dev_offline",
            "payload": {"duration": 100 + i, "reason": "no_heartbeat", "heartbeat": 120},
        }
        for i in range(rows)
    ]
    return _page(objects, context="")


def _page(objects: list[dict[str, Any]], **more: str) -> bytes:
    meta: dict[str, Any] = {
        "total": len(objects),
        "limit": 100,
        "skip": 0,
        "previous": None,
        "next": None,
    }
    meta |= more
    return json.dumps({"meta": meta, "objects": objects}).encode()
