"""Answers of chapter "devices": identity, detail, search, and the records of the three logs."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypedDict, TypeVar

from attrs import field, frozen
from attrs.converters import optional

from gizwits_async.models.frame import Frame
from gizwits_async.models.rows import Row
from gizwits_async.models.times import utc
from gizwits_async.models.values import Identity, JsonObject, Number
from gizwits_async.options import Secret
from gizwits_async.schema import Model

__all__ = [
    "CommandRecord",
    "DataRecord",
    "Device",
    "DeviceDetail",
    "DeviceIdentity",
    "OnlineEvent",
]

_EMPTY: tuple[object, ...] = ("", None, {})
_EMPTY_TEXT = re.compile(r"[ \t\r\n]*\{[ \t\r\n]*\}[ \t\r\n]*")
"""An empty object that comes as text."""
T_co = TypeVar("T_co", covariant=True)


class _Typed(Protocol[T_co]):
    """A class that `gizwits-async codegen` wrote."""

    def read(self, attrs: Mapping[str, object], /) -> T_co:
        """Return the data points as attributes."""


class _Details(TypedDict, total=False):
    """What the document's table of online events lists beside `payload`."""

    KeepAlive: Any
    keep_alive: Any
    duration: Any
    reason: Any
    heartbeat: Any
    count: Any
    max: Any
    min: Any
    avg: Any
    last: Any


_DETAILS = frozenset(_Details.__annotations__)


@frozen(kw_only=True)
class DeviceIdentity(Model):
    """The device id that belongs to a MAC address."""

    did: str
    """Device id."""
    passcode: str | None = field(default=None, repr=False, converter=optional(Secret))
    """Key for binding the device; a secret, never in a repr."""


@frozen(kw_only=True)
class DeviceDetail(Model):
    """One device, as looked up by its MAC address."""

    did: str
    """Device id."""
    mac: str | None = None
    """MAC address; `virtual:site` is the virtual device of the developer centre."""
    product_key: str | None = None
    """Product it belongs to."""
    is_online: bool | None = None
    """Whether the device was connected when the server answered."""
    is_disabled: bool | None = None
    """Whether the device was signed off; its logs stay readable."""
    type: str | None = None
    """`normal`, `center_control`, `sub_dev` or another word of the service."""


@frozen(kw_only=True)
class Device(Row):
    """One device of a search."""

    did: Identity
    """Device id."""
    mac: str | None = None
    """MAC address; `virtual:site` is the virtual device of the developer centre."""
    is_online: bool | None = None
    """Whether the device was connected when the server answered."""
    is_faulty: bool | None = None
    """Whether a fault is pending."""
    is_alert: bool | None = None
    """Whether an alert is pending."""
    country: str | None = None
    """Country, by the address the device connects from."""
    region: str | None = None
    """Province."""
    city: str | None = None
    """City."""
    longitude: Number | None = None
    """Degrees east."""
    latitude: Number | None = None
    """Degrees north."""
    online_latest: Number | None = None
    """When it last came online (not: last sent data), in epoch seconds UTC."""
    created_at: Number | None = None
    """When it was registered, in epoch seconds UTC."""
    mcu_hard_version: str | None = None
    """Hardware version of the controller."""
    mcu_soft_version: str | None = None
    """Software version of the controller."""
    wifi_hard_version: str | None = None
    """Hardware version of the radio module."""
    wifi_soft_version: str | None = None
    """Software version of the radio module."""

    @property
    def time(self) -> datetime | None:
        """`created_at` as an aware UTC datetime."""
        return None if self.created_at is None else utc(self.created_at)


@frozen(kw_only=True)
class OnlineEvent(Row):
    """A device came online or went offline."""

    timestamp: Number
    """When, in epoch seconds UTC with milliseconds."""
    type: str = ""
    """`dev_online`, `dev_offline`, or another word of the service; empty if it gives none."""
    payload: JsonObject = field(factory=dict)
    """`keep_alive` of an online event; `duration`, `heartbeat`, `reason` of an offline one."""
    beside: ClassVar = ("payload", _Details)
    """A field, and the members of the row that belong into it where it is empty; see `prepare`."""

    @classmethod
    def prepare(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """Put details that stand beside an empty `payload`, as in the document's table, into it."""
        payload = value.get("payload")
        empty = (
            _EMPTY_TEXT.fullmatch(payload)
            if isinstance(payload, str) and payload
            else payload in _EMPTY
        )
        if not empty or _DETAILS.isdisjoint(value):
            return value
        return {**value, "payload": {name: it for name, it in value.items() if name in _DETAILS}}

    @property
    def time(self) -> datetime:
        """`timestamp` as an aware UTC datetime."""
        return utc(self.timestamp)


@frozen(kw_only=True)
class CommandRecord(Row):
    """One frame between app and device."""

    timestamp: Number
    """When, in epoch seconds UTC with milliseconds."""
    type: str = ""
    """`app2dev`, `dev2app`, or another word of the service; empty if it gives none."""
    payload: str | None = None
    """The frame as the service writes it: hexadecimal in every known reply, base64 by the document."""

    @property
    def frame(self) -> Frame:
        """`payload` as a frame, parsed at each access; `.problem` states why it is not a whole one."""
        return Frame.parse(self.payload)

    @property
    def time(self) -> datetime:
        """`timestamp` as an aware UTC datetime."""
        return utc(self.timestamp)


@frozen(kw_only=True)
class DataRecord(Row):
    """The data points of a device at one moment."""

    ts: Number
    """When, in epoch seconds UTC; whole in every known reply."""
    attrs: JsonObject = field(factory=dict)
    """Data point name -> value in display units; booleans come as 0 and 1."""

    @property
    def time(self) -> datetime:
        """`ts` as an aware UTC datetime."""
        return utc(self.ts)

    def typed(self, product: _Typed[T_co]) -> T_co:
        """Return the data points as attributes of a class that `gizwits-async codegen` wrote.

        Args:
            product: The class, such as `Product`.
        """
        return product.read(self.attrs)
