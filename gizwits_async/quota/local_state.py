"""The state of this process at one moment, by which the server's count is judged. Pure."""

from attrs import define

__all__ = ["LocalState"]


@define(kw_only=True)
class LocalState:
    """The state of this process at one moment."""

    time: float
    """Seconds of the quota's clock."""
    in_flight: int = 0
    """Permits granted whose calls the server may not have counted yet."""
    counted_by: float = 0.0
    """When the oldest of them must have been counted."""
    granted: int = 0
    """Permits granted since the beginning."""
    demand: float = 0.0
    """Interactive permits a second, recently."""
    waiting: int = 0
    """Calls that wait in the bulk lane."""
    reserve: int = 0
    """Calls that bulk leaves to interactive ones; zero where none were seen."""
    covered: bool = True
    """Whether all permits of the last window were counted."""
    debt: bool = False
    """Whether calls went ahead of the bucket, which has not caught up yet."""
    bulk_granted_at: float = 0.0
    """When the last bulk permit was granted."""
