"""One simulated device, and its generation from a seed."""

import random
import string

from attrs import frozen

from gizwits_async.simulator.state.timeline import DAY

__all__ = ["DEFAULT_NOW", "Device", "generate_device"]

DEFAULT_NOW = 1_790_000_000.0
"""Default present of a fleet, in epoch seconds: whole, so that the edges of days are whole too."""

_ALPHABET = string.ascii_letters + string.digits
_CITIES = (
    ("China", "Guangdong", "Guangzhou", 113.280637, 23.125178),
    ("China", "Guangdong", "Shenzhen", 114.057868, 22.543099),
    ("China", "Beijing", "Beijing", 116.405285, 39.904989),
    ("China", "Zhejiang", "Hangzhou", 120.153576, 30.287459),
    ("Germany", "Bayern", "Muenchen", 11.581981, 48.135125),
)
_ONLINE, _LOCATED, _DISABLED, _ALERT, _FAULTY = 0.7, 0.9, 0.15, 0.1, 0.05


@frozen(kw_only=True)
class Device:
    """One device as the service describes it."""

    did: str
    mac: str
    passcode: str = "123456"
    type: str = "normal"
    is_online: bool = False
    is_disabled: bool = False
    is_alert: bool = False
    is_faulty: bool = False
    country: str | None = None
    region: str | None = None
    city: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    online_latest: int | None = None
    """Start of the latest session, in epoch seconds; None: the device was never online."""
    device_sn: str | None = None
    """Serial number of a Bluetooth device; reports contain it in place of the MAC."""
    created_at: int = int(DEFAULT_NOW) - 90 * DAY
    mcu_hard_version: str | None = None
    mcu_soft_version: str | None = None
    wifi_hard_version: str | None = None
    wifi_soft_version: str | None = None


def generate_device(index: int, seed: int, now: float, days: int) -> Device:
    """Return a device that depends on the arguments alone.

    Args:
        index: Number of the device in its fleet.
        seed: Seed of the fleet.
        now: The fleet's present, in epoch seconds.
        days: Days before `now` at which the logs start.
    """
    rng = random.Random(f"{seed}/{index}")
    online = rng.random() < _ONLINE
    # The latest session of an online device started during the last day.
    ago = 0 if online else rng.randint(1, max(1, days - 1))
    back = ago * DAY + rng.randint(60, DAY - 60)
    country, region, city, longitude, latitude = rng.choice(_CITIES)
    located = rng.random() < _LOCATED
    soft = f"0{rng.randint(1, 3)}00000{rng.randrange(10)}"
    return Device(
        did="".join(rng.choices(_ALPHABET, k=22)),
        mac=f"{0xACCF23000000 + index:012X}",
        passcode="".join(rng.choices(string.digits, k=6)),
        is_online=online,
        is_disabled=not online and rng.random() < _DISABLED,
        is_alert=rng.random() < _ALERT,
        is_faulty=rng.random() < _FAULTY,
        country=country if located else None,
        region=region if located else None,
        city=city if located else None,
        longitude=round(longitude + rng.uniform(-0.2, 0.2), 6) if located else None,
        latitude=round(latitude + rng.uniform(-0.2, 0.2), 6) if located else None,
        online_latest=int(now) - back,
        created_at=int(now) - (days + rng.randint(1, 300)) * DAY - rng.randrange(DAY),
        mcu_hard_version="00000001" if located else None,
        mcu_soft_version=soft if located else None,
        wifi_hard_version="00ESP826",
        wifi_soft_version="04020034",
    )
