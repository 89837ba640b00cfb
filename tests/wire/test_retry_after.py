"""`Retry-After` rules the pause after a 429 or 503, and a bare 429 is not the hourly quota."""

import asyncio
from email.utils import formatdate

import pytest

from gizwits_async.errors import (
    NotSentError,
    OutcomeUnknownError,
    QuotaExceededError,
    QuotaWaitError,
    ServerError,
    TimedOutError,
)
from gizwits_async.models.devices import DeviceDetail
from gizwits_async.wire.decode import retry_after
from gizwits_async.wire.request import get, post
from tests.doubles import FreeQuota, virtual
from tests.doubles.scripted import (
    NOW,
    ScriptedTransport,
    answers,
    gateway_of,
    refused,
    reply,
)

READ = get("/v1/detail", DeviceDetail)
GOOD = reply({"did": "d"})


def busy(status: int, **headers: str) -> object:
    """Return a reply of a gateway between us and the service: no JSON, no error_code."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return reply(b"<html>busy</html>", status, **named)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("5", 5.0, 5.0),
        (formatdate(NOW + 7, usegmt=True), 7.0, 7.0),
        ("1000000000", 60.0, 60.0),
        (formatdate(NOW - 50, usegmt=True), 0.25, 0.5),
        ("soon", 0.25, 0.5),
    ],
)
@virtual
async def test_the_pause_is_what_the_reply_asks_for(
    status: int, header: str, least: float, most: float
) -> None:
    """Seconds or a date, at most a minute; without a readable value the ordinary pause."""
    transport = ScriptedTransport(answers(busy(status, retry_after=header), GOOD))  # type: ignore[arg-type]
    quota, began = FreeQuota(), asyncio.get_running_loop().time()
    assert (await gateway_of(transport, quota=quota).send(READ)).did == "d"
    assert least <= asyncio.get_running_loop().time() - began <= most + 0.01
    assert quota.refused == 0


@virtual
async def test_a_bare_429_is_counted_as_a_failure_and_not_as_a_used_up_quota() -> None:
    """Only the retries that the options allow, and an error that holds the wait."""
    transport = ScriptedTransport(answers(busy(429, retry_after="2")))  # type: ignore[arg-type]
    quota = FreeQuota()
    with pytest.raises(QuotaExceededError) as caught:
        await gateway_of(transport, quota=quota, max_retries=2).send(READ)
    assert (len(transport.calls), quota.refused) == (3, 0)
    assert (caught.value.retry_after, caught.value.from_service) == (2.0, False)


@virtual
async def test_a_refusal_of_the_service_is_still_one_of_the_quota() -> None:
    """5013 means that the hour is used up, whatever `Retry-After` stands beside it."""
    transport = ScriptedTransport(answers(refused(5013, 429), GOOD))
    quota = FreeQuota()
    await gateway_of(transport, quota=quota).send(READ)
    assert quota.refused == 1


@virtual
async def test_a_wait_beyond_max_quota_wait_is_refused_at_once() -> None:
    """A handler that may wait for two seconds learns at once that it would take thirty."""
    transport = ScriptedTransport(answers(busy(429, retry_after="30")))  # type: ignore[arg-type]
    with pytest.raises(QuotaExceededError) as caught:
        await gateway_of(transport, max_quota_wait=2.0).send(READ)
    assert (len(transport.calls), caught.value.retry_after) == (1, 30.0)


@virtual
async def test_a_write_is_not_repeated_because_a_gateway_asks_for_it() -> None:
    """After a 503 nobody knows whether the write was executed."""
    transport = ScriptedTransport(answers(busy(503, retry_after="1")))  # type: ignore[arg-type]
    with pytest.raises(OutcomeUnknownError) as caught:
        await gateway_of(transport).send(post("/v1/x", dict, json={}))
    assert isinstance(caught.value.__cause__, ServerError)
    assert caught.value.__cause__.retry_after == 1.0
    assert len(transport.calls) == 1


def test_a_date_is_read_by_the_clock_of_its_reply() -> None:
    """A machine whose clock is an hour off waits as long as any other."""
    headers = {
        "retry-after": formatdate(NOW + 9, usegmt=True),
        "date": formatdate(NOW, usegmt=True),
    }
    assert retry_after(headers, NOW + 3600) == 9.0
    assert retry_after({}, NOW) is None
    assert retry_after({"retry-after": "-5"}, NOW) is None


@virtual
async def test_quota_after_a_failure_on_the_wire_does_not_hide_it() -> None:
    """A dead network is reported as such, with the quota as a note."""
    transport = ScriptedTransport(answers(NotSentError("no connection to h:443: refused")))
    quota = FreeQuota(errors=(None, None, QuotaWaitError("too many at once", retry_after=3.0)))
    with pytest.raises(NotSentError, match="refused") as caught:
        await gateway_of(transport, quota=quota).send(READ)
    assert caught.value.__notes__ == ["not repeated: too many at once"]


class TakingBack(FreeQuota):
    """A quota that takes permits back."""

    released = 0

    def release(self, lane: object = None) -> None:
        del lane
        self.released += 1


@virtual
async def test_a_call_that_was_not_sent_gives_its_permit_back() -> None:
    """The server cannot have counted it; a call without a reply stays spent."""
    quota = TakingBack()
    transport = ScriptedTransport(answers(NotSentError("refused"), GOOD))
    await gateway_of(transport, quota=quota).send(READ)
    assert (quota.taken, quota.released, quota.observed) == (3, 1, 2)


@virtual
async def test_a_deadline_after_a_failure_on_the_wire_tells_of_it() -> None:
    """A dead network under a short deadline is found in the notes of the time-out."""
    transport = ScriptedTransport(answers(NotSentError("no connection to h:443: refused")))
    with pytest.raises(TimedOutError) as caught:
        await gateway_of(transport, deadline=1.0).send(READ)
    assert caught.value.__notes__ == ["the attempt before failed: no connection to h:443: refused"]
