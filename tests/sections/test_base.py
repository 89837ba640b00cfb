"""Writes to many ids: split into calls, combined again, and no known result is lost."""

import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gizwits_async import errors
from gizwits_async.models.outcome import Outcome, OutcomeReply
from tests.doubles.scripted import (
    Answer,
    ScriptedTransport,
    Sent,
    answers,
    client_on,
    refused,
    reply,
)


@pytest.mark.fault("C5")
@given(
    asked=st.lists(st.sampled_from("abcdef"), unique=True),
    done=st.none() | st.lists(st.sampled_from("abcdefgh")).map(tuple),
    refused=st.none() | st.lists(st.sampled_from("abcdefgh")).map(tuple),
)
@pytest.mark.fault("C5")
def test_an_outcome_names_every_id_once(
    asked: list[str], done: tuple[str, ...] | None, refused: tuple[str, ...] | None
) -> None:
    """Whatever the answer, each requested id is in exactly one list of the outcome."""
    outcome = OutcomeReply(success=done, failed=refused).to_outcome(asked)
    assert sorted(outcome.success + outcome.failed + outcome.unknown) == sorted(asked)
    assert not set(outcome.success) & set(refused or ())
    assert set(outcome.success) <= set(done or ())
    assert set(outcome.failed) <= set(refused or ())


@pytest.mark.fault("W18")
def test_w18_what_is_in_neither_list_or_in_both_is_unknown() -> None:
    """Ids that are not mentioned, or mentioned as both, are unknown."""
    reply = OutcomeReply(success=("a", "b"), failed=("b",))
    assert reply.to_outcome(["a", "b", "c"]) == Outcome(success=("a",), unknown=("b", "c"))


# --- device groups

MACS = [f"ACCF23{number:06X}" for number in range(2500)]
LOST = errors.NoReplyError("lost")


def macs_of(sent: Sent) -> list[str]:
    return json.loads(sent.body or b"{}")["macs"]


def done(sent: Sent) -> Answer:
    return reply({"success": macs_of(sent), "failed": []})


@pytest.mark.fault("C4")
@pytest.mark.fault("C4")
async def test_at_most_a_thousand_macs_a_call() -> None:
    """2,500 MACs are three calls, and their outcomes are one; no call is longer than 1,000."""

    def script(sent: Sent) -> Answer:
        macs = macs_of(sent)
        return reply({"success": macs[1:], "failed": macs[:1]})

    transport = ScriptedTransport(script)
    async with client_on(transport) as client:
        outcome = await client.device_groups.assign("g", iter(MACS))
    assert [len(macs_of(sent)) for sent in transport.calls] == [1000, 1000, 500]
    assert [mac for sent in transport.calls for mac in macs_of(sent)] == MACS
    assert outcome.failed == (MACS[0], MACS[1000], MACS[2000])
    assert len(outcome.success) == 2497
    assert outcome.unknown == ()


@pytest.mark.parametrize(("count", "calls"), [(1, 1), (999, 1), (1000, 1), (1001, 2), (2000, 2)])
async def test_no_call_more_than_needed(count: int, calls: int) -> None:
    """A full thousand is sent in one call, since the quota is the limit."""
    transport = ScriptedTransport(done)
    async with client_on(transport) as client:
        outcome = await client.device_groups.unassign("g", MACS[:count])
    assert len(transport.calls) == calls
    assert outcome == Outcome(success=tuple(MACS[:count]))


async def test_a_mac_given_twice_is_sent_once() -> None:
    """Repetitions cost nothing, and show once in the outcome."""
    transport = ScriptedTransport(done)
    async with client_on(transport) as client:
        outcome = await client.device_groups.assign("g", ["b", "a", "b", "a"])
    assert macs_of(transport.calls[0]) == ["b", "a"]
    assert outcome.success == ("b", "a")


async def test_c19_reassign_is_always_sent() -> None:
    """C19: the document's table marks `reassign` as required, and `unassign` is no exception."""
    transport = ScriptedTransport(done)
    async with client_on(transport) as client:
        await client.device_groups.assign("g", ["m"])
        await client.device_groups.assign("g", ["m"], True)
        await client.device_groups.unassign("g", ["m"])
    bodies = [json.loads(sent.body or b"") for sent in transport.calls]
    assert bodies == [
        {"action": "assign", "reassign": False, "macs": ["m"]},
        {"action": "assign", "reassign": True, "macs": ["m"]},
        {"action": "unassign", "reassign": False, "macs": ["m"]},
    ]


@pytest.mark.parametrize("nothing", [b"", b" \n", {}, {"success": None, "failed": None}])
async def test_c19_an_empty_reply_makes_everything_unknown(nothing: Any) -> None:
    """C19: an older document promises no reply; an empty one is never taken for success."""
    async with client_on(ScriptedTransport(answers(reply(nothing)))) as client:
        assert await client.device_groups.assign("g", ["a", "b"]) == Outcome(unknown=("a", "b"))
        assert await client.bindings.unbind("u", "app", ["d"]) == Outcome(unknown=("d",))


async def test_a_lost_call_among_others_counts_as_unknown() -> None:
    """A batch whose reply is lost is not sent again, and the other batches are sent."""
    seen: list[int] = []

    def script(sent: Sent) -> Answer:
        seen.append(1)
        return LOST if len(seen) == 2 else done(sent)

    async with client_on(ScriptedTransport(script)) as client:
        outcome = await client.device_groups.assign("g", MACS)
    assert len(seen) == 3
    assert outcome == Outcome(
        success=tuple(MACS[:1000] + MACS[2000:]), unknown=tuple(MACS[1000:2000])
    )


@pytest.mark.parametrize("count", [1, 2500])
async def test_nothing_known_at_all_is_an_error(count: int) -> None:
    """A write whose every reply was lost is OutcomeUnknownError, as for any write; never repeated."""
    transport = ScriptedTransport(answers(LOST))
    async with client_on(transport) as client:
        with pytest.raises(errors.OutcomeUnknownError):
            await client.device_groups.assign("g", MACS[:count])
    assert len(transport.calls) == -(-count // 1000)


@pytest.mark.fault("C4")
@pytest.mark.fault("C4")
async def test_another_error_carries_what_was_done() -> None:
    """A refusal ends the batches; the error carries the outcome of those before, also when pickled."""
    seen: list[int] = []

    def script(sent: Sent) -> Answer:
        seen.append(1)
        return refused(5206, 404) if len(seen) == 2 else done(sent)

    async with client_on(ScriptedTransport(script)) as client:
        with pytest.raises(errors.NotFoundError) as caught:
            await client.device_groups.assign("g", MACS)
    assert len(seen) == 2
    for error in (caught.value, pickle.loads(pickle.dumps(caught.value))):
        assert error.__dict__["outcome"] == Outcome(success=tuple(MACS[:1000]))
        assert error.__notes__ == ["1000 of 2500 ids were sent before: see error.outcome"]


async def test_an_error_of_the_first_call_is_just_that() -> None:
    """Without a batch before it, the error has no outcome."""
    async with client_on(ScriptedTransport(answers(refused(5206, 404)))) as client:
        with pytest.raises(errors.NotFoundError) as caught:
            await client.device_groups.unassign("g", ["a"])
    assert not hasattr(caught.value, "__notes__")


# --- bindings


async def test_c13_dids_are_an_array_or_the_text_that_was_given() -> None:
    """C13: `dids` is an array as everything else shows; a text with commas goes as that text."""
    transport = ScriptedTransport(answers(reply({"success": ["d1"], "failed": ["d2"]})))
    async with client_on(transport) as client:
        for dids in (["d1", "d2", "d1"], "d1,d2"):
            outcome = await client.bindings.bind("u", "app", dids)
            assert outcome == Outcome(success=("d1",), failed=("d2",))
    sent = [json.loads(sent.body or b"")["dids"] for sent in transport.calls]
    assert sent == [["d1", "d2"], "d1,d2"]


@pytest.mark.fault("W18")
async def test_w18_a_body_dropped_on_the_way_is_no_success() -> None:
    """Where a proxy drops the body of DELETE, the lists are empty and all ids unknown."""
    transport = ScriptedTransport(answers(reply({"success": [], "failed": []})))
    async with client_on(transport) as client:
        outcome = await client.bindings.unbind("u", "app", ["d1", "d2"])
    assert (transport.calls[0].method, json.loads(transport.calls[0].body or b"")["dids"]) == (
        "DELETE",
        ["d1", "d2"],
    )
    assert outcome == Outcome(unknown=("d1", "d2"))


@pytest.mark.parametrize("verb", ["bind", "unbind"])
async def test_a_lost_binding_is_never_repeated(verb: str) -> None:
    """One call, one OutcomeUnknownError."""
    transport = ScriptedTransport(answers(LOST))
    async with client_on(transport) as client:
        with pytest.raises(errors.OutcomeUnknownError):
            await getattr(client.bindings, verb)("u", "app", ["d"])
    assert len(transport.calls) == 1


@pytest.mark.parametrize("gid", ["g", "组一", None])
async def test_c17_a_child_names_its_parent(gid: str | None) -> None:
    """C17: `parent_gid` is the gid of the parent; the root is made without one."""
    transport = ScriptedTransport(answers(reply({"gid": "new"})))
    async with client_on(transport) as client:
        assert await client.device_groups.create(gid) == "new"
    assert json.loads(transport.calls[0].body or b"") == ({"parent_gid": gid} if gid else {})


@pytest.mark.fault("C6")
@pytest.mark.fault("C6")
async def test_a_lost_new_group_is_told_as_such() -> None:
    """Whether the group was made is unknown, and it is not made twice."""
    transport = ScriptedTransport(answers(LOST))
    async with client_on(transport) as client:
        with pytest.raises(errors.OutcomeUnknownError):
            await client.device_groups.create()
        with pytest.raises(errors.OutcomeUnknownError):
            await client.device_groups.delete("g")
    assert len(transport.calls) == 2
