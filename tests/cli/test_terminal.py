"""What a person sees: tables at any width, values in words, local time, and any encoding."""

import asyncio
import io
import json
import re
import sys
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from gizwits_async.cli import output
from gizwits_async.cli.output import Format, each
from gizwits_async.cli.simulate import reachable, show_address
from gizwits_async.cli.tables import Column, fitting, write_rows
from gizwits_async.cli.watch import ViewFlags, follow
from gizwits_async.simulator import SimulatedCloud
from gizwits_async.simulator.state.timeline import Record
from tests.cli.screens import LANGUAGES, screens
from tests.doubles import client_of, virtually
from tests.scan.common import cloud_of


@pytest.mark.parametrize("width", [50, 60, 80, 120])
async def test_ids_never_fold_and_other_columns_give_way(
    width: int, program: Any, cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each id stands in one line; what is left out is named on stderr."""
    monkeypatch.setenv("COLUMNS", str(width))
    code, out, err = await program("devices", "--disabled", "--format", "table")
    assert code == 0
    assert max(map(cell_len, out.splitlines())) <= width
    for device in cloud.fleet.devices:
        assert any(device.did in line and device.mac in line for line in out.splitlines())
    assert ("columns that did not fit" in err) == (width < 120)


def test_columns_fit_in_their_order_and_the_first_id_always_does() -> None:
    """Ids are placed first, and fold where no line holds them; a wide column keeps no narrow one out."""
    columns = [Column(name, name) for name in ("country", "did", "note", "ok", "mac")]
    widths = {"country": 12, "did": 22, "note": 300, "ok": 2, "mac": 12}
    assert [one.name for one in fitting(columns, widths, 61)] == ["country", "did", "ok", "mac"]
    assert {one.name: folds for one, folds in fitting(columns, widths, 20).items()} == {"did": True}
    mails = [Column(name, name) for name in ("uid", "email", "remark")]
    found = fitting(mails, {"uid": 32, "email": 60, "remark": 40}, 80)
    assert {one.name: folds for one, folds in found.items()} == {
        "uid": False, "email": True, "remark": True,
    }  # fmt: skip


async def test_no_id_is_cut(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """An id that is longer than the line goes on in the next one."""
    monkeypatch.setenv("COLUMNS", "40")
    await write_rows(each([{"name": "N" * 70, "did": "D" * 22}]), Format.TABLE)
    out = capsys.readouterr().out
    assert (out.count("N"), out.count("D")) == (70, 22)


async def test_a_log_is_a_table_with_a_column_a_data_point(
    program: Any, cloud: SimulatedCloud
) -> None:
    """Names of the definition, switches in words, and the definition is fetched once a day."""
    did = cloud.fleet.devices[1].did
    code, out, _ = await program("logs", did, "--format", "table", "--limit", "3")
    header, first = out.splitlines()[1], out.splitlines()[3]
    assert code == 0
    assert re.search(r"time \([+-]\d\d:\d\d\).*开关.*模式.*室温", header)
    newest = cloud.truth("data", did, 0, 4e9)[-1]
    assert ("on" if newest["attrs"]["switch"] else "off") in first
    assert newest["attrs"]["mode"] in first
    await program("logs", did, "--format", "table", "--limit", "1")
    assert cloud.tally["product.datapoints"] == 1


async def test_the_online_log_is_a_table_too(program: Any, cloud: SimulatedCloud) -> None:
    """Its payload is an object, which no set of empty values can be asked for."""
    did = cloud.fleet.devices[1].did
    code, out, err = await program("logs", did, "--log", "online", "--format", "table")
    assert (code, "keep_alive" in out, err) == (0, True, "")


async def test_columns_of_a_log_can_be_chosen_by_either_name(
    program: Any, cloud: SimulatedCloud
) -> None:
    """One that the product does not have is usage; JSON is not changed by it."""
    did = cloud.fleet.devices[1].did
    chosen = ("--columns", "室温", "--columns", "mode", "--limit", "2")
    _, out, _ = await program("logs", did, "--format", "table", "--utc", *chosen)
    assert re.findall(r"[^\s┃]+", out.splitlines()[1]) == ["time", "(UTC)", "室温", "模式"]
    code, _, err = await program("logs", did, "--format", "table", "--columns", "wings")
    assert code == 2
    assert "no data point wings; the product has switch" in err
    _, lines, _ = await program("logs", did, *chosen)
    assert "switch" in json.loads(lines.splitlines()[0])["attrs"]


async def test_a_decoded_frame_is_shown_in_words(program: Any, cloud: SimulatedCloud) -> None:
    """Name=value pairs are shown instead of the hexadecimal bytes."""
    did = cloud.fleet.devices[1].did
    words = ("logs", did, "--log", "cmd", "--decode", "--limit", "5", "--format", "table")
    _, out, _ = await program(*words)
    assert re.search(r"开关=(on|off) ", out)
    assert "payload" not in out


async def test_a_control_is_previewed_in_words_and_goes_by_mac_too(
    program: Any, cloud: SimulatedCloud
) -> None:
    """The device is the one that has the address, however that is written."""
    device = next(one for one in cloud.fleet.devices if one.is_online and not one.is_disabled)
    mac = ":".join(re.findall("..", device.mac.lower()))
    values = ("--attr", "mode=制热", "--attr", "switch=true")
    code, _, err = await program("control", mac, *values, "--dry-run")
    assert code == 0
    assert err.splitlines()[:3] == [f"device {device.did}:", "  模式 -> 制热", "  开关 -> on"]
    assert "\\u" not in err
    code, _, err = await program("control", mac, *values, "--yes")
    assert (code, "  模式 -> 制热\n  开关 -> on\n" in err, "send it?" in err) == (0, True, False)
    assert [one.did for one in cloud.product.controls] == [device.did]


async def test_arguments_are_utf8_in_any_locale(program: Any, cloud: SimulatedCloud) -> None:
    """In the locale `C` Python hands on the bytes of Chinese words as lone surrogates."""
    raw = "mode=制热".encode().decode("ascii", "surrogateescape")
    code, _, err = await program("control", "x" * 22, "--attr", raw, "--dry-run")
    assert (code, "  模式 -> 制热" in err) == (0, True)


async def test_the_commands_that_an_operator_looks_for(program: Any, cloud: SimulatedCloud) -> None:
    """Each answers in both forms; what is not there is an error with its own code."""
    device = cloud.fleet.devices[0]
    code, out, _ = await program("product", "--format", "table")
    assert code == 0
    assert re.search(r"set_temp.*设定温度.*uint8.*16 to 30.*yes", out)
    for name in (device.did, device.mac):
        code, out, _ = await program("device", name)
        assert (code, json.loads(out)["did"]) == (0, device.did)
    code, _, err = await program("device", "x" * 22)
    assert (code, err.startswith("not found: ")) == (1, True)
    code, _, err = await program("device", "nosuch")
    assert (code, "[HTTP" in err) == (1, False), "nobody was asked"
    code, out, _ = await program("quota")
    assert (code, json.loads(out)["limit"]) == (0, 100_000)
    assert re.search(r"calls left *│ \d", (await program("quota", "--format", "table"))[1])
    code, out, _ = await program("users", "--limit", "1")
    assert (code, "uid" in json.loads(out)) == (0, True)
    assert (await program("users", "--bound", "--device", device.did))[0] == 0
    path = "/v1/products/{product_key}/datapoint"
    code, out, _ = await program("send", "get", path)
    assert (code, json.loads(out)["product_key"]) == (0, cloud.credentials.product_key)
    assert (await program("send", "GET", path))[0] == 0
    assert (await program("send", "PATCH", path))[0] == 2
    code, _, err = await program("send", "post", path, "a=1")
    assert (code, "--yes" in err) == (2, True)


async def test_a_store_tells_where_its_scan_stands(program: Any, cloud: SimulatedCloud) -> None:
    """Without a call to the service; without a store it is another exit code."""
    code, _, err = await program("status", "none.db")
    assert (code, err) == (9, "store: none.db: there is no store\n")
    await program("scan", "--since", "1d", "--quiet")
    asked = cloud.tally.total()
    code, out, _ = await program("status", "fleet.db")
    assert (code, json.loads(out)["complete"], json.loads(out)["devices"]) == (0, True, 3)
    assert "complete" in (await program("status", "fleet.db", "--format", "table"))[1]
    assert cloud.tally.total() == asked


async def test_a_quiet_scan_says_nothing_when_all_is_well(
    program: Any, cloud: SimulatedCloud
) -> None:
    """For cron, whose mails are read when they are rare."""
    assert await program("scan", "--since", "1d", "--quiet") == (0, "", "")


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "cp1252", "ascii"])
@pytest.mark.parametrize("form", ["table", "json", "jsonl"])
async def test_any_encoding_can_show_any_device(
    form: str,
    encoding: str,
    program: Any,
    cloud: SimulatedCloud,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only what the encoding lacks is escaped, and JSON stays JSON."""
    city = "München 🏭 广州 \ud800"
    cloud.fleet.change(cloud.fleet.devices[0].did, city=city, is_disabled=False)
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding, write_through=True))
    code, _, _ = await program("devices", "--format", form)
    assert code == 0
    text = raw.getvalue().decode(encoding)
    if form != "table":
        rows = (
            json.loads(text) if form == "json" else [json.loads(one) for one in text.splitlines()]
        )
        assert city in {row["city"] for row in rows}
    assert ("广州" in text) == (encoding in {"utf-8", "gbk"})


def test_a_followed_log_shows_what_changes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """First how often it asks, then all data points and those that changed; Ctrl-C says how to go on."""
    monkeypatch.setattr(
        "gizwits_async.cli.watch.stderr", lambda: Console(stderr=True, force_terminal=True)
    )
    cloud = cloud_of(1, 1)
    did = cloud.fleet.devices[0].did

    async def main() -> None:
        async with client_of(cloud) as client:
            query = ViewFlags(format=output.Format.TABLE)
            task = asyncio.ensure_future(follow(client, did, query, every=1.0))
            for changes in ({}, {"switch": 0}, {}):
                await asyncio.sleep(60)
                body = {"attrs": {"switch": 1, "mode": "制热", **changes}}
                record = Record(at=cloud.fleet.now + asyncio.get_running_loop().time(), body=body)
                cloud.fleet.append("data", did, record)
            await asyncio.sleep(60)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    virtually(main())
    out, err = capsys.readouterr()
    assert [line[21:] for line in out.splitlines()] == ["开关=on 模式=制热", "开关=off", "开关=on"]
    assert err.startswith("the log is asked every 1 s; Ctrl-C ends this\n")
    assert f"go on with: gizwits-async logs {did} --follow --format=table --resume g1." in err


def test_simulate_names_an_address_that_clients_can_use() -> None:
    """A server that listens everywhere is reached by loopback, which needs no `--allow-insecure`."""
    assert reachable("http://0.0.0.0:8080") == "http://127.0.0.1:8080"
    assert reachable("http://[::]:8080") == "http://[::1]:8080"
    assert reachable("http://192.0.2.1:8080") == "http://192.0.2.1:8080"


def test_simulate_serves_without_a_stdout(
    cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The lines for a shell then go to stderr, like all others."""
    monkeypatch.setattr(sys, "stdout", None)
    show_address(cloud, "http://127.0.0.1:1", 3600)
    assert "  export GIZWITS_BASE_URL=http://127.0.0.1:1\n" in capsys.readouterr().err


def test_only_control_characters_are_escaped() -> None:
    """Joined emojis, Chinese and accents are shown as they are."""
    assert output.printable("Zürich 广州 👩\u200d👧") == "Zürich 广州 👩\u200d👧"
    assert output.printable("\x1b[2J\u202e") == "\\x1b[2J\\u202e"
    assert output.json_text({"名": "开\x1b"}) == '{"名": "开\\u001b"}'


async def test_simulate_serves_what_its_flags_say(cloud: SimulatedCloud) -> None:
    """It names its pages, waits for `--latency`, and writes a line for each call with `--access-log`."""
    words = ("simulate", "--port", "0", "--latency", "0.05", "--access-log")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gizwits_async.cli", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    said = [(await process.stderr.readline()).decode() for _ in range(6)]
    url = re.search(r"http://[\d.:]+", said[0])
    assert url is not None
    assert f"{url[0]}/docs" in said[1]
    assert f"{url[0]}/__simulator/" in said[2]
    host, _, port = url[0].removeprefix("http://").partition(":")
    began = asyncio.get_running_loop().time()
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /v1/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    await reader.read()
    assert asyncio.get_running_loop().time() - began >= 0.05
    writer.close()
    assert b"/v1/nothing" in await asyncio.wait_for(process.stderr.readline(), 10)
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 10) == 143


def test_messages_are_wrapped_between_words_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pipe gets one line; a command to copy is never wrapped, and ids are never cut."""
    text, command = "accepted by the service; what it did:", f"gizwits-async logs {'x' * 22}"
    output.say(text, command=command)
    assert capsys.readouterr().err == f"{text} {command}\n"
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=30, color_system=None)
    monkeypatch.setattr(output, "stderr", lambda: console)
    output.say(text, command=command, prefix="ok   ")
    assert screen.getvalue().splitlines() == [
        "ok   accepted by the service;",
        "     what it did:",
        command,
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_screens_fit_and_keep_ids_whole(language: str) -> None:
    """As pyte draws them in a terminal of 60 columns; `python -m tests.cli.screens` has more of them."""
    shown = list(screens(("devices", "control"), {language: LANGUAGES[language]}, (60,)))
    listing, control = ("\n".join(screen.display) for *_rest, screen in shown)
    assert len(re.findall(r"[│ ]\w{22} │ [0-9A-F]{12} │", listing)) == 8
    command = re.search(r"gizwits-async logs (\w{22})\s*\n", control)
    assert command is not None
    assert re.search(r"模式 -> 制热 *\n *开关 -> (on|开)", control)
    assert "…" not in listing + control
