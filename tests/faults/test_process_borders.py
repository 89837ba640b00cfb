"""What crosses a border: pickles, ids in paths and file names, header values."""

import asyncio
import copy
import json
import pickle
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gizwits_async import Credentials, GizwitsClient, HourlyQuota, Page, errors
from gizwits_async.models.frame import Frame
from gizwits_async.quota import SharedQuota
from gizwits_async.scan import FleetScan, ScanReport
from gizwits_async.scan.export import export
from gizwits_async.simulator import SimulatedCloud
from gizwits_async.wire.token import MemoryTokenStore
from tests.doubles import FreeQuota, client_of, virtually
from tests.doubles.scripted import CREDENTIALS, ScriptedTransport, Sent, answers, client_on, reply
from tests.faults.logs import NOW
from tests.test_endpoints import ROWS, Row
from tests.wire.raw import Exchange, raw_server

# --- pickles


@pytest.mark.fault("P5")
@pytest.mark.parametrize("row", ROWS, ids=[f"{row.number:02}" for row in ROWS])
def test_what_a_call_returns_can_be_sent_to_another_process(row: Row) -> None:
    """The value of each of the 32 endpoints comes out of a pickle as it went in."""
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        twin = pickle.loads(pickle.dumps(row.value, protocol))
        assert twin == row.value
        assert type(twin) is type(row.value)


@pytest.mark.fault("P5")
def test_other_values_can_too() -> None:
    """Pages, options, credentials, snapshots, frames, reports of a scan; secrets stay hidden."""
    cloud = SimulatedCloud()

    async def main() -> ScanReport:
        async with client_of(cloud) as client:
            now = client.server_time()
            return await FleetScan(client, start=now - 5000, end=now, logs=["data"]).run()

    report = virtually(main())
    client = client_on(ScriptedTransport(answers(reply({}))))
    values = [
        Page(items=(1, 2), resume="g1.x", gaps=((1, 2),)), client.options, CREDENTIALS,
        client.quota.snapshot(), Frame.build(b"\\x01"), report,
    ]  # fmt: skip
    for value in values:
        twin = pickle.loads(pickle.dumps(value))
        assert twin == value
        assert repr(twin) == repr(value)
        assert copy.copy(value) == value


@pytest.mark.fault("P5")
def test_what_holds_connections_refuses_with_advice() -> None:
    """Client, views, sections, streams and quotas are a TypeError that says what to do."""
    client = client_on(ScriptedTransport(answers(reply({}))))
    client_parts = [client, client.with_options(timeout=1), client.for_product("p", "s")]
    parts = [client.devices, client.product, client.devices.search(), client.devices.watch("d"),
             client.devices.data_log("d")]  # fmt: skip
    quotas = [HourlyQuota(), SharedQuota.from_url("redis://:hush@127.0.0.1:1/0", "eid")]
    for things, advice in (
        (client_parts, "Credentials"),
        (parts, r"page\.resume"),
        (quotas, "SharedQuota"),
    ):
        for thing in things:  # type: ignore[attr-defined]
            with pytest.raises(TypeError, match=advice) as caught:
                pickle.dumps(thing)
            assert "hush" not in str(caught.value)


# --- ids that would be paths

BENT = ["", ".", "..", "../x", "%2e%2e", "%2E%2E%2fx", "a/b", "a\\b", "a?b", "a#b", "a\0b", "a b",
        "\r\nX: y", "\ud800", "%", "%00", ";/../x", "\u202e", "\u2028"]  # fmt: skip
TEXTS = st.text(max_size=12) | st.text("./\\%2eE?#\0;: ", max_size=10) | st.sampled_from(BENT)
BY_DID = ["control", "online_log", "cmd_log", "data_log", "watch", "control_and_confirm"]
BY_GID = ["delete", "macs", "assign", "unassign"]


async def ask(client: GizwitsClient, method: str, value: Any) -> None:
    """Call a method whose first argument stands in the path."""
    match method:
        case "control":
            await client.devices.control(value, raw=[1])
        case "control_and_confirm":
            await client.devices.control_and_confirm(value, {"switch": True})
        case "watch":
            await anext(client.devices.watch(value, every=1.0).pages())
        case "online_log" | "cmd_log" | "data_log":
            await getattr(client.devices, method)(value).collect()
        case "delete" | "macs":
            await getattr(client.device_groups, method)(value)
        case "assign" | "unassign":
            await getattr(client.device_groups, method)(value, ["ACCF23000000"])
        case "product":
            await client.for_product(value, "secret").devices.detail("m")


@pytest.mark.fault("P11")
@pytest.mark.parametrize("method", [*BY_DID, *BY_GID, "product"])
@settings(max_examples=60, deadline=None)
@given(value=TEXTS)
@example(value="..")
@example(value="%2e%2e")
@example(value="٣")
@example(value="设备")
def test_an_id_is_one_segment_or_refused_before_anything_is_sent(method: str, value: str) -> None:
    """A ValueError, and nothing on the wire, or it arrives as one segment that says the same."""

    def script(sent: Sent) -> Any:
        return reply({"meta": {"total": 0}, "objects": [], "success": [], "failed": []})

    transport = ScriptedTransport(script)

    def clock() -> float:
        return NOW + asyncio.get_running_loop().time()

    async def main() -> None:
        async with GizwitsClient(
            CREDENTIALS, transport=transport, quota=FreeQuota(), clock=clock
        ) as client:
            try:
                await ask(client, method, value)
            except ValueError:
                assert transport.sent == []
            except errors.GizwitsError:
                assert transport.sent  # The script's answer suits not every question.

    virtually(main())
    sent = [one for one in transport.sent if method == "product" or not one.is_login]
    at = {"product": 3}.get(method, 5)
    for one in sent:
        segments = one.path.split("/")
        assert one.target.isascii()
        assert not {".", ".."} & {unquote(segment) for segment in segments}
        if "datapoint" in segments:  # What a command is checked against first.
            continue
        assert unquote(segments[at]) == value
        assert len(segments) <= 7


@pytest.mark.fault("P11")
@pytest.mark.parametrize("value", BENT)
@pytest.mark.parametrize("method", [*BY_DID, *BY_GID, "product"])
async def test_each_known_trick_is_refused(method: str, value: str) -> None:
    """Whatever takes an id refuses these by a ValueError before any I/O."""
    transport = ScriptedTransport(answers(reply({})))
    async with client_on(transport) as client:
        with pytest.raises(ValueError, match=r"must|cannot"):
            await ask(client, method, value)
    assert transport.sent == []


@pytest.mark.fault("P11")
async def test_devices_with_evil_ids_are_told_and_name_no_file(tmp_path: Path) -> None:
    """A scan tells that it cannot ask for them, and neither it nor the export leaves the folder."""
    evil = ["../../evil", "a/b", "..", "nul\0", "C:\\evil", "con%2f..", "a\nb"]
    good = "d" * 22

    def script(sent: Sent) -> Any:
        if sent.path.endswith("/devices/search"):
            rows = [{"did": did, "mac": "M"} for did in [*evil, good]]
            return reply({"meta": {"total": len(rows)}, "objects": rows})
        if sent.path.endswith("/datapoint"):
            return reply({"entities": []})
        record = {"ts": NOW - 100, "attrs": {"../up": "../../x", "n": 1}}
        return reply({"meta": {"total": 1, "context": ""}, "objects": [record]})

    home = tmp_path / "home"
    home.mkdir()
    async with client_on(ScriptedTransport(script)) as client:
        scan = FleetScan(client, home / "fleet.db", start=NOW - 5000, end=NOW - 50, logs=["data"])
        report = await scan.run()
    assert {failure.did for failure in report.failures} == set(evil)
    assert report.records["data"] == 1
    done = await export(home / "fleet.db", home / "out", "jsonl", logs=["data"])
    tables = {file.relative_to(home / "out").parts[0] for file in done.files}
    assert tables == {"data", "devices", "gaps"}
    inside = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")}
    assert inside == {"home"}
    assert {path.name for path in home.iterdir()} <= {
        "out", "fleet.db", "fleet.db.lock", "fleet.db-wal", "fleet.db-shm"
    }  # fmt: skip
    (line,) = [
        json.loads(text)
        for text in next((home / "out/data").rglob("*.jsonl")).read_text().splitlines()
    ]
    assert line["did"] == good


# --- header values


@pytest.mark.fault("P12")
@pytest.mark.parametrize(
    "name", ["ENTERPRISE_ID", "ENTERPRISE_SECRET", "PRODUCT_KEY", "PRODUCT_SECRET"]
)
@pytest.mark.parametrize(
    "value",
    ["canary\n", "canary\r\nX-Evil: 1", "canary\0", "schlüssel-canary", " canary", "ca\tnary"],
)
def test_credentials_of_the_environment_that_no_header_can_hold(name: str, value: str) -> None:
    """Refused where they are read, by the field's name, and without showing them."""
    environ = {
        f"GIZWITS_{one}": "good"
        for one in ("ENTERPRISE_ID", "ENTERPRISE_SECRET", "PRODUCT_KEY", "PRODUCT_SECRET")
    }
    with pytest.raises(ValueError, match=name.lower()) as caught:
        Credentials.from_env(environ | {f"GIZWITS_{name}": value})
    assert "nary" not in str(caught.value)


@pytest.mark.fault("P12")
@pytest.mark.parametrize(
    "token", ["a\r\nX-Evil: 1", "a\nb", "a\0b", "schlüssel", "a b", "\x7f", "", "ключ", "\ud800"]
)
@pytest.mark.parametrize("way", ["service", "store"])
async def test_a_token_that_no_header_can_hold_is_never_sent(token: str, way: str) -> None:
    """From the service it is one of our errors; from a shared store it is fetched again."""
    good = reply({"token": "good"}, 201)
    transport = ScriptedTransport(
        answers(reply({"did": "d"})),
        login=answers(reply({"token": token}, 201)) if way == "service" else answers(good),
    )

    class Odd(MemoryTokenStore):
        async def load(self, key: str) -> Any:
            from gizwits_async.models.authorization import Token  # noqa: PLC0415

            return Token(token=token, expires_at=NOW + 600_000) if way == "store" else None

    client = GizwitsClient(
        CREDENTIALS, transport=transport, quota=FreeQuota(), tokens=Odd(), clock=lambda: NOW
    )
    if way == "service":
        with pytest.raises(errors.InvalidResponseError) as caught:
            await client.devices.detail("m")
        assert not token or token not in str(caught.value)
        assert transport.calls == []
    else:
        await client.devices.detail("m")
        assert [one.headers["Authorization"] for one in transport.calls] == ["token good"]
    await client.aclose()


@pytest.mark.fault("P12")
async def test_nothing_but_visible_ascii_stands_in_any_head() -> None:
    """Ids, MACs and queries of all of Unicode are quoted; the bytes on the wire are ASCII."""

    async def answer(one: Exchange) -> None:
        one.say(b'{"token": "t", "meta": {"total": 0}, "objects": [], "did": "d"}')

    odd = "设备-é-\U0001f600"
    async with raw_server(answer) as server, GizwitsClient(
        CREDENTIALS, base_url=server.url, quota=FreeQuota()
    ) as client:  # fmt: skip
        await client.devices.detail(f"{odd}\r\nX-Evil: 1")
        await client.devices.data_log(odd).collect()
        await client.devices.search(city=f"{odd}\r\nX-Evil: 1\r\n\r\nGET / HTTP/1.1").collect()
        await client.devices.control(odd, attrs={odd: f"{odd}\r\n"})
        await client.users.search_registered(appid=f"a{odd}\n", username=odd).collect()
    assert len(server.seen) == 6
    for one in server.seen:
        assert one.head.isascii()
        assert "evil: 1" not in one.head.lower()
        assert all(line.isprintable() for line in one.head.split("\r\n"))
