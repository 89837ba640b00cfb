"""What a scheduled scan reads, and schedules that cannot be kept."""

import json

import pytest

from gizwits_async import ArgumentError
from gizwits_async.scan import Since
from gizwits_async.workers import ScanArguments, Schedule
from gizwits_async.workers.enterprise import schema_of


def test_arguments_survive_the_queue() -> None:
    """They travel as JSON, and mean the same afterwards."""
    given = ScanArguments(since=60.0, logs=("cmd",), devices=("did",), skip="never", derive="data")
    assert ScanArguments.from_json(json.loads(json.dumps(given.to_json()))) == given
    assert ScanArguments(since=60.0).to_json() == {"since": 60.0}, "an earlier version reads it too"
    assert given.first(None) == Since(60.0)
    assert ScanArguments(start=5.0, end=9.0).first(3600) == 5.0
    assert ScanArguments().first(3600) == Since(3600)
    assert ScanArguments().first(None) == Since(86_400)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"since": 1.0, "start": 1.0}, "since or start"),
        ({"end": 1.0}, "an end needs a start"),
        ({"logs": ("data", "other")}, "logs must be some of"),
        ({"logs": ("online",), "derive": "data"}, "needs the cmd log"),
    ],
)
def test_arguments_that_do_not_fit_together_are_refused(
    wrong: dict[str, object], says: str
) -> None:
    """Before they are queued, and not by a worker an hour later."""
    with pytest.raises(ArgumentError, match=says):
        ScanArguments(**wrong)  # type: ignore[arg-type]


def test_a_schedule_faster_than_its_quota_is_refused_with_the_figures() -> None:
    """12,000 devices with three logs take 36,240 calls: ten hours at 3,600 an hour."""
    hourly = Schedule(profile="acme", every=3600)
    with pytest.raises(
        ArgumentError,
        match=r"12,000 devices take 36,240 calls, 10.1 hours at 3,600 calls an hour.* every 1 hours",
    ):
        hourly.check(12_000, 3600)
    Schedule(profile="acme", every=86_400).check(12_000, 3600)
    derived = Schedule(profile="acme", every=60, scan=ScanArguments(logs=("cmd",), derive="data"))
    assert derived.calls_least(100) == 202
    Schedule(profile="acme", every=3600, scan=ScanArguments(devices=("did",))).check(12_000, 3600)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"every": 0}, "every must be positive"),
        ({"every": 60, "jitter": 61}, "jitter must be between 0 and every"),
        ({"every": 60, "scan": ScanArguments(start=1.0)}, "a schedule reads what is new"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(wrong: dict[str, object], says: str) -> None:
    """The message names the number."""
    with pytest.raises(ArgumentError, match=says):
        Schedule(profile="acme", **wrong)  # type: ignore[arg-type]


def test_no_two_products_share_a_schema() -> None:
    """PostgreSQL cuts names after 63 bytes and folds nothing that is quoted; keys may differ in case."""
    keys = [
        "abc",
        "ABC",
        "a-b",
        "a_b",
        "x" * 70,
        "x" * 71,
        "é",
        *(f"{n:032x}" for n in range(10_000)),
    ]
    names = {schema_of(key) for key in keys}
    assert len(names) == len(keys)
    assert all(len(name) <= 63 and name.replace("_", "").isalnum() for name in names)
