"""Reads the code blocks of a page of the documentation, and runs them as a reader would: from top to bottom.

A page is one session: a folder of its own, one simulated service, and its variables in the environment. A
block whose fence names a file (```` ```python app.py ````) is written there. Lines of `console` begin with `$ `.
"""

import asyncio
import json
import re
import runpy
import shlex
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from importlib import import_module
from importlib.metadata import metadata
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.request import Request, urlopen

import duckdb
import pytest
import uvicorn
import yaml
from attrs import frozen

from gizwits_async.cli.app import build, run
from tests.scan.cluster import cluster, sql

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DATABASE = "postgresql://gizwits@db.internal/fleet"
"""The database of the pages; a server in a temporary folder takes its place."""
_FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"# exit code (\d+)$")
_EXTRAS = re.compile(r"(?:gizwits-async|\.)\[([\w,]+)\]")


@frozen
class Block:
    """One code block of a page."""

    language: str
    file: str
    """File that the fence names; empty if none."""
    text: str


def blocks(page: Path) -> list[Block]:
    """Return the code blocks of a page, in order; directives in braces are none."""
    found = _FENCE.findall(page.read_text(encoding="utf-8"))
    return [Block(language, file, text) for language, file, text in found]


def pages() -> Iterator[Path]:
    """Yield README, and every page of the documentation that has code blocks."""
    yield ROOT / "README.md"
    for page in sorted(DOCS.rglob("*.md")):
        if "_build" not in page.parts and blocks(page):
            yield page


class Served:
    """An application on a free port, served by a thread, as `uvicorn app:app` serves it."""

    def __init__(self, app: Any) -> None:
        """Serve it; it answers when this returns."""
        self._server = uvicorn.Server(uvicorn.Config(app, log_config=None))
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._thread = Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop, and wait until the lifespan has ended."""
        self._server.should_exit = True
        self._thread.join(10)


class Session:
    """A reader who follows one page."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, words: Mapping[str, str]
    ) -> None:
        """Begin in an empty folder.

        Args:
            folder: Where the blocks run.
            monkeypatch: Sets the environment.
            words: What stands in the page -> what takes its place, such as the id of a device.
        """
        self._folder, self._monkeypatch = folder, monkeypatch
        monkeypatch.syspath_prepend(str(folder))  # As `python FILE` finds the modules beside it.
        self._words = {**words, "file:///tmp/": f"file://{folder}/"}
        self._after = ExitStack()
        self._served: Served | None = None
        self._languages: Mapping[str, Callable[[str], object]] = {
            "python": self._python,
            "console": self._console,
            "toml": tomllib.loads,
            "json": json.loads,
            "yaml": yaml.safe_load,
            "sql": self._sql,
            "postgresql": self._postgresql,
            "text": str,
            "sh": str,  # the two commands that the gate runs
        }

    def follow(self, block: Block) -> None:
        """Run or parse one block, and write it where its fence says."""
        assert block.language in self._languages, f"who runs {block.language}?"
        text = block.text
        if DATABASE in text:
            self._words.setdefault(DATABASE, self._after.enter_context(cluster()))
        for word, value in self._words.items():
            text = text.replace(word, value)
        if block.file:
            (self._folder / block.file).write_text(text, encoding="utf-8")
        if not (block.file and block.language in {"python", "sql"}):
            self._languages[block.language](text)

    def close(self) -> None:
        """End the application and the database of the page."""
        if self._served is not None:
            self._served.close()
        self._after.close()
        for name in [name for name in sys.modules if (self._folder / f"{name}.py").exists()]:
            del sys.modules[name]

    def _python(self, text: str) -> None:
        if any(name in text for name in _FOR_THE_PROCESS):
            self._run([sys.executable, "-c", text])
            return
        exec(compile(text, "block.py", "exec"), {"__name__": "__main__"})

    def _sql(self, text: str) -> None:
        with duckdb.connect() as connection:
            for statement in connection.extract_statements(text):
                connection.execute(statement)

    def _postgresql(self, text: str) -> None:
        asyncio.run(sql(self._words[DATABASE], text))

    def _console(self, text: str) -> None:
        for line in text.replace("\\\n", " ").splitlines():
            assert line.startswith("$ "), f"no command: {line}"
            self._command(line.removeprefix("$ "))

    def _command(self, line: str) -> None:
        expected = int(match[1]) if (match := _CODE.search(line)) else 0
        name, *words = shlex.split(line, comments=True)
        match name:
            case "gizwits-async" if words[0] in {"simulate", "watch", "demo"}:
                build().parse_args(words, exit_on_error=False, print_error=False)
            case "gizwits-async":
                words = words[: words.index(">")] if ">" in words else words
                assert run(words) == expected, line
            case "export":
                self._export(words)
            case "python" | "python3" if words[0].endswith(".py"):
                runpy.run_path(str(self._folder / words[0]), run_name="__main__")
            case "pip" | "python3" | ".venv/bin/pip":
                known = set(metadata("gizwits-async").get_all("Provides-Extra") or ())
                asked = {one for group in _EXTRAS.findall(line) for one in group.split(",")}
                assert asked <= known, f"no such extras: {asked - known}"
            case "uvicorn":
                self._serve(*words[0].split(":"))
            case "curl":
                self._curl(words)
            case "pytest":
                self._pytest(words)
            case "docker":
                self._docker(words)
            case _:
                raise AssertionError(f"who runs {line!r}?")

    def _export(self, words: list[str]) -> None:
        for word in words:
            name, _, value = word.partition("=")
            # The service and its credentials are those of the simulator of this session.
            if name not in _OWN:
                self._monkeypatch.setenv(name, value)

    def _serve(self, module: str, name: str) -> None:
        self._monkeypatch.syspath_prepend(str(self._folder))
        self._served = Served(getattr(import_module(module), name))

    def _curl(self, words: list[str]) -> None:
        url = next(word for word in words if word.startswith("http"))
        if self._served is not None:
            url = url.replace("http://127.0.0.1:8000", self._served.url)
        body = words[words.index("--json") + 1].encode() if "--json" in words else None
        request = Request(url, body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=10) as reply:
            assert reply.status < 400

    def _pytest(self, words: list[str]) -> None:
        options = ["-q", "--disable-plugin-autoload", "-p", "no:cacheprovider"]
        for plugin in ("pytest_asyncio.plugin", "gizwits_async.testing"):
            options += ["-p", plugin]
        self._monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)  # Those of this suite.
        self._run([sys.executable, "-m", "pytest", *options, *words])

    def _run(self, words: list[str]) -> None:
        done = subprocess.run(
            words, cwd=self._folder, capture_output=True, text=True, timeout=90, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _docker(self, words: list[str]) -> None:
        files = [word for word in words if "/" in word and word.startswith("examples")]
        assert files, "names no file of examples/"
        assert all((ROOT / file).exists() for file in files), files


_FOR_THE_PROCESS = ("basicConfig", "set_meter_provider")
"""Names in blocks that change the whole process; they run in one of their own."""
_OWN = frozenset(
    {
        "GIZWITS_BASE_URL",
        "GIZWITS_CALLS_PER_HOUR",
        "GIZWITS_ENTERPRISE_ID",
        "GIZWITS_ENTERPRISE_SECRET",
        "GIZWITS_PRODUCT_KEY",
        "GIZWITS_PRODUCT_SECRET",
    }
)
"""Variables that the simulator of a session has set."""
