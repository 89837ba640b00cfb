"""Screens of the console as text and SVG, for the documents: `python -m tests.cli.screens FOLDER`.

Each command runs in a pseudo-terminal of each width and language against the simulator; pyte draws what a
terminal would show. `python -m tests.cli.screens` without a folder prints the texts.
"""

import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pyte
from attrs import frozen
from rich.console import Console
from rich.style import Style
from rich.text import Text

from gizwits_async.simulator import Fleet, SimulatedCloud
from gizwits_async.testing.threaded import ThreadedSimulator

__all__ = ["LANGUAGES", "SCREENS", "WIDTHS", "Screen", "screens", "shown"]

WIDTHS = (60, 80, 120)
LANGUAGES = {"en": "en_US.UTF-8", "zh": "zh_CN.UTF-8"}
_LINES = 200
_WITHIN = 60.0
"""Seconds that a command may take."""


@frozen(kw_only=True)
class Screen:
    """A command whose screen is drawn."""

    words: str
    """The arguments of the console program; MAC stands for the address of a device."""
    answer: str = ""
    """What is typed as soon as the program asks."""
    until: str = ""
    """A text at which the screen is drawn, while the program runs; empty draws it at the end."""


SCREENS = {
    "devices": Screen(words="devices --limit 8"),
    "logs": Screen(words="logs MAC --limit 8"),
    "logs-cmd": Screen(words="logs MAC --log cmd --decode --limit 5"),
    "control": Screen(words="control MAC --attr mode=制热 --attr switch=true", answer="y\n"),
    "doctor": Screen(words="doctor"),
    "product": Screen(words="product"),
    "quota": Screen(words="quota"),
    "plan": Screen(words="plan --since 3d"),
    "scan-running": Screen(words="scan --since 4d --out running.db", until="records"),
    "scan": Screen(words="scan --since 3d"),
    "status": Screen(words="status fleet.db"),
    "error": Screen(words="devices --base-url http://127.0.0.1:9"),
    "help": Screen(words="control --help"),
}
"""By the name of the file; `plan`, `scan` and `status` use one store, in this order."""


def shown(words: list[str], width: int, environ: dict[str, str], screen: Screen) -> pyte.Screen:
    """Run the program in a terminal of its own, and return what that shows."""
    terminal = pyte.Screen(width, _LINES)
    stream = pyte.ByteStream(terminal)
    control, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "gizwits_async.cli", *words],
        stdin=child, stdout=child, stderr=child, close_fds=True,
        env={**environ, "COLUMNS": str(width), "LINES": "50"}, cwd=environ["HOME"],
    )  # fmt: skip
    os.close(child)
    asked, ends_at = bool(screen.answer), time.monotonic() + _WITHIN
    try:
        while time.monotonic() < ends_at and select.select([control], [], [], _WITHIN)[0]:
            stream.feed(os.read(control, 65_536))
            text = "\n".join(terminal.display)
            if asked and "[y/N]" in text:
                os.write(control, screen.answer.encode())
                asked = False
            if screen.until and "%" in text and not re.search(r" [0-9]%| -:--", text):
                break
    except OSError:
        pass  # Linux says so when the program has ended.
    finally:
        process.kill() if screen.until else process.wait(_WITHIN)
        process.wait()
        os.close(control)
    return terminal


def lines(terminal: pyte.Screen) -> list[Text]:
    """Return the lines that are not empty at the end, with their colours."""
    found = []
    for number in range(terminal.cursor.y + 1):
        line = Text()
        for column in range(terminal.columns):
            cell = terminal.buffer[number][column]
            colour = None if cell.fg == "default" else cell.fg.replace("brown", "yellow")
            with suppress(Exception):  # Colours that rich has no name for are left out.
                line.append(cell.data, Style(color=colour, bold=cell.bold, italic=cell.italics))
                continue
            line.append(cell.data, Style(bold=cell.bold))
        line.rstrip()
        found.append(line)
    while found and not found[-1].plain:
        found.pop()
    return found


def svg(terminal: pyte.Screen, title: str) -> str:
    """Return the screen as a picture of a terminal."""
    console = Console(record=True, width=terminal.columns, file=open(os.devnull, "w"))  # noqa: PTH123, SIM115
    for line in lines(terminal):
        console.print(line, no_wrap=True, crop=True)
    return console.export_svg(title=title)


def screens(
    names: Iterable[str] = tuple(SCREENS),
    languages: Mapping[str, str] = LANGUAGES,
    widths: Iterable[int] = WIDTHS,
) -> Iterator[tuple[str, int, str, str, pyte.Screen]]:
    """Yield name, width, language and command of each screen, and what it shows."""
    cloud = SimulatedCloud(Fleet.generate(40, 4, seed=7, now=time.time()), quota=100_000)
    device = next(one for one in cloud.fleet.devices if one.is_online and not one.is_disabled)
    with ThreadedSimulator(cloud) as simulator, tempfile.TemporaryDirectory() as folder:
        for language, locale in languages.items():
            for width in widths:
                home = Path(folder) / f"{language}{width}"
                home.mkdir()
                environ = {
                    "PATH": os.environ["PATH"],
                    "HOME": str(home),
                    "TERM": "xterm-256color",
                    "LANG": locale,
                    "TZ": "Asia/Shanghai",
                    "PYTHONPATH": os.getcwd(),  # noqa: PTH109
                    **simulator.environment,
                }
                for name in names:
                    words = SCREENS[name].words.replace("MAC", device.mac)
                    terminal = shown(words.split(), width, environ, SCREENS[name])
                    yield name, width, language, f"gizwits-async {words}", terminal


def main(folder: str | None) -> None:
    """Write a .txt and an .svg file for each screen, or print the texts."""
    for name, width, language, command, terminal in screens():
        text = "\n".join(line.plain for line in lines(terminal))
        if folder is None:
            print(f"\n[{language}, {width} columns] $ {command}\n{text}")  # noqa: T201
            continue
        path = Path(folder) / f"{name}-{width}-{language}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".txt").write_text(f"$ {command}\n{text}\n", encoding="utf-8")
        path.with_suffix(".svg").write_text(svg(terminal, command), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
