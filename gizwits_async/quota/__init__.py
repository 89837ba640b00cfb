"""The hourly quota of calls, of one process or shared by several."""

from typing import TYPE_CHECKING

from gizwits_async.quota.hourly import HourlyQuota

if TYPE_CHECKING:
    from gizwits_async.quota.shared import SharedQuota, SharedTokenStore

__all__ = ["HourlyQuota", "SharedQuota", "SharedTokenStore"]


def __getattr__(name: str) -> object:
    # Loaded late: most programs share no quota.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from gizwits_async.quota import shared  # noqa: PLC0415

    value: object = getattr(shared, name)
    return value
