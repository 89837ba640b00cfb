"""How the scan of one enterprise stands, as the workers last wrote it down."""

from typing import Literal, TypeAlias

from attrs import frozen

__all__ = ["State", "TenantStatus"]

State: TypeAlias = Literal["scheduled", "waiting", "running", "done", "failed", "cancelled"]
"""`scheduled`: never ran; `waiting`: for a slot of a worker, or after an error that may pass."""


@frozen(kw_only=True)
class TenantStatus:
    """One enterprise of the fleet."""

    profile: str
    state: State
    owner: str | None
    """The worker that scans it: machine, process, and a random part. None unless it is running."""
    since: float
    """When it came into this state, in epoch seconds UTC."""
    windows_left: int | None
    """Windows of all its products that are left to read; None before the first page."""
    records: int
    """Records of the present run, or of the last one."""
    calls_per_hour: int
    """Calls in the last hour."""
    last_error: str | None
    """What went wrong last in the present run, or what was missing at the end of the last one."""
    next_run: float | None
    """When its schedule begins the next run, in epoch seconds UTC; None without a schedule."""
    windows: int = 0
    """Windows that the present run, or the last one, has read."""
    quota: int | None = None
    """Calls an hour that it may make; None before a worker has seen its profile."""

    @property
    def coverage(self) -> float | None:
        """The part of the windows of the run that was read, 0 to 1; None before the first page."""
        if self.windows_left is None:
            return None
        total = self.windows + self.windows_left
        return self.windows / total if total else 1.0
