"""Judges by a device's logs whether it executed a command. Pure.

The cmd log has milliseconds and contains the command: a later report in it is newer than the command.
The data log has whole seconds, so a report from the second of the sending may be older than the
command and proves nothing. Neither does a device that had the wanted values before, until it reports
again.
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
"""Seconds by which a time written in milliseconds may be off."""


@frozen(kw_only=True)
class Sending:
    """When a command reached the service, in epoch seconds of the server."""

    earliest: float
    latest: float
    """If the reply was lost: when that was noticed; the service may in theory act even later."""
    lost: bool = False
    """Whether the reply was lost."""


@frozen(kw_only=True)
class Finding:
    """The evidence found in a log."""

    confirmed: bool = False
    values: Mapping[str, object] = field(factory=dict)
    """The values of the confirming report, else of the latest one."""
    at: float | None = None
    matches: bool = False
    """Whether `values` hold the wanted values, reported before or after the command."""
    command_seen: bool = False
    """Whether the log contains the command."""
    readable: bool = True
    """Whether all frames could be decoded by the product's definition."""


def looks(sent: float, within: float) -> Iterator[int]:
    """Yield the server's whole seconds at which to look: pauses double, the last is at the limit.

    A log is queried up to a whole second in the past, so the command cannot show before its second
    is over, and a second look within one second shows nothing new.

    Args:
        sent: The latest time at which the service accepted the command, in epoch seconds.
        within: Seconds to wait for a report.
    """
    second, pause = floor(sent) + 1, 1
    last = max(second, ceil(sent + within))
    # Skip a look shortly before the last one: it would cost a call.
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
    """Return the evidence of the cmd log; the order of records does not matter."""
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
    # Other clients may have sent an equal command: the latest that can be ours counts.
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
    """Return the evidence of the data log; the order of records does not matter."""
    return _judge(records, codec, wanted, since=sending.latest, command_seen=False, readable=True)


def _blur(times: Iterable[float]) -> float:
    """Return by how much times are truncated: a second, if all of them are whole."""
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
    # Variable-length products report only some data points at a time: merge the reports, first those
    # before `since`, then those after it.
    for new in (False, True):
        merged: dict[str, object] = {}
        for record in ordered:
            if (record.ts >= since) is new and not confirmed:
                merged.update(record.attrs)
                values, at = dict(merged), record.ts
                confirmed = new and _shows(merged, codec, wanted)
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
    """Return whether `values` hold all wanted ones; 0.30000000000000004 equals 0.3, True equals 1."""
    try:
        return codec.check({name: values.get(name) for name in wanted}) == wanted
    except ValueError:
        return False
