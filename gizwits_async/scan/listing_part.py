"""Parts of a device listing, which are walked one by one where the service cuts the whole list short."""

from attrs import evolve, frozen

from gizwits_async.models.devices import Device
from gizwits_async.models.locations import Location
from gizwits_async.sections.devices import Devices
from gizwits_async.streams import PageStream

__all__ = ["ListingPart"]

_RECENT = tuple(3600 << step for step in range(10))
"""Seconds of activity by which a part is tried that no other filter makes small enough."""


@frozen(kw_only=True)
class ListingPart:
    """A part of the devices, as filters of the listing select it."""

    is_online: bool | None = None
    location: tuple[str, ...] = ()
    """Country, region and city, or the first of them."""
    liveness_start: int | None = None

    def search(self, devices: Devices) -> PageStream[Device]:
        """Return the listing of the part."""
        country, region, city = (*self.location, None, None, None)[:3]
        return devices.search(
            show_disabled=True,  # The logs of disabled devices can still be read.
            is_online=self.is_online,
            country=country,
            region=region,
            city=city,
            liveness_start=self.liveness_start,
        )

    def split(self, world: Location, now: float) -> "list[ListingPart]":
        """Return smaller parts; together they may leave out devices, those without a location.

        Args:
            world: Where the devices are.
            now: The present, in epoch seconds.
        """
        if self.is_online is None:
            return [evolve(self, is_online=flag) for flag in (True, False)]
        if self.liveness_start is not None:
            return []
        here = world
        for name in self.location:
            here = next((below for below in here.children if below.name == name), Location())
        below = [child.name for child in here.children if child.name]
        parts = [evolve(self, location=(*self.location, name)) for name in below]
        if not self.location or not parts:
            parts += [evolve(self, liveness_start=int(now) - seconds) for seconds in _RECENT]
        return parts
