"""What a scan was asked to do, checked when it is described. Pure."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Literal, TypeAlias, get_args

from attrs import field, frozen
from attrs.validators import in_

from gizwits_async.errors import ArgumentError
from gizwits_async.scan.scan_range import RequestedRange
from gizwits_async.scan.task import LOGS, LogName

__all__ = ["Derive", "ScanSettings", "Skip", "check_derive", "check_logs"]

Skip: TypeAlias = Literal["proven", "never"]
"""`proven`: windows are passed over by rules that have proven right; `never`: all are read."""

Derive: TypeAlias = Literal["data"]
"""`data`: its records are made out of the reports in the cmd log."""

_MAX_DEVICES = 10_000
"""Devices that can be named: a query of a store names all of them, and databases limit that."""


def check_logs(logs: Sequence[LogName]) -> None:
    """Check the logs to read.

    Raises:
        ArgumentError: There are none, or one is unknown.
    """
    if not logs or not set(logs) <= set(LOGS):
        raise ArgumentError(f"logs must be some of {', '.join(LOGS)}, not {list(logs)}")


def _in_order(logs: Sequence[LogName]) -> tuple[LogName, ...]:
    check_logs(logs)
    return tuple(log for log in LOGS if log in logs)


def check_derive(derive: Derive | None, logs: Sequence[LogName]) -> None:
    """Refuse to make records out of a log that is not read.

    Raises:
        ArgumentError: The cmd log is not among the logs.
    """
    if derive is not None and "cmd" not in logs:
        raise ArgumentError('derive="data" needs the cmd log: logs must include "cmd"')


def _named(devices: Iterable[str] | None) -> frozenset[str] | None:
    if devices is None:
        return None
    if isinstance(devices, str):
        raise ArgumentError("devices must be a list of dids, not a single text")
    dids = frozenset(devices)
    if not 0 < len(dids) <= _MAX_DEVICES:
        raise ArgumentError(f"devices must name 1 to {_MAX_DEVICES:,} dids, not {len(dids):,}")
    return dids


@frozen(kw_only=True)
class ScanSettings:
    """The arguments of a `FleetScan`, but for its client and store."""

    requested: RequestedRange
    """The range, as it was given."""
    logs: tuple[LogName, ...] = field(converter=_in_order)
    """Logs to read, in the order of the API document."""
    devices: frozenset[str] | None = field(converter=_named)
    """Dids of the devices to scan; None for all that the service lists."""
    concurrency: int = field()
    """Windows that are open at a time."""
    settle: int = field()
    """Seconds that a record may take to appear in a log."""
    derive: Derive | None = field(validator=in_((None, *get_args(Derive))))
    """Log whose records are made out of another one once that has proven right."""
    skip: Skip = field(validator=in_(get_args(Skip)))
    """Whether windows are passed over that proven rules expect to be empty."""
    active_only: bool
    """Whether to leave out the days on which a device reported nothing."""
    keep_trying: float = field()
    """Seconds that an outage of network or service may last before the run ends."""
    sleep: Callable[[float], Awaitable[None]]
    """Waits for a number of seconds."""

    @derive.validator
    def _from_the_cmd_log(self, _: object, value: Derive | None) -> None:
        check_derive(value, self.logs)

    @concurrency.validator
    def _at_least_one(self, _: object, value: int) -> None:
        if value < 1:
            raise ArgumentError(f"concurrency must be positive, not {value}")

    @keep_trying.validator
    @settle.validator
    def _not_negative(self, attribute: Any, value: float) -> None:
        if value < 0:
            raise ArgumentError(f"{attribute.name} must not be negative, not {value}")
