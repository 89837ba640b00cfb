"""A simulated Gizwits Enterprise API: a state machine with switches for undocumented behaviour.

Use it in the same process (`SimulatorTransport`), over a socket (`SimulatorServer`) or as a program
(`gizwits-async simulate`).
"""

from gizwits_async.simulator.cloud import SimulatedCloud
from gizwits_async.simulator.faults.rules import FaultRule, load_faults
from gizwits_async.simulator.messages import (
    Action,
    LedgerEntry,
    SimulatedReply,
    SimulatedRequest,
)
from gizwits_async.simulator.quirks import Quirks, parse_quirks
from gizwits_async.simulator.server import SimulatorServer
from gizwits_async.simulator.state.device import Device
from gizwits_async.simulator.state.fleet import Fleet
from gizwits_async.simulator.state.timeline import Rates, Record
from gizwits_async.simulator.transport import Fate, SimulatorTransport

__all__ = [
    "Action",
    "Device",
    "Fate",
    "FaultRule",
    "Fleet",
    "LedgerEntry",
    "Quirks",
    "Rates",
    "Record",
    "SimulatedCloud",
    "SimulatedReply",
    "SimulatedRequest",
    "SimulatorServer",
    "SimulatorTransport",
    "load_faults",
    "parse_quirks",
]
