"""The compose files, and the lines of the docs that nothing runs, have commands and variables that there are."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from gizwits_async.cli.app import build
from tests.docs.blocks import DOCS, ROOT, blocks, pages

EXAMPLES = ROOT / "examples"
_VARIABLE = re.compile(r"GIZWITS_[A-Z_]+")


@pytest.mark.parametrize("name", ["compose.yaml", "fleet-compose.yaml"])
def test_a_compose_file_names_what_there_is(name: str) -> None:
    """Commands with their flags, variables, extras of the image, services that are waited for, volumes."""
    compose = yaml.safe_load((EXAMPLES / name).read_text(encoding="utf-8"))
    services: dict[str, dict[str, Any]] = compose["services"]
    known = (DOCS / "reference" / "environment.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ours = [service for service in services.values() if "image" not in service]
    assert len(ours) >= 2
    for service in services.values():
        assert set(service.get("depends_on", ())) <= set(services)
        for volume in service.get("volumes", ()):
            assert volume.startswith("./") or volume.partition(":")[0] in compose["volumes"]
    for service in ours:
        build().parse_args(service["command"], exit_on_error=False, print_error=False)
        names = [one for one in service.get("environment", ()) if one.startswith("GIZWITS_")]
        assert all(f"`{one}`" in known for one in names), names
        made = service["build"]
        assert (EXAMPLES / made["context"] / made["dockerfile"]).exists()
        extras = made.get("args", {}).get("EXTRAS", "cli").split(",")
        assert set(extras) <= set(project["optional-dependencies"])


def lines() -> Iterator[str]:
    """Yield the command lines of blocks that are only shown: units of systemd, crontabs, sessions."""
    for page in pages():
        for block in blocks(page):
            if block.language == "text":
                for line in block.text.replace("\\\n", " ").splitlines():
                    if not line.lstrip().startswith("#") and "gizwits-async " in line:
                        yield line


@pytest.mark.parametrize("line", sorted(set(lines())))
def test_a_command_that_is_only_shown_can_be_given(line: str) -> None:
    """With its flags, as the program reads them."""
    words = shlex.split(line.partition("gizwits-async ")[2].partition(" >")[0], comments=True)
    build().parse_args(words, exit_on_error=False, print_error=False)


def test_a_variable_of_the_docs_is_explained() -> None:
    """Each one that a page names stands in the table of the environment."""
    known = (DOCS / "reference" / "environment.md").read_text(encoding="utf-8")
    named = {one for page in pages() for one in _VARIABLE.findall(page.read_text("utf-8"))}
    assert {one for one in named if f"`{one}`" not in known} == set()
