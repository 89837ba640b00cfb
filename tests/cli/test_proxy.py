"""The console behind a real proxy process, and with a company's own certificate authority."""

import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme
from attrs import frozen

from gizwits_async.simulator import SimulatedCloud
from tests.scan.common import in_file, truth
from tests.wire.proxies import forwarding

PASSWORD = "open-sesame"


@frozen
class ProxyProcess:
    """An instance of the package `proxy.py`."""

    port: int
    log: Path

    def hosts(self) -> set[str]:
        """Return what it was asked for: verb and host of each request."""
        parts = (line.split() for line in self.log.read_text().splitlines())
        return {f"{verb} {host}" for verb, host in parts}


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProxyProcess]:
    """A proxy in a process of its own that wants a password."""
    folder = tmp_path_factory.mktemp("proxy")
    port, log = folder / "port", folder / "log"
    plugin = folder / "asked.py"
    plugin.write_text(
        "from proxy.http.proxy import HttpProxyBasePlugin\n"
        "class Asked(HttpProxyBasePlugin):\n"
        "    def handle_client_request(self, request):\n"
        f"        with open({str(log)!r}, 'a') as out:\n"
        "            verb = request.method.decode()\n"
        "            print(verb, f'{request.host.decode()}:{request.port}', file=out)\n"
        "        return request\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "proxy", "--hostname", "127.0.0.1", "--port", "0",
         "--port-file", str(port), "--num-acceptors", "1", "--num-workers", "1",
         "--basic-auth", f"user:{PASSWORD}", "--plugins", "asked.Asked", "--data-dir", str(folder)],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    ends_at = time.monotonic() + 30
    while not (port.exists() and port.read_text().strip()):
        assert process.poll() is None
        assert time.monotonic() < ends_at
        time.sleep(0.02)
    log.touch()
    yield ProxyProcess(int(port.read_text()), log)
    process.terminate()
    process.wait(20)


@asynccontextmanager
async def encrypted(url: str, authority: trustme.CA) -> AsyncIterator[str]:
    """Serve what `url` serves by https, with a certificate of a private authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    parts = urlsplit(url)
    async with forwarding(str(parts.hostname), int(parts.port or 0), context) as port:
        yield f"https://127.0.0.1:{port}"


async def test_a_scan_goes_through_a_real_proxy_to_a_service_with_a_private_authority(
    program: Any,
    cloud: SimulatedCloud,
    proxy: ProxyProcess,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """By CONNECT, with a password that is shown nowhere; without the authority nothing is sent."""
    authority, bundle = trustme.CA(), tmp_path / "company.pem"
    authority.cert_pem.write_to_path(bundle)
    shown = f"http://127.0.0.1:{proxy.port}"
    monkeypatch.setenv("GIZWITS_PROXY", f"http://user:{PASSWORD}@127.0.0.1:{proxy.port}")
    monkeypatch.setattr("gizwits_async.wire.retry.RetryPolicy._pause", lambda *_: 0.001)
    async with encrypted(os.environ["GIZWITS_BASE_URL"], authority) as url:
        monkeypatch.setenv("GIZWITS_BASE_URL", url)
        code, _, err = await program("doctor")
        assert (code, "certificate not accepted" in err, cloud.tally.total()) == (6, True, 0)
        monkeypatch.setenv("GIZWITS_CA_BUNDLE", str(bundle))
        code, _, said = await program("doctor", "--debug")
        assert (code, f"through the proxy {shown}" in said, str(bundle) in said) == (0, True, True)
        code, out, _ = await program("scan", "--since", "1d", "--json")
        assert code == 0
        assert f"CONNECT {url.removeprefix('https://')}" in proxy.hosts()
    assert PASSWORD not in err + said + out
    report = json.loads(out)
    assert in_file(Path("fleet.db")) == truth(cloud, report["start"], report["end"]) != {}


async def test_plain_calls_and_commands_go_through_a_real_proxy(
    program: Any, cloud: SimulatedCloud, proxy: ProxyProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong password is said as such, and the proxy is named without it."""
    device = next(one for one in cloud.fleet.devices if one.is_online and not one.is_disabled)
    words = ("control", device.did, "--attr", "switch=true", "--yes")
    monkeypatch.setenv("GIZWITS_PROXY", f"http://user:wrong@127.0.0.1:{proxy.port}")
    monkeypatch.setattr("gizwits_async.wire.retry.RetryPolicy._pause", lambda *_: 0.001)
    code, _, err = await program(*words)
    assert (code, "credentials not accepted [HTTP 407]" in err, "wrong" in err) == (6, True, False)
    monkeypatch.setenv("GIZWITS_PROXY", f"http://user:{PASSWORD}@127.0.0.1:{proxy.port}")
    code, _, err = await program(*words)
    assert (code, cloud.tally["devices.control"]) == (0, 1), err
    assert f"POST {os.environ['GIZWITS_BASE_URL'].removeprefix('http://')}" in proxy.hosts()
