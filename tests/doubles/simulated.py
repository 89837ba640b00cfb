"""Clients on the simulated service, and a transport that alters its replies."""

from collections.abc import Callable
from typing import Any

from attrs import evolve

from gizwits_async.client import GizwitsClient
from gizwits_async.options import Options
from gizwits_async.simulator import SimulatedCloud, SimulatorTransport
from tests.doubles.quotas import FreeQuota

__all__ = ["AlteringTransport", "client_of"]


class AlteringTransport(SimulatorTransport):
    """Changes replies of the simulated service before the client sees them.

    Args:
        alter: Called with the target and the reply; returns what to change: `body`, `headers`, `status`.
    """

    def __init__(
        self, cloud: SimulatedCloud, alter: Callable[[str, Any], dict[str, Any]], **settings: Any
    ) -> None:
        super().__init__(cloud, **settings)
        self._alter = alter

    async def send(self, method: str, target: str, *rest: Any, **more: Any) -> Any:
        reply = await super().send(method, target, *rest, **more)
        return evolve(reply, **self._alter(target, reply))


def client_of(
    cloud: SimulatedCloud, *, transport: SimulatorTransport | None = None, **options: Any
) -> GizwitsClient:
    """Return a client whose calls go straight to the simulated service."""
    return GizwitsClient(
        cloud.credentials,
        transport=transport or SimulatorTransport(cloud),
        quota=FreeQuota(),
        options=Options(**options),
    )
