"""Fault rules from Python, files, HTTP and the command line; transport and server apply them alike."""

import asyncio
import json
import math
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from attrs import asdict
from hypothesis import given
from hypothesis import strategies as st

from gizwits_async import Credentials, GizwitsClient, Options
from gizwits_async.cli.app import run
from gizwits_async.errors import GizwitsError
from gizwits_async.simulator import (
    Action,
    FaultRule,
    Fleet,
    SimulatedCloud,
    SimulatorServer,
    SimulatorTransport,
    load_faults,
)
from gizwits_async.simulator.faults.rules import parse_faults
from tests.doubles import FreeQuota

NOW = 1_790_000_000
DID, MAC = "d" * 22, "ACCF23000000"
OPTIONS = Options(max_retries=0, timeout=5.0, max_response_bytes=100_000)


async def _made_and_deleted(client: GizwitsClient) -> None:
    await client.device_groups.delete(await client.device_groups.create())


CALLS = {
    "log": lambda client: client.devices.online_log(DID, start=NOW - 900, end=NOW).collect(),
    "list": lambda client: client.devices.search().collect(),
    "detail": lambda client: client.devices.detail(MAC),
    "control": lambda client: client.devices.control(DID, attrs={"switch": True}),
    "create": lambda client: client.device_groups.create(),
    "delete": lambda client: client.device_groups.delete("g"),
    "report": lambda client: client.device_reports.summary(),
    "answers nothing": _made_and_deleted,
}


RULES = [
    *({"action": action} for action in Action if action is not Action.MISSING_FIELD),
    {"action": "missing_field", "key": "did"},
    {"action": "odd_row", "row": 3, "key": "timestamp", "value": "soon"},
    {"action": "status", "code": 5301},
    {"action": "status", "code": 5013},
    {"action": "html", "status": 200},
    {"action": "html", "status": 204},
    {"action": "redirect", "status": 308},
    {"action": "stall", "seconds": 0.01},
    {"action": "drip", "seconds": 0.001, "size": 100},
    {"action": "cut", "size": 0},
    {"action": "cut", "size": 10**6},
    {"action": "truncated", "size": 0},
    {"action": "oversized", "size": 50_000},
    {"action": "reset", "effect": True},
]


def cloud_with(*rules: FaultRule) -> SimulatedCloud:
    times = [NOW - 800 + n for n in range(250)]
    fleet = Fleet.of([DID, "e" * 22], {("online", DID): times}, now=NOW)
    fleet.change(DID, mac=MAC, is_online=True)
    return SimulatedCloud(fleet, faults=rules)


async def ended(client: GizwitsClient, call: Any) -> object:
    """Return the result of a call: its value, or class and code of its error."""
    try:
        value = await call(client)
    except GizwitsError as error:
        return type(error).__name__, getattr(error, "code", None), type(error.__cause__).__name__
    # The ids of new groups differ between the services.
    return type(value).__name__ if isinstance(value, str) else value


@pytest.mark.jumping
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: "-".join(map(str, rule.values())))
async def test_both_doors_are_alike_to_a_client(rule: dict[str, Any]) -> None:
    """Calls of each kind and the calls after them end alike in process and on a socket."""
    late = rule in ({"action": "stall"}, {"action": "drip"})
    options = OPTIONS.evolve(timeout=0.5) if late else OPTIONS
    for name in ("log", "control") if late else CALLS:
        call, seen, reports = CALLS[name], [], ([], [])
        clouds = [
            cloud_with(FaultRule(path="*[!n]", nth=2 if late else (2, 3), **rule)) for _ in range(2)
        ]
        async with SimulatorServer(clouds[1], clock=lambda: NOW) as server:
            clients = [
                GizwitsClient(
                    cloud.credentials,
                    base_url=server.url,
                    transport=transport,
                    quota=FreeQuota(),
                    options=options,
                    clock=lambda: NOW,
                    on_call=lambda one, seen=own: seen.append(
                        (one.verb, one.route, one.status, one.error_code, one.error, one.attempts)
                    ),
                )
                for cloud, transport, own in (
                    (clouds[0], SimulatorTransport(clouds[0], clock=lambda: NOW), reports[0]),
                    (clouds[1], None, reports[1]),
                )
            ]
            for client in clients:
                async with client:
                    seen.append([await ended(client, call) for _ in range(4)])
        assert seen[0] == seen[1], name
        assert reports[0] == reports[1], name
        assert clouds[0].faults.matched == clouds[1].faults.matched
        assert clouds[0].faults.fired == clouds[1].faults.fired
        assert len(clouds[0].product.controls) == len(clouds[1].product.controls)
        assert [one.kind for one in clouds[0].ledger] == [one.kind for one in clouds[1].ledger]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"seconds": math.nan}, "seconds"),
        ({"action": "stall", "seconds": -1.0}, "seconds"),
        ({"action": "drip", "seconds": math.inf}, "seconds"),
        ({"action": "clock_skew", "seconds": -math.inf}, "seconds"),
        ({"action": "clock_skew", "seconds": 1e18}, "seconds"),
        ({"action": "redirect", "location": "/a\r\nSet-Cookie: b"}, "location"),
        ({"action": "redirect", "location": "http://x/\u4e2d"}, "location"),
        ({"method": "get"}, "method"),
        ({"path": ""}, "path"),
    ],
)
def test_a_rule_that_could_never_work_is_refused_where_it_is_made(
    rule: dict[str, Any], words: str
) -> None:
    """Python and file alike refuse such a rule with the name of the field."""
    rule = {"action": "stall", **rule}
    with pytest.raises(ValueError, match=words):
        FaultRule(**rule)
    with pytest.raises(ValueError, match=f"fault rule 1: {words}"):
        parse_faults([rule])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from([*Action, "GET", "*/data"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
FIELDS = ["action", "method", "path", "nth", "probability", "seed", "effect", "status", "code",
    "seconds", "size", "location", "row", "key", "value"]  # fmt: skip
RULE = st.fixed_dictionaries(
    {"action": st.sampled_from([*map(str, Action)]) | JSON},
    optional=dict.fromkeys(FIELDS[1:], JSON),
)


@given(st.lists(RULE, max_size=2) | JSON | st.builds(lambda one: {"rules": [one]}, RULE))
def test_anything_is_rules_or_a_value_error(data: Any) -> None:
    """Accepted rules survive a round trip through JSON; everything else is a ValueError."""
    try:
        rules = parse_faults(data)
    except ValueError:
        return
    copy = json.loads(json.dumps([asdict(rule) for rule in rules]))
    again = [asdict(rule) for rule in parse_faults(copy)]
    assert json.dumps(again) == json.dumps(copy), "as text, because NaN differs from itself"


async def test_rules_from_get_can_be_posted() -> None:
    """The rules of a GET can be posted again unchanged."""
    rules = [FaultRule(**rule) for rule in RULES]
    cloud = cloud_with(*rules)
    async with (
        SimulatorServer(cloud, clock=lambda: NOW) as server,
        aiohttp.ClientSession(server.url) as session,
    ):
        async with session.get("/__simulator/faults") as answer:
            rows = [row["rule"] for row in (await answer.json())["faults"]]
        cloud.faults.set([])
        async with session.post("/__simulator/faults", json=rows) as answer:
            assert answer.status == 200
        assert list(cloud.faults.rules) == rules
        async with session.post("/__simulator/faults", json=[]) as answer:
            assert answer.status == 200
        assert cloud.faults.rules == ()


async def test_the_program_serves_the_faults_of_a_file(tmp_path: Path) -> None:
    """`gizwits-async simulate --faults FILE` applies the rules until HTTP removes them."""
    file = tmp_path / "faults.toml"
    file.write_text(
        '[[rules]]\naction = "status"\ncode = 5018\npath = "*/devices/search"\nnth = [1, 3]\n'
        '[[rules]]\naction = "effect_without_reply"\npath = "*/control"\n'
    )
    words = ("-m", "gizwits_async.cli", "simulate", "--port", "0", "--faults", str(file))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert process.stdout is not None
    try:
        variables: dict[str, str] = {}
        while "GIZWITS_PRODUCT_SECRET" not in variables:
            line = (await asyncio.wait_for(process.stdout.readline(), 60)).decode().split()
            assert line[0] == "export", "a shell can read all of it"
            variables |= [line[1].partition("=")[::2]]
        async with GizwitsClient(
            Credentials.from_env(variables),
            base_url=variables["GIZWITS_BASE_URL"],
            quota=FreeQuota(),
        ) as client:
            ends = [await ended(client, lambda c: c.devices.search().total()) for _ in range(4)]
            assert ends[0] == ends[2] == ("ForbiddenError", 5018, "NoneType")
            assert ends[1] == ends[3]
            assert isinstance(ends[1], int)
            did = (await client.devices.search(is_online=True).collect())[0].did
            lost = await ended(client, lambda c: c.devices.control(did, attrs={"switch": True}))
            assert lost == ("OutcomeUnknownError", None, "NoReplyError")
            where = variables["GIZWITS_BASE_URL"] + "/__simulator/faults"
            async with aiohttp.ClientSession() as session, session.post(where, json=[]) as answer:
                assert answer.status == 200
            assert await client.devices.control(did, attrs={"switch": True}) is None  # type: ignore[func-returns-value]
    finally:
        process.terminate()
        await process.communicate()


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("none.json", None, "No such file"),
        ("bad.json", '[{"action": "burn"}]', "fault rule 1: action must be one of status"),
        ("bad.toml", "[[rules]\n", "bad.toml: "),
        ("empty.json", "", "empty.json: "),
        ("list.json", "{}", "fault rules are a list"),
    ],
)
def test_the_program_says_what_is_wrong_with_a_file(
    name: str, text: str | None, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bad file is exit code 2 and a message with its name, without a traceback."""
    file = tmp_path / name
    if text is not None:
        file.write_text(text)
    assert run(["simulate", "--port", "0", "--faults", str(file)]) == 2
    said = "".join(capsys.readouterr().err.split("\n"))
    assert words in said
    assert name in said
    if text is not None:
        with pytest.raises(ValueError, match=r"."):
            load_faults(file)


async def test_the_program_says_that_a_port_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """A port in use is exit code 1 and a message, without a traceback."""
    async with SimulatorServer(cloud_with()) as server:
        port = server.url.rpartition(":")[2]
        assert await asyncio.to_thread(run, ["simulate", "--port", port]) == 1
    assert f"cannot listen on 127.0.0.1:{port}" in capsys.readouterr().err
