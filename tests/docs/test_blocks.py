"""Every code block of the documentation works. Blocks are not translated: what runs here is in both languages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.blocks import DOCS, ROOT, Session, blocks, pages
from tests.docs.service import served


@pytest.fixture(scope="module")
def service() -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    with served() as found:
        yield found


@pytest.mark.parametrize("page", list(pages()), ids=lambda page: str(page.relative_to(ROOT)))
def test_the_blocks_of_a_page_work(
    page: Path,
    service: tuple[dict[str, str], dict[str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who copies the blocks of a page in their order gets no error."""
    environment, words = service
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    session = Session(tmp_path, monkeypatch, words)
    try:
        for block in blocks(page):
            session.follow(block)
    finally:
        session.close()


def test_no_block_is_translated() -> None:
    """Code is the same in both languages: the catalogues hold no code blocks."""
    config = (DOCS / "conf.py").read_text(encoding="utf-8")
    assert "gettext_additional_targets" not in config
