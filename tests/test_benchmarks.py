"""The benchmarks run, each at its smallest: what they find is not judged here."""

import gc
import platform
from collections.abc import Callable

import pytest

from benchmarks import (
    bench_builds,
    bench_call,
    bench_days,
    bench_decode,
    bench_growth,
    bench_jobs,
    bench_loop,
    bench_payload,
    bench_stream,
    bench_tenants,
)
from benchmarks import bench_waiting as waiting
from benchmarks.__main__ import main
from benchmarks.builds import HERE
from benchmarks.measure import Figure, exponent, markdown, over

SMALLEST: dict[str, Callable[[], list[Figure]]] = {
    "decode": lambda: bench_decode.figures(1),
    "payload": lambda: bench_payload.figures(1),
    "call": lambda: bench_call.figures(1, calls=20),
    "stream": lambda: bench_stream.figures(1, pages=2),
    "jobs": lambda: bench_jobs.figures(1, windows=100),
    "loop": lambda: bench_loop.figures(200, records=100, tenants=5),
    "waiting": lambda: waiting.figures(50),
    "growth": lambda: bench_growth.figures(1000),
    "tenants": lambda: bench_tenants.figures(2),
}


@pytest.fixture(autouse=True)
def _still_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep benchmarks from thawing the heap of the suite: the next ones would collect it dozens of times."""
    monkeypatch.setattr(gc, "unfreeze", lambda: None)


@pytest.mark.parametrize("name", SMALLEST)
def test_a_benchmark_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A figure for each of its questions, and each of them a number above zero."""
    monkeypatch.setattr(bench_growth, "_LEAST", 0.0)
    found = SMALLEST[name]()
    assert found
    assert all(figure.found > 0 for figure in found if "exponent" not in figure.what)


def test_two_builds_alternate() -> None:
    """Each workload of a word has a ratio of this build to another one, here to itself."""
    codecs = bench_builds.figures(str(HERE), ["payload"], rounds=1)
    assert [figure.found > 0 for figure in codecs] == [True, True]


def test_the_help_names_each_benchmark(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` has a line for each word, with what it measures."""
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    words = {"call", "stream", "peers", "jobs", "loop", "nightly", "cold", "export", "store"}
    assert words <= {
        line.split()[0] for line in capsys.readouterr().out.splitlines() if "  " in line
    }


@pytest.mark.parametrize("more", [[], ["--over", "."]])
def test_a_benchmark_that_is_none_is_refused(
    more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A typing error measures nothing, and names those that there are."""
    with pytest.raises(SystemExit, match="2"):
        main(["decoed", *more])
    there_are = ", ".join(bench_builds.WORKLOADS) if more else "decode, payload, call,"
    assert f"no such benchmark: decoed; there are {there_are}" in capsys.readouterr().err


def test_the_table_has_the_rows_of_each_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Several words make one table, below the day and the version of Python."""
    for number, module in enumerate((bench_call, bench_stream)):
        rows = [Figure(f"row {number}", 1.5, 1)]
        monkeypatch.setattr(module, "figures", lambda rows=rows: rows)
    main(["stream", "call"])
    head, _, *table = capsys.readouterr().out.splitlines()
    assert f"CPython {platform.python_version()}" in head
    assert table[2:] == [f"| row {it} | at most 1 | 1.50 | **missed** |" for it in (1, 0)]


def test_the_peers_run() -> None:
    """They are installed by the group `bench` only; each does the three jobs."""
    bench_peers = pytest.importorskip("benchmarks.bench_peers", exc_type=ImportError)
    rows = [figure.what for figure in bench_peers.figures(1)]
    for peer in ("aiohttp + pydantic", "aiohttp + mashumaro", "githubkit", "gidgethub"):
        assert [row.partition(":")[0] for row in rows if peer in row] == ["call", "devices", "log"]


def test_ratios_are_taken_inside_a_round() -> None:
    """A round in which the machine was slow weighs no more than another."""
    assert over({"ours": [2.0, 20.0, 2.0], "floor": [1.0, 10.0, 1.0]}, "ours", "floor") == 2


def test_the_exponent_of_a_square_is_two() -> None:
    """Ten times the size at a hundred times the cost."""
    assert exponent({10: 100.0, 100: 10_000.0}) == pytest.approx(2)


def test_the_table_says_what_was_missed() -> None:
    """A target is an upper bound, or a lower one where that is said; of two in a row both count."""
    two = [
        Figure("over d", 1.5, 2, beside=Figure("over e", found, 1.25)) for found in (1.125, 1.375)
    ]
    rows = markdown(
        [Figure("a", 1.5, 1), Figure("b", 1.5, 1, least=True), Figure("c", 2, 3, " s"), *two]
    ).splitlines()[2:]
    assert rows == [
        "| a | at most 1 | 1.50 | **missed** |",
        "| b | at least 1 | 1.50 | met |",
        "| c | at most 3 s | 2.00 s | met |",
        "| over d / over e | at most 2 / 1.25 | 1.50 / 1.12 | met |",
        "| over d / over e | at most 2 / 1.25 | 1.50 / 1.38 | **missed** |",
    ]


@pytest.mark.parametrize("name", bench_days.TABLES)
def test_the_rows_of_days_are_listed(name: str) -> None:
    """Each table has a row for each kind of server that it is about."""
    _, head, rows = bench_days.TABLES[name]
    listed = list(rows(1.0))
    assert len({row for row, _ in listed}) == len(listed) >= 5
    if name in {"fresh", "known", "short"}:
        assert len(listed[0][1]()) == len(head)
