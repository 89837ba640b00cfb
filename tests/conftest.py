"""What every test may use: aioresponses, mended for the aiohttp that is installed; loops; no timed draws."""

import asyncio
import gc
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any
from unittest.mock import Mock

import pytest
from aiohttp import ClientResponse
from aioresponses import aioresponses, core
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

from tests.doubles import JumpingLoop

# No test is timed: these machines are shared, and how long a draw takes says nothing of the code.
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples in each run: a test that fails shows a fault of the change, not of an older line.
settings.register_profile("same", settings.get_profile("explore"), derandomize=True)
settings.load_profile("same")
if hasattr(providers, "_get_local_constants"):
    # Newer versions also draw constants of the modules that are loaded, which depends on the tests before.
    vars(providers)["_get_local_constants"] = providers.Constants


class _Response(ClientResponse):
    """A response as aioresponses makes it, with the argument that aiohttp 3.14 began to require."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("stream_writer", Mock(output_size=0))
        super().__init__(*args, **kwargs)


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """Let `-n auto` start three workers for two cores: a third of their time they wait for other processes."""
    cores = yield
    return cores + (cores + 1) // 2


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Import the tests without garbage collections, which would visit hundreds of thousands of live objects."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.fixture(autouse=True, scope="module")
def _heap_frozen() -> None:
    """Keep what is alive out of collections: tests ask for hundreds, of 0.3 s each with all modules loaded."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def mocked(monkeypatch: pytest.MonkeyPatch) -> Iterator[aioresponses]:
    """Replies without a server, for the plain cases; it passes by client middlewares."""
    monkeypatch.setattr(core, "ClientResponse", _Response)
    with aioresponses() as replies:
        yield replies


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run what is marked `jumping` on a loop that does not wait for time, all else on the usual one."""
    jumps = item.get_closest_marker("jumping") is not None
    return {"loop": JumpingLoop if jumps else asyncio.new_event_loop}
