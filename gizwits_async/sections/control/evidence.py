"""What a device's logs prove about a command: which reports came after it, and what they say. Pure.

The cmd log has milliseconds and the command itself: a report that follows it there came after it.
The data log has whole seconds only, so its report from the second of the sending may be older than
the command and proves nothing. A device that already was as wanted proves nothing either, unless it
reports again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import ceil, floor

from attrs import field, frozen

from gizwits_async.models.devices import CommandRecord, DataRecord
from gizwits_async.payload import DataPointCodec, PayloadError

__all__ = ["Finding", "Sending", "judge_commands", "judge_data", "looks"]

_WRITES = frozenset({0x01, 0x11})
_REPORTS = frozenset({0x03, 0x04, 0x13, 0x14})
_ROUNDING = 0.001
"""Seconds by which a time that is written in milliseconds may be off."""


@frozen(kw_only=True)
class Sending:
    """When one command reached the service, in epoch seconds of the server."""

    earliest: float
    latest: float
    """If the reply was lost: when that was known. The service may, in theory, act later still."""
    lost: bool = False
    """Whether the reply was lost."""


@frozen(kw_only=True)
class Finding:
    """What one look at a log showed."""

    confirmed: bool = False
    values: Mapping[str, object] = field(factory=dict)
    """The confirming report, or else the latest."""
    at: float | None = None
    matches: bool = False
    """Whether `values` hold what is wanted, from before the command or after it."""
    command_seen: bool = False
    """Whether the log shows the command."""
    readable: bool = True
    """Whether all frames fitted the product's definition."""


def looks(sent: float, within: float) -> Iterator[int]:
    """Yield the server's whole seconds at which to look: pauses double, the last is the limit's.

    A log is asked up to a whole second that is not in the future, so nothing can be seen before the
    second of the sending is over, and it is of no use to look twice in one second.

    Args:
        sent: When the command was taken, at the latest; epoch seconds.
        within: Seconds for which a report is waited for.
    """
    second, pause = floor(sent) + 1, 1
    last = max(second, ceil(sent + within))
    # A look shortly before the last one is not worth its call.
    while last - second > pause / 2:
        yield second
        second, pause = second + pause, 2 * pause
    yield last


def judge_commands(
    records: Sequence[CommandRecord],
    codec: DataPointCodec,
    wanted: Mapping[str, object],
    sending: Sending,
) -> Finding:
    """Return what the cmd log proves; its order does not matter."""
    blur = _blur(record.timestamp for record in records)
    reports: list[DataRecord] = []
    commands: list[float] = []
    readable = True
    for record in records:
        frame = record.frame
        try:
            values = codec.decode(frame)
        except PayloadError:
            values = {}
            readable = False
        if frame.action in _REPORTS:
            reports.append(DataRecord(ts=record.timestamp, attrs=values))
        elif frame.action in _WRITES and wanted.items() <= values.items():
            commands.append(record.timestamp)
        readable &= frame.framed
    # An equal command of somebody else may be there too: the last one that can be ours counts.
    ours = [
        at
        for at in commands
        if at + blur + _ROUNDING >= sending.earliest
        and (sending.lost or at <= sending.latest + _ROUNDING)
    ]
    since = sending.latest
    if ours:
        since = max(ours) + blur
        since = since if sending.lost else min(since, sending.latest)
    return _judge(reports, codec, wanted, since=since, command_seen=bool(ours), readable=readable)


def judge_data(
    records: Sequence[DataRecord],
    codec: DataPointCodec,
    wanted: Mapping[str, object],
    sending: Sending,
) -> Finding:
    """Return what the data log proves; its order does not matter."""
    return _judge(records, codec, wanted, since=sending.latest, command_seen=False, readable=True)


def _blur(times: Iterable[float]) -> float:
    """Return by how much a time is cut: a second, if all of them are whole."""
    return 1.0 if all(time == floor(time) for time in times) else 0.0


def _judge(
    records: Iterable[DataRecord],
    codec: DataPointCodec,
    wanted: Mapping[str, object],
    *,
    since: float,
    command_seen: bool,
    readable: bool,
) -> Finding:
    ordered = sorted(records, key=lambda record: record.ts)
    values: dict[str, object] = {}
    at: float | None = None
    confirmed = False
    # Devices of variable length report in parts, so reports add up: those before, and those since.
    for new in (False, True):
        told: dict[str, object] = {}
        for record in ordered:
            if (record.ts >= since) is new and not confirmed:
                told.update(record.attrs)
                values, at = dict(told), record.ts
                confirmed = new and _shows(told, codec, wanted)
    return Finding(
        confirmed=confirmed,
        values=values,
        at=at,
        matches=confirmed or _shows(values, codec, wanted),
        command_seen=command_seen,
        readable=readable,
    )


def _shows(
    values: Mapping[str, object], codec: DataPointCodec, wanted: Mapping[str, object]
) -> bool:
    """Return whether all wanted values are there; 0.30000000000000004 is 0.3, True is 1."""
    try:
        return codec.check({name: values.get(name) for name in wanted}) == wanted
    except ValueError:
        return False
