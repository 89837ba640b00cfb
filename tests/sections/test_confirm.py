"""`devices.control_and_confirm` for each behaviour of a device, its logs and the network."""

import asyncio
import math
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gizwits_async.errors import (
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    InvalidResponseError,
    NotSentError,
    ServerError,
)
from gizwits_async.models.control import ControlResult
from gizwits_async.models.devices import CommandRecord, DataRecord
from gizwits_async.payload import DataPointCodec, Frame
from gizwits_async.sections.control.evidence import Sending, judge_commands, judge_data, looks
from gizwits_async.simulator import FaultRule, Fleet, Quirks, SimulatedCloud, SimulatorTransport
from gizwits_async.simulator.state.datapoints import show
from gizwits_async.simulator.state.timeline import Record
from gizwits_async.simulator.transport import Fate
from gizwits_async.wire.deadline import deadline
from tests.doubles import client_of, virtually

NOW = 1_790_000_000.4
"""Within a second, as nearly always: times of a whole second might as well be cut."""
WANTED = {"set_temp": 29, "switch": False, "mode": "除湿"}
SHOWN = {"set_temp": 29, "switch": 0, "mode": "除湿"}


def service(**quirks: Any) -> tuple[SimulatedCloud, str]:
    """Return a service and a device of it that is online."""
    cloud = SimulatedCloud(Fleet.generate(3, 2, now=NOW), quirks=Quirks(**quirks))
    return cloud, next(device.did for device in cloud.fleet.devices if device.is_online)


def ask(
    cloud: SimulatedCloud,
    did: str,
    attrs: Any = WANTED,
    *,
    fates: Callable[[Any, int], Fate] | None = None,
    options: Any = None,
    latency: float = 0.0,
    **arguments: Any,
) -> ControlResult:
    """Send and confirm, in virtual time."""

    async def main() -> ControlResult:
        transport = SimulatorTransport(cloud, fates=fates, latency=latency, reply_latency=latency)
        client = client_of(cloud, transport=transport, **(options or {}))
        return await client.devices.control_and_confirm(did, attrs, **arguments)

    return virtually(main())


def on_control(fate: Fate, *numbers: int) -> Callable[[Any, int], Fate]:
    """Return fates that strike the control calls with these numbers, counted from 1."""
    seen = 0

    def fates(request: Any, _: int) -> Fate:
        nonlocal seen
        if not request.path.endswith("/control"):
            return Fate.DELIVER
        seen += 1
        return fate if seen in numbers else Fate.DELIVER

    return fates


# --- what the device does


@pytest.mark.parametrize("latency", [0.0, 0.07, 1.3])
def test_a_device_that_obeys_is_confirmed_with_two_calls(latency: float) -> None:
    """Definition, command, one look; its report is given whole."""
    cloud, did = service()
    result = ask(cloud, did, latency=latency)
    assert (result.state, result.obstacle, result.sendings) == ("confirmed", None, 1)
    assert result.wanted == SHOWN
    assert result.matches
    assert SHOWN.items() <= result.reported.items()
    assert len(result.reported) == 11
    assert cloud.tally["product.datapoints"] == cloud.tally["devices.control"] == 1
    assert result.calls == 3 == cloud.tally.total() - cloud.tally["token"]
    assert result.seconds <= 2 + 6 * latency
    assert result.time is not None
    assert result.reported_at == pytest.approx(cloud.product.controls[0].at + 0.3, abs=0.002)


def test_the_definition_is_fetched_once_a_client_however_many_ask() -> None:
    """Views share it, another product does not, and two at once are one call."""
    cloud, did = service()

    async def main() -> None:
        client = client_of(cloud)
        again = client.with_options(deadline=60.0)
        both = [one.devices.control_and_confirm(did, WANTED) for one in (client, again)]
        assert [result.state for result in await asyncio.gather(*both)] == ["confirmed"] * 2
        assert (await client.devices.control_and_confirm(did, WANTED)).calls == 2
        assert cloud.tally["product.datapoints"] == 1
        cloud.add_product("other", "secret", Fleet.generate(1, 1, now=NOW))
        other = client.for_product("other", "secret")
        with pytest.raises(ValueError, match="no such data point"):
            await other.devices.control_and_confirm("x", {"wings": 1})
        assert cloud.tally["product.datapoints"] == 2

    virtually(main())


@pytest.mark.parametrize(("delay", "within", "state", "least"), [
    (2.6, 5.0, "confirmed", 2), (4.9, 5.0, "confirmed", 2), (30.0, 60.0, "confirmed", 4),
    (9.0, 5.0, "sent", 2), (0.3, 0, "confirmed", 1),
])  # fmt: skip
def test_slow_devices_are_waited_for(delay: float, within: float, state: str, least: int) -> None:
    """As long as asked, with few looks: pauses double."""
    cloud, did = service(report_delay=delay)
    result = ask(cloud, did, within=within)
    assert result.state == state
    looked = cloud.tally["log.cmd"]
    assert least <= looked <= 2 + math.log2(within + 2)
    assert result.seconds <= within + 2
    assert cloud.tally["log.data"] == 0


def test_silence_is_sent_but_unconfirmed() -> None:
    """Taken by the service, and nothing is seen of the device."""
    cloud, did = service(device_reaction="silent")
    result = ask(cloud, did)
    assert (result.state, result.taken, result.obstacle) == ("sent", True, None)
    assert (result.reported, result.time, result.matches) == ({}, None, False)
    assert 5 <= result.seconds <= 7


def test_a_device_that_refuses_is_unconfirmed_and_shows_how_it_is() -> None:
    """It reports, but not what was wanted."""
    cloud, did = service(device_reaction="refuse")
    before = show(cloud.fleet.values(did, NOW))
    result = ask(cloud, did)
    assert (result.state, result.matches, result.reported) == ("sent", False, before)


@pytest.mark.parametrize("closed", [frozenset(), frozenset({"cmd"})])
def test_an_older_report_of_the_same_second_proves_nothing(closed: Any) -> None:
    """The device was as wanted just before, and then says nothing: that is not obedience."""
    cloud, did = service(device_reaction="silent", forbidden_logs=closed)
    values = {**show(cloud.fleet.values(did, NOW)), **SHOWN}
    cloud.fleet.append("data", did, Record(at=NOW - 0.2, body={"attrs": values}))
    encoded = the_codec().encode(WANTED).body[2:]
    frame = Frame.build(b"\x04" + encoded + bytes(3), command=0x0091).to_hex()
    body = {"type": "dev2app", "payload": frame}
    cloud.fleet.append("cmd", did, Record(at=NOW - 0.2, body=body))
    result = ask(cloud, did)
    assert (result.state, result.matches) == ("sent", True)
    assert SHOWN.items() <= result.reported.items()


def test_a_report_that_repeats_an_old_state_confirms() -> None:
    """What was so before, and is reported anew after the command, was obeyed."""
    cloud, did = service()
    ask(cloud, did)
    assert ask(cloud, did).state == "confirmed"


@cache
def the_codec() -> DataPointCodec:
    """Return the codec of the simulated product."""

    async def main() -> DataPointCodec:
        client = client_of(SimulatedCloud(Fleet.generate(1, 1)))
        return DataPointCodec(await client.product.datapoints())

    return virtually(main())


# --- what the service refuses: nothing was sent, so it is an error


def test_offline_and_disabled_are_errors() -> None:
    """5305 and 5304 come from the service, before anything could happen."""
    cloud, did = service()
    for change, code in (({"is_online": False}, 5305), ({"is_disabled": True}, 5304)):
        cloud.fleet.change(did, **change)
        with pytest.raises(ConflictError) as caught:
            ask(cloud, did)
        assert caught.value.code == code
    assert cloud.tally["log.cmd"] == cloud.tally["log.data"] == 0


@pytest.mark.parametrize(
    ("code", "error"), [(5401, InvalidRequestError), (5404, ForbiddenError), (5403, ServerError)]
)
def test_refusals_of_the_service_are_errors(code: int, error: type[Exception]) -> None:
    """Refusals are raised as by `control`, and no log is read."""
    cloud, did = service()
    cloud.faults.set([FaultRule(path="*/control", action="status", code=code)])
    with pytest.raises(error, match=str(code)):
        ask(cloud, did)
    assert cloud.product.controls == []
    assert cloud.tally["log.cmd"] == cloud.tally["log.data"] == 0


def test_a_command_that_never_left_is_an_error() -> None:
    """Nothing reached the service, after as many tries as options allow."""
    cloud, did = service()
    with pytest.raises(NotSentError):
        ask(cloud, did, fates=on_control(Fate.NOT_SENT, 1, 2), options={"max_retries": 1})
    assert cloud.product.controls == []


@pytest.mark.parametrize(("attrs", "said"), [
    ({"wings": 1}, "no such data point"),
    ({"room_temp": 20}, "read-only"),
    ({"set_temp": 31}, "from 16 to 30"),
    ({"set_temp": 20.5}, "in steps of 1"),
    ({"set_temp": True}, "a number"),
    ({"mode": "cold"}, "制冷"),
    ({"switch": 2}, "True, False, 1 or 0"),
    ({}, "at least one data point"),
    (None, "exactly one"),
])  # fmt: skip
def test_values_are_checked_before_anything_is_sent(attrs: Any, said: str) -> None:
    """A `ValueError` says what is allowed."""
    cloud, did = service()
    with pytest.raises(ValueError, match=said):
        ask(cloud, did, attrs)
    assert cloud.tally["devices.control"] == 0


@pytest.mark.parametrize("arguments", [
    {"within": -1}, {"within": math.nan}, {"within": math.inf}, {"within": "5"}, {"within": True},
    {"within": 1e6}, {"resend": -1}, {"resend": 1.0}, {"resend": True},
])  # fmt: skip
def test_bad_arguments_cost_no_call(arguments: Any) -> None:
    """A wait without an end, or half a sending, is a mistake."""
    cloud, did = service()
    with pytest.raises(ValueError, match=next(iter(arguments))):
        ask(cloud, did, **arguments)
    with pytest.raises(ValueError, match="did"):
        ask(cloud, "a/b")
    assert cloud.tally.total() == 0


def test_an_inconsistent_definition_is_not_blamed_on_the_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is an `InvalidResponseError` that names the data point, and it is not remembered."""
    cloud, did = service()
    from gizwits_async.simulator.endpoints import product  # noqa: PLC0415

    attribute = product._attribute
    monkeypatch.setattr(
        product, "_attribute", lambda n, p: attribute(n, p) | {"data_type": "uint9"}
    )

    async def main() -> None:
        client = client_of(cloud)
        with pytest.raises(InvalidResponseError, match="inconsistent: switch: uint9"):
            await client.devices.control_and_confirm(did, WANTED)
        monkeypatch.undo()
        assert (await client.devices.control_and_confirm(did, WANTED)).confirmed

    virtually(main())


# --- lost replies


@pytest.mark.parametrize("fate", [Fate.REPLY_LOST, Fate.STALL_AFTER])
def test_a_lost_reply_is_cleared_up_by_the_logs(fate: Fate) -> None:
    """A command whose reply was lost is confirmed by the log, and is sent once."""
    cloud, did = service()
    result = ask(cloud, did, fates=on_control(fate, 1), resend=3)
    assert (result.state, result.obstacle) == ("confirmed", None)
    assert len(cloud.product.controls) == cloud.tally["devices.control"] == 1


def test_a_lost_reply_to_a_silent_device_was_at_least_taken() -> None:
    """The command stands in the cmd log, so the service had it; it is not sent again."""
    cloud, did = service(device_reaction="silent")
    result = ask(cloud, did, fates=on_control(Fate.REPLY_LOST, 1), resend=3)
    assert (result.state, result.sendings) == ("sent", 1)
    assert result.obstacle is not None
    assert "OutcomeUnknownError" in result.obstacle
    assert len(cloud.product.controls) == 1


@pytest.mark.parametrize("closed", [frozenset(), frozenset({"cmd"}), frozenset({"cmd", "data"})])
def test_a_command_that_nobody_saw_is_unknown_and_never_repeated(closed: Any) -> None:
    """Perhaps it is still on its way."""
    cloud, did = service(forbidden_logs=closed)
    result = ask(cloud, did, fates=on_control(Fate.STALL_BEFORE, 1), resend=3)
    assert (result.state, result.taken, result.sendings) == ("unknown", False, 1)
    assert result.obstacle is not None
    assert cloud.product.controls == []


# --- sending again


def test_a_device_that_slept_is_sent_to_again_only_if_asked() -> None:
    """Each sending is one call, made after the one before was taken and watched in vain."""
    for resend, state, sent in ((0, "sent", 1), (1, "confirmed", 2), (3, "confirmed", 2)):
        cloud, did = service(device_reaction="silent")

        def wake(request: Any, _: int, cloud: SimulatedCloud = cloud) -> Fate:
            if request.path.endswith("/control") and cloud.product.controls:
                cloud.quirks = Quirks()
            return Fate.DELIVER

        result = ask(cloud, did, fates=wake, resend=resend)
        assert (result.state, result.sendings) == (state, sent)
        assert len(cloud.product.controls) == sent
        times = [control.at for control in cloud.product.controls]
        assert all(after - before >= 5 for before, after in pairwise(times))


def test_a_second_sending_that_goes_wrong_ends_it() -> None:
    """The first one was taken, so nothing is raised; after a lost reply nothing is sent."""
    cloud, did = service(device_reaction="silent")
    rule = FaultRule(path="*/control", nth=2, action="status", code=5305)
    cloud.faults.set([rule])
    result = ask(cloud, did, resend=3)
    assert (result.state, result.sendings) == ("sent", 1)
    assert result.obstacle is not None
    assert "5305" in result.obstacle
    cloud, did = service(device_reaction="silent")
    result = ask(cloud, did, resend=3, fates=on_control(Fate.REPLY_LOST, 2))
    assert (result.state, result.sendings, len(cloud.product.controls)) == ("sent", 2, 2)


# --- what keeps us from looking


def test_without_the_cmd_log_a_report_of_a_later_second_confirms() -> None:
    """The refusal is remembered: the next command asks the data log at once."""
    cloud, did = service(forbidden_logs=frozenset({"cmd"}), report_delay=1.8)

    async def main() -> None:
        client = client_of(cloud)
        assert (await client.devices.control_and_confirm(did, WANTED)).confirmed
        assert (await client.devices.control_and_confirm(did, {"set_temp": 20})).confirmed
        assert cloud.tally["log.cmd"] == 1

    virtually(main())


def test_a_cmd_log_that_cannot_be_read_or_is_empty_is_replaced_by_the_data_log() -> None:
    """Foreign frames, a failing endpoint, or a log that does not know of the command."""
    for broken in ("foreign", "fails", "empty"):
        cloud, did = service(report_delay=1.8)
        if broken == "fails":
            rule = FaultRule(path="*/cmd", action="status", status=500, code=5601)
            cloud.faults.set([rule])
        append = cloud.fleet.append

        def other(
            log: Any, did: str, record: Record, append: Any = append, how: str = broken
        ) -> None:
            if log == "cmd" and how == "foreign":
                record = Record(at=record.at, body={**record.body, "payload": "ff00"})
            if log != "cmd" or how != "empty":
                append(log, did, record)

        cloud.fleet.append = other  # type: ignore[method-assign]
        result = ask(cloud, did, options={"max_retries": 0})
        assert result.state == "confirmed", broken
        assert cloud.tally["log.data"] >= 1


def test_closed_logs_are_told_and_nothing_is_sent_again() -> None:
    """The command was taken, so it is a result; blind repetition is not confirmation."""
    cloud, did = service(forbidden_logs=frozenset({"cmd", "data"}))
    result = ask(cloud, did, resend=3)
    assert (result.state, result.sendings) == ("sent", 1)
    assert result.obstacle is not None
    assert "5024" in result.obstacle
    assert result.calls == 4


def test_a_look_that_fails_on_the_way_is_followed_by_the_next() -> None:
    """A cut line ends one look, not the watch."""
    cloud, did = service(report_delay=1.2)
    looked = 0

    def fates(request: Any, _: int) -> Fate:
        nonlocal looked
        looked += "/cmd" in request.target
        return Fate.STALL_BEFORE if looked == 1 and "/cmd" in request.target else Fate.DELIVER

    options = {"max_retries": 0, "timeout": 0.5}
    assert ask(cloud, did, fates=fates, options=options).state == "confirmed"
    assert looked == 2


def test_a_deadline_ends_the_looking_without_an_error() -> None:
    """What is known by then is the answer, in time."""
    cloud, did = service(report_delay=9.0)

    async def main() -> None:
        client = client_of(cloud)
        await client.devices.control_and_confirm(did, WANTED, within=0)
        began = asyncio.get_running_loop().time()
        with deadline(4.0):
            result = await client.devices.control_and_confirm(did, WANTED, within=60, resend=2)
        assert asyncio.get_running_loop().time() - began <= 4.0
        assert (result.state, result.sendings) == ("sent", 1)
        assert "deadline" in (result.obstacle or "")

    virtually(main())


def test_a_cancelled_watch_is_cancelled() -> None:
    """A cancelled confirmation stops waiting at once."""
    cloud, did = service(device_reaction="silent")

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await client_of(cloud).devices.control_and_confirm(did, WANTED, within=60)

    virtually(main())
    assert len(cloud.product.controls) == 1


@pytest.mark.parametrize("skew", [-5000.0, 0.0, 7200.5])
def test_our_clock_does_not_matter(skew: float) -> None:
    """Windows and judgement go by the server's time."""
    cloud, did = service(clock_skew=skew)
    assert ask(cloud, did).state == "confirmed"


# --- judgements


@given(sent=st.floats(1e9, 2e9), within=st.floats(0, 86_400))
def test_looks_begin_when_the_second_is_over_and_end_at_the_limit(
    sent: float, within: float
) -> None:
    """Whole seconds, each later than the one before; few; the last one covers all that was asked."""
    seconds = list(looks(sent, within))
    assert seconds == sorted(set(seconds))
    assert sent < seconds[0] <= sent + 1
    assert sent + within <= seconds[-1] <= sent + max(within, 0) + 1.0000001
    assert len(seconds) <= 3 + math.log2(within + 1)


def record(at: float, body: bytes, command: int) -> CommandRecord:
    payload = Frame.build(body, command=command).to_hex()
    return CommandRecord(timestamp=at, type="?", payload=payload)


@given(
    command_at=st.floats(0, 3),
    reports=st.lists(st.tuples(st.floats(0, 6), st.booleans()), max_size=6),
    others=st.lists(st.floats(0, 6), max_size=2),
    whole=st.booleans(),
    late=st.floats(0, 1),
    early=st.floats(0, 1),
    shuffled=st.randoms(use_true_random=False),
)
def test_only_what_came_after_the_command_confirms_it(
    command_at: float,
    reports: list[tuple[float, bool]],
    others: list[float],
    whole: bool,
    late: float,
    early: float,
    shuffled: Any,
) -> None:
    """Never wrongly confirmed, whatever else is in the log, however coarse times and clocks are."""
    codec = the_codec()
    base = 1_790_000_000

    def shown(at: float) -> float:
        return float(base + math.floor(at)) if whole else round(base + at, 3)

    write = codec.encode(WANTED).body
    good, bad = b"\x04" + write[2:] + bytes(3), b"\x04" + bytes(7)
    log = [record(shown(command_at), write, 0x0090)]
    log += [record(shown(at), write, 0x0090) for at in others]
    log += [record(shown(at), good if fits else bad, 0x0091) for at, fits in reports]
    shuffled.shuffle(log)
    sending = Sending(
        earliest=base + command_at - early, latest=base + command_at + late, lost=False
    )
    wanted = codec.check(WANTED)
    truly = any(fits and at > command_at - 0.002 for at, fits in reports)
    found = judge_commands(log, codec, wanted, sending)
    assert truly or not found.confirmed
    assert found.command_seen
    if not whole and not others:
        surely = any(fits and at > command_at + 0.002 for at, fits in reports)
        assert found.confirmed or not surely or all(r.timestamp == int(r.timestamp) for r in log)
    data = [
        DataRecord(ts=base + math.floor(at), attrs=codec.decode(record(at, body, 0x0091)).attrs)
        for at, fits in reports
        for body in ((good if fits else bad),)
    ]
    assert truly or not judge_data(data, codec, wanted, sending).confirmed


def test_of_two_equal_commands_the_later_one_counts() -> None:
    """A report between another client's command and ours does not confirm ours."""
    codec = the_codec()
    write = codec.encode(WANTED).body
    log = [
        record(NOW, write, 0x0090),
        record(NOW + 0.2, b"\x04" + write[2:] + bytes(3), 0x0091),
        record(NOW + 0.4, write, 0x0090),
    ]
    for lost in (False, True):
        sending = Sending(earliest=NOW - 0.5, latest=NOW + 0.5, lost=lost)
        found = judge_commands(log, codec, codec.check(WANTED), sending)
        assert (found.confirmed, found.command_seen, found.matches) == (False, True, True)
    ours = Sending(earliest=NOW - 0.5, latest=NOW + 0.1)
    assert judge_commands(log, codec, codec.check(WANTED), ours).confirmed


def test_what_the_server_computed_inexactly_is_equal() -> None:
    """True is 1 and 22.0 is 22, as servers may write them."""
    codec = the_codec()
    sending = Sending(earliest=10, latest=11)
    wanted = codec.check({"switch": True, "set_temp": 22})
    for attrs, fits in (
        ({"switch": True, "set_temp": 22.0}, True),
        ({"switch": 1, "set_temp": 22.0000000001}, True),
        ({"switch": 1}, False),
        ({"switch": "1", "set_temp": None}, False),
    ):
        found = judge_data([DataRecord(ts=11, attrs=attrs)], codec, wanted, sending)
        assert found.confirmed is fits


def test_reports_in_parts_add_up() -> None:
    """Devices of variable length report what changed, one frame after another."""
    codec = the_codec()
    wanted = codec.check({"switch": True, "set_temp": 22})
    parts = [DataRecord(ts=11, attrs={"switch": 1}), DataRecord(ts=12, attrs={"set_temp": 22})]
    found = judge_data(parts, codec, wanted, Sending(earliest=10, latest=11))
    assert (found.confirmed, found.values, found.at) == (True, {"switch": 1, "set_temp": 22}, 12)
    older = judge_data(parts, codec, wanted, Sending(earliest=10, latest=11.5))
    assert (older.confirmed, older.matches) == (False, False)


def test_a_raw_write_is_obeyed_like_its_attrs() -> None:
    """`codec.encode` makes what the device understands, prefix or not in the log."""
    cloud, did = service()

    async def main() -> None:
        client = client_of(cloud)
        codec = DataPointCodec(await client.product.datapoints())
        await client.devices.control(did, raw=codec.encode(WANTED).to_bytes(prefix=False))
        await asyncio.sleep(1)

    virtually(main())
    truth = cloud.truth("data", did, NOW - 1, NOW + 2)
    assert SHOWN.items() <= truth[-1]["attrs"].items()
