"""The hourly quota of calls, of one process or shared by several."""

from typing import TYPE_CHECKING

from gizwits_async.quota.bucket import Bucket
from gizwits_async.quota.hourly import HourlyQuota
from gizwits_async.quota.loop_clock import LoopClock

if TYPE_CHECKING:
    from gizwits_async.quota.shared import SharedQuota, SharedTokenStore

__all__ = ["Bucket", "HourlyQuota", "LoopClock", "SharedQuota", "SharedTokenStore"]


def __getattr__(name: str) -> object:
    # Loaded late: only a shared quota needs the packages of the extra `redis`.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from gizwits_async.quota import shared  # noqa: PLC0415

    value: object = getattr(shared, name)
    return value
