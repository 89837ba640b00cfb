"""What a person sees of a scan while it runs: a bar on a terminal, a line every half minute elsewhere."""

import asyncio
import io
import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from gizwits_async.cli import progress
from gizwits_async.client import GizwitsClient
from gizwits_async.quota import HourlyQuota
from gizwits_async.scan import FleetScan, MemoryStore
from gizwits_async.simulator import Quirks, SimulatorTransport
from tests.doubles import virtually
from tests.scan.common import DAY, cloud_of

NOW = 1_790_000_000


def scanned(period: float = 3600.0, *, quiet: bool = False) -> float:
    """Scan a small fleet at six calls a minute and show it; return how many seconds it took."""
    cloud = cloud_of(3, 5, quirks=Quirks(rate_headers="never"))

    async def main() -> float:
        quota = HourlyQuota(
            round(period / 10), period, burst=1, reserve=0, initial=1, pad=0.5, sprint=False
        )
        async with GizwitsClient(
            cloud.credentials, transport=SimulatorTransport(cloud), quota=quota
        ) as client:
            scan = FleetScan(client, MemoryStore(keep=False), start=NOW - 4 * DAY, end=NOW)
            with progress.progress_shown(client, quiet=quiet) as on_progress:
                report = await scan.run(on_progress=on_progress)
            assert report.complete
            # Nothing is said any more when it is over.
            await asyncio.sleep(100)
            await client.aclose()
        return report.seconds

    return virtually(main())


def test_without_a_terminal_it_is_one_plain_line_every_half_minute(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """When, windows, records, devices, calls, rate, what is left in the hour, and time to finish."""
    seconds = scanned()
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert len(lines) == seconds // 30 > 8
    form = (
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \d+ windows done, \d+ left, [\d,]+ records, 3 devices,"
        r" \d+ calls \(0\.1 a second\), (\d+) left in the hour, about \d+ (min|s) to go"
    )
    left = [int(found[1]) for line in lines[2:] if (found := re.fullmatch(form, line))]
    assert len(left) == len(lines) - 2
    assert left == sorted(left, reverse=True)
    assert "about 0 min" not in err
    assert " s to go" in lines[-1]


def test_a_quota_of_another_period_is_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    """What is left is left in that period, and not in the hour."""
    scanned(600.0)
    assert "left in 600 s" in capsys.readouterr().err


@pytest.mark.parametrize("width", [60, 80, 120])
def test_on_a_terminal_it_is_a_bar_that_fits(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Percent, records and time left at any width; the rest only where there is room."""
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=width, color_system=None)
    monkeypatch.setattr(progress, "stderr", lambda: console)
    scanned()
    shown = [
        one for one in re.split(r"[\r\n]|\x1b\[[0-9;?]*[a-zA-Z]", screen.getvalue()) if one.strip()
    ]
    assert max(map(cell_len, shown)) <= width
    assert re.search(r"100% [\d,]+ records", shown[-1])
    assert ("devices" in shown[-1]) == (width >= 100)


def test_a_quiet_scan_shows_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither a bar nor lines."""
    scanned(quiet=True)
    assert capsys.readouterr() == ("", "")
