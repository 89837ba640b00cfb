"""Which logs the service refuses for the whole product, so that a scan stops asking for them. Pure."""

from collections.abc import Iterable

from gizwits_async.errors import ForbiddenError
from gizwits_async.scan.task import LogName, Task

__all__ = ["ClosedLogs"]

_CLOSED_CODES = {5018, 5024}
"""Error codes of a log that is closed for published products."""
_DEVICES = 3
"""Devices whose log must have been refused before it counts as closed: one of them might be special."""


class ClosedLogs:
    """The refusals and answers of one run."""

    def __init__(self, logs: Iterable[LogName]) -> None:
        self._refused: dict[LogName, set[str]] = {log: set() for log in logs}
        self._answered: set[LogName] = set()
        self.reasons: dict[LogName, str] = {}
        """Closed logs, with the text of the refusal."""

    @property
    def open(self) -> tuple[LogName, ...]:
        """The logs that are still asked for."""
        return tuple(log for log in self._refused if log not in self.reasons)

    def answered(self, log: LogName) -> None:
        """Note that a log of some device could be read: refusals then concern single devices."""
        self._answered.add(log)

    def failed(self, task: Task, error: Exception) -> None:
        """Note an error of a log."""
        if not isinstance(error, ForbiddenError) or error.code not in _CLOSED_CODES:
            return
        devices = self._refused[task.log]
        devices.add(task.did)
        if len(devices) >= _DEVICES and task.log not in self._answered:
            self.reasons[task.log] = str(error)
