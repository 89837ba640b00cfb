"""Bad arguments: the error names each, and nothing is sent."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from gizwits_async import GizwitsClient, errors
from tests.doubles.scripted import ScriptedTransport, answers, client_on, reply


def bad(call: Callable[[GizwitsClient], Any], says: str) -> Any:
    """Return one row of bad input: the call, and what its error says."""
    return pytest.param(call, says, id=says)


D1, D2 = date(2026, 9, 1), date(2026, 9, 2)
BAD = [
    bad(lambda c: c.device_reports.liveness_history("day", D1, D2), "cycle must be .*'day'"),
    bad(lambda c: c.user_reports.new_users("Month", D1, D2), "cycle must be .*'Month'"),
    bad(lambda c: c.device_reports.liveness_history("date", D2, D1), "start 2026-09-02 is after"),
    bad(lambda c: c.user_reports.new_users("month", D2, D1), "is reversed: start 2026-09-02"),
    bad(lambda c: c.user_reports.active_users(D2, D1), "reversed"),
    bad(lambda c: c.user_reports.active_users(None, D1), "start must be a datetime.date"),
    bad(lambda c: c.device_reports.active_devices(start=D2, end=D1).collect(), "range is reversed"),
    bad(
        lambda c: c.device_reports.activated_devices(start="x").collect(),
        "start must be a date or a text like 2016-08-01, not .x.",
    ),
    bad(
        lambda c: c.device_reports.liveness_history("date", datetime(2026, 9, 1, tzinfo=UTC), D2),
        "start must be a datetime.date or a text, not datetime",
    ),
    bad(lambda c: c.devices.control("d1"), "exactly one of attrs and raw"),
    bad(lambda c: c.devices.control("d1", attrs={"a": 1}, raw=b"1"), "one of attrs and raw$"),
    bad(lambda c: c.devices.control("d1", raw=[0, 256]), "from 0 to 255, not 256"),
    bad(lambda c: c.devices.control("d1", raw=[-1]), "from 0 to 255, not -1"),
    bad(lambda c: c.devices.control("d1", raw=[True]), "from 0 to 255, not True"),
    bad(lambda c: c.devices.control("d1", raw="616263"), "raw as text needs a binary_coding"),
    bad(lambda c: c.devices.control("d1", raw="6162x", binary_coding="hex"), "raw is not hex"),
    bad(lambda c: c.devices.control("d1", raw="YQ", binary_coding="base64"), "raw is not base64"),
    bad(lambda c: c.devices.control("d1", raw="", binary_coding="hex"), "raw must not be empty"),
    bad(lambda c: c.devices.control("d1", raw=3), "raw must be bytes or numbers, not int"),
    bad(lambda c: c.devices.control("d1", raw=b""), "raw must not be empty"),
    bad(lambda c: c.devices.control("d1", attrs={}), "at least one data point"),
    bad(lambda c: c.devices.control("d1", attrs={"a": object()}), "cannot be written as JSON"),
    bad(lambda c: c.devices.control("d1", raw=b"1", binary_coding="HEX"), "not 'HEX'"),
    bad(lambda c: c.devices.control("../x", raw=b"1"), "did cannot stand in a path"),
    bad(lambda c: c.device_groups.assign("g1", []), "macs must not be empty"),
    bad(lambda c: c.device_groups.assign("g1", "ACCF23"), "macs must be a list"),
    bad(lambda c: c.device_groups.assign("g1", ["m", ""]), "each of macs must be a text"),
    bad(lambda c: c.device_groups.unassign("g/1", ["m"]), "gid cannot stand in a path: 'g/1'"),
    bad(lambda c: c.device_groups.delete("a/b"), "gid cannot stand in a path: 'a/b'"),
    bad(lambda c: c.device_groups.delete(""), "gid must not be empty"),
    bad(lambda c: c.device_groups.macs(".."), r"gid cannot stand in a path: '\.\.'"),
    bad(lambda c: c.device_groups.create("a/c"), "gid cannot stand in a path: 'a/c'"),
    bad(lambda c: c.bindings.bind("u", "a", []), "dids must not be empty"),
    bad(lambda c: c.bindings.unbind("", "a", ["d"]), "uid must be a text that is not empty"),
    bad(lambda c: c.bindings.bind("u", None, ["d"]), "appid must be a text"),
    bad(lambda c: c.devices.identity(""), "mac must be a text"),
]


@pytest.mark.parametrize(("call", "says"), BAD)
async def test_bad_input_is_refused_before_anything_is_sent(
    call: Callable[[GizwitsClient], Any], says: str
) -> None:
    """A bad argument is an ArgumentError that names it, and costs no call."""
    transport = ScriptedTransport(answers(reply({})))
    async with client_on(transport) as client:
        with pytest.raises(errors.ArgumentError, match=says):
            await call(client)
    assert transport.sent == []
