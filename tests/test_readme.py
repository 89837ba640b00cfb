"""README in both languages: short, alike, and true. Its blocks run in `tests/docs/test_blocks.py`."""

import re
from pathlib import Path

import pytest

from gizwits_async.cli.commands import COMMANDS

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh-CN.md")
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in READMES}
_MOST_LINES = 200


@pytest.mark.parametrize("name", READMES)
def test_it_is_short(name: str) -> None:
    """What does not fit is a page of the documentation."""
    assert len(TEXTS[name].splitlines()) <= _MOST_LINES


def test_both_languages_say_the_same() -> None:
    """The same code, commands, markers, links and figures, in the same order."""
    parts = {
        "code": r"(?s:^```.*?^```)",
        "markers": r"^<!--.*-->$",
        "links": r"\]\(((?!README)[^)]+)\)",
        "headings": r"^(#+) ",
        "rows": r"^\|(?=[^\n]*\|$)",
        "figures": r"\| ([\d.]+)[^|]*\|$",
        "names": r"`GIZWITS_\w+`",
    }
    for name, pattern in parts.items():
        english, chinese = (re.findall(pattern, text, re.MULTILINE) for text in TEXTS.values())
        assert english == chinese, name
        assert english, name


@pytest.mark.parametrize("name", READMES)
def test_its_links_lead_somewhere(name: str) -> None:
    """Every link names a file of the repository."""
    for target in re.findall(r"\]\(([^)#]+)\)", TEXTS[name]):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("name", READMES)
def test_it_names_every_command(name: str) -> None:
    """A table that lacks one would hide it."""
    for command, *_rest in COMMANDS:
        assert f"`{command.partition(' ')[0]}`" in TEXTS[name], command


def test_security_and_metadata_name_no_address_that_is_not_there() -> None:
    """No URL of a project page, tracker or mailbox is invented."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    security = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert "[project.urls]" not in project
    assert not re.search(r"https?://|@\w+\.\w+", security)
    assert "Open an issue in this repository" in security
