"""The answers of the service as frozen attrs classes: one module a chapter of the API document.

`to_dict` and `to_json` write any of them, and pages and reports of them, as plain JSON.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gizwits_async.models.authorization import Token
    from gizwits_async.models.control import ControlResult
    from gizwits_async.models.converter import to_dict, to_json
    from gizwits_async.models.device_groups import GroupNode
    from gizwits_async.models.device_reports import (
        ActiveCounts,
        DeviceSummary,
        FaultCounts,
        FaultReport,
        LivenessHistory,
        LivenessRow,
        LocationReport,
        NewCounts,
        RealtimeCounts,
        RealtimeReport,
        ReportedDevice,
    )
    from gizwits_async.models.devices import (
        CommandRecord,
        DataRecord,
        Device,
        DeviceDetail,
        DeviceIdentity,
        OnlineEvent,
    )
    from gizwits_async.models.frame import Frame
    from gizwits_async.models.locations import Counts, Location
    from gizwits_async.models.outcome import Outcome
    from gizwits_async.models.page import LogReply, PageReply
    from gizwits_async.models.product import (
        DataPoint,
        Entity,
        Position,
        ProductDataPoints,
        UintSpec,
    )
    from gizwits_async.models.rows import Row
    from gizwits_async.models.times import Moment
    from gizwits_async.models.user_reports import (
        ActiveUsers,
        ActiveUsersRow,
        NewUsers,
        NewUsersRow,
        UserTotal,
    )
    from gizwits_async.models.users import BoundUser, RegisteredUser, User
    from gizwits_async.models.values import Identity, JsonObject, Number

__all__ = [
    "ActiveCounts",
    "ActiveUsers",
    "ActiveUsersRow",
    "BoundUser",
    "CommandRecord",
    "ControlResult",
    "Counts",
    "DataPoint",
    "DataRecord",
    "Device",
    "DeviceDetail",
    "DeviceIdentity",
    "DeviceSummary",
    "Entity",
    "FaultCounts",
    "FaultReport",
    "Frame",
    "GroupNode",
    "Identity",
    "JsonObject",
    "LivenessHistory",
    "LivenessRow",
    "Location",
    "LocationReport",
    "LogReply",
    "Moment",
    "NewCounts",
    "NewUsers",
    "NewUsersRow",
    "Number",
    "OnlineEvent",
    "Outcome",
    "PageReply",
    "Position",
    "ProductDataPoints",
    "RealtimeCounts",
    "RealtimeReport",
    "RegisteredUser",
    "ReportedDevice",
    "Row",
    "Token",
    "UintSpec",
    "User",
    "UserTotal",
    "to_dict",
    "to_json",
]

_MODULES = (
    "devices",
    "rows",
    "frame",
    "times",
    "values",
    "control",
    "product",
    "users",
    "device_groups",
    "device_reports",
    "user_reports",
    "authorization",
    "outcome",
    "locations",
    "page",
    "converter",
)
"""Where a name is looked up, in this order."""


def __getattr__(name: str) -> object:
    # Imported on first use: creating all classes would double the time of `import gizwits_async`.
    if name in __all__:
        for module in _MODULES:
            found = import_module(f"{__name__}.{module}")
            if hasattr(found, name):
                globals()[name] = value = getattr(found, name)
                return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
