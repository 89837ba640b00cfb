"""A version is cut by one command, whose notes are the changelog's own words."""

import re
import subprocess
from pathlib import Path

import pytest

from gizwits_async import __version__
from tests.docs.blocks import ROOT

_CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def _release(*words: str) -> "subprocess.CompletedProcess[str]":
    command = ["bash", ".ci/release", *words]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )


def test_the_notes_are_those_of_the_version() -> None:
    """From its heading with a date to the next version, and nothing else."""
    done = _release("--notes")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("### ")
    assert not re.search(r"^## ", done.stdout, re.MULTILINE)
    assert done.stdout.strip() in _CHANGELOG
    assert f"\n## [{__version__}] - 2" in _CHANGELOG


def test_a_version_without_notes_is_not_cut() -> None:
    """Nothing is published whose changes are not listed."""
    done = _release("--notes", "9.9.9")
    assert (done.returncode, done.stdout) == (1, "")
    assert "CHANGELOG.md has no section of 9.9.9" in done.stderr


def test_the_changelog_has_the_version_before() -> None:
    """Versions stand in order, the newest first, with their dates."""
    found = re.findall(r"^## \[([\d.]+)\] - (\d{4}-\d\d-\d\d)$", _CHANGELOG, re.MULTILINE)
    assert [version for version, _date in found][-2:] == ["0.2.0", "0.1.0"]
    assert sorted(found, key=lambda one: one[1], reverse=True) == found


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_dry_run_makes_all_that_is_published(tmp_path: Path) -> None:
    """Sdist, wheel, lock, SBOM and notes; no tag, and no path of this machine in any of them."""
    tags = subprocess.run(["git", "tag"], cwd=ROOT, capture_output=True, check=False).stdout
    done = _release("--dry-run", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    kinds = ("-py3-none-any.whl", ".tar.gz", ".cdx.json", ".lock.txt", ".notes.md")
    assert {file.name for file in tmp_path.iterdir()} == {
        f"gizwits_async-{__version__}{kind}" for kind in kinds
    }
    for kind in (".cdx.json", ".lock.txt"):
        text = (tmp_path / f"gizwits_async-{__version__}{kind}").read_text(encoding="utf-8")
        assert "file:/" not in text
        assert "gizwits-async" in text
    assert subprocess.run(["git", "tag"], cwd=ROOT, capture_output=True, check=False).stdout == tags
