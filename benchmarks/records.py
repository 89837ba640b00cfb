"""The records of the benchmarks' server in the words of other libraries: msgspec, pydantic, dataclasses."""

from dataclasses import make_dataclass
from typing import Any

import msgspec
from pydantic import create_model

__all__ = [
    "DATACLASSES",
    "PYDANTIC",
    "STRUCTS",
    "Detail",
    "DevicePage",
    "LogPage",
    "StructDevice",
    "StructRecord",
]


class Meta(msgspec.Struct):
    """What a page says of its listing."""

    total: int = 0
    context: str | None = None


class Detail(msgspec.Struct):
    """One device, asked for alone."""

    did: str
    mac: str | None = None
    product_key: str | None = None
    is_online: bool | None = None
    is_disabled: bool | None = None
    type: str | None = None


class StructDevice(msgspec.Struct):
    """One row of the listing."""

    did: str
    mac: str | None = None
    is_online: bool | None = None
    is_faulty: bool | None = None
    is_alert: bool | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    online_latest: float | None = None
    created_at: float | None = None
    mcu_hard_version: str | None = None
    mcu_soft_version: str | None = None
    wifi_hard_version: str | None = None
    wifi_soft_version: str | None = None


class StructRecord(msgspec.Struct):
    """One row of the data log."""

    ts: float
    attrs: dict[str, Any]


class DevicePage(msgspec.Struct):
    """A page of the listing."""

    objects: list[StructDevice]
    meta: Meta


class LogPage(msgspec.Struct):
    """A page of the data log."""

    objects: list[StructRecord]
    meta: Meta


STRUCTS: dict[str, Any] = {"call": Detail, "devices": DevicePage, "log": LogPage}
"""What each way is read into."""


def _fields(struct: type[msgspec.Struct]) -> list[tuple[str, Any, Any]]:
    """Return name, type and default of each field; the default is `...` if there is none."""
    return [
        (one.name, one.type, ... if one.required else one.default)
        for one in msgspec.structs.fields(struct)
    ]


def _pydantic(struct: type[msgspec.Struct]) -> Any:
    fields: dict[str, Any] = {name: (kind, default) for name, kind, default in _fields(struct)}
    return create_model(struct.__name__, **fields)


def _dataclass(struct: type[msgspec.Struct]) -> Any:
    fields: list[Any] = [
        (name, kind) if default is ... else (name, kind, default)
        for name, kind, default in _fields(struct)
    ]
    return make_dataclass(struct.__name__, fields)


def _pydantic_page(record: Any) -> Any:
    return create_model("Page", objects=(list[record], ...))


def _dataclass_page(record: Any) -> Any:
    return make_dataclass("Page", [("objects", list[record])])


PYDANTIC: dict[str, Any] = {
    "call": _pydantic(Detail),
    "devices": _pydantic_page(_pydantic(StructDevice)),
    "log": _pydantic_page(_pydantic(StructRecord)),
}
DATACLASSES: dict[str, Any] = {
    "call": _dataclass(Detail),
    "devices": _dataclass_page(_dataclass(StructDevice)),
    "log": _dataclass_page(_dataclass(StructRecord)),
}
