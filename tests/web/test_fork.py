"""A client made before a fork: the child does not use the parent's connections."""

import json
import subprocess
import sys

import pytest

from gizwits_async.testing import ThreadedSimulator

SCRIPT = '''
import asyncio, json, os, sys
from gizwits_async import ClientClosedError, GizwitsClient, HourlyQuota

def forked(client, mac):
    """Make one call in a forked child and return its result."""
    into, out = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            said = asyncio.run(client.devices.detail(mac)).mac
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(out, said.encode())
        os._exit(0)
    os.close(out)
    said = os.read(into, 1000).decode()
    os.close(into)
    os.waitpid(pid, 0)
    return said

async def inside(client, macs):
    first = (await client.devices.detail(macs[0])).mac
    said = forked(client, macs[1])
    # The parent's kept connection still works and returns the parent's replies.
    after = [(await client.devices.detail(macs[0])).mac for _ in range(3)]
    await client.aclose()
    return said, [first, *after]

environment, macs = json.loads(sys.stdin.read())
os.environ |= environment
client = GizwitsClient.from_env(quota=HourlyQuota(3_600_000, burst=1000, initial=1000))
match sys.argv[1]:
    case "unused":
        result = forked(client, macs[1]), []
    case "used before":
        asyncio.run(client.devices.detail(macs[0]))
        result = forked(client, macs[1]), []
    case "running":
        result = asyncio.run(inside(client, macs))
print(json.dumps(result))
'''


def _run(how: str) -> tuple[str, list[str], list[str]]:
    with ThreadedSimulator() as simulator:
        macs = [device.mac for device in simulator.cloud.fleet.devices[:2]]
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT, how],
            input=json.dumps([simulator.environment, macs]),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert run.returncode == 0, run.stderr
    said, after = json.loads(run.stdout)
    return said, after, macs


@pytest.mark.parametrize("how", ["unused", "used before"])
@pytest.mark.fault("P5")
def test_a_client_from_before_the_fork_works_in_the_child(how: str) -> None:
    """After a fork outside a running loop the child opens its own session."""
    said, _, macs = _run(how)
    assert said == macs[1]


@pytest.mark.fault("P5")
def test_a_client_in_a_running_loop_is_not_shared_with_a_child() -> None:
    """After a fork inside a running loop calls of the child fail with a hint; the parent is unaffected."""
    said, after, macs = _run("running")
    assert said == macs[1] or said.startswith("ClientClosedError: ")
    assert after == [macs[0]] * 4
