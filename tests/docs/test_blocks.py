"""Every code block of the documentation works. Blocks are not translated: what runs here is in both languages."""

import time
from pathlib import Path

import pytest

from gizwits_async.simulator import Fleet, SimulatedCloud
from gizwits_async.testing import ThreadedSimulator
from tests.docs.blocks import DOCS, Session, blocks, pages


@pytest.mark.parametrize("page", list(pages()), ids=lambda page: str(page.relative_to(DOCS)))
def test_the_blocks_of_a_page_work(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who copies the blocks of a page in their order gets no error."""
    cloud = SimulatedCloud(Fleet.generate(3, 3, now=time.time()), quota=3_600_000)
    with ThreadedSimulator(cloud) as simulator:
        for name, value in simulator.environment.items():
            monkeypatch.setenv(name, value)
        for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            monkeypatch.setenv(name, str(tmp_path))
        monkeypatch.chdir(tmp_path)
        session = Session(tmp_path, monkeypatch)
        try:
            for block in blocks(page):
                session.follow(block)
        finally:
            session.close()


def test_no_block_is_translated() -> None:
    """Code is the same in both languages: the catalogues hold no code blocks."""
    config = (DOCS / "conf.py").read_text(encoding="utf-8")
    assert "gettext_additional_targets" not in config
