"""Prism between the calls and the simulator: no request and no reply breaks the description."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from gizwits_async.simulator.openapi import load_openapi
from tests.contract.tools import NPM, npm_tools
from tests.ports import kept_port
from tests.simulator.desk import NOW, OPERATIONS, Desk, good_calls, served_desk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@contextmanager
def _prism(folder: Path, upstream: str) -> Iterator[str]:
    """Run Prism as a proxy that answers with an error where a call breaks the description."""
    (folder / "openapi.json").write_text(json.dumps(load_openapi()), "utf-8")
    program = npm_tools() / "node_modules" / ".bin" / "prism"
    with kept_port() as port, (folder / "log").open("w") as log:
        command = [program, "proxy", "openapi.json", upstream, "--errors", "--port", str(port)]
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            while "is listening" not in (folder / "log").read_text():
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


def _call(desk: Desk, url: str, name: str) -> requests.Response:
    path, verb = OPERATIONS[name]
    groups, bindings = desk.cloud.product.groups, desk.cloud.product.bindings
    known = {**desk.path, "gid": groups.create(desk.root)}
    if name == "unbindDevices":
        bindings.bind(next(iter(bindings.users)), desk.path["did"], NOW)
    call = good_calls(desk).get(name, {})
    return desk.session.request(
        verb,
        url + path.format_map(known),
        params=call.get("query"),
        json=call.get("body"),
        headers=desk.headers,
        timeout=10,
    )


if NPM:

    def test_all_operations_pass_a_validating_proxy(tmp_path: Path) -> None:
        """Each of the 32 operations succeeds through Prism; a wrong request does not reach us."""
        with served_desk() as desk, _prism(tmp_path, desk.url) as url:
            replies = {name: _call(desk, url, name) for name in OPERATIONS}
            bad = desk.session.get(f"{url}/v1/users/search", headers=desk.headers, timeout=10)
        assert {name: one.text for name, one in replies.items() if one.status_code >= 300} == {}
        assert [name for name, one in replies.items() if "sl-violations" in one.headers] == []
        assert len(replies) == 32
        assert bad.status_code == 422
