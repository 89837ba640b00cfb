"""The simulated service on a local port, served by a thread, for synchronous test suites."""

import asyncio
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from gizwits_async.simulator import SimulatedCloud, SimulatorServer

__all__ = ["PLENTY", "ThreadedSimulator", "generous_cloud"]

PLENTY = 3_600_000
"""Calls an hour in tests: so many that no test waits for quota unless it tests that."""
_START_WITHIN = 10.0


def generous_cloud() -> "SimulatedCloud":
    """Return a service with logs up to the present and plenty of quota."""
    from gizwits_async.simulator import SimulatedCloud  # noqa: PLC0415 - on demand

    return SimulatedCloud(quota=PLENTY)


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
        self.cloud = generous_cloud() if cloud is None else cloud
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
        """Environment variables by which `from_env()` and `gizwits_lifespan()` use it.

        The quota among them is so large that the client does not delay calls.
        """
        from gizwits_async.simulator.environment import environment_of  # noqa: PLC0415 - on demand

        variables = environment_of(self.cloud, self.url)
        return {**variables, "GIZWITS_CALLS_PER_HOUR": str(PLENTY)}

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
