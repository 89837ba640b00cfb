"""Builds the documentation, or brings its catalogues up to date: `python -m docs [build|texts|check]`.

`python -m docs screens` draws the pictures of terminals anew. `build` makes `docs/_build/html/en` and `.../zh`, with warnings as errors. `texts` writes the English texts
of the pages into `docs/locale/zh_CN`, where translators find them; `check` lists what is not translated.
"""

import re
import shutil
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.pofile import read_po, write_po
from sphinx.cmd.build import build_main
from sphinx_intl.commands import main as sphinx_intl

from docs.catalogs import plain_catalog

__all__ = ["build", "check", "main", "texts"]

HERE = Path(__file__).parent
LOCALE = HERE / "locale" / "zh_CN" / "LC_MESSAGES"
_SCREENS = ("doctor", "plan", "scan-running", "scan", "status", "logs", "control", "error")
_COLUMNS = 80
_FONT = re.compile(r"@font-face \{.*?\n    \}", re.DOTALL)
"""Fonts that rich loads from another host; browsers have a monospaced one."""
_CODE = re.compile(r"<pre>(.*?)</pre>", re.DOTALL)
_IN_BOTH_LANGUAGES = {"reference/console.html"}
"""Pages whose blocks are the program's own texts."""
LANGUAGES = {"en": "en", "zh": "zh_CN"}


def build(out: Path, *languages: str) -> int:
    """Build the pages of each language into a folder of `out`; return 0 if nothing was wrong."""
    codes = []
    for name in languages or tuple(LANGUAGES):
        options = ["-q", "-n", "-W", "--keep-going", "-D", f"language={LANGUAGES[name]}"]
        codes.append(build_main([*options, "-b", "html", str(HERE), str(out / name)]))
    return max(codes) or int(len(codes) > 1 and differing(out))


def differing(out: Path) -> bool:
    """Say which pages differ in their code between the languages, but for those of the console."""
    found = False
    for page in sorted((out / "en").rglob("*.html")):
        name = page.relative_to(out / "en")
        both = [_CODE.findall((out / lang / name).read_text("utf-8")) for lang in LANGUAGES]
        if name.as_posix() not in _IN_BOTH_LANGUAGES and both[0] != both[1]:
            sys.stderr.write(f"{name}: its code blocks are not the same in both languages\n")
            found = True
    return found


def pot(out: Path) -> int:
    """Write the English texts as templates, one file a page."""
    return build_main(["-q", "-b", "gettext", str(HERE), str(out)])


def texts(out: Path) -> int:
    """Bring the catalogues up to date: new texts without a translation, old ones dropped."""
    if code := pot(out):
        return code
    where = ["-p", str(out), "-d", str(HERE / "locale"), "-l", "zh_CN"]
    sphinx_intl(["update", *where, "--no-obsolete", "-w", "100"], standalone_mode=False)
    for po in LOCALE.rglob("*.po"):
        if not (out / po.relative_to(LOCALE)).with_suffix(".pot").exists():
            po.unlink()  # its page is gone
        else:
            _tidy(po)
    return 0


def _tidy(po: Path) -> None:
    """Write a catalogue without dates and names, so that it changes only with its texts."""
    old = read_po(BytesIO(po.read_bytes()), locale="zh_CN")
    new = plain_catalog("zh_CN", "gizwits_async", "Chinese texts of a page of the documentation.")
    for one in old:
        if one.id:
            new.add(one.id, one.string, flags=one.flags)
    with po.open("wb") as file:
        write_po(file, new, width=100)


def missing(out: Path) -> Iterator[str]:
    """Yield what the catalogues lack, against the templates in `out`: a line a text."""
    for template in sorted(out.rglob("*.pot")):
        name = template.relative_to(out).with_suffix(".po")
        wanted = {_key(one) for one in read_po(template.open("rb")) if one.id}
        po = LOCALE / name
        known = list(read_po(po.open("rb"), locale="zh_CN")) if po.exists() else []
        done = {_key(one) for one in known if one.id and one.string and not one.fuzzy}
        yield from (f"{name}: not translated: {text:.70}" for text in sorted(wanted - done))
        stale = {_key(one) for one in known if one.id} - wanted
        yield from (f"{name}: no longer in the page: {text:.70}" for text in sorted(stale))


def _key(message: object) -> str:
    return str(getattr(message, "id", ""))


def check(out: Path) -> int:
    """Print what the catalogues lack; return 1 if anything."""
    if code := pot(out):
        return code
    lines = list(missing(out))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 1 if lines else 0


def draw(folder: Path = HERE / "screens") -> int:
    """Draw the screens of the console in both languages; returns 0."""
    from tests.cli import screens  # noqa: PLC0415 - not a part of the docs

    for name, _width, language, command, terminal in screens.screens(widths=[_COLUMNS]):
        if name in _SCREENS:
            picture = _FONT.sub("", screens.svg(terminal, command))
            (folder / f"{name}-{language}.svg").write_text(picture, encoding="utf-8")
    return 0


def main(words: list[str]) -> int:
    """Do what the command line says."""
    task = words[0] if words else "build"
    out = HERE / "_build" / ("html" if task == "build" else "texts")
    if task == "build":
        return build(out, *words[1:])
    if task == "screens":
        return draw()
    shutil.rmtree(out, ignore_errors=True)
    return {"texts": texts, "check": check}[task](out)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
