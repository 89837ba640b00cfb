"""Pytest plugin for users of this package, and the simulator for synchronous test suites.

```python
async def test_it_lists_devices(gizwits_client):
    assert await gizwits_client.devices.search().first()
```

No test waits: `gizwits_client` and its simulated service share a virtual time, which pauses, delayed
replies and waits for quota advance at once. It starts at `time.time()`, also where freezegun or
time-machine have moved that.

The fixtures import the simulator on demand, so that other test runs do not pay for it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from gizwits_async.options import Options
from gizwits_async.testing.threaded import PLENTY, ThreadedSimulator, generous_cloud

if TYPE_CHECKING:
    from gizwits_async.client import GizwitsClient
    from gizwits_async.simulator import SimulatedCloud

__all__ = [
    "ThreadedSimulator",
    "gizwits_client",
    "gizwits_options",
    "gizwits_server",
    "gizwits_simulator",
]


@pytest.fixture
def gizwits_simulator() -> "SimulatedCloud":
    """Return a simulated service, new for each test: twelve devices, four days of logs."""
    return generous_cloud()


@pytest.fixture
def gizwits_options() -> Options:
    """Return the options of `gizwits_client`; override this fixture to change them."""
    return Options()


@pytest.fixture
def gizwits_client(
    gizwits_simulator: "SimulatedCloud", gizwits_options: Options
) -> "GizwitsClient":
    """Return a client of `gizwits_simulator` that uses no sockets and never waits in real time."""
    from gizwits_async.client import GizwitsClient  # noqa: PLC0415 - on demand
    from gizwits_async.simulator import SimulatorTransport  # noqa: PLC0415
    from gizwits_async.testing.virtual import VirtualQuota, VirtualTime  # noqa: PLC0415

    virtual = VirtualTime(gizwits_simulator.fleet.shift)
    # Not closed: it holds no resources, and the fixture has no event loop.
    return GizwitsClient(
        gizwits_simulator.credentials,
        transport=SimulatorTransport(gizwits_simulator, clock=virtual.now, sleep=virtual.sleep),
        quota=VirtualQuota(PLENTY, virtual.sleep),
        options=gizwits_options,
    )


@pytest.fixture
def gizwits_server(gizwits_simulator: "SimulatedCloud") -> Iterator[ThreadedSimulator]:
    """Serve `gizwits_simulator` on a local port, for synchronous suites and other processes.

    `url` is its address; `environment` has all variables for `from_env()` and the lifespan, the
    quota included.
    """
    with ThreadedSimulator(gizwits_simulator) as server:
        yield server
