"""Both languages of the console: no text without a translation, and help, tables and errors in each."""

import errno
import json
import re
import socket
from typing import Any

import pytest

from gizwits_async.cli import library_texts
from gizwits_async.cli.commands import COMMANDS
from gizwits_async.cli.failures import explain
from gizwits_async.cli.language import _, from_environment, use
from gizwits_async.cli.library_texts import reworded
from gizwits_async.cli.scan_report import rule_rows, rule_text
from gizwits_async.cli.system_texts import cannot_listen
from gizwits_async.scan import RuleTrust
from gizwits_async.simulator import FaultRule, SimulatedCloud
from tests.cli import catalogue
from tests.cli.library_texts import passed_on

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(autouse=True)
def _english() -> Any:
    """Leave the language of other tests as it was."""
    yield
    use("en")


def test_no_text_lacks_a_translation_and_none_is_left_over() -> None:
    """`python -m tests.cli.catalogue` brings the catalogue up to date."""
    found = {one.id: one.string for one in catalogue.read() if one.id}
    assert set(found) == catalogue.messages()
    assert [text for text, chinese in found.items() if not chinese] == []


def test_a_translation_has_the_placeholders_of_its_text() -> None:
    """Else a message would fail where it is shown, or lack a value."""
    for one in catalogue.read():
        if one.id:
            texts = (str(one.id), str(one.string))
            names, own = (sorted(re.findall(r"\{(\w+)[^}]*\}", text)) for text in texts)
            assert names == own, one.id


def test_the_compiled_catalogue_is_that_of_the_source() -> None:
    """What is shipped is what was reviewed."""
    assert catalogue.compiled(catalogue.read()) == catalogue.MO.read_bytes()


def test_the_list_of_library_texts_is_that_of_the_source() -> None:
    """An error or warning that is new or reworded would stay English."""
    assert library_texts.LIST.read_text(encoding="utf-8") == catalogue.listed()


def test_no_error_of_the_library_has_a_text_that_was_not_found() -> None:
    """What is left passes on what SQLite said, or what a caller made in a loop."""
    assert passed_on() == {"getattr(error, 'sqlite_errorcode', 0)", "text"}


def test_each_text_of_the_library_is_shown_in_chinese() -> None:
    """Whatever it quotes; only names of the code stay as they are."""
    use("zh")
    names = {
        "asc",
        "desc",
        "null",
        "ssl",
        "standard",
        "{code}HTTP {status}",
        "{problem} @ $.objects",
    }
    for template in set(json.loads(library_texts.LIST.read_text(encoding="utf-8"))) - names:
        text = re.sub(r"\{\w+\}", "7", template)
        assert reworded(text) != text


def test_what_a_text_quotes_is_reworded_too() -> None:
    """Causes of failed connections, and several problems in a row."""
    use("zh")
    said = "no connection to proxy http://p:1: connection refused"
    assert reworded(said) == "无法连接到代理 http://p:1：连接被拒绝"
    said = (
        "GET /v1/x: expected a list, got a text of 3 characters @ $.a; required field missing @ $.b"
    )
    assert CHINESE.findall(reworded(said))
    assert not re.search(r"expected|missing|characters", reworded(said))


def test_errors_of_files_and_ports_are_in_chinese() -> None:
    """Python takes their texts from the C library in English."""
    use("zh")
    assert explain(PermissionError(13, "Permission denied", "/srv/a b.db")) == (
        1,
        "系统：/srv/a b.db: 没有权限",
    )
    assert reworded("profile.toml: Is a directory") == "profile.toml: 是一个目录"
    busy = OSError(errno.EADDRINUSE, "error while attempting to bind on address ('::1', 80)")
    assert cannot_listen("::1", 80, busy) == "无法监听 ::1:80：地址已被占用"
    nowhere = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    assert cannot_listen("x.invalid", 0, nowhere) == "无法监听 x.invalid:0：未知的名称或服务"


def test_the_holder_of_a_store_is_named_in_chinese() -> None:
    """Process, machine and since when, as a local time."""
    use("zh")
    said = (
        "fleet.db is in use by another scan (process 7 on vm, since 2026-11-28T09:39:33Z); wait for"
        " it or stop it"
    )
    assert not re.search("process|since|in use|T09|Z", reworded(said))


def test_errors_name_times_as_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Epoch seconds are for programs."""
    said = (
        "logs are kept for 30 days: start 1577836800 is too old, the oldest allowed is 1790000000"
    )
    assert re.search(
        r"start 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d is too old", reworded(said)
    )
    use("zh")
    assert reworded(said).startswith("日志只保留 30 天：开始时间 20")
    said = said.replace("1577836800", "2020-01-01T00:00:00Z")
    assert "2020-01-01T" not in reworded(said)
    assert re.search(r"20(19|20)-\d\d-\d\d \d\d:\d\d:00 [+-]", reworded(said))
    assert reworded("a text that is in no list") == "a text that is in no list"


def test_a_refuted_rule_is_shown_in_the_language_and_with_dates() -> None:
    """`status` and the report name the window as their other rows do, and show no epoch seconds."""
    use("zh")
    said = rule_text(RuleTrust(refuted="data of DID1 from 1790000000 to 1790172800"))
    assert CHINESE.search(said.partition("DID1")[0])
    assert CHINESE.search(said.partition("DID1")[2])
    assert not re.search(r"\d{10}|from", said)
    assert "2026-09-2" in said


def test_rules_that_never_acted_have_no_row() -> None:
    """`status` and the report show only rules that were right, wrong or used."""
    rules = {
        "online": RuleTrust(),
        "offline": RuleTrust(confirmed=1),
        "sessions": RuleTrust(refuted="data of DID1 from 1790000000 to 1790172800"),
    }
    assert list(rule_rows(rules)) == ["rule offline", "rule sessions"]


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US", "LANGUAGE": "zh_TW:en"}, "zh"),
        ({"LC_MESSAGES": "zh_CN", "LANG": ""}, "zh"),
    ],
)
def test_the_environment_chooses_the_language(environ: dict[str, str], language: str) -> None:
    """The variables count in the order in which gettext reads them."""
    assert from_environment(environ) == language


@pytest.mark.parametrize("command", [name for name, *_rest in COMMANDS])
async def test_each_help_page_is_in_both_languages(command: str, program: Any) -> None:
    """Usage, panels and examples; every flag has a text, and no default is an empty pair of brackets."""
    code, english, _ = await program(*command.split(), "--help")
    assert code == 0
    assert "Usage: gizwits-async" in english
    assert f"gizwits-async {command}" in english.partition("Examples:")[2]
    assert "default: ()" not in english
    assert not CHINESE.search(english.replace("广州市", "").replace("制热", ""))
    code, chinese, _ = await program("--lang", "zh", *command.split(), "--help")
    assert code == 0
    assert "用法：gizwits-async" in chinese
    assert "示例：" in chinese
    sentences = re.findall(r"[A-Z][a-z]+ [a-z]+ [a-z]+ [a-z]+", chinese)
    assert sentences == [], "a text without a translation"


async def test_tables_and_errors_are_in_chinese(
    program: Any, cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--lang` goes before the environment, and anywhere in the line."""
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    did = cloud.fleet.devices[1].did
    code, out, _ = await program("logs", did, "--format", "table")
    assert code == 0
    assert "时间（" in out
    assert "开关" in out
    assert (await program("logs", did, "--format", "table", "--lang=en"))[1].startswith("┏")
    code, _, err = await program("nonsense")
    assert (code, err) == (2, "用法：没有命令 nonsense\n")
    cloud.faults.set([FaultRule(path="*/search", action="status", status=403, code=5012)])
    code, _, err = await program("devices")
    assert code == 4
    assert err.startswith("凭证：")
    assert "白名单" in err
    cloud.faults.set([FaultRule(path="*/search", action="status", status=404, code=5206)])
    _, _, err = await program("devices")
    assert err.endswith("分组不存在\n"), "codes without advice say what they mean"


async def test_a_language_that_is_not_there_is_usage(program: Any) -> None:
    """The choices are said."""
    assert await program("--lang", "fr", "devices") == (2, "", "usage: --lang takes en or zh\n")
    assert _("yes") == "yes"
