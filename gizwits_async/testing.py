"""Pytest plugin for users of this package, and the simulator for synchronous test suites.

```python
async def test_it_lists_devices(gizwits_client):
    assert await gizwits_client.devices.search().first()
```

The fixtures import the simulator on demand, so that other test runs do not pay for it.
"""

import asyncio
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

import pytest

if TYPE_CHECKING:
    from gizwits_async.client import GizwitsClient
    from gizwits_async.simulator import SimulatedCloud, SimulatorServer

__all__ = ["ThreadedSimulator", "gizwits_client", "gizwits_simulator"]

_PLENTY = 3_600_000
"""Calls an hour in tests: so many that no test waits for quota unless it tests that."""
_START_WITHIN = 10.0


def _cloud() -> "SimulatedCloud":
    from gizwits_async.simulator import Fleet, SimulatedCloud  # noqa: PLC0415 - on demand

    # A fleet of the present, so that the default range of a log (the last two days) has records.
    return SimulatedCloud(Fleet.generate(now=time.time(), live=True), quota=_PLENTY)


@pytest.fixture
def gizwits_simulator() -> "SimulatedCloud":
    """Return a simulated service, new for each test: twelve devices, four days of logs."""
    return _cloud()


@pytest.fixture
def gizwits_client(gizwits_simulator: "SimulatedCloud") -> "GizwitsClient":
    """Return a client of `gizwits_simulator` that uses no sockets."""
    from gizwits_async.client import GizwitsClient  # noqa: PLC0415 - on demand
    from gizwits_async.quota import HourlyQuota  # noqa: PLC0415
    from gizwits_async.simulator import SimulatorTransport  # noqa: PLC0415

    # Not closed: it holds no resources, and the fixture has no event loop.
    return GizwitsClient(
        gizwits_simulator.credentials,
        transport=SimulatorTransport(gizwits_simulator, clock=time.time),
        quota=HourlyQuota(_PLENTY, burst=10_000, initial=10_000),
    )


class ThreadedSimulator:
    """The simulated service on a local port, served by a thread.

    ```python
    with ThreadedSimulator() as simulator:
        monkeypatch.setenv("GIZWITS_BASE_URL", simulator.url)
    ```
    """

    def __init__(
        self, cloud: "SimulatedCloud | None" = None, *, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        """Make a simulator; `start()` or `with` starts it.

        Args:
            cloud: The service; None: twelve devices, four days of logs, plenty of quota.
            host: Address to listen on.
            port: Port to listen on; 0: any free one.
        """
        self.cloud = _cloud() if cloud is None else cloud
        """The service, with its fleet, ledger and credentials."""
        self._address = host, port
        self._server: SimulatorServer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Base URL, without a trailing slash.

        Raises:
            RuntimeError: The simulator was not started.
        """
        if self._server is None:
            raise RuntimeError("the simulator was not started: use `with ThreadedSimulator()`")
        return self._server.url

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables by which `from_env()` and `gizwits_lifespan()` use it."""
        own = self.cloud.credentials
        return {
            "GIZWITS_BASE_URL": self.url,
            "GIZWITS_ENTERPRISE_ID": str(own.enterprise_id),
            "GIZWITS_ENTERPRISE_SECRET": str(own.enterprise_secret),
            "GIZWITS_PRODUCT_KEY": str(own.product_key),
            "GIZWITS_PRODUCT_SECRET": str(own.product_secret),
        }

    def start(self) -> None:
        """Start listening.

        Raises:
            OSError: The address is in use.
        """
        from gizwits_async.simulator import SimulatorServer  # noqa: PLC0415 - on demand

        if self._server is not None:
            raise RuntimeError("the simulator was already started")
        host, port = self._address
        loop, server = asyncio.new_event_loop(), SimulatorServer(self.cloud, host, port)
        thread = threading.Thread(target=loop.run_forever, name="gizwits simulator", daemon=True)
        thread.start()
        try:
            asyncio.run_coroutine_threadsafe(server.start(), loop).result(_START_WITHIN)
        except BaseException:
            _end(loop, thread)
            raise
        self._loop, self._server, self._thread = loop, server, thread

    def close(self) -> None:
        """Stop listening and end the thread; repeated calls do nothing."""
        loop, server, thread = self._loop, self._server, self._thread
        self._loop = self._server = self._thread = None
        if loop is None or server is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(server.aclose(), loop).result(_START_WITHIN)
        _end(loop, thread)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _end(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    loop.call_soon_threadsafe(loop.stop)
    thread.join(_START_WITHIN)
    loop.close()
