"""For the tests of those who use this package: a pytest plugin, and the simulator for sync suites.

```python
async def test_it_lists_devices(gizwits_client):
    assert await gizwits_client.devices.search().first()
```

The simulator is imported by the fixtures that use it, so that other runs do not pay for it.
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
"""Calls an hour in tests: nobody's test should wait for a quota that it does not test."""
_START_WITHIN = 10.0


def _cloud() -> "SimulatedCloud":
    from gizwits_async.simulator import Fleet, SimulatedCloud  # noqa: PLC0415 - on demand

    # Of the present, so that "the last two days" of a log mean what they say.
    return SimulatedCloud(Fleet.generate(now=time.time(), live=True), quota=_PLENTY)


@pytest.fixture
def gizwits_simulator() -> "SimulatedCloud":
    """Return a simulated service of its own for each test: twelve devices, four days of logs."""
    return _cloud()


@pytest.fixture
def gizwits_client(gizwits_simulator: "SimulatedCloud") -> "GizwitsClient":
    """Return a client whose calls go to `gizwits_simulator`, without sockets and without waiting."""
    from gizwits_async.client import GizwitsClient  # noqa: PLC0415 - on demand
    from gizwits_async.quota import HourlyQuota  # noqa: PLC0415
    from gizwits_async.simulator import SimulatorTransport  # noqa: PLC0415

    # Not closed afterwards: it holds nothing, and a test's event loop is not the fixture's.
    return GizwitsClient(
        gizwits_simulator.credentials,
        transport=SimulatorTransport(gizwits_simulator, clock=time.time),
        quota=HourlyQuota(_PLENTY, burst=10_000, initial=10_000),
    )


class ThreadedSimulator:
    """The simulated service on a port of this machine, served by a thread.

    ```python
    with ThreadedSimulator() as simulator:
        monkeypatch.setenv("GIZWITS_BASE_URL", simulator.url)
    ```
    """

    def __init__(
        self, cloud: "SimulatedCloud | None" = None, *, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        """Make it; nothing listens yet.

        Args:
            cloud: The service; None: twelve devices, four days of logs, plenty of quota.
            host: Address to listen on.
            port: Port to listen on; 0: any free one.
        """
        self.cloud = _cloud() if cloud is None else cloud
        """The service: its fleet, its ledger of calls, the credentials that it accepts."""
        self._address = host, port
        self._server: SimulatorServer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens.

        Raises:
            RuntimeError: It does not listen.
        """
        if self._server is None:
            raise RuntimeError("the simulator was not started: use `with ThreadedSimulator()`")
        return self._server.url

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which `from_env()` and `gizwits_lifespan()` find it."""
        own = self.cloud.credentials
        return {
            "GIZWITS_BASE_URL": self.url,
            "GIZWITS_ENTERPRISE_ID": str(own.enterprise_id),
            "GIZWITS_ENTERPRISE_SECRET": str(own.enterprise_secret),
            "GIZWITS_PRODUCT_KEY": str(own.product_key),
            "GIZWITS_PRODUCT_SECRET": str(own.product_secret),
        }

    def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: The address is taken.
        """
        from gizwits_async.simulator import SimulatorServer  # noqa: PLC0415 - on demand

        if self._server is not None:
            raise RuntimeError("the simulator listens already")
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
        """Stop listening and end the thread; safe to repeat."""
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
