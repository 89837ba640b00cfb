"""Records out of range or order, and context calls whose replies are lost."""

import json
import logging
from base64 import urlsafe_b64decode
from typing import Any

import pytest

from gizwits_async import errors
from gizwits_async.simulator import FaultRule, Fleet, Quirks, SimulatedCloud
from gizwits_async.simulator.state.timeline import Record
from tests.doubles import AlteringTransport, client_of, virtually
from tests.faults.logs import DATA, DID, NOW, bag, log_of, openings, walk, whole


def stray(cloud: SimulatedCloud, record: dict[str, Any], *, alone: bool) -> AlteringTransport:
    """Return a service that adds one record to every page of a log, or gives it alone."""

    def add(target: str, reply: Any) -> dict[str, Any]:
        if "/data?" not in target:
            return {}
        page = json.loads(reply.body)
        page["objects"] = [record, *([] if alone else page["objects"])]
        return {"body": json.dumps(page).encode()}

    return AlteringTransport(cloud, add)


@pytest.mark.fault("X13")
def test_a_stray_record_is_dropped_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    """A record of another time among the right ones: all the right ones, and a warning."""
    cloud = log_of([NOW - 10 - 3 * n for n in range(250)])
    door = stray(cloud, {"ts": NOW - 9000, "attrs": {}}, alone=False)
    with caplog.at_level(logging.WARNING, "gizwits_async"):
        assert bag(walk(cloud, door=door)) == whole(cloud)
    assert "dropped 3 records" in caplog.text


@pytest.mark.fault("X13")
@pytest.mark.parametrize("ts", [NOW - 9000, (NOW - 10) * 1000])
def test_a_page_wholly_outside_is_an_error_with_a_token(ts: int) -> None:
    """Another device's page, or milliseconds."""
    cloud = log_of([NOW - 10])
    with pytest.raises(errors.InvalidResponseError, match="no record of the page") as caught:
        walk(cloud, door=stray(cloud, {"ts": ts, "attrs": {}}, alone=True))
    assert caught.value.resume is not None


@pytest.mark.fault("X13")
def test_seconds_out_of_order_are_an_error_with_a_token() -> None:
    """Newest first was asked, and an older second stands before newer ones."""
    cloud = log_of([NOW - 10 - 3 * n for n in range(250)])
    with pytest.raises(errors.InvalidResponseError, match="run backwards") as caught:
        walk(cloud, door=stray(cloud, {"ts": NOW - 4000, "attrs": {}}, alone=False))
    assert caught.value.resume is not None


@pytest.mark.fault("X13")
def test_identical_events_survive_any_interruption() -> None:
    """Nothing is compared: two equal events stay two, also where the walk was opened anew."""
    fleet = Fleet.of([DID], {("data", DID): []}, now=NOW)
    for second in range(60):
        for _ in range(2 + second % 3):
            fleet.append("data", DID, Record(at=NOW - 100.5 + second, body={"attrs": {"n": 1}}))
    faults = [FaultRule(action="effect_without_reply", path=DATA, nth=(2, 5, 8))]
    cloud = SimulatedCloud(fleet, quirks=Quirks(log_cap=20), faults=faults)
    got = bag(walk(cloud))
    assert got == whole(cloud)
    assert max(got.values()) == 4


@pytest.mark.fault("X16")
@pytest.mark.parametrize("action", ["effect_without_reply", "stall", "truncated", "cut", "html"])
def test_a_context_whose_reply_is_lost_is_not_used_again(action: Any) -> None:
    """The scroll has moved on at the server, and its page is gone: the rest is opened anew."""
    times = [NOW - 10 - 3 * n for n in range(950)]
    rule = FaultRule(action=action, path=DATA, nth=(2, 4, 6, 9, 10), effect=True)
    cloud = log_of(times, rule, context_kind="scroll")
    assert bag(walk(cloud)) == whole(cloud)
    assert cloud.faults.fired == [5]
    # After each loss the next call is an opening.
    calls = [entry for entry in cloud.ledger if entry.path.endswith("/data")]
    for number in (2, 4, 6, 9, 10):
        assert "context" not in calls[number].query, number


@pytest.mark.fault("X16")
def test_a_position_that_can_be_used_once_is_used_once() -> None:
    """No context stands twice in the ledger, whatever was lost."""
    rule = FaultRule(action="effect_without_reply", path=DATA, nth=(2, 3, 5, 8, 11))
    cloud = log_of([NOW - 10 - 3 * n for n in range(950)], rule, context_kind="single_use")
    assert bag(walk(cloud, max_retries=20)) == whole(cloud)
    assert cloud.faults.fired == [5]
    used = [e.query["context"] for e in cloud.ledger if "context" in e.query]
    assert len(used) == len(set(used)) > 5


@pytest.mark.fault("X16")
def test_a_process_that_died_goes_on_from_a_position_and_not_a_context() -> None:
    """It asked a page and died before it was stored; its token brings that page all the same."""
    cloud = log_of([NOW - 10 - 3 * n for n in range(950)], context_kind="scroll")

    async def main() -> None:
        stored: list[Any] = []
        resume: str | None = None
        for _ in range(30):
            async with client_of(cloud) as client:
                log = client.devices.data_log(DID, start=NOW - 5000, end=NOW)
                pages = log.pages(resume)
                number = 0
                async for page in pages:
                    number += 1
                    if number == 3:
                        break  # It dies with this page in hand.
                    stored += page.items
                    resume = page.resume
                    if resume is not None:
                        contexts = {e.query.get("context", "x") for e in cloud.ledger}
                        text = urlsafe_b64decode(resume.partition(".")[2] + "==")
                        assert not any(one.encode() in text for one in contexts if len(one) > 4)
                await pages.aclose()
            if resume is None:
                break
        assert bag(stored) == whole(cloud)
        assert openings(cloud) >= 3

    virtually(main())
