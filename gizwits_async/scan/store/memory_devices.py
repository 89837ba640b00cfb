"""The devices of a scan in memory, in a form that the garbage collector does not walk."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from operator import attrgetter
from typing import Any

from attrs import fields
from msgspec import Struct, defstruct
from msgspec.structs import asdict

from gizwits_async.models.devices import Device
from gizwits_async.scan.sharded import Sharded

__all__ = ["MemoryDevices"]

_FIELDS = [field.name for field in fields(Device)]
_values_of = attrgetter(*_FIELDS)
_Row = defstruct("_Row", [(name, Any) for name in _FIELDS], gc=False)
"""A device, as it is kept."""


class MemoryDevices(Mapping[str, Device]):
    """Devices by did, and which of them have a MAC address.

    Kept as structs without garbage collection: as objects or tuples, those of a large fleet would
    make each full collection stop the event loop for tens of milliseconds.
    """

    def __init__(self, *, keep: bool) -> None:
        """Start without devices.

        Args:
            keep: Whether to keep more than did and MAC address; if not, the mapping stays empty.
        """
        self._keep = keep
        self._rows = Sharded[Struct]()
        self._macs = Sharded[str | None]()
        self._by_mac = Sharded[str | dict[str, None]]()
        """MAC address -> the device that has it, or had it when it was listed before; a dict of them
        where there are several, such as the virtual devices, which share one."""

    def add(self, devices: Iterable[Device], *, replace: bool) -> int:
        """Keep devices, and return how many are new.

        Args:
            devices: The devices.
            replace: Whether what is known of a device is replaced.
        """
        before = self.count
        for device in devices:
            did, mac = device.did, device.mac
            known = did in self._macs
            if known and not replace:
                continue
            if mac and not (known and self._macs[did] == mac):
                self._note(mac, did)
            self._macs[did] = mac
            if self._keep:
                self._rows[did] = _Row(*_values_of(device))
        return self.count - before

    def _note(self, mac: str, did: str) -> None:
        had = self._by_mac.get(mac)
        if had is None:
            self._by_mac[mac] = did
        elif isinstance(had, dict):
            had[did] = None
        else:
            self._by_mac[mac] = {had: None, did: None}

    @property
    def count(self) -> int:
        """Number of devices known, also without `keep`."""
        return len(self._macs)

    def known(self, dids: Collection[str]) -> int:
        """Return how many of these devices are known."""
        return sum(did in self._macs for did in set(dids))

    def by_mac(self, macs: Collection[str]) -> list[str]:
        """Return the dids of the devices with these MAC addresses."""
        found: list[str] = []
        for mac in set(macs):
            had = self._by_mac.get(mac, {})
            dids = {had} if isinstance(had, str) else had
            found += (did for did in dids if self._macs[did] == mac)
        return found

    async def without_mac(self) -> list[str]:
        """Return the dids of the devices without a MAC address, or with an empty one."""
        return [did async for did, mac in self._macs.walk() if not mac]

    def __getitem__(self, did: str) -> Device:
        return Device(**asdict(self._rows[did]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)
