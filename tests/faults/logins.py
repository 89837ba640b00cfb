"""What the tests of logins share: a fleet whose MAC addresses are known, and what arrived at the service."""

from gizwits_async.simulator import Fleet, SimulatedCloud

DAY = 86_400
MACS = [f"{0xACCF23000000 + n:012X}" for n in range(60)]


def fleet_of(devices: int = 60) -> Fleet:
    """Return devices whose MAC addresses are `MACS`."""
    return Fleet.of([f"{n:022d}" for n in range(devices)])


def calls(cloud: SimulatedCloud) -> int:
    """Return how many requests arrived that were no logins."""
    return len(cloud.ledger) - logins(cloud)


def logins(cloud: SimulatedCloud) -> int:
    """Return how many logins arrived, refused ones included."""
    return sum(entry.path.endswith("/access_token") for entry in cloud.ledger)
