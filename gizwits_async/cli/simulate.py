"""`gizwits-async simulate`: the simulated service on a port, for trying things out."""

import asyncio
import shlex
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from attrs import frozen
from cyclopts import Parameter

from gizwits_async.cli.exits import Exit
from gizwits_async.cli.language import _
from gizwits_async.cli.numbers import LAST_PORT, MOST_DEVICES, within
from gizwits_async.cli.output import say, write_line
from gizwits_async.cli.system_texts import cannot_listen

if TYPE_CHECKING:
    from gizwits_async.simulator import FaultRule, Fleet, SimulatedCloud

__all__ = ["Simulation", "fleet_of", "reachable", "show_address", "simulate"]

_MOST_DAYS = 366
"""Of logs; the service keeps 30 days of them."""
Preset: TypeAlias = Literal["always-on", "daily", "sporadic", "dormant", "mixed"]


@Parameter(name="*")
@frozen(kw_only=True)
class Simulation:
    """What the simulated service is like, and where it listens."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 8080
    """Port to listen on; 0 takes a free one."""
    devices: int = 20
    """How many devices its fleet has."""
    days: int = 4
    """How many days its logs reach back."""
    seed: int = 1
    """Another number makes another fleet."""
    fleet: Preset | None = None
    """How its devices are used, so that `scan` shows what it need not ask; by default all of them have
    sessions on most days."""
    calls_per_hour: int = 3600
    """Its quota."""
    faults: Path | None = None
    """TOML or JSON file of faults that it is to have; see `gizwits_async.simulator`."""
    quirk: Annotated[tuple[str, ...], Parameter(negative="")] = ()
    """NAME=VALUE: how it behaves where the API document is silent; see `Quirks`. Can be repeated."""
    latency: float = 0.0
    """Seconds until it handles a call."""
    access_log: Annotated[bool, Parameter(negative="")] = False
    """Write a line for each call."""

    def check(self) -> None:
        """Raise a ValueError if a number is out of its range."""
        within("--port", self.port, 0, LAST_PORT)
        within("--devices", self.devices, 0, MOST_DEVICES)
        within("--days", self.days, 1, _MOST_DAYS)
        within("--calls-per-hour", self.calls_per_hour, 1)
        within("--latency", self.latency, 0)


async def simulate(*, simulation: Simulation = Simulation()) -> int:
    """Serve until cancelled.

    Raises:
        ValueError: A number is out of its range, the file of faults cannot be read, or a rule in it or a
            quirk is wrong.
    """
    from gizwits_async.simulator import SimulatedCloud, SimulatorServer, parse_quirks

    own = simulation
    own.check()
    cloud = SimulatedCloud(
        fleet_of(own),
        quota=own.calls_per_hour,
        ledger_size=1000,
        quirks=parse_quirks(own.quirk),
        faults=() if own.faults is None else _rules_in(own.faults),
    )
    async with AsyncExitStack() as stack:
        try:
            server = await stack.enter_async_context(
                SimulatorServer(
                    cloud,
                    own.host,
                    own.port,
                    latency=own.latency,
                    on_call=say if own.access_log else None,
                )
            )
        except OSError as error:
            say(cannot_listen(own.host, own.port, error))
            return Exit.FAILED
        show_address(cloud, reachable(server.url), own.calls_per_hour)
        await asyncio.Event().wait()
    return Exit.OK


def fleet_of(own: Simulation) -> "Fleet":
    """Return the fleet that is served: its logs reach to the present and go on."""
    from gizwits_async.simulator import Fleet, Rates

    now = time.time()
    if own.fleet is not None:
        return Fleet.preset(own.fleet, own.devices, own.days, own.seed, now=now)
    rates = Rates(edge=0.0)  # Records at the borders of a day are for tests of windows.
    return Fleet.generate(own.devices, own.days, own.seed, now=now, rates=rates, live=True)


def show_address(cloud: "SimulatedCloud", url: str, calls: int) -> None:
    """Say where the service is, and how a shell gets to use it."""
    from gizwits_async.simulator.environment import environment_of

    text = _(
        "simulated Gizwits Enterprise API at {url}, {calls} calls an hour; Ctrl-C ends",
        url=url,
        calls=calls,
    )
    say(text)
    say(_("  try calls at {url}/docs; its description is {url}/openapi.json", url=url))
    say(_("  control it at {url}/__simulator/: faults, ledger, devices, reset", url=url))
    say(_("in another terminal:"))
    for name, value in environment_of(cloud, url).items():
        # Alone on stdout: a script reads them from a file, `simulate > simulator.env &`.
        line = f"export {name}={shlex.quote(value)}"
        try:
            write_line(line)
        except (AttributeError, OSError):  # It is closed, or nobody reads it: not our end.
            say(f"  {line}")
    say("  gizwits-async devices")
    say("  gizwits-async scan --since 4d --out fleet.db")


def reachable(url: str) -> str:
    """Return the URL with an address that clients can use, where the server listens on all of them.

    It is that of loopback, which needs no `--allow-insecure`; other machines use the name or address
    of this one instead.
    """
    return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")


def _rules_in(path: Path) -> "tuple[FaultRule, ...]":
    from gizwits_async.simulator import load_faults

    try:
        return load_faults(path)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
