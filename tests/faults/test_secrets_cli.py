"""What the console program and a web app write, whatever the service answers; and `ps`."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from fastapi import FastAPI

from gizwits_async import get, post
from gizwits_async.cli.app import run
from gizwits_async.fastapi import Gizwits, gizwits_lifespan, install_error_handlers, json_lines
from gizwits_async.simulator import Fleet, SimulatedCloud, SimulatorServer
from gizwits_async.simulator.environment import environment_of
from tests.canaries import CANARIES, CREDENTIALS, Heard, leaks, listening, quoted
from tests.faults.test_secrets import ECHO, HEADERS, LOGIN, refusing, saying, service, stall
from tests.web.serving import served
from tests.wire.raw import Exchange, raw_server

ROOT = Path(__file__).parents[2]
COMMANDS: dict[str, list[str]] = {
    "doctor": ["doctor"],
    "devices": ["devices", "--disabled"],
    "devices as table": ["devices", "--format", "table"],
    "logs": ["logs", "DID", "--since", "1d"],
    "cmd log": ["logs", "DID", "--log", "cmd", "--since", "1d", "--decode"],
    "control": ["control", "DID", "--raw", "01", "--yes"],
    "confirm": ["control", "DID", "--attr", "switch=true", "--yes", "--confirm", "--within", "0.1"],
    "dry run": ["control", "DID", "--raw", "01", "--dry-run"],
    "plan": ["plan", "--since", "1d"],
    "scan": ["scan", "--since", "1d", "--keep-trying", "0s"],
    "scan as json": ["scan", "--since", "1d", "--keep-trying", "0s", "--json"],
    "groups": ["groups", "tree"],
    "reports": ["reports", "summary"],
    "export": ["export", "fleet.db"],
    "bad usage": ["devices", "--base-url", f"https://u:{quoted('proxy password')}@host"],
    "help": ["scan", "--help"],
}
ANSWERS: dict[str, Any] = {
    "refuses": refusing(5002),
    "refuses the token": refusing(5011),
    "is down": saying(f"<html>{ECHO}</html>", "502 Bad Gateway"),
    "talks nonsense": saying(f'{{"token": "{ECHO}", "did": ["{ECHO}"]}}'),
    "points elsewhere": saying(ECHO, "302 Found"),
}


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Heard]:
    """Put all canaries in the environment, and record all logs and warnings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("GIZWITS_CALLS_PER_HOUR", "3600000")  # So that no command waits for quota.
    proxy = f"http://user:{quoted('proxy password')}@127.0.0.1:9"
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy)
    for name, value in secrets("http://127.0.0.1:1").items():
        monkeypatch.setenv(name, value)
    with listening() as all_of_it:
        yield all_of_it


def secrets(url: str) -> dict[str, str]:
    """Return the environment that leads a program to a service."""
    return environment_of(SimulatedCloud(credentials=CREDENTIALS), url)


async def program(words: list[str], capsys: pytest.CaptureFixture[str], did: str) -> str:
    """Run the program in a thread; return all that it wrote, to the screen and to files."""
    given = [did if word == "DID" else word for word in words]

    def called() -> int:
        try:
            return run(given)
        except SystemExit as end:  # Of --help.
            return int(end.code or 0)

    code = await asyncio.to_thread(called)
    said = capsys.readouterr()
    files = [path for path in Path.cwd().rglob("*") if path.is_file()]
    return f"{code}\n{said.out}\n{said.err}" + "".join(
        f"{path} {path.read_bytes().decode('latin-1')}" for path in files
    )


@pytest.mark.fault("P10")
@pytest.mark.parametrize("command", COMMANDS)
async def test_no_command_shows_a_secret_where_all_is_well(
    command: str, heard: Heard, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stdout, stderr, files and log of each command, against a service that works."""
    fleet = Fleet.generate(2, 2, now=time.time())
    cloud = SimulatedCloud(fleet, credentials=CREDENTIALS, quota=100_000)
    for device in fleet.devices:
        fleet.change(device.did, passcode=CANARIES["passcode"], is_online=True)
    async with SimulatorServer(cloud) as server:
        monkeypatch.setenv("GIZWITS_BASE_URL", server.url)
        text = await program(COMMANDS[command], capsys, fleet.devices[0].did)
    text += heard.text
    assert len(text) > 100
    assert leaks(text) == []
    assert not [token for token in cloud.tokens._grants if str.__str__(token) in text]


@pytest.mark.fault("P10")
@pytest.mark.parametrize("at", ["login", "call"])
@pytest.mark.parametrize("answer", ANSWERS)
async def test_no_command_shows_what_a_broken_service_echoes(
    answer: str,
    at: str,
    heard: Heard,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The service answers every call, or every login, with all the secrets that it was sent."""
    monkeypatch.setattr("gizwits_async.wire.retry.RetryPolicy._pause", lambda *_: 0.001)
    monkeypatch.setattr("gizwits_async.scan.backoff._REJECTION_PAUSE", 0.001)

    async def always(one: Exchange) -> None:
        await ANSWERS[answer](one)

    found: dict[str, list[str]] = {}
    calling = [name for name in COMMANDS if name not in {"export", "bad usage", "help", "dry run"}]
    async with raw_server(always) if at == "login" else service(ANSWERS[answer]) as server:
        monkeypatch.setenv("GIZWITS_BASE_URL", server.url)
        for name in calling:
            text = await program(COMMANDS[name], capsys, "d" * 22)
            # A login that is answered with an error gives out no token: the echoed one is only a text.
            found[name] = leaks(text, *(["token"] if at == "login" else []))
    assert len(server.seen) >= len(calling)
    assert {name: hits for name, hits in found.items() if hits} == {}
    assert leaks(heard.text, *(["token"] if at == "login" else [])) == []


@pytest.mark.fault("P10")
@pytest.mark.parametrize("how", ["interrupted", "killed in debug mode"])
async def test_ps_and_the_end_of_a_process_show_nothing(how: str, tmp_path: Path) -> None:
    """A real process, cut off in the middle of a call: its command line, and its last words."""
    flags = ["-X", "dev", "-X", "faulthandler"] if how != "interrupted" else []
    async with service(stall) as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *flags, "-m", "gizwits_async.cli", "scan", "--since", "1d"),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=tmp_path,
            env=secrets(server.url) | {"PYTHONPATH": str(ROOT), "PYTHONASYNCIODEBUG": "1"},
            # A shell makes its background processes, and their children, ignore SIGINT.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        async with asyncio.timeout(60):
            while len(server.seen) < 2:  # The login, and the call that hangs.
                await asyncio.sleep(0.02)
        shown = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        shown += Path(f"/proc/{process.pid}/comm").read_bytes()
        assert b"scan" in shown
        process.send_signal(signal.SIGINT if how == "interrupted" else signal.SIGABRT)
        words, _ = await process.communicate()
    assert process.returncode == (130 if how == "interrupted" else -signal.SIGABRT), words
    assert words
    assert leaks(shown) == []
    assert leaks(words) == []


def app_of() -> FastAPI:
    """Return an app in debug mode, with a route for each way to call."""
    app = FastAPI(lifespan=gizwits_lifespan(), debug=True)
    install_error_handlers(app)

    @app.get("/read")
    async def read(gizwits: Gizwits) -> Any:
        return (await gizwits.devices.detail("ACCF23000000")).mac

    @app.get("/write")
    async def write(gizwits: Gizwits) -> Any:
        await gizwits.send(post("/v1/x", int, json={"passcode": CANARIES["passcode"]}))

    @app.get("/unhandled")
    async def unhandled(gizwits: Gizwits) -> Any:
        try:
            await gizwits.send(get("/v1/x", int))
        except Exception as error:
            raise RuntimeError("not foreseen") from error

    @app.get("/lines")
    async def lines(gizwits: Gizwits) -> Any:
        return await json_lines(gizwits.devices.search())

    return app


@pytest.mark.fault("P10")
@pytest.mark.parametrize("answer", ANSWERS)
async def test_a_web_app_shows_no_visitor_a_secret(
    answer: str, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Problem details, debug pages, headers and server log, whatever the service echoes."""
    monkeypatch.setattr("gizwits_async.wire.retry.RetryPolicy._pause", lambda *_: 0.001)

    async def good_then_bad(one: Exchange) -> None:
        if "access_token" in one.head:
            one.say(LOGIN, *HEADERS, status="201 Created")
        else:
            await ANSWERS[answer](one)

    async with raw_server(good_then_bad) as server:
        monkeypatch.setenv("GIZWITS_BASE_URL", server.url)
        async with served(app_of()) as url, aiohttp.ClientSession() as session:
            for route in ("read", "write", "unhandled", "lines"):
                async with session.get(f"{url}/{route}", headers={"Accept": "text/html"}) as reply:
                    assert reply.status >= 400
                    shown = await reply.text() + repr(reply.headers)
                    assert leaks(shown) == [], route
    assert "not foreseen" in heard.text
    assert leaks(heard.text) == []


def test_the_canaries_are_found_in_every_writing() -> None:
    """The search works: it finds each encoding of each canary, and nothing in a harmless text."""
    for name, secret in CANARIES.items():
        for text in (
            secret, secret[5:20], quoted(name), json.dumps({"a": secret}), secret.encode().hex()
        ):  # fmt: skip
            (hit,) = leaks(f"before {text} after")
            assert hit.startswith(name)
    assert leaks(f"{CREDENTIALS!r} enterprise_secret=*** token") == []
