"""Each exit code by a real cause."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from gizwits_async.cli.exits import MEANINGS, Exit
from gizwits_async.simulator import FaultRule, SimulatedCloud
from tests.cli.exit_codes import TESTS


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


REFUSALS = {
    Exit.FAILED: FaultRule(path="*/search", action="status", status=404, code=5206),
    Exit.CREDENTIALS: FaultRule(path="*/search", action="status", status=404, code=5015),
    Exit.QUOTA: FaultRule(path="*/search", action="status", status=403, code=5013),
    Exit.SERVICE: FaultRule(path="*/search", action="html", status=503),
}


@pytest.mark.parametrize("code", REFUSALS)
async def test_a_refusal_has_the_code_of_its_cause(
    code: Exit, program: Any, cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong product key is a matter of credentials, although the service calls it not found."""
    monkeypatch.setattr("gizwits_async.wire.retry.RetryPolicy._pause", lambda *_: 0.001)
    cloud.faults.set([REFUSALS[code]])
    found, out, err = await program("devices", "--max-wait", "0")
    assert (found, out) == (code, ""), err
    if code is Exit.CREDENTIALS:
        assert "the product key is unknown: compare it with the developer centre" in err


async def test_no_connection_is_a_matter_of_the_network(
    program: Any, cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is said in words: a closed port, a name that does not exist, a proxy."""
    monkeypatch.setattr("gizwits_async.wire.retry.RetryPolicy._pause", lambda *_: 0.001)
    closed = f"http://127.0.0.1:{free_port()}"
    code, _, err = await program("devices", "--base-url", closed)
    assert (code, "connection refused" in err) == (Exit.NETWORK, True)
    code, _, err = await program("devices", "--base-url", "https://nothing.invalid")
    assert (code, err.startswith("network: no connection to nothing.invalid")) == (6, True)
    code, _, err = await program("devices", "--proxy", closed)
    assert (code, f"no connection to proxy {closed}: connection refused" in err) == (6, True)


async def test_a_missing_store_is_told_from_a_locked_one(
    program: Any, cloud: SimulatedCloud
) -> None:
    """Scripts wait for the one, and make the other."""
    assert (await program("status", "none.db"))[0] == Exit.NO_STORE
    assert (await program("export", "none.db", "--to", "csv"))[0] == Exit.NO_STORE
    assert not os.path.exists("none.db")  # noqa: PTH110


def test_each_code_has_a_test_that_exists() -> None:
    """`python -m tests.cli.exit_codes` prints them as a table."""
    assert set(TESTS) == set(MEANINGS) == set(Exit)
    for name in TESTS.values():
        file, _, function = name.partition("::")
        source = (Path(__file__).parents[2] / file).read_text(encoding="utf-8")
        assert f"def {function}(" in source, name


async def test_help_lists_every_code(program: Any) -> None:
    """So that a script can be written from it; the documentation shows the same list."""
    _, page, _ = await program("--help")
    for code in Exit:
        assert f" {int(code)} " in " ".join(page.split()), code
