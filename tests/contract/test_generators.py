"""Clients that generators of others make from the OpenAPI description: typed, compiled, and used.

Slow: the generators are installed into a temporary folder, at fixed versions. The TypeScript ones run
where Node is installed.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gizwits_async.simulator.openapi import load_openapi
from gizwits_async.testing import ThreadedSimulator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PYTHON_PROGRAM = """
import os
from generated import AuthenticatedClient, Client
from generated.api.authorization import create_token
from generated.api.devices import control_device, get_data_log, search_devices
from generated.models import Command, CommandAttrs, Credentials, Flag

url, key = os.environ["GIZWITS_BASE_URL"], os.environ["GIZWITS_PRODUCT_KEY"]
login = Credentials(*(os.environ[f"GIZWITS_{n}"] for n in ("ENTERPRISE_ID", "ENTERPRISE_SECRET", "PRODUCT_SECRET")))
token = create_token.sync(key, client=Client(base_url=url), body=login).token
client = AuthenticatedClient(base_url=url, token=token, prefix="token")
device = search_devices.sync(key, client=client, is_online=Flag(1)).objects[0]
print(len(get_data_log.sync(key, device.did, client=client).objects))
command = Command(attrs=CommandAttrs.from_dict({"switch": True}))
print(control_device.sync_detailed(key, device.did, client=client, body=command).status_code)
"""

TYPESCRIPT_PROGRAM = """
import type { components, paths } from "./types";

type Reply<P extends keyof paths> = paths[P] extends { get: { responses: { 200: { content: { "application/json": infer R } } } } } ? R : never;
type Row<P extends keyof paths> = Extract<Extract<Reply<P>, { objects: unknown }>["objects"], unknown[]>[number];
declare const process: { env: Record<string, string> };
const { GIZWITS_BASE_URL: url, GIZWITS_PRODUCT_KEY: key } = process.env;
const root = `${url}/v1/products/${key}`;
const send = async (path: string, headers: Record<string, string>, body?: object) =>
  (await fetch(root + path, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) })).json();

const main = async () => {
  const login: components["schemas"]["Credentials"] = {
    enterprise_id: process.env.GIZWITS_ENTERPRISE_ID,
    enterprise_secret: process.env.GIZWITS_ENTERPRISE_SECRET,
    product_secret: process.env.GIZWITS_PRODUCT_SECRET,
  };
  const { token }: components["schemas"]["Token"] = await send("/access_token", {}, login);
  const headers = { Authorization: `token ${token}` };
  const devices = (await send("/devices/search?is_online=1", headers)).objects as Row<"/v1/products/{product_key}/devices/search">[];
  const did: string = devices[0].did;
  const records = (await send(`/devices/${did}/data`, headers)).objects as Row<"/v1/products/{product_key}/devices/{did}/data">[];
  const attrs: unknown = records.map((record) => record.attrs["switch"]);
  const command: components["schemas"]["Command"] = { attrs: { switch: true } };
  const reply: components["schemas"]["Empty"] = await send(`/devices/${did}/control`, headers, command);
  console.log(records.length, (attrs as unknown[]).length, JSON.stringify(reply));
};
main();
"""


def _run(folder: Path, *command: object, **environment: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _python_client(folder: Path) -> list[object]:
    """openapi-python-client: typed functions over httpx."""
    _run(folder, sys.executable, "-m", "venv", "venv")
    python = folder / "venv" / "bin" / "python"
    _run(folder, python, "-m", "pip", "install", "-q", "openapi-python-client==0.29.1", "mypy")
    generate = folder / "venv" / "bin" / "openapi-python-client"
    options = ("--path", "openapi.json", "--meta", "none", "--output-path", "generated")
    text = _run(folder, generate, "generate", *options)
    assert "unsupported" not in text.lower()
    modules = [path for path in folder.glob("generated/api/*/*.py") if path.stem != "__init__"]
    assert len(modules) == 32
    _run(folder, python, "-m", "compileall", "-q", "generated")
    (folder / "program.py").write_text(PYTHON_PROGRAM)
    return [python, "program.py"]


def _typescript(folder: Path) -> list[object]:
    """openapi-typescript: types, checked by the compiler in strict mode."""
    packages = ("openapi-typescript@7.13.0", "typescript@5.9.3")
    _run(folder, "npm", "install", "--no-audit", "--no-fund", "--silent", *packages)
    _run(folder, "npx", "openapi-typescript", "openapi.json", "-o", "types.ts")
    (folder / "program.ts").write_text(TYPESCRIPT_PROGRAM)
    options = ("--strict", "--target", "es2022", "--module", "commonjs", "--lib", "es2022,dom")
    _run(folder, "npx", "tsc", *options, "program.ts")
    return ["node", "program.js"]


GENERATORS: list[Callable[[Path], list[object]]] = [_python_client]
if shutil.which("npm"):
    GENERATORS.append(_typescript)


@pytest.mark.parametrize("generator", GENERATORS)
def test_a_generated_client_works(
    generator: Callable[[Path], list[object]], tmp_path: Path
) -> None:
    """Token, search, data log and control work through a client that a generator made."""
    (tmp_path / "openapi.json").write_text(json.dumps(load_openapi()), "utf-8")
    program = generator(tmp_path)
    with ThreadedSimulator() as simulator:
        shown = _run(tmp_path, *program, **simulator.environment).split()
        assert simulator.cloud.tally["devices.control"] == 1
        assert simulator.cloud.tally["log.data"] == 1
    assert int(shown[0]) > 0
