"""What stands in for the real thing in tests: quotas, transports, clients on them, event loops."""

from tests.doubles.interrupts import interrupted
from tests.doubles.loops import JumpingLoop, VirtualLoop, now, virtual, virtually
from tests.doubles.quotas import FreeQuota
from tests.doubles.simulated import AlteringTransport, client_of

__all__ = [
    "AlteringTransport",
    "FreeQuota",
    "JumpingLoop",
    "VirtualLoop",
    "client_of",
    "interrupted",
    "now",
    "virtual",
    "virtually",
]
