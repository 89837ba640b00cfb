"""Every Python example of README and documentation passes mypy --strict and pyright."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
_BLOCK = re.compile(r"^```python(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MYPY = [sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports"]
_WRONG = """
from gizwits_async import GizwitsClient
from gizwits_async.fastapi import gizwits_lifespan

GizwitsClient.from_env(optoins=1)
GizwitsClient.from_env().with_options(max_quota_wiat=3)
gizwits_lifespan(optionss=3)
"""
"""Three misspelt arguments, in the last three lines."""


def _pages() -> Iterator[Path]:
    yield ROOT / "README.md"
    for page in sorted((ROOT / "docs").rglob("*.md")):
        if "_build" not in page.parts:
            yield page


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Write the examples of each page to a folder of its own, and a file with mistakes to another."""
    made = []
    for page in _pages():
        folder = tmp_path / page.stem.lower() / f"{len(made)}"
        for number, (name, text) in enumerate(_BLOCK.findall(page.read_text("utf-8"))):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / (name or f"block_{number}.py")).write_text(text, "utf-8")
        if folder.exists():
            made.append(folder)
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    (wrong / "wrong.py").write_text(_WRONG, "utf-8")
    return [*made, wrong]


def _is_right(errors: list[str]) -> bool:
    """Whether nothing was found but the three mistakes."""
    return len(errors) == 3 and all("wrong.py" in error for error in errors)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_mypy_accepts_the_examples(folders: list[Path], tmp_path: Path) -> None:
    """`mypy --strict` finds misspelt arguments, and nothing in the examples."""
    errors: list[str] = []
    for folder in folders:
        run = subprocess.run(
            [*_MYPY, "--cache-dir", str(tmp_path / "cache"), "."],
            cwd=folder,
            env={**os.environ, "MYPYPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        lines = run.stdout.splitlines()
        errors += [f"{folder.parent.name}: {line}" for line in lines if ": error:" in line]
    assert _is_right(errors), "\n".join(errors)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_pyright_accepts_the_examples(folders: list[Path], tmp_path: Path) -> None:
    """Pyright, as the wheel of basedpyright brings it, finds the same."""
    settings = {
        "typeCheckingMode": "standard",
        "extraPaths": [str(ROOT)],
        "executionEnvironments": [{"root": str(folder)} for folder in folders],
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    run = subprocess.run(
        [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable, "--outputjson"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(run.stdout)
    assert found["summary"]["filesAnalyzed"] >= len(folders)
    errors = [
        f"{Path(one['file']).relative_to(tmp_path)}:{one['range']['start']['line'] + 1}: {one['message']}"
        for one in found["generalDiagnostics"]
        if one["severity"] == "error"
    ]
    assert _is_right(errors), "\n".join(errors)
